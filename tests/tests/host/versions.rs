//! Whoever changes something says which version they saw: an old one is refused, and so is none where another's change could be lost.

use linli_tests::{Answer, Host, Person, package};
use serde_json::{Value, json};

use crate::approval::requested;

const JSON: (&str, &str) = ("content-type", "application/json");

fn over(person: &Person, path: &str, version: &str, body: &Value) -> Answer {
    person.send("POST", path, &[JSON, ("if-match", version)], body.to_string().as_bytes())
}

/// A request for a field more than one, so that it can be narrowed.
fn asked(host: &Host) -> i64 {
    requested(host, "fields = { age = \"plain\", phone = \"plain\" }")
}

#[test]
fn a_grant_is_decided_over_the_version_that_was_seen() {
    let host = Host::fresh();
    let (admin, grant) = (host.person("admin"), asked(&host));
    let path = format!("/grants/{grant}");
    let seen = admin.get(&path).expect(200);
    assert_eq!(seen.etag.as_deref(), Some("\"1\""));
    for (what, body) in [("approve", json!({})), ("narrow", json!({"rows-per-call": 5})), ("narrow-to-used", json!({}))] {
        let place = format!("{path}/{what}");
        admin.post(&place, &body).refused(428, "if-match");
        over(&admin, &place, "\"0\"", &body).refused(412, "stale");
        over(&admin, &place, "*", &body).refused(412, "stale");
        over(&host.person("worker"), &place, "\"1\"", &body).refused(403, "role");
    }
    // Another admin narrows it in between: what was seen is not what would be approved.
    let narrowed =
        over(&host.person("admin2"), &format!("{path}/narrow"), "\"1\"", &json!({"drop-fields": ["resident.phone"]})).expect(200);
    assert_eq!(narrowed.etag.as_deref(), Some("\"2\""));
    let refused = over(&admin, &format!("{path}/approve"), "\"1\"", &json!({})).refused(412, "stale");
    assert!(refused.detail().contains("version 2"), "{}", refused.detail());
    assert_eq!(admin.get(&path).expect(200).text("/state"), "requested");
    let approved = over(&admin, &format!("{path}/approve"), "\"2\"", &json!({})).expect(200);
    assert_eq!(approved.etag, admin.get(&path).expect(200).etag);
}

#[test]
fn a_grant_is_revoked_whatever_its_version_but_not_over_one_that_is_named_and_old() {
    let host = Host::fresh();
    let (admin, grant) = (host.person("admin"), asked(&host));
    let path = format!("/grants/{grant}/revoke");
    over(&admin, &path, "\"7\"", &json!({"reason": "r"})).refused(412, "stale");
    assert_eq!(admin.post(&path, &json!({"reason": "r"})).expect(200).etag.as_deref(), Some("\"2\""));
}

#[test]
fn a_form_of_the_console_carries_the_version_that_its_page_showed() {
    let host = Host::fresh();
    let (admin, grant) = (host.person("admin"), asked(&host).to_string());
    let digest = admin.get(&format!("/grants/{grant}")).expect(200).text("/digest").to_owned();
    let page = admin.page("/admin/plugins");
    assert!(page.contains("name=\"_version\" value=\"1\""), "{page}");
    let form = |version: &str, grant: &str| {
        let fields = [("digest", digest.as_str()), ("grant", grant), ("_version", version)];
        admin.submit("/admin/plugins/tests.bare/approve", &fields)
    };
    host.person("admin2").decide(grant.parse().unwrap(), "narrow", &json!({"drop-fields": ["resident.phone"]})).expect(200);
    assert_eq!(form("1", &grant).0, 412);
    assert_eq!(form("2", "999").0, 409);
    assert_eq!(form("", &grant).0, 412);
    assert_eq!(form("2", &grant).0, 303);
    let narrow = format!("/admin/grants/{grant}/narrow-to-used");
    assert_eq!(admin.submit(&narrow, &[("_version", "1")]).0, 412);
}

#[test]
fn a_publisher_is_changed_by_whoever_saw_it_as_it_is() {
    let host = Host::fresh();
    let (admin, path) = (host.person("admin"), "/publishers/keyed");
    admin.get(path).refused(404, "not-found");
    let named = |name: &str| json!({"id": "keyed", "name": name, "sector": "keyed"});
    over(&admin, "/publishers", "\"00\"", &named("A")).refused(412, "stale");
    let added = admin.post("/publishers", &named("A")).expect(201);
    let seen = admin.get(path).expect(200);
    assert_eq!((&added.etag, &added.json), (&seen.etag, &seen.json));
    let version = seen.etag.unwrap();
    admin.post("/publishers", &named("B")).refused(428, "if-match");
    let renamed = over(&admin, "/publishers", &version, &named("B")).expect(201).etag.unwrap();
    assert_ne!(renamed, version);
    over(&admin, "/publishers", &version, &named("C")).refused(412, "stale");
    assert_eq!(admin.get(path).expect(200).text("/name"), "B");
    let elsewhere = json!({"id": "keyed", "name": "B", "sector": "other"});
    over(&admin, "/publishers", &renamed, &elsewhere).refused(409, "sector");
}

#[test]
fn a_component_replaces_the_one_that_its_uploader_named() {
    let host = Host::fresh();
    host.with_guests(&["bare"]);
    let admin = host.person("admin");
    let seen = admin.get("/plugins/tests.bare").expect(200);
    assert_eq!(seen.etag, Some(format!("\"{}\"", seen.text("/digest"))));
    let bytes = std::fs::read(package("bare")).unwrap();
    let upload = |version: &str| {
        let headers = [("content-type", "application/wasm"), ("if-match", version)];
        admin.send("POST", "/plugins?publisher=tests", &headers, &bytes)
    };
    upload(&format!("\"sha256:{}\"", "0".repeat(64))).refused(412, "stale");
    upload(&seen.etag.unwrap()).expect(201);
    // Each component is kept with its own grant, so that an upload without a version loses nothing.
    admin.upload(&bytes, "tests").expect(201);
}

#[test]
fn a_measures_version_is_its_state() {
    let host = Host::fresh();
    let (admin, auditor) = (host.person("admin"), host.person("auditor"));
    let resident = host.person("worker").get("/records/resident?fields=name&limit=1").expect(200).text("/records/0/id").to_owned();
    let asked = json!({"resident": resident, "application": "linli.console", "until": jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24), "reason": "r",
        "legal_basis": "l"});
    let made = admin.post("/audit/deferrals", &asked).expect(201);
    let path = format!("/audit/measures/{}", made.json["id"]);
    let seen = admin.get(&path).expect(200);
    assert_eq!((seen.etag.as_deref(), &seen.json), (Some("\"asked\""), &made.json));
    host.person("worker").get(&path).refused(403, "role");
    over(&auditor, &format!("{path}/approve"), "\"lifted\"", &json!({})).refused(412, "stale");
    let approved = over(&auditor, &format!("{path}/approve"), "\"asked\"", &json!({})).expect(200);
    assert_eq!(approved.etag.as_deref(), Some("\"approved\""));
    over(&auditor, &format!("{path}/refuse"), "\"asked\"", &json!({})).refused(412, "stale");
    auditor.post(&format!("{path}/refuse"), &json!({})).refused(409, "state");
    over(&auditor, &format!("{path}/lift"), "\"approved\"", &json!({})).expect(200);
}
