//! Emergencies: what is granted beforehand gives nothing until a person breaks the glass, and then to that person alone.

use std::thread;

use linli_scope::BreakGlass;
use linli_store::Once;
use linli_tests::{Answer, Host, Person};
use serde_json::{Value, json};

use crate::install::changed;

const PLUGIN: &str = "tests.probe";

/// The probe with an emergency purpose, under which `/q` reads what `fields` says. Returns the number of its request.
fn requested(host: &Host, fields: &str) -> i64 {
    host.with_guests(&[]);
    let package = changed("probe", |manifest| {
        format!(
            "{manifest}\n[[purpose]]\nid = \"rescue\"\ntitle = {{ zh = \"紧急救助\", en = \"Rescue\" }}\nlegal-basis = \"测试\"\nemergency = true\n\
             [[access]]\npurpose = \"rescue\"\nentity = \"resident\"\noperations = [\"read\"]\nfields = {fields}\nrows-per-call = 1000\n\
             [[page]]\npath = \"/q\"\ntitle = {{ zh = \"救助名单\", en = \"Rescue list\" }}\npurpose = \"rescue\"\nroles = [\"worker\", \"auditor\"]\n"
        )
    });
    host.person("admin").upload(&package, "tests").expect(201).json["grant"]["id"].as_i64().unwrap()
}

/// A host where the probe's emergency purpose is granted.
fn host() -> Host {
    let host = Host::fresh();
    let grant = requested(&host, "{ name = \"plain\", phone = \"plain\" }");
    host.approve(grant);
    host
}

/// What the emergency's page answers.
fn rescue(person: &Person) -> Answer {
    let query = json!({"do": "read", "entity": "resident", "fields": ["name", "phone"], "filter": [], "sort": [], "pages": [1000]});
    let query: String = query.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    person.get(&format!("/plugins/{PLUGIN}/pages/q?q={query}"))
}

/// The rows that it showed.
fn rows(answer: &Answer) -> Vec<Value> {
    let said: Value = serde_json::from_str(answer.text("/blocks/0/text")).unwrap();
    serde_json::from_str(said["pages"][0]["rows"].as_str().unwrap()).unwrap()
}

fn breaking() -> Value {
    json!({"plugin": PLUGIN, "purpose": "rescue", "cause": "accident", "reason": "三栋燃气泄漏，逐户通知", "minutes": 30})
}

fn open(person: &Person) -> i64 {
    person.post("/break-glass", &breaking()).expect(201).json["id"].as_i64().unwrap()
}

fn end(person: &Person, glass: i64) -> Answer {
    person.post(&format!("/break-glass/{glass}/end"), &json!({}))
}

fn review(person: &Person, glass: i64, outcome: &str, note: &str) -> Answer {
    person.post(&format!("/break-glass/{glass}/review"), &json!({"outcome": outcome, "note": note}))
}

/// The entries of the log behind a sequence.
fn log(host: &Host, behind: u64) -> Vec<Value> {
    let entries = host.person("auditor").get(&format!("/audit/entries?after={behind}")).expect(200);
    entries.list("/entries").iter().map(|entry| entry["entry"].clone()).collect()
}

