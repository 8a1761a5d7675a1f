//! Entries: identity, versions, tables, and a host that dies under them.

use std::fs;
use std::sync::Mutex;

use linli_tests::{Answer, Host, Person, scratch};
use serde_json::{Value, json};

/// A worker's first grid cell.
pub fn grid(worker: &Person) -> String {
    let home = worker.get("/session").expect(200).text("/regions/0").to_owned();
    worker.get(&format!("/regions?parent={home}")).expect(200).text("/regions/0/code").to_owned()
}

/// A valid ID number of a man born on 1990-01-01, by a number below 49,500.
pub fn id_number(number: u32) -> String {
    id_number_of("19900101", number)
}

/// The same of a man born on another day.
pub fn id_number_of(born: &str, number: u32) -> String {
    let body = format!("{}{born}{:03}", 440_101 + number / 500, number % 500 * 2 + 1);
    let check = linli_model::id_number::check_character(&body);
    format!("{body}{check}")
}

/// A valid record.
pub fn record(grid: &str, number: u32) -> Value {
    json!({"name": "测试人", "id_number": id_number(number), "sex": "1", "birth_date": "1990-01-01", "grid": grid, "status": "living"})
}

fn enter(worker: &Person, grid: &str, number: u32) -> Answer {
    worker.post("/records/resident", &record(grid, number))
}

#[test]
fn the_same_id_number_again_is_refused_with_a_pointer_within_the_jurisdiction_only() {
    let host = Host::fresh();
    let (worker, other) = (host.person("worker"), host.person("worker2"));
    let made = enter(&worker, &grid(&worker), 1).expect(201);
    let again = enter(&worker, &grid(&worker), 1).refused(409, "duplicate");
    assert!(again.text("/record").ends_with(made.text("/id")));
    let elsewhere = enter(&other, &grid(&other), 1).refused(409, "duplicate");
    assert_eq!(elsewhere.text("/record"), "");
    assert!(!elsewhere.json.to_string().contains(made.text("/id")));
}

#[test]
fn a_version_that_somebody_else_changed_is_refused() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let id = enter(&worker, &grid(&worker), 2).expect(201).text("/id").to_owned();
    let change = |version: &str| {
        worker.send(
            "PATCH",
            &format!("/records/resident/{id}"),
            &[("if-match", version), ("content-type", "application/json")],
            "{\"name\": \"改名\"}".as_bytes(),
        )
    };
    change("\"1\"").expect(200);
    change("\"1\"").refused(412, "stale");
    let shown = worker.get(&format!("/records/resident/{id}")).expect(200);
    assert_eq!((shown.text("/record/name"), &shown.json["record"]["version"]), ("改名", &json!(2)));
    let unsaid = worker.send("PATCH", &format!("/records/resident/{id}"), &[("content-type", "application/json")], b"{}");
    unsaid.refused(428, "if-match");
}

#[test]
fn every_wrong_field_is_named_and_nothing_is_entered() {
    let host = Host::shared();
    let worker = host.person("worker");
    let mut wrong = record(&grid(&worker), 3);
    wrong["sex"] = "2".into();
    wrong["grid"] = "440104022001999".into();
    wrong["nobody"] = 1.into();
    let refused = worker.post("/records/resident", &wrong).refused(422, "invalid");
    let fields: Vec<_> = refused.list("/errors").iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["grid", "nobody", "sex"]);
    let found = worker.get(&format!("/records/resident?fields=name&filter=id_number:eq:{}", id_number(3))).expect(200);
    assert!(found.list("/records").is_empty());
}

#[test]
fn an_import_reports_each_bad_line_and_loses_no_good_one() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let grid = grid(&worker);
    let line = |id: String| format!("测试人,{id},1,1990-01-01,{grid},living\n").into_bytes();
    let mut file = b"name,id_number,sex,birth_date,grid,status\n".to_vec();
    file.extend(line(id_number(10)));
    file.extend(line(format!("{}X", &id_number(11)[..17]).replace("XX", "1")));
    file.extend(b"\xff\xfe,x,1,1990-01-01,1,living\n");
    file.extend(b"too,few\n");
    file.extend(line(id_number(12)));
    file.extend(line(id_number(10)));
    let path = scratch().join("residents.csv");
    fs::write(&path, file).unwrap();
    let output = host.run("worker", &["import", "resident", path.to_str().unwrap()]);
    let (out, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!output.status.success());
    assert!(out.contains("entered 2") && out.contains("rejected 4"), "{out}{errors}");
    for expected in
        ["line 3, 列 column 2 (id_number)", "line 4, 列 column 1", "line 5", "line 7, 列 column 2 (id_number): is registered already"]
    {
        assert!(errors.contains(expected), "{expected} is not in {errors}");
    }
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_and_the_log_is_whole() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let grid = grid(&worker);
    let acknowledged = Mutex::new(Vec::new());
    let data = std::thread::scope(|scope| {
        for thread in 0..4 {
            let (worker, grid, acknowledged) = (&worker, &grid, &acknowledged);
            scope.spawn(move || {
                for number in 0..2_000 {
                    let body = record(grid, 1_000 + thread * 2_000 + number).to_string();
                    let sent = worker.try_send("POST", "/records/resident", &[("content-type", "application/json")], body.as_bytes());
                    let Ok(mut answer) = sent else { return };
                    let Ok(text) = answer.body_mut().read_to_string() else { return };
                    let Ok(made) = serde_json::from_str::<Value>(&text) else { return };
                    acknowledged.lock().unwrap().push(made["id"].as_str().unwrap().to_owned());
                }
            });
        }
        while acknowledged.lock().unwrap().len() < 300 {
            std::thread::yield_now();
        }
        host.kill()
    });
    let host = Host::serve(data);
    let worker = host.person("worker");
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= 300);
    for id in &acknowledged {
        worker.get(&format!("/records/resident/{id}")).expect(200);
    }
    let data = host.data().to_str().unwrap().to_owned();
    let verified = host.run("auditor", &["audit", "verify", "--data", &data]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
