//! The command line among other programs.

use linli_tests::Host;

#[test]
fn a_reader_who_leaves_early_changes_nothing() {
    let host = Host::shared();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let listed = host.command("admin", &["plugin", "list"]).stdout(writer.try_clone().unwrap()).output().unwrap();
    assert_eq!((listed.status.code(), String::from_utf8_lossy(&listed.stderr).as_ref()), (Some(0), ""));
    let refused = host.command("admin", &["grant", "review", "999999"]).stderr(writer).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
}