#[test]
fn an_emergency_gives_to_who_broke_the_glass_until_it_ends_and_all_of_it_is_on_the_record() {
    let host = host();
    let (worker, other, auditor) = (host.person("worker"), host.person("worker2"), host.person("auditor"));
    let behind = host.log_entries();
    let refused = rescue(&worker).refused(403, "break-glass");
    assert!(refused.detail().contains("--purpose rescue"), "{}", refused.detail());
    let glass = worker.post("/break-glass", &breaking()).expect(201);
    assert_eq!((glass.text("/state"), glass.text("/cause"), glass.text("/by/name")), ("in-force", "accident", "李网格"));
    let minutes = |member: &str| glass.text(member).parse::<jiff::Timestamp>().unwrap().as_second() / 60;
    assert_eq!(minutes("/expires") - minutes("/opened"), 30);
    let id = glass.json["id"].as_i64().unwrap();
    let found = rows(&rescue(&worker).expect(200));
    assert!(found.len() > 100 && found.iter().any(|row| row["phone"].is_string()));
    rescue(&other).refused(403, "break-glass");
    assert_eq!(end(&worker, id).expect(200).text("/state"), "awaiting-review");
    let refused = rescue(&worker).refused(403, "break-glass");
    assert!(refused.detail().contains(&format!("break-glass {id} has ended")), "{}", refused.detail());
    assert_eq!(review(&auditor, id, "justified", "已核实报警记录").expect(200).text("/review/outcome"), "justified");

    let entries = log(&host, behind);
    let told: Vec<_> = entries.iter().map(|entry| (entry["entry_point"].as_str().unwrap(), entry["break_glass"].as_i64())).collect();
    assert_eq!(entries[0]["outcome"]["denied"]["code"], "break-glass");
    assert!(told[1].0.starts_with(&format!("open break-glass {id} of {PLUGIN} for rescue: accident, until ")), "{told:?}");
    let ended = format!("end break-glass {id} of {PLUGIN}");
    let reviewed = format!("review break-glass {id} of {PLUGIN}: justified");
    assert_eq!(told[2..6], [("page /q", Some(id)), ("page /q", None), (ended.as_str(), Some(id)), ("page /q", None)]);
    assert_eq!(told[6], (reviewed.as_str(), Some(id)));
    assert_eq!((entries[2]["purpose"].as_str(), entries[2]["accesses"][0]["records"].as_u64()), (Some("rescue"), Some(found.len() as u64)));
    assert!(!serde_json::to_string(&entries).unwrap().contains("燃气"), "a reason in people's own words is not in the log");
}

#[test]
fn two_communities_workers_see_their_own_people_under_glasses_of_their_own() {
    let host = host();
    let (worker, other) = (host.person("worker"), host.person("worker2"));
    open(&worker);
    open(&other);
    let (mine, theirs) = (rows(&rescue(&worker).expect(200)), rows(&rescue(&other).expect(200)));
    assert!(!mine.is_empty() && !theirs.is_empty());
    assert!(mine.iter().all(|row| theirs.iter().all(|other| other["id"] != row["id"])));
}

#[test]
fn sensitive_fields_of_an_emergency_are_approved_beforehand_by_two_and_give_nothing_by_that() {
    let host = Host::fresh();
    let grant = requested(&host, "{ name = \"plain\", phone = \"plain\", disability_level = \"plain\" }");
    let worker = host.person("worker");
    worker.post("/break-glass", &breaking()).refused(403, "no-grant");
    // Whoever uploaded it can't approve it: two others do.
    let (first, second) = (host.person("admin2"), host.person("localadmin"));
    let assessment = json!({"assessment": {"text": "仅限应急", "reference": "评〔2026〕9号"}});
    assert_eq!(first.decide(grant, "approve", &assessment).expect(200).text("/state"), "awaiting-second");
    worker.post("/break-glass", &breaking()).refused(403, "no-grant");
    second.decide(grant, "approve", &json!({})).refused(403, "remit");
    assert_eq!(first.get(&format!("/grants/{grant}")).expect(200).json["purposes"][1]["emergency"], true);
}

#[test]
fn what_is_asked_wrongly_breaks_no_glass() {
    let host = host();
    let (worker, auditor, behind) = (host.person("worker"), host.person("auditor"), host.log_entries());
    let with = |member: &str, value: Value| {
        let mut body = breaking();
        body[member] = value;
        worker.post("/break-glass", &body)
    };
    for reason in [String::new(), " \n　".into(), "长".repeat(1_001)] {
        with("reason", json!(reason)).refused(422, "reason");
    }
    for minutes in [0, 241, 300, 1_000_000] {
        with("minutes", json!(minutes)).refused(422, "minutes");
    }
    for minutes in [json!(-30), json!(1.5), json!("30"), json!(1e300)] {
        with("minutes", minutes).refused(400, "json");
    }
    with("cause", json!("boredom")).refused(400, "json");
    with("surprise", json!(1)).refused(400, "json");
    with("plugin", json!("tests.nobody")).refused(404, "not-found");
    with("purpose", json!("p")).refused(404, "not-found");
    with("purpose", json!("王小明")).refused(404, "not-found");
    worker.post("/break-glass", &json!({"plugin": PLUGIN, "purpose": "rescue", "cause": "accident"})).refused(400, "json");
    host.person("officer").post("/break-glass", &breaking()).refused(403, "role");
    host.person("resident").post("/break-glass", &breaking()).refused(403, "role");
    host.nobody().post("/break-glass", &breaking()).refused(401, "sign-in");
    assert_eq!(auditor.get("/break-glass").expect(200).json["unreviewed"], 0);
    let entries = serde_json::to_string(&log(&host, behind)).unwrap();
    assert!(!entries.contains("王小明") && entries.contains("open break-glass of unknown"));
    rescue(&worker).refused(403, "break-glass");
}

