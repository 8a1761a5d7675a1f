//! Divisions that are renamed, moved, merged and split under records, over HTTP and the command line.

use std::fs;
use std::process::Output;

use linli_tests::{Host, Person, scratch};
use serde_json::json;

use crate::entry::{grid, record};

const HEAD: &str = "since,kind,code,name,successor,successor_name\n";
const PAGE: &str = "/plugins/civil-affairs.elder-allowance/pages/eligible";

/// Ends the host, takes changes, and serves again.
fn change(host: Host, lines: &str) -> Host {
    let file = scratch().join("changes.csv");
    fs::write(&file, format!("{HEAD}{lines}")).unwrap();
    let (host, output) = host.offline(&["regions", "apply", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    host
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn home(person: &Person) -> Vec<String> {
    let session = person.get("/session").expect(200);
    session.list("/regions").iter().map(|region| region.as_str().unwrap().to_owned()).collect()
}

/// How many residents, and the cells in which they were entered.
fn residents(worker: &Person) -> usize {
    worker.get("/records/resident?fields=grid&limit=1000").expect(200).list("/records").len()
}

#[test]
fn the_changes_since_2023_are_in_the_tree_with_their_history() {
    let worker = Host::shared().person("worker");
    let town = worker.get("/regions/441521102").expect(200);
    assert_eq!((town.text("/name"), town.text("/ended")), ("小漠镇", "2025-12-31"));
    assert_eq!(town.json["successors"], json!([{"code": "441521001", "name": "小漠街道"}]));
    let street = worker.get("/regions/441521001").expect(200);
    assert_eq!(street.json["history"][0]["before"], json!({"code": "441521102", "name": "小漠镇"}));
    assert_eq!((&street.json["ended"], street.text("/history/0/kind")), (&json!(null), "moved"));
    let renamed = worker.get("/regions/441202001").expect(200);
    assert_eq!((renamed.text("/name"), renamed.text("/history/0/before/name")), ("城东街道", "端州区城东街道"));
    let below = worker.get("/regions?parent=441521").expect(200).json.to_string();
    assert!(below.contains("441521001") && !below.contains("441521102"));
    // What lies in it went along.
    assert!(!worker.get("/regions?parent=441521001").expect(200).list("/regions").is_empty());
}

#[test]
fn a_street_that_moved_keeps_its_officials_and_their_records() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let (old, before, listed) = (grid(&worker), residents(&worker), host.person("officer").get(PAGE).expect(200));
    worker.post("/records/resident", &record(&old, 7)).expect(201);
    let host = change(host, "2026-01-01,moved,440104022,矿泉街道,440104042,新矿泉街道\n");
    let worker = host.person("worker");
    assert_eq!(home(&worker), ["440104042001"]);
    assert_eq!(residents(&worker), before + 1);
    let refused = worker.post("/records/resident", &record(&old, 8)).refused(422, "invalid");
    assert!(refused.text("/errors/0/reason").contains("ended with 2026-01-01: enter 440104042001"), "{}", refused.json);
    let new = grid(&worker);
    assert!(
        new.starts_with("440104042001") && worker.page("/entry/resident").contains(&new) && !worker.page("/entry/resident").contains(&old)
    );
    worker.post("/records/resident", &record(&new, 8)).expect(201);
    assert_eq!(residents(&worker), before + 2);
    // The same person again, under the new code: known, and pointed to.
    assert_ne!(worker.post("/records/resident", &record(&new, 7)).refused(409, "duplicate").text("/record"), "");
    // A field of a record that was entered before is corrected as ever.
    let id = worker.get("/records/resident?fields=name&filter=name:eq:测试人&limit=1").expect(200).text("/records/0/id").to_owned();
    let headers = [("if-match", "\"1\""), ("content-type", "application/json")];
    worker.send("PATCH", &format!("/records/resident/{id}"), &headers, r#"{"name": "改名"}"#.as_bytes()).expect(200);
    let now = host.person("officer").get(PAGE).expect(200);
    assert_eq!(now.list("/blocks/0/rows").len(), listed.list("/blocks/0/rows").len());
    let history = worker.get("/regions/440104042").expect(200);
    assert_eq!(history.json["history"][0]["before"], json!({"code": "440104022", "name": "矿泉街道"}));
}

#[test]
fn a_community_that_passed_to_another_street_is_that_street_s() {
    let host = Host::fresh();
    let (second, before) = (home(&host.person("worker2")), residents(&host.person("worker2")));
    assert_eq!(second, ["440104022002"]);
    let seen = |host: &Host, login: &str| {
        let rows = host.person(login).get(PAGE).expect(200);
        rows.list("/blocks/0/rows").iter().map(|row| row["grid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (all, theirs) = (seen(&host, "officer"), seen(&host, "officer2"));
    let host = change(host, "2026-01-01,moved,440104022002,王圣堂社区居委会,440104013099,王圣堂社区居委会\n");
    assert_eq!((home(&host.person("worker2")), residents(&host.person("worker2"))), (vec!["440104013099".to_owned()], before));
    assert_eq!(seen(&host, "officer2"), theirs);
    let left: Vec<_> = all.into_iter().filter(|grid| !grid.starts_with("440104022002")).collect();
    // The page is filled up with those who come behind.
    let now = seen(&host, "officer");
    assert!(now.starts_with(&left) && !now.iter().any(|grid| grid.starts_with("440104022002")), "{now:?}");
}

#[test]
fn of_a_merged_community_the_other_s_worker_sees_the_records_and_nobody_else_does() {
    let host = Host::fresh();
    let (first, second) = (residents(&host.person("worker")), residents(&host.person("worker2")));
    let cell = grid(&host.person("worker2"));
    let host = change(host, "2026-01-01,merged,440104022002,王圣堂社区居委会,440104022001,机务段社区居委会\n");
    // Who had the part has it still, and no more; its cells have no successor yet, so that work goes on in them.
    assert_eq!((residents(&host.person("worker")), residents(&host.person("worker2"))), (first + second, second));
    assert!(host.person("worker").page("/entry/resident").contains(&cell));
    host.person("worker2").post("/records/resident", &record(&cell, 9)).expect(201);
    assert_eq!((residents(&host.person("worker")), residents(&host.person("worker2"))), (first + second + 1, second + 1));
    let (host, unmapped) = host.offline(&["regions", "unmapped"]);
    assert!(said(&unmapped).contains(&cell), "{}", said(&unmapped));
    let name = host.person("worker").get(&format!("/regions/{cell}")).expect(200).text("/name").to_owned();
    let host = change(host, &format!("2026-02-01,moved,{cell},{name},440104022001901,{name}\n"));
    host.person("worker2").post("/records/resident", &record("440104022001901", 10)).expect(201);
    assert_eq!((residents(&host.person("worker")), residents(&host.person("worker2"))), (first + second + 2, second + 2));
}

#[test]
fn of_a_split_street_each_part_is_its_successor_s_and_what_is_open_is_everybody_s() {
    let host = Host::fresh();
    let listed = |host: &Host| {
        let rows = host.person("officer").get(PAGE).expect(200);
        rows.list("/blocks/0/rows").len()
    };
    let before = listed(&host);
    let host = change(
        host,
        "2026-01-01,split,440104022,矿泉街道,440104041,东矿泉街道\n2026-01-01,split,440104022,矿泉街道,440104042,西矿泉街道\n\
         2026-01-01,moved,440104022001,机务段社区居委会,440104041001,机务段社区居委会\n\
         2026-01-01,moved,440104022002,王圣堂社区居委会,440104042001,王圣堂社区居委会\n",
    );
    assert_eq!((home(&host.person("worker")), home(&host.person("worker2"))), (vec!["440104041001".into()], vec!["440104042001".into()]));
    assert!(residents(&host.person("worker")) > 0 && residents(&host.person("worker2")) > 0);
    // The street's official has its parts, wherever they went, and those that nobody mapped.
    assert_eq!(home(&host.person("officer")), ["440104022", "440104041001", "440104042001"]);
    assert_eq!(listed(&host), before);
    let split = host.person("officer").get("/regions/440104022").expect(200);
    assert_eq!(split.list("/successors").len(), 2);
}

#[test]
fn a_file_that_does_not_fit_changes_nothing() {
    let host = Host::fresh();
    let file = scratch().join("changes.csv");
    fs::write(&file, HEAD).unwrap();
    let refused = host.run("admin", &["regions", "apply", file.to_str().unwrap(), "--data", host.data().to_str().unwrap()]);
    assert!(said(&refused).contains("in use by another linli"), "{}", said(&refused));
    let mut host = host;
    for (lines, expected) in [
        ("2026-01-01,moved,440104022,别处街道,440104042,x\n", "line 2: 440104022 is 矿泉街道 here"),
        ("2026-01-01,moved,440104022,矿泉街道,440104042,x\n2026-01-01,moved,440104022002,王圣堂社区居委会,440199001001,x\n", "line 3"),
        ("2026-01-01,lost,440104022,矿泉街道,,\n", "the kind must be"),
    ] {
        fs::write(&file, format!("{HEAD}{lines}")).unwrap();
        let (served, refused) = host.offline(&["regions", "apply", file.to_str().unwrap()]);
        assert!(!refused.status.success() && said(&refused).contains(expected), "{}", said(&refused));
        host = served;
    }
    assert_eq!(home(&host.person("worker")), ["440104022001"]);
}
