//! The API's document: what is printed, what is served and what is routed are one.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use linli_tests::{Host, Person, linli, target};
use serde_json::Value;

/// The checker that tools/setup brings.
fn schemathesis() -> Command {
    Command::new(target().join("../schemathesis/bin/schemathesis"))
}

#[test]
fn the_served_document_is_the_printed_one() {
    let served = Host::shared().nobody().get("/openapi.json").expect(200).json;
    let printed = Command::new(linli()).arg("openapi").output().unwrap();
    assert!(printed.status.success());
    assert_eq!(served, serde_json::from_slice::<Value>(&printed.stdout).unwrap());
    assert_eq!(served["openapi"], "3.1.0");
}

#[test]
fn every_operation_has_an_id_of_its_own_and_is_answered_by_its_route() {
    let host = Host::shared();
    let document = host.nobody().get("/openapi.json").expect(200).json;
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{path} {method}");
            assert!(operation["summary"].is_string(), "{path} {method} says nothing");
            let place = path.replace(['{', '}'], "");
            let answer = host.nobody().send(&method.to_uppercase(), &place, &[], b"");
            assert!(operation["responses"][answer.status.to_string()].is_object(), "{method} {path}: {}", answer.status);
        }
    }
    assert!(ids.len() > 25);
}

/// Whatever fits the document is taken, whatever does not is refused, and every answer is as it says.
fn conforms(person: &Person, url: &str, more: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis");
    let mut command = schemathesis();
    command
        .env("LINLI_HOOKS", folder.join("hooks.py"))
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .arg("run")
        .arg(format!("{url}/api/v1/openapi.json"));
    command.args(["--header", &format!("Authorization: Bearer {}", person.token())]).args(more);
    let done = command.current_dir(linli_tests::scratch()).env("NO_COLOR", "1").output();
    let done = done.unwrap_or_else(|error| panic!("schemathesis can't be run; tools/setup test brings it: {error}"));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
}

#[test]
fn the_api_does_for_an_admin_what_its_document_says() {
    let host = Host::fresh();
    conforms(&host.person("admin"), host.url(), &["--exclude-path", "/session"]);
}

#[test]
fn the_api_does_for_a_worker_what_its_document_says() {
    let host = Host::fresh();
    conforms(&host.person("worker"), host.url(), &["--exclude-path", "/session"]);
}

#[test]
fn log_in_and_log_out_do_what_the_document_says() {
    let host = Host::fresh();
    conforms(&host.person("auditor"), host.url(), &["--include-path", "/session", "--max-examples", "5"]);
}
