//! What a monitor is told.

use std::fs;

use linli_tests::Host;

const TOKEN: &str = "a-token-of-the-monitor-alone";

/// `/metrics` lies beside the API.
fn metrics(host: &Host, token: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let asked = agent.get(format!("{}/metrics", host.url())).header("authorization", format!("Bearer {token}")).call();
    let mut response = asked.unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

#[test]
fn nobody_is_told_but_the_monitor_and_no_person_is_named() {
    let host = Host::fresh();
    assert_eq!(metrics(&host, TOKEN).0, 404);
    let data = host.stop();
    fs::write(data.join("monitor.token"), format!("{TOKEN}\n")).unwrap();
    let host = Host::serve(data);
    assert_eq!(metrics(&host, "another-token-of-no-monitor").0, 401);
    let (worker, officer) = (host.person("worker"), host.person("officer"));
    let listed = worker.get("/records/resident?fields=name&limit=5").expect(200);
    let id = listed.text("/records/0/id").to_owned();
    worker.get(&format!("/records/resident/{id}")).expect(200);
    worker.get("/records/ghost").refused(403, "entity-not-granted");
    officer.get("/plugins/civil-affairs.elder-allowance/pages/eligible").expect(200);
    let guess = serde_json::json!({"username": "nobody-of-this-name", "password": "x"});
    assert_eq!((0..11).map(|_| host.nobody().post("/session", &guess).status).filter(|status| *status == 429).count(), 1);
    let (status, told) = metrics(&host, TOKEN);
    assert_eq!(status, 200);
    let line = |start: &str| told.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start}: {told}"));
    assert!(line(r#"linli_requests_total{route="/api/v1/records/{entity}/{id}",method="GET",status="200"}"#).ends_with(" 1"));
    assert!(line(r#"linli_plugin_calls_total{plugin="civil-affairs.elder-allowance",outcome="allowed"}"#).ends_with(" 1"));
    assert!(line(r#"linli_denials_total{code="entity-not-granted"}"#).ends_with(" 1"));
    assert!(line(r#"linli_rate_limited_total{by="account"}"#).ends_with(" 1"));
    for start in ["linli_rows_read_total", "linli_bytes_read_total", "linli_log_entries_total", "linli_commit_seconds_bucket"] {
        assert!(!line(start).ends_with(" 0"));
    }
    line("linli_plugin_calls_running 0");
    for told_nowhere in [id.as_str(), listed.text("/records/0/name"), "worker", "ghost", "nobody-of-this-name"] {
        assert!(!told.contains(told_nowhere), "{told_nowhere}");
    }
}
