//! The tour is a test too.

use std::process::Command;

use linli_tests::Host;

#[test]
fn everything_is_as_the_tour_tells() {
    let host = Host::fresh();
    let output = Command::new(env!("CARGO_BIN_EXE_tour"))
        .env("LINLI_URL", host.url())
        .env("LINLI_DATA", host.data())
        .envs(host.database().map(|url| ("LINLI_DATABASE", url)))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
