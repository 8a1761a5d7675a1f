//! A change that is asked again under its key is not made again.

use linli_tests::{Answer, Host, Person};
use serde_json::{Value, json};

use crate::entry::{grid, id_number, record};

fn keyed(person: &Person, path: &str, key: &str, body: &Value) -> Answer {
    person.send("POST", path, &[("content-type", "application/json"), ("idempotency-key", key)], body.to_string().as_bytes())
}

fn found(worker: &Person, number: u32) -> usize {
    let path = format!("/records/resident?fields=name&filter=id_number:eq:{}", id_number(number));
    worker.get(&path).expect(200).list("/records").len()
}

#[test]
fn a_record_is_entered_once_and_answered_the_same_even_by_another_start_of_the_host() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let body = record(&grid(&worker), 70);
    let made = keyed(&worker, "/records/resident", "one", &body).expect(201);
    let again = keyed(&worker, "/records/resident", "one", &body).expect(201);
    let quoted = keyed(&worker, "/records/resident", "\"one\"", &body).expect(201);
    assert_eq!((&made.json, &made.json), (&again.json, &quoted.json));
    let host = Host::serve(host.kill());
    let later = keyed(&host.person("worker"), "/records/resident", "one", &body).expect(201);
    assert_eq!(made.json, later.json);
    assert_eq!(found(&host.person("worker"), 70), 1);
}

#[test]
fn a_key_is_its_actors_and_its_requests() {
    let host = Host::fresh();
    let (worker, admin) = (host.person("worker"), host.person("admin"));
    let here = grid(&worker);
    keyed(&worker, "/records/resident", "mine", &record(&here, 71)).expect(201);
    keyed(&worker, "/records/resident", "mine", &record(&here, 72)).refused(422, "key-reused");
    assert_eq!(found(&worker, 72), 0);
    let publisher = json!({"id": "keyed", "name": "Keyed", "sector": "keyed"});
    let made = keyed(&admin, "/publishers", "mine", &publisher).expect(201);
    assert_eq!(made.text("/id"), "keyed");
    keyed(&worker, "/records/resident", &"k".repeat(129), &record(&here, 72)).refused(400, "idempotency-key");
}

#[test]
fn what_was_refused_gives_its_key_back() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let mut wrong = record(&grid(&worker), 73);
    wrong["sex"] = "2".into();
    keyed(&worker, "/records/resident", "again", &wrong).refused(422, "invalid");
    keyed(&worker, "/records/resident", "again", &record(&grid(&worker), 73)).expect(201);
}

#[test]
fn of_many_at_once_one_is_done() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let rows: Vec<_> = (80..90)
        .map(|number| json!({"line": number, "cells": ["测试人", id_number(number), "1", "1990-01-01", grid(&worker), "living"]}))
        .collect();
    let table = json!({"columns": ["name", "id_number", "sex", "birth_date", "grid", "status"], "rows": rows});
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..6).map(|_| scope.spawn(|| keyed(&worker, "/records/resident/import", "rows", &table))).collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for answer in answers {
        match answer.status {
            200 => assert_eq!(answer.json["entered"], 10, "{}", answer.json),
            _ => drop(answer.refused(409, "key-running")),
        }
    }
    assert_eq!(keyed(&worker, "/records/resident/import", "rows", &table).expect(200).json["entered"], 10);
}
