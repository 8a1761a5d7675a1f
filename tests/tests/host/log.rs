//! The access log: complete, and whoever changes it is found.

use std::fs;

use linli_tests::{Host, scratch};
use serde_json::{Value, json};

const PAGE: &str = "/plugins/civil-affairs.elder-allowance/pages/eligible";

#[test]
fn every_answer_and_every_denial_has_exactly_one_entry() {
    let host = Host::fresh();
    let (worker, officer, resident) = (host.person("worker"), host.person("officer"), host.person("resident"));
    let before = host.log_entries();
    for _ in 0..20 {
        worker.get(PAGE).expect(200);
    }
    assert_eq!(host.log_entries(), before + 20);
    resident.get(PAGE).refused(403, "role");
    host.nobody().get(PAGE).refused(401, "sign-in");
    officer.get("/records/resident").refused(403, "role");
    host.nobody().post("/session", &json!({"username": "worker", "password": "wrong"})).refused(401, "sign-in");
    assert_eq!(host.log_entries(), before + 24);
}

#[test]
fn one_changed_byte_anywhere_is_found_and_its_entry_named() {
    let host = Host::fresh();
    host.person("worker").get(PAGE).expect(200);
    let file = scratch().join("log.jsonl");
    let path = file.to_str().unwrap();
    let verify = || {
        let output = host.run("auditor", &["audit", "verify", path]);
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let size = host.log_entries();
    host.signed(size);
    assert!(host.run("auditor", &["audit", "export", path]).status.success());
    assert!(verify().0, "{}", verify().1);
    let whole = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let at = lines.iter().rposition(|line| line.contains("page /eligible")).unwrap();
    let entry: Value = serde_json::from_str(lines[at]).unwrap();
    let sequence = entry["entry"]["sequence"].as_u64().unwrap();
    for member in ["body", "subjects", "leaf"] {
        let mut changed = entry.clone();
        let text = changed["entry"][member].as_str().unwrap().to_owned();
        let place = text.char_indices().skip(text.chars().count() / 2).find(|(_, sign)| sign.is_ascii_alphanumeric()).unwrap().0;
        let other = if &text[place..=place] == "1" { "2" } else { "1" };
        changed["entry"][member] = format!("{}{other}{}", &text[..place], &text[place + 1..]).into();
        let mut lines = lines.clone();
        let line = changed.to_string();
        lines[at] = &line;
        fs::write(&file, lines.join("\n")).unwrap();
        let (whole, said) = verify();
        assert!(!whole && said.contains(&sequence.to_string()), "{member}: {said}");
    }
    // Without its last entries it is shorter than what was signed.
    fs::write(&file, lines[..lines.len() - 3].join("\n")).unwrap();
    assert!(!verify().0);
}

#[test]
fn checkpoints_come_page_by_page_newest_first() {
    let host = Host::fresh();
    // Each signature needs an entry that the one before does not cover.
    for _ in 0..3 {
        host.person("worker").get(PAGE).expect(200);
        host.signed(host.log_entries());
    }
    let auditor = host.person("auditor");
    let (mut sizes, mut path) = (Vec::new(), "/audit/checkpoints?limit=1".to_owned());
    let newest = auditor.get(&path).expect(200);
    loop {
        let page = auditor.get(&path).expect(200);
        for checkpoint in page.list("/checkpoints") {
            let size = checkpoint["size"].as_u64().unwrap();
            assert_eq!(checkpoint["note"].as_str().unwrap().lines().nth(1), Some(size.to_string().as_str()));
            sizes.push(size);
        }
        let Some(next) = page.json["next"].as_u64() else { break };
        path = format!("/audit/checkpoints?limit=1&before={next}");
    }
    assert!(sizes.len() >= 3 && sizes.is_sorted_by(|one, next| one > next), "{sizes:?}");
    assert_eq!(newest.json["count"].as_u64(), Some(sizes.len() as u64));
    assert_eq!(newest.json["newest"], newest.json["checkpoints"][0]["note"]);
    host.person("worker").get("/audit/checkpoints").refused(403, "role");
}

#[test]
fn a_resident_reads_who_read_what_and_why_and_nobody_elses_affairs() {
    let host = Host::fresh();
    host.person("worker").get(PAGE).expect(200);
    let log = host.person("resident").get("/me/access-log").expect(200);
    let read = log.list("/entries").iter().find(|entry| entry["entry_point"] == "page /eligible").unwrap();
    assert_eq!((read["who"].as_str(), read["outcome"].as_str()), (Some("李网格"), Some("allowed")));
    assert!(read["legal_basis"].as_str().unwrap().contains("老年人权益保障法"));
    let fields: Vec<_> = read["accesses"][0]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (field["field"].as_str().unwrap(), field["mode"].as_str().unwrap()))
        .collect();
    assert_eq!(fields, [("name", "plain"), ("age", "plain"), ("grid", "plain"), ("id_number", "masked")]);
    assert!(read.get("subjects").is_none());
}
