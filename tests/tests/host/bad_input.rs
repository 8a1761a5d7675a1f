//! Whatever comes in, a problem that says what and where goes out.

use linli_tests::Host;

#[test]
fn bad_requests_are_problems_with_the_right_status() {
    let host = Host::shared();
    let (worker, admin) = (host.person("worker"), host.person("admin"));
    let json = [("content-type", "application/json")];
    worker.send("POST", "/records/resident", &json, b"{").refused(400, "json");
    worker.send("POST", "/records/resident", &json, b"[1]").refused(400, "json");
    worker.send("POST", "/records/resident", &[("content-type", "text/plain")], b"{}").refused(415, "content-type");
    worker.get("/records/resident?limit=0").refused(400, "limit");
    worker.get("/records/resident?surprise=1").refused(400, "parameter");
    worker.get("/records/resident?fields=name&filter=age").refused(400, "filter");
    worker.get("/records/ghost").refused(403, "entity-not-granted");
    worker.get("/records/resident/aaaaaaaaaaaaaaaaaaaaaaaaaa").refused(404, "not-found");
    worker.get("/regions?parent=abc").refused(400, "region");
    worker.get("/regions?parent=44&parent=45").refused(400, "parameter");
    worker.get("/nowhere").refused(404, "not-found");
    worker.send("DELETE", "/regions", &[], b"").refused(405, "method");
    worker.get("/plugins/nobody/pages/x").refused(404, "not-found");
    admin.get("/grants/abc").refused(400, "path");
    admin.get("/grants/999999").refused(404, "not-found");
    worker.with_token("forged").get("/session").refused(401, "sign-in");
    host.nobody().get("/session").refused(401, "sign-in");
}

#[test]
fn a_text_that_postgresql_can_t_hold_is_neither_written_nor_compared_with_and_its_field_is_named() {
    let host = Host::shared();
    let worker = host.person("worker");
    for filter in ["name:eq:a%00b", "name:prefix:%00", "status:in:living%7C%00", "grid:ge:44%00"] {
        let refused = worker.get(&format!("/records/resident?fields=name&filter={filter}")).refused(400, "invalid");
        let field = filter.split(':').next().unwrap();
        assert!(refused.detail().contains(&format!("`{field}`")) && refused.detail().contains("U+0000"), "{}", refused.detail());
    }
    let grid = crate::entry::grid(&worker);
    for field in ["name", "phone", "address", "status"] {
        let mut record = crate::entry::record(&grid, 7_001);
        record[field] = "a\0b".into();
        assert_eq!(worker.post("/records/resident", &record).refused(422, "invalid").text("/errors/0/field"), field);
    }
    let table = serde_json::json!({"columns": ["name"], "rows": [], "evidence": "a\0b"});
    worker.post("/records/resident/import", &table).refused(400, "evidence");
}
