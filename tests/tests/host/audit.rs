//! What the log proves to others: to somebody with one proof in hand, to a witness, to a resident; and what remains of it
//! when a person is erased.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use jiff::{SignedDuration, Timestamp};
use linli_audit::witness::AddCheckpoint;
use linli_tests::{Host, Person, program, scratch};
use serde_json::{Value, json};

const PAGE: &str = "/plugins/civil-affairs.elder-allowance/pages/eligible";
const APPLICATION: &str = "civil-affairs.elder-allowance";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn key(host: &Host) -> String {
    host.person("auditor").get("/audit/checkpoints?limit=1").expect(200).text("/key").to_owned()
}

fn newest(host: &Host) -> String {
    host.person("auditor").get("/audit/checkpoints?limit=1").expect(200).text("/newest").to_owned()
}

/// The number of the newest entry.
fn last(host: &Host) -> u64 {
    let size = host.log_entries();
    host.signed(size);
    size
}

fn verify_alone(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(program("linli-verify")).args(arguments).output().unwrap();
    (output.status.code(), said(&output))
}

/// The id of the person behind the log-in `resident`, as the console shows it.
fn resident(host: &Host) -> String {
    let own = host.person("resident").get("/me/record").expect(200);
    let find = |worker: Person| {
        let found =
            worker.get(&format!("/records/resident?fields=id_number&filter=id_number:eq:{}&limit=1", own.text("/record/id_number")));
        found.expect(200).json.pointer("/records/0/id").and_then(Value::as_str).map(ToOwned::to_owned)
    };
    find(host.person("worker")).or_else(|| find(host.person("worker2"))).unwrap()
}

#[test]
fn one_entry_is_proved_to_somebody_who_has_neither_host_nor_log() {
    let host = Host::fresh();
    host.person("worker").get(PAGE).expect(200);
    let entry = last(&host);
    let file = scratch().join("proof.json");
    let (path, key) = (file.to_str().unwrap(), key(&host));
    let run = host.run("auditor", &["audit", "proof", "--entry", &entry.to_string(), "--out", path]);
    assert!(run.status.success(), "{}", said(&run));
    let (code, said) = verify_alone(&["entry", path, "--key", &key]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("entry {entry} of")) && said.contains("page /eligible"), "{said}");
    let proof = fs::read_to_string(&file).unwrap();
    for (part, other) in [("civil-affairs", "civil-affaire"), ("user:", "user:9"), ("inclusion\":[\"", "inclusion\":[\"0")] {
        fs::write(&file, proof.replacen(part, other, 1)).unwrap();
        assert_ne!(verify_alone(&["entry", path, "--key", &key]).0, Some(0), "{part}");
    }
    host.person("worker").get(&format!("/audit/entries/{entry}/proof")).refused(403, "role");
    host.person("auditor").get("/audit/entries/0/proof").refused(404, "not-found");
    host.person("auditor").get(&format!("/audit/entries/{}/proof", entry + 99)).refused(404, "not-found");
}

#[test]
fn every_size_of_the_log_is_shown_to_continue_every_smaller_one() {
    let host = Host::fresh();
    let auditor = host.person("auditor");
    let mut roots = Vec::new();
    for _ in 0..3 {
        host.person("worker").get(PAGE).expect(200);
        last(&host);
        let note = newest(&host);
        let root = claimed(&note);
        roots.push(root);
    }
    for (old, old_root) in &roots {
        for (size, root) in roots.iter().filter(|(size, _)| size >= old) {
            let answer = auditor.get(&format!("/audit/consistency?from={old}&to={size}")).expect(200);
            let proof: linli_audit::proof::Consistency = serde_json::from_value(answer.json["proof"].clone()).unwrap();
            assert!(proof.proves(*old, *old_root, *size, *root), "{old} {size}");
        }
    }
    auditor.get("/audit/consistency?from=5&to=3").refused(422, "size");
    auditor.get("/audit/consistency?from=5&to=99999999").refused(422, "size");
}

fn claimed(note: &str) -> (u64, linli_audit::Hash) {
    let checkpoint = linli_audit::Checkpoint::claimed(note).unwrap();
    (checkpoint.size, checkpoint.root)
}

