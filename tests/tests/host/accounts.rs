//! Accounts: made within an admin's own rights, with two pairs of eyes for those who decide, and the first of all by the operator.

use std::io::Write as _;
use std::process::{Command, Stdio};

use linli_tests::{Answer, Host, Person, linli, scratch};
use serde_json::{Value, json};

const FIRST: &str = "440104022001";
const SECOND: &str = "440104022002";

fn worker_in(login: &str, region: &str) -> Value {
    json!({"login": login, "name": "何网格", "roles": ["worker"], "regions": [region], "clearance": "personal"})
}

fn patch(person: &Person, login: &str, version: i64, body: &Value) -> Answer {
    let version = format!("\"{version}\"");
    let headers = [("content-type", "application/json"), ("if-match", version.as_str())];
    person.send("PATCH", &format!("/accounts/{login}"), &headers, body.to_string().as_bytes())
}

/// A decision on what waits, as it is now.
fn decide(person: &Person, login: &str, decision: &str) -> Answer {
    person.post_over(&format!("/accounts/{login}"), &format!("/accounts/{login}/{decision}"), &json!({}))
}

fn log_in(host: &Host, login: &str, password: &str) -> Answer {
    host.nobody().post("/session", &json!({"username": login, "password": password}))
}

fn log(host: &Host, behind: u64) -> Vec<String> {
    let entries = host.person("auditor").get(&format!("/audit/entries?after={behind}")).expect(200);
    entries.list("/entries").iter().map(|entry| entry["entry"]["entry_point"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_admin_makes_an_account_that_works_within_its_rights_and_its_password_is_said_once() {
    let host = Host::fresh();
    let (admin, _, behind) = (host.person("admin"), host.person("auditor"), host.log_entries());
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let body = worker_in("he.wang", FIRST).to_string();
    let made = admin.send("POST", "/accounts", &headers, body.as_bytes()).expect(201);
    let password = made.text("/password").to_owned();
    assert!(password.len() >= 16 && made.json["pending"].is_null() && made.json["disabled"] == false, "{}", made.json);
    // Asked again, it is neither made nor said again.
    admin.send("POST", "/accounts", &headers, body.as_bytes()).refused(409, "key-done");
    admin.post("/accounts", &worker_in("he.wang", FIRST)).refused(409, "duplicate");
    let session = log_in(&host, "he.wang", &password).expect(201);
    assert_eq!((session.text("/regions/0"), session.text("/clearance")), (FIRST, "personal"));
    let them = host.nobody().with_token(session.text("/token"));
    let seen = them.get("/records/resident?fields=name,grid&limit=1000").expect(200);
    assert!(!seen.list("/records").is_empty());
    assert!(seen.list("/records").iter().all(|record| record["grid"].as_str().unwrap().starts_with(FIRST)));
    them.get("/records/resident?fields=low_income&limit=1").refused(403, "clearance");
    them.get("/accounts").refused(403, "role");
    let id = &made.json["id"];
    let said = log(&host, behind);
    assert_eq!(said[0], format!("add account {id}: roles worker; regions {FIRST}; clearance personal"));
    assert!(said.contains(&"action put-account".to_owned()), "{said:?}");
    let shown = admin.get("/accounts/he.wang").expect(200);
    assert!(!shown.json.to_string().contains(&password) && !shown.json.to_string().contains("argon2"));
    assert!(admin.get("/accounts").expect(200).list("/accounts").iter().any(|account| account["login"] == "he.wang"));
}

#[test]
fn disabling_ends_sessions_and_log_ins_at_once_until_it_is_enabled_again() {
    let host = Host::fresh();
    let (admin, worker) = (host.person("admin"), host.person("worker"));
    worker.get("/session").expect(200);
    let version = admin.get("/accounts/worker").expect(200).json["version"].as_i64().unwrap();
    admin.send("PATCH", "/accounts/worker", &[("content-type", "application/json")], b"{}").refused(428, "if-match");
    patch(&admin, "worker", version + 5, &json!({"disabled": true})).refused(412, "stale");
    let changed = patch(&admin, "worker", version, &json!({"disabled": true})).expect(200);
    assert_eq!(changed.json["version"], version + 1);
    worker.get("/session").refused(401, "sign-in");
    log_in(&host, "worker", &host.password("worker")).refused(401, "sign-in");
    patch(&admin, "worker", version, &json!({"disabled": false})).refused(412, "stale");
    patch(&admin, "worker", version + 1, &json!({"disabled": false})).expect(200);
    worker.get("/session").refused(401, "sign-in");
    log_in(&host, "worker", &host.password("worker")).expect(201);
}

#[test]
fn changed_rights_hold_for_sessions_that_are_open() {
    let host = Host::fresh();
    let (admin, worker) = (host.person("admin"), host.person("worker"));
    let seen = || worker.get("/records/resident?fields=grid&limit=1").expect(200).text("/records/0/grid").to_owned();
    assert!(seen().starts_with(FIRST));
    let version = admin.get("/accounts/worker").expect(200).json["version"].as_i64().unwrap();
    patch(&admin, "worker", version, &json!({"regions": [SECOND], "name": "李调动"})).expect(200);
    assert!(seen().starts_with(SECOND));
    assert_eq!(worker.get("/session").expect(200).text("/name"), "李调动");
}

#[test]
fn a_delegated_admin_makes_and_sees_accounts_within_their_own_rights_only_and_changes_nobodys_own() {
    let host = Host::fresh();
    let local = host.person("localadmin");
    let own = local.get("/session").expect(200).text("/regions/0").to_owned();
    assert_eq!(own, SECOND);
    local.post("/accounts", &worker_in("near", &own)).expect(201);
    let refused = local.post("/accounts", &worker_in("far", FIRST)).refused(403, "remit");
    assert!(refused.detail().contains(FIRST) && refused.detail().contains(&own), "{}", refused.detail());
    local.post("/accounts", &worker_in("wide", "440104022")).refused(403, "remit");
    let mut above = worker_in("above", &own);
    above["clearance"] = "sensitive".into();
    assert!(local.post("/accounts", &above).refused(403, "remit").detail().contains("sensitive"));
    for login in ["worker", "admin", "worker2", "nobody"] {
        local.get(&format!("/accounts/{login}")).refused(404, "not-found");
        patch(&local, login, 1, &json!({"disabled": true})).refused(404, "not-found");
        local.post(&format!("/accounts/{login}/password"), &json!({})).refused(404, "not-found");
    }
    let seen = local.get("/accounts").expect(200);
    let seen: Vec<_> = seen.list("/accounts").iter().map(|account| account["login"].as_str().unwrap()).collect();
    assert!(seen.contains(&"near") && !seen.contains(&"worker") && !seen.contains(&"admin"), "{seen:?}");
    let near = local.get("/accounts/near").expect(200).json["version"].as_i64().unwrap();
    patch(&local, "near", near, &json!({"regions": [own, FIRST]})).refused(403, "remit");
    for body in [json!({"clearance": "sensitive"}), json!({"regions": ["44"]}), json!({"disabled": true}), json!({"name": "n"})] {
        assert!(matches!(patch(&local, "localadmin", 1, &body).code(), "own-account"), "{body}");
    }
    local.post("/accounts/localadmin/password", &json!({})).refused(403, "own-account");
}

#[test]
fn who_decides_is_made_raised_and_given_a_password_by_two_admins_and_ended_by_one() {
    let host = Host::fresh();
    let (admin, other) = (host.person("admin"), host.person("admin2"));
    let body = json!({"login": "third", "name": "第三人", "roles": ["admin"], "regions": ["44"], "clearance": "sensitive",
        "password": "a password of theirs"});
    let made = admin.post("/accounts", &body).expect(201);
    assert_eq!(
        (&made.json["disabled"], &made.json["pending"]["disabled"], &made.json["password"]),
        (&json!(true), &json!(false), &Value::Null)
    );
    log_in(&host, "third", "a password of theirs").refused(401, "sign-in");
    decide(&admin, "third", "confirm").refused(403, "same-person");
    decide(&host.person("localadmin"), "third", "confirm").refused(404, "not-found");
    decide(&other, "third", "confirm").expect(200);
    decide(&other, "third", "confirm").refused(409, "state");
    let third = Person::log_in(host.url(), "third", "a password of theirs");

    // A worker who is to be an auditor stays a worker until then.
    let version = admin.get("/accounts/worker").expect(200).json["version"].as_i64().unwrap();
    let raised = patch(&admin, "worker", version, &json!({"roles": ["worker", "auditor"]})).expect(200);
    assert_eq!((&raised.json["roles"], &raised.json["pending"]["roles"]), (&json!(["worker"]), &json!(["worker", "auditor"])));
    host.person("worker").get("/audit/entries").refused(403, "role");
    decide(&admin, "worker", "refuse").expect(200);
    decide(&other, "worker", "confirm").refused(409, "state");

    // Nobody takes over another admin's account alone.
    let reset = third.post("/accounts/admin2/password", &json!({})).expect(200);
    assert_eq!(reset.json["pending"]["password"], true);
    log_in(&host, "admin2", reset.text("/password")).refused(401, "sign-in");
    log_in(&host, "admin2", &host.password("admin2")).expect(201);
    decide(&other, "admin2", "confirm").refused(403, "own-account");
    decide(&admin, "admin2", "confirm").expect(200);
    log_in(&host, "admin2", reset.text("/password")).expect(201);
    other.get("/session").refused(401, "sign-in");

    // Who decides decides on what they saw, not on what has taken its place.
    let version = |login: &str| third.get(&format!("/accounts/{login}")).expect(200).json["version"].as_i64().unwrap();
    patch(&third, "worker", version("worker"), &json!({"roles": ["worker", "auditor"]})).expect(200);
    let seen = format!("\"{}\"", version("worker"));
    patch(&third, "worker", version("worker"), &json!({"roles": ["admin"]})).expect(200);
    for decision in ["confirm", "refuse"] {
        let path = format!("/accounts/worker/{decision}");
        admin.post(&path, &json!({})).refused(428, "if-match");
        admin.send("POST", &path, &[("content-type", "application/json"), ("if-match", &seen)], b"{}").refused(412, "stale");
    }
    assert_eq!(third.get("/accounts/worker").expect(200).json["pending"]["roles"], json!(["admin"]));

    // To end one needs no other, and what waits ends with it.
    patch(&third, "admin2", version("admin2"), &json!({"name": "吴"})).expect(200);
    let ended = patch(&third, "admin2", version("admin2"), &json!({"disabled": true})).expect(200);
    assert_eq!((&ended.json["disabled"], &ended.json["pending"]), (&json!(true), &Value::Null));
    log_in(&host, "admin2", reset.text("/password")).refused(401, "sign-in");
    let back = patch(&third, "admin2", version("admin2"), &json!({"disabled": false})).expect(200);
    assert_eq!((&back.json["disabled"], &back.json["pending"]["disabled"]), (&json!(true), &json!(false)));
}

#[test]
fn whatever_is_done_to_an_account_under_a_key_is_done_once() {
    let host = Host::fresh();
    let (admin, other) = (host.person("admin"), host.person("admin2"));
    let done_once = |person: &Person, method: &str, path: &str, version: i64, body: Value| {
        let (key, version) = (format!("{method} {path} {version}"), format!("\"{version}\""));
        let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str()), ("if-match", version.as_str())];
        let ask = || person.send(method, path, &headers, body.to_string().as_bytes());
        let first = ask();
        assert!(matches!(first.status, 200 | 201), "{path}: {}", first.json);
        ask().refused(409, "key-done");
        first
    };
    let wang = worker_in("he.wang", FIRST);
    done_once(&admin, "POST", "/accounts", 0, wang);
    done_once(&admin, "PATCH", "/accounts/he.wang", 1, json!({"name": "何"}));
    let reset = done_once(&admin, "POST", "/accounts/he.wang/password", 2, json!({}));
    log_in(&host, "he.wang", reset.text("/password")).expect(201);
    for (version, decision) in [(3, "refuse"), (5, "confirm")] {
        patch(&admin, "he.wang", version, &json!({"roles": ["auditor"]})).expect(200);
        done_once(&other, "POST", &format!("/accounts/he.wang/{decision}"), version + 1, json!({}));
    }
    assert_eq!(admin.get("/accounts/he.wang").expect(200).json["version"], 7);
}

#[test]
fn what_is_given_wrongly_makes_no_account() {
    let host = Host::fresh();
    let admin = host.person("admin");
    let with = |member: &str, value: Value| {
        let mut body = worker_in("someone", FIRST);
        body[member] = value;
        admin.post("/accounts", &body)
    };
    for login in ["", "A", "1a", "a b", "a/b", "é", "'; DROP TABLE account; --", "x".repeat(41).as_str()] {
        with("login", json!(login)).refused(422, "invalid");
    }
    for name in ["", " 　", "a\nb", "长".repeat(51).as_str()] {
        with("name", json!(name)).refused(422, "invalid");
    }
    for password in ["", "short", "x".repeat(129).as_str()] {
        with("password", json!(password)).refused(422, "invalid");
    }
    log_in(&host, "admin\u{0}", &host.password("admin")).refused(401, "sign-in");
    with("roles", json!([])).refused(422, "invalid");
    with("roles", json!(["resident"])).refused(422, "invalid");
    with("regions", json!(["999999"])).refused(422, "invalid");
    with("publisher", json!("nobody")).refused(422, "invalid");
    for (member, value) in
        [("roles", json!(["boss"])), ("roles", json!(["unattended"])), ("regions", json!(["x"])), ("clearance", json!("top"))]
    {
        with(member, value).refused(400, "json");
    }
    with("resident", json!(7)).refused(400, "json");
    for login in ["someone", "%00", "a%2Fb", "%E9%82%BB", "-"] {
        admin.get(&format!("/accounts/{login}")).refused(404, "not-found");
    }
    let resident = admin.get("/accounts/resident").expect(200).json["version"].as_i64().unwrap();
    patch(&admin, "resident", resident, &json!({"roles": ["worker"]})).refused(422, "invalid");
}

#[test]
fn a_person_takes_another_password_knowing_the_one_before() {
    let host = Host::fresh();
    let (worker, old) = (host.person("worker"), host.password("worker"));
    let change = |current: &str, new: &str| worker.post("/session/password", &json!({"current": current, "new": new}));
    change("wrong", "a much better one").refused(403, "password");
    change(&old, "short").refused(422, "invalid");
    change(&old, "a much better one").expect(204);
    worker.get("/session").refused(401, "sign-in");
    log_in(&host, "worker", &old).refused(401, "sign-in");
    let anew = log_in(&host, "worker", "a much better one").expect(201);
    let anew = host.nobody().with_token(anew.text("/token"));
    for _ in 0..10 {
        anew.post("/session/password", &json!({"current": "guess", "new": "a much better one"})).refused(403, "password");
    }
    anew.post("/session/password", &json!({"current": "guess", "new": "a much better one"})).refused(429, "too-many-attempts");
}

#[test]
fn on_an_empty_database_the_operator_makes_the_first_admins_and_goes_on_managing_accounts() {
    let host = Host::serve(Host::empty());
    log_in(&host, "root", "root").refused(401, "sign-in");
    let file = scratch().join("password");
    std::fs::write(&file, "correct horse battery\nnot this\n").unwrap();
    let add = ["account", "add", "root", "--name", "张管理", "--role", "admin", "--region", "44", "--clearance", "sensitive"];
    let said =
        |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let (host, output) = host.offline(&[&add[..], &["--password-file", file.to_str().unwrap()]].concat());
    assert!(output.status.success() && !said(&output).contains("battery"), "{}", said(&output));
    let root = Person::log_in(host.url(), "root", "correct horse battery");
    assert_eq!(root.get("/accounts/root").expect(200).text("/roles/0"), "admin");
    let (host, output) = host.offline(&add);
    assert!(!output.status.success(), "{}", said(&output));
    let mut second = add;
    second[2] = "root2";
    let (host, output) = host.offline(&second);
    let password = said(&output).lines().find_map(|line| line.rsplit_once("once: ").map(|(_, password)| password.to_owned())).unwrap();
    Person::log_in(host.url(), "root2", &password).get("/accounts").expect(200);
    let (host, output) = host.offline(&["account", "passwd", "root2"]);
    let anew = said(&output).lines().find_map(|line| line.rsplit_once("once: ").map(|(_, password)| password.to_owned())).unwrap();
    log_in(&host, "root2", &password).refused(401, "sign-in");
    let token = log_in(&host, "root2", &anew).expect(201).text("/token").to_owned();
    let (host, output) = host.offline(&["account", "disable", "root2"]);
    assert!(output.status.success() && said(&output).contains("disabled"), "{}", said(&output));
    host.nobody().with_token(&token).get("/session").refused(401, "sign-in");
    log_in(&host, "root2", &anew).refused(401, "sign-in");
    let (host, output) = host.offline(&["account", "list"]);
    assert!(said(&output).contains("root2") && said(&output).contains("张管理"), "{}", said(&output));
    let (host, _) = host.offline(&["account", "enable", "root2"]);
    log_in(&host, "root2", &anew).expect(201);
    let (host, output) = host.offline(&["account", "add", "x", "--name", "n", "--role", "worker", "--everywhere", "--clearance", "public"]);
    assert!(!output.status.success() && said(&output).contains("no region yet"), "{}", said(&output));
    let (host, output) = host.offline(&["account", "add", "auditor", "--name", "审计", "--role", "auditor", "--clearance", "internal"]);
    assert!(output.status.success(), "{}", said(&output));
    let password = said(&output).lines().find_map(|line| line.rsplit_once("once: ").map(|(_, password)| password.to_owned())).unwrap();
    let log = Person::log_in(host.url(), "auditor", &password).get("/audit/entries").expect(200);
    let log: Vec<_> = log.list("/entries").iter().map(|entry| entry["entry"]["entry_point"].as_str().unwrap()).collect();
    assert!(
        log.contains(&"add account 1: roles admin; regions 44; clearance sensitive") && log.contains(&"change account 2: disabled"),
        "{log:?}"
    );
}

#[test]
fn in_the_console_an_admin_makes_changes_and_disables_accounts_and_another_confirms() {
    let host = Host::fresh();
    let (admin, other) = (host.person("admin"), host.person("admin2"));
    let fields =
        [("login", "he"), ("name", "何网格"), ("role", "worker"), ("regions", FIRST), ("clearance", "personal"), ("publisher", "")];
    let (status, page) = admin.submit("/admin/accounts", &fields);
    assert!(status == 200 && page.contains("只显示这一次"), "{page}");
    let password = page.split("<code>he</code>：<code>").nth(1).unwrap().split('<').next().unwrap();
    log_in(&host, "he", password).expect(201);
    assert!(!admin.page("/admin/accounts").contains(password));
    let form = admin.page("/admin/accounts/he");
    assert!(form.contains("value=\"440104022001\"") && form.contains("name=\"_version\" value=\"1\""), "{form}");
    let raising =
        [("_version", "1"), ("name", "何审计"), ("role", "auditor"), ("regions", ""), ("clearance", "internal"), ("publisher", "")];
    assert_eq!(admin.submit("/admin/accounts/he/change", &raising), (303, "/admin/accounts".into()));
    assert!(other.page("/admin/accounts").contains("待确认"));
    assert_eq!(admin.submit("/admin/accounts/he/confirm", &[("_version", "2")]).0, 403);
    assert_eq!(other.submit("/admin/accounts/he/confirm", &[("_version", "1")]).0, 412);
    assert_eq!(other.submit("/admin/accounts/he/confirm", &[("_version", "2")]).0, 303);
    assert_eq!(log_in(&host, "he", password).expect(201).text("/roles/0"), "auditor");
    assert_eq!(admin.submit("/admin/accounts/he/change", &raising).0, 412);
    assert_eq!(admin.submit("/admin/accounts/he/disable", &[]).0, 303);
    log_in(&host, "he", password).refused(401, "sign-in");
    assert_eq!(admin.submit("/admin/accounts/admin/disable", &[]).0, 403);
    assert_eq!(host.person("worker").submit("/admin/accounts/he/enable", &[]).0, 403);
}

#[test]
fn a_person_takes_another_password_in_the_console_and_on_the_command_line() {
    let host = Host::fresh();
    let (worker, old) = (host.person("worker"), host.password("worker"));
    assert!(worker.page("/").contains("href=\"/password\""));
    let change = |person: &Person, current: &str, new: &str, again: &str| {
        person.submit("/password", &[("current", current), ("new", new), ("again", again)])
    };
    for (current, new, again, said) in [
        ("wrong", "a much better one", "a much better one", "现在的密码不对"),
        (old.as_str(), "a much better one", "a much better on", "不一致"),
        (old.as_str(), "short", "short", "12 至 128"),
    ] {
        let (status, page) = change(&worker, current, new, again);
        assert!(status >= 400 && page.contains(said), "{page}");
    }
    assert_eq!(change(&worker, &old, "a much better one", "a much better one"), (303, "/login".into()));
    worker.get("/session").refused(401, "sign-in");
    let token = log_in(&host, "worker", "a much better one").expect(201).text("/token").to_owned();

    let home = scratch();
    let mut command = Command::new(linli());
    command.arg("passwd").env("LINLI_URL", host.url()).env("LINLI_TOKEN", token).env("XDG_CONFIG_HOME", &home);
    let mut running = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    running.stdin.take().unwrap().write_all(b"a much better one\nthe best of them all\n").unwrap();
    assert!(running.wait_with_output().unwrap().status.success());
    log_in(&host, "worker", "a much better one").refused(401, "sign-in");
    log_in(&host, "worker", "the best of them all").expect(201);
}
