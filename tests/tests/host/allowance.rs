//! What all calls of a day may use together.

use linli_tests::{Answer, Host, Person};
use serde_json::{Value, json};

use crate::install::changed;

const CERTIFICATE: &str = "/plugins/community.residence-certificate/actions/issue";

/// A host on which the hostile plugin may read so many residents a day.
fn host(rows_per_day: u32) -> Host {
    let host = Host::fresh();
    let admin = host.person("admin");
    admin.post("/publishers", &json!({"id": "tests", "name": "Tests", "sector": "tests"})).expect(201);
    let resident = "entity = \"resident\"\n";
    let package = changed("hostile", |manifest| manifest.replacen(resident, &format!("{resident}rows-per-day = {rows_per_day}\n"), 1));
    let made = admin.upload(&package, "tests").expect(201);
    host.approve(made.json["grant"]["id"].as_i64().unwrap());
    host
}

fn rows(person: &Person) -> Answer {
    person.get("/plugins/tests.hostile/pages/rows")
}

/// How many rows the newest call of the hostile plugin has on the record, and whether a refusal stands beside them.
fn on_record(host: &Host) -> (u64, bool) {
    let newest = host.log_entries() - 5;
    let entries = host.person("auditor").get(&format!("/audit/entries?after={newest}")).expect(200);
    let newest = entries.list("/entries").iter().rfind(|entry| entry["entry"]["entry_point"] == "page /rows").unwrap().clone();
    let accesses = newest["entry"]["accesses"].as_array().unwrap().clone();
    let records = accesses.iter().filter(|access| access["denied"].is_null()).filter_map(|access| access["records"].as_u64()).sum();
    (records, accesses.iter().any(|access| access["denied"] == "limit"))
}

#[test]
fn rows_a_day_are_counted_over_all_calls_and_actors_and_a_restart_begins_nothing_anew() {
    let host = host(250);
    let refused = |host: &Host, login: &str| {
        let refused = rows(&host.person(login)).refused(429, "limit");
        assert!(refused.detail().contains("at most 250 rows") && refused.detail().contains("rows-per-day"), "{}", refused.detail());
    };
    refused(&host, "worker");
    let (given, denied) = on_record(&host);
    assert!((151..=250).contains(&given) && denied, "{given} rows were handed out before a page would have gone beyond");
    refused(&host, "worker");
    assert_eq!(on_record(&host), (0, true));
    let host = Host::serve(host.stop());
    refused(&host, "worker2");
    assert_eq!(on_record(&host), (0, true));
}

#[test]
fn a_check_is_answered_so_many_times_a_day_about_the_same_person() {
    let host = Host::limited("checks-per-day = 2\n");
    let worker = host.person("worker");
    let listed = worker.get("/records/resident?fields=id_number&filter=status:eq:living&filter=age:ge:30&limit=2").expect(200);
    let issue = |person: usize| {
        let id_number: &Value = &listed.json["records"][person]["id_number"];
        worker.post(CERTIFICATE, &json!({"resident": {"id_number": id_number}, "kind": "residence"}))
    };
    issue(0).expect(200);
    issue(0).expect(200);
    let refused = issue(0).refused(429, "limit");
    assert!(refused.detail().contains("2 times a day about the same resident"), "{}", refused.detail());
    issue(1).expect(200);
}