#[test]
fn a_log_is_verified_since_a_checkpoint_that_was_noted_and_a_foreign_one_is_not_continued() {
    let host = Host::fresh();
    host.person("worker").get(PAGE).expect(200);
    last(&host);
    let file = scratch().join("checkpoint");
    fs::write(&file, host.run("auditor", &["audit", "checkpoint"]).stdout).unwrap();
    host.person("worker").get(PAGE).expect(200);
    last(&host);
    let data = host.data().to_owned();
    let since =
        |host: &Host| host.run("auditor", &["audit", "verify", "--data", data.to_str().unwrap(), "--since", file.to_str().unwrap()]);
    let run = since(&host);
    assert!(run.status.success() && said(&run).contains("continues the checkpoint"), "{}", said(&run));
    let exported = scratch().join("log.jsonl");
    assert!(host.run("auditor", &["audit", "export", exported.to_str().unwrap()]).status.success());
    let (code, alone) = verify_alone(&["log", exported.to_str().unwrap(), "--key", &key(&host)]);
    assert_eq!(code, Some(0), "{alone}");
    // Another host's checkpoint is signed by another key.
    let other = Host::fresh();
    other.person("worker").get(PAGE).expect(200);
    last(&other);
    fs::write(&file, newest(&other)).unwrap();
    assert!(!since(&host).status.success());
}

#[test]
fn nothing_is_erased_where_an_entry_of_the_log_could_not_follow() {
    let host = Host::fresh();
    host.person("worker").get(PAGE).expect(200);
    let id = resident(&host);
    let host = host.with_log_changed("UPDATE access_log SET salt = NULL");
    let (admin, auditor) = (host.person("admin"), host.person("auditor"));
    let asked = json!({"resident": id, "reason": "已迁出，本人申请", "legal_basis": "《个人信息保护法》第四十七条"});
    let measure = admin.post("/audit/erasures", &asked).expect(201).json["id"].clone();
    let refused = auditor.post(&format!("/audit/measures/{measure}/approve"), &json!({})).refused(409, "unerasable");
    assert!(refused.detail().contains("nothing was erased"), "{}", refused.detail());
    host.person("worker").get(&format!("/records/resident/{id}")).expect(200);
    Host::serve(host.stop()).person("worker").get(&format!("/records/resident/{id}")).expect(200);
}

#[test]
fn an_erased_person_is_nowhere_and_the_log_still_verifies() {
    let host = Host::fresh();
    let (admin, auditor, worker) = (host.person("admin"), host.person("auditor"), host.person("worker"));
    worker.get(PAGE).expect(200);
    let id = resident(&host);
    let entry = last(&host);
    let before = auditor.get(&format!("/audit/entries?after={}", entry - 1)).expect(200);
    let own = host.person("resident");
    own.get("/me/record").expect(200);
    let asked = json!({"resident": id, "reason": "已迁出，本人申请", "legal_basis": "《个人信息保护法》第四十七条"});
    worker.post("/audit/erasures", &asked).refused(403, "role");
    let measure = admin.post("/audit/erasures", &asked).expect(201).json["id"].clone();
    admin.post(&format!("/audit/measures/{measure}/approve"), &json!({})).refused(403, "second-person");
    let done = auditor.post(&format!("/audit/measures/{measure}/approve"), &json!({})).expect(200);
    assert_eq!(done.json["erased"]["records"]["resident"], 1);
    assert!(done.json["erased"]["log_entries"].as_u64().unwrap() >= 3, "{}", done.json);
    // Nowhere: neither as a record, nor under a log-in, nor among subjects.
    worker.get(&format!("/records/resident/{id}")).refused(404, "not-found");
    let login = json!({"username": "resident", "password": host.password("resident")});
    host.nobody().post("/session", &login).refused(401, "sign-in");
    let after = auditor.get(&format!("/audit/entries?after={}", entry - 1)).expect(200);
    let (before, after) = (&before.json["entries"][0], &after.json["entries"][0]);
    assert_eq!((&before["body"], &before["leaf"]), (&after["body"], &after["leaf"]));
    assert_ne!((&before["subjects"], &before["salt"]), (&after["subjects"], &after["salt"]));
    // The log says erased, and still finds what is changed.
    last(&host);
    let file = scratch().join("log.jsonl");
    let path = file.to_str().unwrap();
    assert!(host.run("auditor", &["audit", "export", path]).status.success());
    let verify = || host.run("auditor", &["audit", "verify", path]);
    let whole = said(&verify());
    assert!(verify().status.success() && whole.contains("erased"), "{whole}");
    let run = host.run("auditor", &["audit", "verify", "--data", host.data().to_str().unwrap()]);
    assert!(run.status.success() && said(&run).contains("erased"), "{}", said(&run));
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.contains("erasures")).unwrap();
    let mut changed: Value = serde_json::from_str(line).unwrap();
    let sequence = changed["entry"]["sequence"].clone();
    changed["entry"].as_object_mut().unwrap().remove("erasures");
    fs::write(&file, text.replace(line, &changed.to_string())).unwrap();
    assert!(!verify().status.success() && said(&verify()).contains(&format!("entry {sequence}")));
    // The number is not given to anybody else, even by a host that starts anew.
    let host = Host::serve(host.stop());
    let run = host.run("auditor", &["audit", "verify", "--data", host.data().to_str().unwrap()]);
    assert!(run.status.success(), "{}", said(&run));
}