#[test]
fn a_review_is_anothers_once_and_after_the_end() {
    let host = host();
    let (worker, auditor, other) = (host.person("worker"), host.person("auditor"), host.person("worker2"));
    let glass = open(&worker);
    review(&auditor, glass, "justified", "n").refused(409, "state");
    review(&worker, glass, "justified", "n").refused(403, "role");
    other.get(&format!("/break-glass/{glass}")).refused(404, "not-found");
    end(&other, glass).refused(404, "not-found");
    assert!(other.get("/break-glass").expect(200).list("/break_glass").is_empty());
    // An auditor may end what they look at.
    assert_eq!(end(&auditor, glass).expect(200).text("/ended/by/name"), "孙审计");
    end(&worker, glass).refused(409, "state");
    for (outcome, note, status) in [("maybe", "n", 400), ("justified", " ", 422), ("justified", "长".repeat(1_001).as_str(), 422)] {
        assert_eq!(review(&auditor, glass, outcome, note).status, status);
    }
    review(&auditor, glass, "unjustified", "无报警记录").expect(200);
    review(&auditor, glass, "justified", "n").refused(409, "state");
    review(&auditor, glass + 7, "justified", "n").refused(404, "not-found");
    let own = worker.get("/break-glass").expect(200);
    assert_eq!((own.text("/break_glass/0/review/note"), &own.json["unreviewed"]), ("无报警记录", &Value::Null));
    // The page is for auditors too, so that one can be who broke it.
    let theirs = open(&auditor);
    end(&auditor, theirs).expect(200);
    review(&auditor, theirs, "justified", "n").refused(403, "same-person");
    assert_eq!(auditor.get("/break-glass").expect(200).json["unreviewed"], 1);
}

#[test]
fn whoever_has_three_unreviewed_breaks_no_fourth_and_none_twice_at_once() {
    let host = host();
    let (worker, auditor) = (host.person("worker"), host.person("auditor"));
    let first = open(&worker);
    worker.post("/break-glass", &breaking()).refused(409, "state");
    end(&worker, first).expect(200);
    for _ in 0..2 {
        end(&worker, open(&worker)).expect(200);
    }
    worker.post("/break-glass", &breaking()).refused(409, "unreviewed");
    open(&host.person("worker2"));
    review(&auditor, first, "justified", "n").expect(200);
    open(&worker);
    let page = auditor.get("/break-glass?limit=2").expect(200);
    assert_eq!((page.list("/break_glass").len(), page.json["unreviewed"].as_u64()), (2, Some(4)));
    let next = page.json["next"].as_i64().unwrap();
    assert_eq!(auditor.get(&format!("/break-glass?limit=2&before={next}")).expect(200).list("/break_glass").len(), 2);
}

#[test]
fn of_many_that_are_asked_at_once_there_are_never_more_than_may_be() {
    let host = host();
    let worker = host.person("worker");
    thread::scope(|scope| {
        let asked: Vec<_> = (0..12).map(|_| scope.spawn(|| worker.post("/break-glass", &breaking()).status)).collect();
        assert!(asked.into_iter().map(|asked| asked.join().unwrap()).all(|status| matches!(status, 201 | 409)));
    });
    let made = worker.get("/break-glass").expect(200).list("/break_glass").len();
    assert!((1..=3).contains(&made), "{made}");
}

