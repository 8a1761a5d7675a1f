//! Grants over HTTP.

use std::fs;

use linli_tests::{Host, plugin};
use serde_json::json;

use crate::entry::{grid, record};
use crate::install::bare_with;

const ALLOWANCE: &str = "civil-affairs.elder-allowance";
const PAGE: &str = "/plugins/civil-affairs.elder-allowance/pages/eligible";

#[test]
fn a_worker_sees_and_enters_only_in_their_own_communities() {
    let host = Host::shared();
    let (worker, other) = (host.person("worker"), host.person("worker2"));
    let home = worker.get("/session").expect(200).text("/regions/0").to_owned();
    let listed = worker.get("/records/resident?fields=grid&limit=1000").expect(200);
    assert!(!listed.list("/records").is_empty());
    assert!(listed.list("/records").iter().all(|row| row["grid"].as_str().unwrap().starts_with(&home)));
    worker.post("/records/resident", &record(&grid(&other), 40_000)).refused(403, "region");
    let theirs = other.get("/records/resident?fields=name&limit=1").expect(200).text("/records/0/id").to_owned();
    worker.get(&format!("/records/resident/{theirs}")).refused(404, "not-found");
}

#[test]
fn a_narrowed_grant_shrinks_the_page_and_a_revoked_one_ends_it() {
    let host = Host::fresh();
    let (admin, officer) = (host.person("admin"), host.person("officer"));
    let grant = host.grant(ALLOWANCE);
    let community = host.person("worker2").get("/session").expect(200).text("/regions/0").to_owned();
    admin.decide(grant, "narrow", &json!({"regions": [community]})).expect(200);
    let rows = officer.get(PAGE).expect(200);
    assert!(rows.list("/blocks/0/rows").iter().all(|row| row["grid"].as_str().unwrap().starts_with(&community)));
    admin.decide(grant, "narrow", &json!({"drop-fields": ["resident.phone"]})).refused(422, "narrowing");
    admin.decide(grant, "narrow", &json!({"drop-fields": ["resident.grid"]})).expect(200);
    let denied = officer.get(PAGE);
    assert_eq!(denied.status, 403);
    assert!(denied.detail().contains("`grid`"), "{}", denied.detail());
    officer.decide(grant, "revoke", &json!({"reason": "r"})).refused(403, "role");
    admin.decide(grant, "revoke", &json!({"reason": "r"})).expect(200);
    officer.get(PAGE).refused(403, "grant-revoked");
}

#[test]
fn a_grant_that_has_expired_allows_nothing() {
    let host = Host::fresh();
    let grant = host.grant(ALLOWANCE);
    host.person("admin").decide(grant, "narrow", &json!({"expires": "2020-01-01T00:00:00Z"})).expect(200);
    host.person("worker").get(PAGE).refused(403, "grant-expired");
}

#[test]
fn a_field_that_is_masked_or_missing_serves_no_filter_and_no_sort() {
    let host = Host::shared();
    let worker = host.person("worker");
    worker.get("/records/resident?fields=name&filter=nobody:eq:1").refused(403, "field-not-granted");
    worker.get("/records/resident?fields=name&sort=nobody").refused(403, "field-not-granted");
    worker.get("/records/resident?fields=name&after=forged").refused(400, "invalid");
}

#[test]
fn a_household_and_its_dwelling_are_read_by_way_of_a_resident_and_both_ends_are_on_the_record() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let home = worker.get("/session").expect(200).text("/regions/0").to_owned();
    let before = host.log_entries();
    let listed =
        worker.get("/records/resident?fields=name,household.kind,household.dwelling.address,household.dwelling.grid&limit=200").expect(200);
    let known: Vec<_> = listed.list("/records").iter().filter_map(|row| row["household.dwelling.grid"].as_str()).collect();
    assert!(!known.is_empty() && known.iter().all(|grid| grid.starts_with(&home)), "{known:?}");
    assert!(listed.list("/records").iter().any(|row| row["household.kind"] == "family" && row["household.dwelling.address"].is_string()));
    let log = host.person("auditor").get(&format!("/audit/entries?after={before}")).expect(200);
    let entry = log.list("/entries").iter().find(|entry| entry["entry"]["accesses"][0]["entity"] == "resident").unwrap();
    let ends: Vec<_> =
        entry["entry"]["accesses"].as_array().unwrap().iter().map(|access| (&access["entity"], &access["operation"])).collect();
    let expected =
        [("resident", "read"), ("household", "link"), ("dwelling", "link")].map(|(entity, operation)| (json!(entity), json!(operation)));
    assert!(
        ends.iter().zip(&expected).all(|(found, (entity, operation))| (found.0, found.1) == (entity, operation)) && ends.len() == 3,
        "{ends:?}"
    );
    let refused = worker.get("/records/resident?fields=name&filter=household.dwelling.address:prefix:a").refused(403, "field-not-granted");
    assert!(refused.detail().contains("`where` of [[access]] 1 in plugin.toml"), "{}", refused.detail());
    worker.get("/records/resident?fields=name&sort=household.dwelling.address").refused(403, "field-not-granted");
    worker.get("/records/resident?fields=household.dwelling.room.x").refused(403, "operation-not-granted");
}