#[test]
fn a_deferral_takes_two_people_hides_what_it_names_and_ends() {
    let host = Host::fresh();
    let (admin, auditor, worker, own) = (host.person("admin"), host.person("auditor"), host.person("worker"), host.person("resident"));
    let id = resident(&host);
    let sees = |what: &str| {
        let log = own.get("/me/access-log").expect(200);
        log.list("/entries").iter().filter(|entry| entry.to_string().contains(what)).count()
    };
    worker.get(PAGE).expect(200);
    assert_eq!(sees("page /eligible"), 1);
    let day = SignedDuration::from_hours(24);
    let asked = |until: Timestamp| {
        json!({"resident": id, "application": APPLICATION, "until": until, "reason": "涉案人员，告知将妨碍调查",
            "legal_basis": "《个人信息保护法》第十八条"})
    };
    let now = Timestamp::now();
    worker.post("/audit/deferrals", &asked(now + day)).refused(403, "role");
    admin.post("/audit/deferrals", &asked(now - day)).refused(422, "until");
    admin.post("/audit/deferrals", &asked(now + day * 400)).refused(422, "until");
    let mut without = asked(now + day);
    without["legal_basis"] = " ".into();
    admin.post("/audit/deferrals", &without).refused(400, "legal_basis");
    let measure = admin.post("/audit/deferrals", &asked(now + day)).expect(201).json["id"].clone();
    let decide = |who: &Person, what: &str| who.post(&format!("/audit/measures/{measure}/{what}"), &json!({}));
    worker.get(PAGE).expect(200);
    assert_eq!((sees("page /eligible"), sees("deferral")), (2, 0), "asked for is not decided");
    decide(&admin, "approve").refused(403, "second-person");
    decide(&auditor, "approve").expect(200);
    worker.get(PAGE).expect(200);
    // What was before it remains to be seen, what is under it does not, nor that it is.
    assert_eq!((sees("page /eligible"), sees("deferral")), (1, 0));
    decide(&auditor, "refuse").refused(409, "state");
    decide(&auditor, "lift").expect(200);
    assert_eq!(sees("page /eligible"), 3);
    assert!(sees("deferral") >= 3, "asked, approved, lifted");
    let listed = auditor.get("/audit/measures").expect(200);
    assert_eq!(listed.text("/measures/0/state"), "lifted");
    own.get("/audit/measures").refused(403, "role");
}

/// A witness that ends with the test.
struct Witness {
    child: Child,
    key: String,
    url: String,
}