#[test]
fn whatever_is_done_about_a_glass_under_a_key_is_done_once_and_answered_again_as_it_was() {
    let host = host();
    let (worker, auditor) = (host.person("worker"), host.person("auditor"));
    let twice = |person: &Person, path: &str, body: &Value| {
        let ask =
            || person.send("POST", path, &[("content-type", "application/json"), ("idempotency-key", path)], body.to_string().as_bytes());
        let (first, again) = (ask(), ask());
        assert_eq!((first.status, &first.json), (again.status, &again.json), "{path}");
        first
    };
    let glass = twice(&worker, "/break-glass", &breaking()).expect(201);
    assert_eq!((glass.text("/by/name"), worker.get("/break-glass").expect(200).list("/break_glass").len()), ("李网格", 1));
    let ended = twice(&worker, &format!("/break-glass/{}/end", glass.json["id"]), &json!({})).expect(200);
    assert_eq!(ended.text("/ended/by/name"), "李网格");
    let finding = json!({"outcome": "justified", "note": "n"});
    let reviewed = twice(&auditor, &format!("/break-glass/{}/review", glass.json["id"]), &finding).expect(200);
    assert_eq!((reviewed.text("/ended/by/name"), reviewed.text("/review/by/name")), ("李网格", "孙审计"));
}

#[test]
fn a_glass_outlives_a_restart_and_not_its_time() {
    let host = host();
    let glass = open(&host.person("worker"));
    let host = Host::serve(host.stop());
    assert!(!rows(&rescue(&host.person("worker")).expect(200)).is_empty());
    let host = host.altered(async move |store| {
        let before = store.break_glass(glass).await.unwrap().unwrap();
        let hour = jiff::SignedDuration::from_hours(1);
        let past = BreakGlass { opened: before.opened - hour, expires: before.expires - hour, ..before.clone() };
        store.put_break_glass(&before, past, linli_tests::entry().encode(), Once::default()).await.unwrap();
    });
    let worker = host.person("worker");
    rescue(&worker).refused(403, "break-glass");
    assert_eq!(worker.get(&format!("/break-glass/{glass}")).expect(200).text("/state"), "awaiting-review");
    end(&worker, glass).refused(409, "state");
    review(&host.person("auditor"), glass, "justified", "n").expect(200);
}

#[test]
fn a_glass_gives_nothing_under_a_grant_that_is_revoked_or_replaced() {
    let host = host();
    let (worker, admin) = (host.person("worker"), host.person("admin"));
    open(&worker);
    rescue(&worker).expect(200);
    let grant = host.grant(PLUGIN);
    admin.post(&format!("/grants/{grant}/revoke"), &json!({"reason": "r"})).expect(200);
    rescue(&worker).refused(403, "grant-revoked");
    let anew = requested(&host, "{ name = \"plain\", phone = \"plain\" }");
    assert_ne!(anew, grant);
    host.approve(anew);
    rescue(&worker).refused(403, "break-glass");
    open(&worker);
    rescue(&worker).expect(200);
}

/// The hostile guest's page that holds a cursor, its purpose an emergency; the worker's glass is ended while it does.
fn ended_while(held: &str) -> Answer {
    let host = Host::limited("cpu-ms = 30000\nwall-ms = 60000\nhost-calls = 1000000\n");
    host.with_guests(&[]);
    host.with_package(&changed("hostile", |manifest| {
        manifest.replacen("legal-basis = \"测试\"", "legal-basis = \"测试\"\nemergency = true", 1)
    }));
    // Before, since the guest's calls are counted while it holds on.
    host.person("auditor");
    let worker = host.person("worker");
    let body = json!({"plugin": "tests.hostile", "purpose": "attack", "cause": "public-safety", "reason": "r"});
    let glass = worker.post("/break-glass", &body).expect(201).json["id"].as_i64().unwrap();
    let page = |name: &str| worker.get(&format!("/plugins/tests.hostile/pages/{name}"));
    thread::scope(|scope| {
        let holding = scope.spawn(|| page(&format!("{held}?text=holding")));
        while page("kept").expect(200).list("/blocks/0/rows").is_empty() {
            assert!(!holding.is_finished(), "the guest never held a cursor");
        }
        let behind = host.log_entries();
        end(&worker, glass).expect(200);
        let answer = holding.join().unwrap();
        let last = log(&host, behind).pop().unwrap();
        assert_eq!((last["entry_point"].as_str(), last["break_glass"].as_i64()), (Some(format!("page /{held}").as_str()), Some(glass)));
        answer
    })
}

#[test]
fn a_cursor_gives_nothing_after_its_glass_is_ended() {
    let answer = ended_while("hold").refused(403, "denied");
    assert!(answer.detail().contains("break the glass"), "{}", answer.detail());
}

