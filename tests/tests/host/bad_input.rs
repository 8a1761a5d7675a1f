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