impl Witness {
    fn start(state: &Path, log: &str) -> Self {
        let mut command = Command::new(program("linli-witness"));
        command.arg("--state").arg(state).args(["--log", log, "--new-log", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut after = |word: &str| lines.next().unwrap().unwrap().strip_prefix(word).unwrap().to_owned();
        let (key, url) = (after("key "), after("listening on "));
        Self { child, key, url }
    }

    /// What it answers to a request.
    fn ask(&self, request: &AddCheckpoint) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.post(format!("{}/add-checkpoint", self.url)).send(request.to_string()).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_witness_signs_a_log_that_grows_and_refuses_a_rewritten_one() {
    let host = Host::fresh();
    host.person("worker").get(PAGE).expect(200);
    last(&host);
    let log = key(&host);
    let data = host.stop();
    let past = Host::copied(&data);
    let witness = Witness::start(&scratch(), &log);
    let file = format!("[[witness]]\nurl = \"{}\"\nkey = \"{}\"\nevery-seconds = 1\n", witness.url, witness.key);
    fs::write(data.join("witnesses.toml"), file).unwrap();
    let host = Host::serve(data);
    // The first time the auditor's log-in is an entry more.
    last(&host);
    let size = last(&host);
    let signed = wait_for_cosignature(&host, &witness.key, size);
    assert!(signed >= size);
    let path = scratch().join("proof.json");
    let path = path.to_str().unwrap();
    assert!(host.run("auditor", &["audit", "proof", "--entry", "1", "--out", path]).status.success());
    let (code, said) = verify_alone(&["entry", path, "--key", &log, "--witness", &witness.key]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("witnessed by"), "{said}");
    drop(host);
    // The operator goes back to an older state and lets another history follow, signed with the same key.
    let forked = Host::serve(past);
    while forked.log_entries() <= signed {
        forked.person("officer").get(PAGE).expect(200);
    }
    last(&forked);
    let size = last(&forked);
    let proof = forked.person("auditor").get(&format!("/audit/consistency?from={signed}&to={size}")).expect(200);
    let proof = serde_json::from_value(proof.json["proof"].clone()).unwrap();
    let (status, said) = witness.ask(&AddCheckpoint { old: signed, proof, note: checkpoint_of(&forked, size) });
    assert_eq!(status, 422, "{said}");
    let rolled_back = AddCheckpoint { old: 0, proof: linli_audit::proof::Consistency(Vec::new()), note: newest(&forked) };
    let (status, said) = witness.ask(&rolled_back);
    assert_eq!((status, said.trim().parse().ok()), (409, Some(signed)));
}

/// The note that signs so many entries.
fn checkpoint_of(host: &Host, size: u64) -> String {
    let page = host.person("auditor").get(&format!("/audit/checkpoints?limit=1&before={}", size + 1)).expect(200);
    page.text("/checkpoints/0/note").to_owned()
}

/// Waits until the witness signed a checkpoint of at least so many entries, and says of how many.
fn wait_for_cosignature(host: &Host, key: &str, size: u64) -> u64 {
    let witness: linli_audit::WitnessKey = key.parse().unwrap();
    for _ in 0..500 {
        let note = newest(host);
        let signed = linli_audit::Checkpoint::claimed(&note).unwrap().size;
        if signed >= size && witness.seen(&note).is_ok() {
            return signed;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("the witness signed nothing");
}

#[test]
fn what_the_administration_does_has_a_purpose_and_a_law_and_who_is_turned_away_is_on_the_record() {
    let host = Host::fresh();
    let (admin, auditor, worker) = (host.person("admin"), host.person("auditor"), host.person("worker"));
    let behind = host.log_entries();
    worker.get("/grants").refused(403, "role");
    worker.post("/grants/1/approve", &json!({})).refused(403, "role");
    worker.get("/audit/entries").refused(403, "role");
    let refused = [("page /grants", "administration"), ("action decide-grant", "administration"), ("page /log", "audit")];
    let entries = auditor.get(&format!("/audit/entries?after={behind}")).expect(200);
    let entries: Vec<_> = entries.list("/entries").iter().map(|entry| &entry["entry"]).collect();
    let said = entries.iter().map(|entry| (entry["entry_point"].as_str().unwrap(), entry["purpose"].as_str().unwrap()));
    assert_eq!(said.collect::<Vec<_>>(), refused);
    assert!(entries.iter().all(|entry| entry["application"] == "linli.admin" && entry["outcome"]["denied"]["code"] == "role"));

    let asked = json!({"resident": resident(&host), "reason": "r", "legal_basis": "l"});
    let measure = admin.post("/audit/erasures", &asked).expect(201).json["id"].clone();
    auditor.post(&format!("/audit/measures/{measure}/refuse"), &json!({})).expect(200);
    let seen = host.person("resident").get("/me/access-log").expect(200);
    assert_eq!(
        (seen.text("/entries/0/name/zh"), seen.text("/entries/0/entry_point")),
        ("平台管理", format!("refuse erasure {measure}").as_str())
    );
    assert!(seen.text("/entries/0/purpose_title/zh").contains("抹除"), "{}", seen.json);
    assert!(seen.text("/entries/0/legal_basis").contains("第四十七条"), "{}", seen.json);
    let own = json!({"resident": asked["resident"], "application": "linli.admin", "until": Timestamp::now() + SignedDuration::from_hours(24),
        "reason": "r", "legal_basis": "l"});
    admin.post("/audit/deferrals", &own).refused(404, "not-found");
}
