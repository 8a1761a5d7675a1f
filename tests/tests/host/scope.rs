//! Grants over HTTP.

use linli_tests::Host;
use serde_json::json;

use crate::entry::{grid, record};

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
    admin.post(&format!("/grants/{grant}/narrow"), &json!({"regions": [community]})).expect(200);
    let rows = officer.get(PAGE).expect(200);
    assert!(rows.list("/blocks/0/rows").iter().all(|row| row["grid"].as_str().unwrap().starts_with(&community)));
    admin.post(&format!("/grants/{grant}/narrow"), &json!({"drop-fields": ["resident.phone"]})).refused(422, "narrowing");
    admin.post(&format!("/grants/{grant}/narrow"), &json!({"drop-fields": ["resident.grid"]})).expect(200);
    let denied = officer.get(PAGE);
    assert_eq!(denied.status, 403);
    assert!(denied.detail().contains("`grid`"), "{}", denied.detail());
    officer.post(&format!("/grants/{grant}/revoke"), &json!({"reason": "r"})).refused(403, "role");
    admin.post(&format!("/grants/{grant}/revoke"), &json!({"reason": "r"})).expect(200);
    officer.get(PAGE).refused(403, "grant-revoked");
}

#[test]
fn a_grant_that_has_expired_allows_nothing() {
    let host = Host::fresh();
    let grant = host.grant(ALLOWANCE);
    host.person("admin").post(&format!("/grants/{grant}/narrow"), &json!({"expires": "2020-01-01T00:00:00Z"})).expect(200);
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
