//! Publishers' signatures: who has a key must sign; who has none is shown as unsigned.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use linli_tests::{Answer, Host, Person, linli, package, scratch};
use serde_json::{Value, json};

/// A new key pair, as a department makes it: private, public.
fn key_pair() -> (PathBuf, PathBuf) {
    let folder = scratch();
    let (private, public) = (folder.join("key.pem"), folder.join("public.pem"));
    let openssl = |arguments: &[&str], file: &Path| {
        assert!(Command::new("openssl").args(arguments).arg("-out").arg(file).status().unwrap().success());
    };
    openssl(&["genpkey", "-algorithm", "ed25519"], &private);
    openssl(&["pkey", "-pubout", "-in", private.to_str().unwrap()], &public);
    (private, public)
}

/// The signature of a package, as `linli plugin sign` writes it beside it.
fn sign(package: &Path, key: &Path) -> String {
    let file = scratch().join("package.sig");
    let done = Command::new(linli()).args(["plugin", "sign"]).arg(package).arg("--key").arg(key).arg("--out").arg(&file).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    fs::read_to_string(file).unwrap().trim().to_owned()
}

fn upload(admin: &Person, package: &[u8], signature: &str) -> Answer {
    admin.send("POST", "/plugins?publisher=tests", &[("content-type", "application/wasm"), ("x-signature", signature)], package)
}

fn signed(admin: &Person) -> Value {
    admin.get("/plugins/tests.bare").expect(200).json["signed"].clone()
}

#[test]
fn a_publisher_with_a_key_must_sign_what_it_publishes() {
    let host = Host::fresh();
    host.with_guests(&["bare"]);
    let admin = host.person("admin");
    let file = package("bare");
    let bytes = fs::read(&file).unwrap();
    assert_eq!(signed(&admin), json!(false));

    let (private, public) = key_pair();
    let early = upload(&admin, &bytes, &sign(&file, &private)).refused(422, "signature");
    assert!(early.detail().contains("has no key"), "{}", early.detail());
    let key = json!({"id": "tests", "name": "Tests", "sector": "tests", "key": fs::read_to_string(public).unwrap()});
    let added = admin.post_over("/publishers/tests", "/publishers", &key).expect(201);
    assert!(added.text("/key").starts_with("ed25519:"), "{}", added.json);

    let missing = admin.upload(&bytes, "tests").refused(422, "signature");
    assert!(missing.detail().contains("linli plugin sign"), "{}", missing.detail());
    upload(&admin, &bytes, "nonsense").refused(422, "signature");
    let anothers = sign(&file, &key_pair().0);
    upload(&admin, &bytes, &anothers).refused(422, "signature");
    let of_another_file = sign(&package("hostile"), &private);
    upload(&admin, &bytes, &of_another_file).refused(422, "signature");
    assert_eq!(signed(&admin), json!(false));

    upload(&admin, &bytes, &sign(&file, &private)).expect(201);
    assert_eq!(signed(&admin), json!(true));
    admin.post_over("/publishers/tests", "/publishers", &json!({"id": "tests", "name": "Renamed", "sector": "tests"})).expect(201);
    admin.upload(&bytes, "tests").refused(422, "signature");
    let restarted = Host::serve(host.stop());
    assert_eq!(signed(&restarted.person("admin")), json!(true));
}

#[test]
fn the_command_line_signs_and_finds_the_signature_beside_the_package() {
    let host = Host::fresh();
    let (private, public) = key_pair();
    let file = scratch().join("bare.wasm");
    fs::copy(package("bare"), &file).unwrap();
    let (path, public) = (file.to_str().unwrap(), public.to_str().unwrap());
    let run = |arguments: &[&str]| {
        let done = host.run("admin", arguments);
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    run(&["publisher", "add", "tests", "--name", "Tests", "--sector", "tests", "--key", public]);
    assert!(run(&["publisher", "list"]).contains("ed25519:"));
    assert!(!host.run("admin", &["plugin", "install", path, "--publisher", "tests"]).status.success());
    run(&["plugin", "sign", path, "--key", private.to_str().unwrap()]);
    assert!(run(&["plugin", "install", path, "--publisher", "tests"]).contains("tests.bare"));
    let listed = run(&["plugin", "list"]);
    let unsigned: Vec<_> = listed.lines().filter(|line| line.contains("未签名 unsigned")).collect();
    assert_eq!(unsigned.len(), 2, "{listed}");
}

#[test]
fn a_key_that_is_none_is_refused() {
    let admin = Host::shared().person("admin");
    let publisher = |key: &str| json!({"id": "keyless", "name": "Keyless", "sector": "keyless", "key": key});
    for key in ["", "nonsense", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
        let refused = admin.post("/publishers", &publisher(key)).refused(422, "invalid");
        assert!(refused.detail().contains("openssl"), "{}", refused.detail());
    }
}
