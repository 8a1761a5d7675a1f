//! The checks before anything of a plugin is kept.

use linli_package::Parts;
use linli_tests::{Host, package, plugin};

/// The bare guest with another manifest.
pub fn bare_with(change: impl Fn(&str) -> String) -> Vec<u8> {
    changed("bare", change)
}

/// A guest with another manifest.
pub fn changed(guest: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let bytes = std::fs::read(package(guest)).unwrap();
    let opened = linli_package::open(&bytes).unwrap();
    let parts = Parts { manifest: change(&opened.parts.manifest), ..opened.parts };
    linli_package::embed(&bytes_without_sections(&bytes), &parts).unwrap()
}

/// The component as it was before its package's sections were added.
fn bytes_without_sections(bytes: &[u8]) -> Vec<u8> {
    let first = linli_sections(bytes);
    bytes[..first].to_vec()
}

/// Where the first of the package's sections begins: they come last.
fn linli_sections(bytes: &[u8]) -> usize {
    let names = [&b"linli:schema/"[..], b"linli:locale/", b"linli:manifest"];
    let at = (0..bytes.len()).find(|at| names.iter().any(|name| bytes[*at..].starts_with(name))).unwrap();
    // Before the name stand its length (1 byte), the section's size (LEB128) and its id 0.
    (0..at - 1).rev().find(|place| bytes[*place] == 0).unwrap()
}

#[test]
fn what_is_no_package_is_refused_with_its_reason() {
    let host = Host::shared();
    let admin = host.person("admin");
    admin.upload(b"hello", "civil-affairs").refused(422, "package");
    let module = admin.upload(b"\0asm\x01\0\0\0", "civil-affairs").refused(422, "package");
    assert!(module.detail().contains("not a component"), "{}", module.detail());
}

#[test]
fn a_manifest_that_asks_for_what_there_is_not_is_refused_with_its_place() {
    let host = Host::shared();
    let admin = host.person("admin");
    let access = "\n[[access]]\npurpose = \"bench\"\nentity = \"resident\"\noperations = [\"read\"]\n";
    for (more, code, expected) in [
        ("fields = { nobody = \"plain\" }\n", "request", "no field `nobody`"),
        ("fields = { age = \"masked\" }\n", "request", "no mask"),
        ("where = \"age >=\"\nfields = { age = \"plain\" }\n", "request", "column"),
        ("rows-per-call = 5000\n", "manifest", "rows-per-call"),
        ("surprise = 1\n", "manifest", "surprise"),
    ] {
        let package = bare_with(|manifest| {
            let purpose =
                manifest.lines().skip_while(|line| *line != "[[purpose]]").find_map(|line| line.strip_prefix("id = ")).unwrap().to_owned();
            format!("{manifest}{}{more}", access.replace("\"bench\"", &purpose))
        });
        let refused = admin.upload(&package, "civil-affairs").refused(422, code);
        assert!(refused.detail().contains(expected), "{}", refused.detail());
    }
}

#[test]
fn admins_and_a_publishers_own_developers_upload_and_a_plugin_stays_its_publishers() {
    let host = Host::fresh();
    let package = std::fs::read(plugin("elder-allowance")).unwrap();
    host.person("worker").upload(&package, "civil-affairs").refused(403, "role");
    host.person("integrator").upload(&package, "civil-affairs").refused(403, "publisher");
    host.person("developer").upload(&package, "community").refused(403, "publisher");
    host.person("developer").upload(&package, "civil-affairs").expect(201);
    let admin = host.person("admin");
    admin.upload(&package, "nobody").refused(422, "no-publisher");
    admin.upload(&package, "community").refused(409, "other-publisher");
    admin.with_token("forged").upload(&package, "civil-affairs").refused(401, "sign-in");
    let posing = bare_with(|manifest| manifest.replacen("tests.bare", "linli.console", 1));
    let refused = admin.upload(&posing, "civil-affairs").refused(409, "other-publisher");
    assert!(refused.detail().contains("linli.console"), "{}", refused.detail());
}

#[test]
fn a_package_that_was_not_stripped_is_refused_and_said_how_to_strip_it() {
    let host = Host::fresh();
    let mut package = std::fs::read(plugin("elder-allowance")).unwrap();
    // A custom section of 80 KiB: its size in the three bytes of LEB128, its name, its data.
    let (name, data) = (b".debug_info", vec![0; 80 << 10]);
    let size = 1 + name.len() + data.len();
    package.extend([0, size as u8 | 0x80, (size >> 7) as u8 | 0x80, (size >> 14) as u8, name.len() as u8]);
    package.extend(name.iter().chain(&data));
    let refused = host.person("developer").upload(&package, "civil-affairs").refused(422, "package");
    for part in ["not stripped", "`.debug_info`", "strip = true"] {
        assert!(refused.detail().contains(part), "{}", refused.detail());
    }
}