#[test]
fn a_bound_block_is_not_filled_after_its_glass_is_ended() {
    ended_while("hold-bound").refused(403, "break-glass");
}

#[test]
fn a_resident_is_told_that_it_was_an_emergency_and_of_what_kind() {
    let host = host();
    let (worker, resident) = (host.person("worker"), host.person("resident"));
    open(&worker);
    rescue(&worker).expect(200);
    let seen = resident.get("/me/access-log").expect(200);
    assert_eq!((seen.text("/entries/0/purpose"), seen.text("/entries/0/emergency")), ("rescue", "accident"));
    assert!(!seen.json.to_string().contains("燃气"));
    let page = resident.page("/me/access");
    assert!(page.contains("应急访问") && page.contains("事故灾难") && !page.contains("燃气"));
    worker.get("/records/resident?fields=name&limit=1000").expect(200);
    assert_eq!(resident.get("/me/access-log").expect(200).json["entries"][0]["emergency"], Value::Null);
}

#[test]
fn in_the_console_a_worker_opens_and_ends_and_an_auditor_is_told_on_every_page_and_reviews() {
    let host = host();
    let (worker, auditor) = (host.person("worker"), host.person("auditor"));
    assert!(!auditor.page("/audit").contains("class=\"alarm\""));
    let form = worker.page("/break-glass?plugin=tests.probe&purpose=rescue");
    assert!(form.contains("紧急救助") && form.contains("value=\"tests.probe rescue\" selected"), "{form}");
    let fields = [("over", "tests.probe rescue"), ("cause", "accident"), ("reason", "三栋燃气泄漏"), ("minutes", "45")];
    let wrong = worker.submit("/break-glass", &[fields[0], fields[1], fields[2], ("minutes", "0")]);
    assert!(wrong.0 == 422 && wrong.1.contains("1 至 240"), "{}", wrong.1);
    assert_eq!(worker.submit("/break-glass", &fields), (303, "/break-glass".into()));
    for page in ["/", "/audit", "/break-glass"] {
        assert!(auditor.page(page).contains("class=\"alarm\""), "{page}");
    }
    assert!(!worker.page("/").contains("class=\"alarm\""));
    let shown = auditor.page("/break-glass");
    assert!(shown.contains("三栋燃气泄漏") && shown.contains("生效中"), "{shown}");
    let id = auditor.get("/break-glass").expect(200).json["break_glass"][0]["id"].as_i64().unwrap();
    assert_eq!(worker.submit(&format!("/break-glass/{id}/end"), &[]).0, 303);
    let reviewed = auditor.submit(&format!("/break-glass/{id}/review"), &[("outcome", "unjustified"), ("note", "无此事")]);
    assert_eq!(reviewed.0, 303);
    assert!(!auditor.page("/audit").contains("class=\"alarm\""));
    assert!(worker.page("/break-glass").contains("无此事"));
    assert_eq!(worker.submit(&format!("/break-glass/{id}/review"), &[("outcome", "justified"), ("note", "n")]).0, 403);
}

#[test]
fn on_the_command_line_a_worker_opens_and_ends_and_an_auditor_reviews() {
    let host = host();
    let run = |login: &str, arguments: &[&str]| {
        let output = host.run(login, arguments);
        (output.status.success(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    let opening = |minutes: &'static str| {
        [
            "break-glass",
            "open",
            "--plugin",
            PLUGIN,
            "--purpose",
            "rescue",
            "--cause",
            "accident",
            "--reason",
            "燃气泄漏",
            "--minutes",
            minutes,
        ]
    };
    let (done, said) = run("worker", &opening("300"));
    assert!(!done && said.contains("1 to 240"), "{said}");
    let (done, said) = run("worker", &opening("20"));
    assert!(done && said.contains("in-force") && said.contains("燃气泄漏"), "{said}");
    let id = host.person("worker").get("/break-glass").expect(200).json["break_glass"][0]["id"].to_string();
    assert!(run("worker", &["break-glass", "end", &id]).0);
    let (done, said) = run("auditor", &["break-glass", "list"]);
    assert!(done && said.contains("not reviewed: 1") && said.contains("awaiting-review"), "{said}");
    let (done, said) = run("auditor", &["break-glass", "review", &id, "--outcome", "justified", "--note", "已核实"]);
    assert!(done && said.contains("justified by 孙审计: 已核实"), "{said}");
}
