//! What plugins keep is read only by those who may know what it was made from (invariant 4).

use linli_tests::{Host, Person};
use serde_json::json;

use crate::install::changed;

fn jurisdiction(person: &Person) -> String {
    person.get("/session").expect(200).text("/regions/0").to_owned()
}

/// Opens a page of the hostile plugin that keeps something.
fn keeps(person: &Person, page: &str) {
    assert_eq!(person.get(&format!("/plugins/tests.hostile/pages/{page}")).expect(200).text("/title"), "kept");
}

/// What somebody finds of all that was kept.
fn notes(person: &Person) -> Vec<String> {
    let kept = person.get("/plugins/tests.hostile/pages/kept").expect(200);
    kept.list("/blocks/0/rows").iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_was_made_from_a_regions_residents_is_found_where_that_region_may_be_seen_and_copying_it_changes_nothing() {
    let host = Host::fresh();
    host.with_guests(&["hostile"]);
    let (admin, worker, other) = (host.person("admin"), host.person("worker"), host.person("worker2"));
    keeps(&other, "copy?text=of-nothing");
    keeps(&worker, "keep?text=of-a-community");
    keeps(&admin, "keep?text=of-the-street");
    assert_eq!(notes(&admin), ["of-nothing", "of-a-community", "of-the-street"]);
    assert_eq!(notes(&worker), ["of-nothing", "of-a-community"]);
    assert_eq!(notes(&other), ["of-nothing"]);
    keeps(&worker, "copy?text=copied");
    assert_eq!(notes(&worker), ["of-nothing", "of-a-community", "copied"]);
    assert_eq!(notes(&other), ["of-nothing"]);
    // What the grant no longer reaches, nothing that was made from it may bring back.
    let narrowed = json!({"regions": [jurisdiction(&other)]});
    admin.decide(host.grant("tests.hostile"), "narrow", &narrowed).expect(200);
    assert_eq!(notes(&admin), ["of-nothing"]);
}

#[test]
fn a_decision_is_read_by_the_officers_of_its_region_only() {
    let host = Host::fresh();
    let (officer, other) = (host.person("officer"), host.person("officer2"));
    let near = jurisdiction(&other);
    let decisions = |person: &Person| {
        let page = person.get("/plugins/civil-affairs.elder-allowance/pages/decisions").expect(200);
        page.list("/blocks/0/rows").iter().map(|row| row["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let decide = |elsewhere: bool, reason: &str| {
        let mut page = "eligible".to_owned();
        loop {
            let eligible = officer.get(&format!("/plugins/civil-affairs.elder-allowance/pages/{page}")).expect(200);
            let rows = eligible.list("/blocks/0/rows");
            if let Some(row) = rows.iter().find(|row| row["grid"].as_str().unwrap().starts_with(&near) != elsewhere) {
                let input = json!({"resident": row["id"], "outcome": "approved", "reason": reason});
                officer.post("/plugins/civil-affairs.elder-allowance/actions/decide", &input).expect(200);
                return;
            }
            page = format!("eligible?after={}", eligible.text("/blocks/0/next/params/after"));
        }
    };
    decide(true, "elsewhere");
    assert_eq!(decisions(&officer), ["elsewhere"]);
    assert!(decisions(&other).is_empty());
    decide(false, "near");
    assert_eq!(decisions(&other), ["near"]);
    assert_eq!(decisions(&officer).len(), 2);
}

/// Somebody who enters for the whole street.
fn street_worker(host: &Host) -> Person {
    let (login, password) = ("street.worker", "a long password");
    let body =
        json!({"login": login, "name": "街", "roles": ["worker"], "regions": ["440104022"], "clearance": "personal", "password": password});
    host.person("admin").post("/accounts", &body).expect(201);
    Person::log_in(host.url(), login, password)
}

#[test]
fn what_was_chosen_by_a_dwelling_elsewhere_is_found_where_that_may_be_seen_too() {
    let host = Host::fresh();
    host.with_guests(&[]);
    host.with_package(&changed("hostile", |manifest| {
        manifest.replacen(
            "operations = [\"read\", \"aggregate\"]",
            "operations = [\"read\", \"aggregate\"]\nwhere = \"has(household.dwelling.kind)\"",
            1,
        )
    }));
    let (worker, other, street) = (host.person("worker"), host.person("worker2"), street_worker(&host));
    keeps(&worker, "keep?text=of-dwellings-here");
    assert_eq!((notes(&worker), notes(&street)), (vec!["of-dwellings-here".to_owned()], vec!["of-dwellings-here".to_owned()]));
    // One household comes to live in another community, where its records do not follow yet.
    let (here, there) = (jurisdiction(&worker), jurisdiction(&other));
    let first = |path: &str| street.get(path).expect(200).list("/records")[0].clone();
    let dwelling = first(&format!("/records/dwelling?fields=grid&limit=1&filter=grid:prefix:{there}"))["id"].clone();
    let resident = first(&format!("/records/resident?fields=household&limit=1&filter=grid:prefix:{here}&filter=household:has:"));
    let household = format!("/records/household/{}", resident["household"].as_str().unwrap());
    let version = street.get(&household).expect(200).etag.unwrap();
    let headers = [("content-type", "application/json"), ("if-match", version.as_str())];
    street.send("PATCH", &household, &headers, json!({"dwelling": dwelling}).to_string().as_bytes()).expect(200);
    let behind = host.log_entries();
    keeps(&worker, "keep?text=of-a-dwelling-there");
    assert_eq!(notes(&worker), ["of-dwellings-here"]);
    assert!(notes(&other).is_empty());
    assert_eq!(notes(&street), ["of-dwellings-here", "of-a-dwelling-there"]);
    // Whoever lives there by now is concerned, and finds what was asked of the dwelling.
    let entries = host.person("auditor").get(&format!("/audit/entries?after={behind}")).expect(200);
    let kept = entries.list("/entries").iter().find(|entry| entry["entry"]["entry_point"] == "page /keep").unwrap();
    let fields = kept["entry"]["accesses"][0]["fields"].as_array().unwrap();
    assert!(fields.contains(&json!(["household.dwelling.kind", "where"])), "{fields:?}");
}
