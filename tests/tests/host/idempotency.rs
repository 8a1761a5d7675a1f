//! A change that is asked again under its key is not made again.

use std::sync::atomic::{AtomicU32, Ordering};

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

#[test]
fn whatever_a_killed_host_was_asked_under_a_key_is_done_once_when_it_is_asked_again() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let here = grid(&worker);
    let (begun, acknowledged) = (AtomicU32::new(0), AtomicU32::new(0));
    let data = std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = 2_000 + begun.fetch_add(1, Ordering::SeqCst);
                    let headers = [("content-type", "application/json"), ("idempotency-key", &*number.to_string())];
                    let sent = worker.try_send("POST", "/records/resident", &headers, record(&here, number).to_string().as_bytes());
                    if sent.is_err() {
                        return;
                    }
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        while acknowledged.load(Ordering::SeqCst) < 200 {
            std::thread::yield_now();
        }
        host.kill()
    });
    let host = Host::serve(data);
    let worker = host.person("worker");
    for number in 2_000..2_000 + begun.load(Ordering::SeqCst) {
        // One that was there without its answer would be refused as a duplicate.
        let again = keyed(&worker, "/records/resident", &number.to_string(), &record(&here, number)).expect(201);
        worker.get(&format!("/records/resident/{}", again.text("/id"))).expect(200);
    }
}

/// Sends what changes one version of an account, under a key of its own.
fn renaming<T>(login: &str, version: i64, send: impl FnOnce(&str, &[(&str, &str)], &[u8]) -> T) -> T {
    let (key, if_match) = (format!("{login} {version}"), format!("\"{version}\""));
    let headers = [("content-type", "application/json"), ("idempotency-key", &*key), ("if-match", &*if_match)];
    send(&format!("/accounts/{login}"), &headers, json!({"name": format!("甲{version}")}).to_string().as_bytes())
}

#[test]
fn accounts_that_a_killed_host_was_asked_to_change_under_a_key_are_changed_once() {
    let host = Host::fresh();
    let admin = host.person("admin");
    let logins: Vec<_> = (0..8).map(|number| format!("worker.{number}")).collect();
    for login in &logins {
        let body = json!({"login": login, "name": "甲", "roles": ["worker"], "clearance": "internal", "password": "a long password"});
        admin.post("/accounts", &body).expect(201);
    }
    let changed = AtomicU32::new(0);
    let (data, reached) = std::thread::scope(|scope| {
        let until_killed = |login: &str| {
            let mut version = 1;
            while let Ok(answer) = renaming(login, version, |path, headers, body| admin.try_send("PATCH", path, headers, body)) {
                assert_eq!(answer.status(), 200);
                changed.fetch_add(1, Ordering::SeqCst);
                version += 1;
            }
            version
        };
        let changing: Vec<_> = logins.iter().map(|login| scope.spawn(move || until_killed(login))).collect();
        while changed.load(Ordering::SeqCst) < 200 {
            std::thread::yield_now();
        }
        let data = host.kill();
        (data, changing.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>())
    });
    let host = Host::serve(data);
    let admin = host.person("admin");
    for (login, version) in logins.iter().zip(reached) {
        // One that was made without its answer would be refused as stale.
        let again = renaming(login, version, |path, headers, body| admin.send("PATCH", path, headers, body));
        if again.status != 200 {
            again.refused(409, "key-done");
        }
        assert_eq!(admin.get(&format!("/accounts/{login}")).expect(200).json["version"], version + 1);
    }
}

#[test]
fn a_password_under_a_key_is_changed_once_though_it_ends_the_session_that_asked() {
    let host = Host::fresh();
    let change = |person: &Person| {
        let body = json!({"current": host.password("worker"), "new": "a much better one"});
        keyed(person, "/session/password", "mine", &body).expect(204)
    };
    change(&host.person("worker"));
    let again = change(&Person::log_in(host.url(), "worker", "a much better one"));
    assert_eq!(again.json, Value::Null);
    // It was said again, not done again: the session is still there.
    Person::log_in(host.url(), "worker", "a much better one").get("/session").expect(200);
}

#[test]
fn every_decision_under_a_key_is_answered_again_as_it_was() {
    let host = Host::fresh();
    let (admin, other) = (host.person("admin"), host.person("admin2"));
    let grant = crate::approval::requested(&host, "fields = { age = \"plain\", phone = \"plain\" }");
    let over = |what: &str, version: u32, body: Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", what), ("if-match", &*format!("\"{version}\""))];
        let ask = || other.send("POST", &format!("/grants/{grant}/{what}"), &headers, body.to_string().as_bytes());
        let (first, again) = (ask().expect(200), ask().expect(200));
        assert_eq!((&first.json, &first.etag), (&again.json, &again.etag), "{what}");
        first
    };
    over("narrow", 1, json!({"drop-fields": ["resident.phone"]}));
    assert_eq!(over("approve", 2, json!({})).text("/approvals/0/by"), "吴复核");
    assert_eq!(over("revoke", 3, json!({"reason": "r"})).text("/state"), "revoked");
    let resident = host.person("worker").get("/records/resident?fields=name&limit=1").expect(200).text("/records/0/id").to_owned();
    let asked = json!({"resident": resident, "reason": "r", "legal_basis": "l"});
    let measure = keyed(&admin, "/audit/erasures", "ask", &asked).expect(201);
    assert_eq!(keyed(&admin, "/audit/erasures", "ask", &asked).expect(201).json, measure.json);
    let approve = format!("/audit/measures/{}/approve", measure.json["id"]);
    let erased = keyed(&other, &approve, "erase", &json!({})).expect(200);
    assert_eq!(keyed(&other, &approve, "erase", &json!({})).expect(200).json, erased.json);
    // What was answered about the person is not kept longer than the person.
    keyed(&admin, "/audit/erasures", "ask", &asked).refused(409, "key-done");
}

#[test]
fn a_log_in_is_not_kept_under_a_key() {
    let host = Host::fresh();
    let login = json!({"username": "worker", "password": host.password("worker")});
    let token = || keyed(&host.person("worker"), "/session", "log-in", &login).expect(201).text("/token").to_owned();
    assert_ne!(token(), token());
}
