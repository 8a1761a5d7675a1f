//! Who asks too often is told when to come again, and nobody else is kept waiting.

use linli_tests::{Answer, Host, Person};
use serde_json::json;

use crate::caching::{header, page};

/// Asks until it is refused. How many are let in depends on how fast the machine is.
fn until_refused(ask: impl Fn() -> Answer) -> Answer {
    let refused = (0..10_000).map(|_| ask()).find(|answer| answer.status == 429);
    refused.unwrap().refused(429, "rate")
}

#[test]
fn an_account_that_asks_too_often_waits_and_others_do_not() {
    let host = Host::limited("account-rate = { per-second = 1, burst = 5 }\n");
    let (worker, other) = (host.person("worker"), host.person("worker2"));
    let refused = until_refused(|| worker.get("/session"));
    assert!(refused.retry_after.is_some_and(|seconds| (1..=5).contains(&seconds)), "{:?}", refused.retry_after);
    assert!(refused.detail().contains("this account"), "{}", refused.detail());
    other.get("/session").expect(200);
    // A page says so, too.
    let page = (0..10_000).map(|_| page(&host, &worker, "/records")).find(|answer| answer.status().as_u16() == 429).unwrap();
    assert!(header(&page, "content-type").starts_with("text/html") && !header(&page, "retry-after").is_empty());
    // Another session of the same account is the same account.
    until_refused(|| Person::log_in(host.url(), "worker", &host.password("worker")).get("/records/resident?fields=name&limit=1"));
}

#[test]
fn a_plugin_that_is_called_too_often_is_called_less_and_others_are_not() {
    let host = Host::limited("plugin-rate = { per-second = 1, burst = 3 }\n");
    let (worker, anybody) = (host.person("worker"), host.nobody());
    let refused = until_refused(|| anybody.get("/plugins/community.residence-certificate/pages/verify"));
    assert!(refused.retry_after.is_some() && refused.detail().contains("this plugin"), "{}", refused.detail());
    worker.get("/plugins/civil-affairs.elder-allowance/pages/eligible").expect(200);
}

#[test]
fn log_ins_that_fail_close_the_door_to_their_address_only() {
    let host = Host::limited("failed-log-ins = 3\n");
    let log_in = |from: &str, username: &str, password: &str| {
        let body = json!({"username": username, "password": password}).to_string();
        host.nobody().send("POST", "/session", &[("content-type", "application/json"), ("x-forwarded-for", from)], body.as_bytes())
    };
    let password = host.password("worker");
    // One that succeeds is not counted.
    log_in("203.0.113.7", "worker", &password).expect(201);
    for nobody in ["a", "b", "c"] {
        log_in("203.0.113.7", nobody, "x").refused(401, "sign-in");
    }
    let refused = log_in("203.0.113.7", "worker", &password).refused(429, "too-many-attempts");
    assert!(refused.detail().contains("address") && refused.retry_after.is_some(), "{}", refused.detail());
    // The last address is the proxy's own word; what stands before it anybody can write.
    log_in("198.51.100.1, 203.0.113.7", "worker", &password).refused(429, "too-many-attempts");
    log_in("203.0.113.7, 198.51.100.1", "worker", &password).expect(201);
}