#[test]
fn an_expired_grant_makes_way_for_a_new_request_of_the_same_component() {
    let host = Host::fresh();
    let (admin, worker) = (host.person("admin"), host.person("worker"));
    let old = host.grant(ALLOWANCE);
    admin.decide(old, "narrow", &json!({"expires": "2020-01-01T00:00:00Z"})).expect(200);
    let made = admin.upload(&fs::read(plugin("elder-allowance")).unwrap(), "civil-affairs").expect(201);
    let new = made.json["grant"]["id"].as_i64().unwrap();
    assert!(new != old && made.text("/grant/state") == "requested", "{}", made.json);
    worker.get(PAGE).refused(403, "no-grant");
    host.approve(new);
    worker.get(PAGE).expect(200);
    assert_eq!(standing(&host, ALLOWANCE), [(new, "active".to_owned()), (old, "expired".to_owned())]);
}

#[test]
fn a_grant_for_a_replaced_component_is_listed_as_superseded_with_its_version_and_digest() {
    let host = Host::fresh();
    let admin = host.person("admin");
    admin.post("/publishers", &json!({"id": "tests", "name": "Tests", "sector": "tests"})).expect(201);
    let upload = |version: &str| {
        let package = bare_with(|manifest| manifest.replace("version = \"1.0.0\"", &format!("version = \"{version}\"")));
        let made = admin.upload(&package, "tests").expect(201);
        (made.json["grant"]["id"].as_i64().unwrap(), made.text("/plugin").to_owned(), made.text("/digest").to_owned())
    };
    let (first, bare, digest) = upload("1.0.1");
    host.approve(first);
    let (second, ..) = upload("1.0.2");
    assert_eq!(standing(&host, &bare), [(second, "requested".to_owned()), (first, "superseded".to_owned())]);
    let listed = String::from_utf8(host.run("admin", &["grant", "list"]).stdout).unwrap();
    let line = listed.lines().find(|line| line.contains("superseded")).unwrap();
    assert!(line.contains("1.0.1") && line.contains(&digest[..19]), "{line}");
    // The component that the grant is for serves again.
    assert_eq!(upload("1.0.1").0, first);
    assert_eq!(standing(&host, &bare), [(second, "superseded".to_owned()), (first, "active".to_owned())]);
}

#[test]
fn the_log_says_what_was_narrowed() {
    let host = Host::fresh();
    let grant = host.grant(ALLOWANCE);
    let before = host.log_entries();
    let narrowing = json!({"drop-fields": ["resident.grid"], "and-where": {"entity": "resident", "condition": "name != \"王小明\""}});
    host.person("admin").decide(grant, "narrow", &narrowing).expect(200);
    let log = host.person("auditor").get(&format!("/audit/entries?after={before}")).expect(200);
    let entries: Vec<_> = log.list("/entries").iter().filter_map(|entry| entry["entry"]["entry_point"].as_str()).collect();
    // Both of its accesses to residents.
    let altered = ["1", "3"].map(|access| format!("[[access]] {access}: without grid, and where name != …")).join("; ");
    let expected = format!("narrow grant {grant} of {ALLOWANCE}: {altered}");
    assert!(entries.contains(&expected.as_str()), "{entries:?}");
}

/// A plugin's grants, newest first, and what each is worth.
fn standing(host: &Host, plugin: &str) -> Vec<(i64, String)> {
    let grants = host.person("admin").get("/grants").expect(200);
    let mine = grants.list("/grants").iter().filter(|grant| grant["plugin"] == plugin);
    mine.map(|grant| (grant["id"].as_i64().unwrap(), grant["state"].as_str().unwrap().to_owned())).collect()
}
