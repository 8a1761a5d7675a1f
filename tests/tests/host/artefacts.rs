//! Compiled plugins: made once, kept under seal, believed only as they were left.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use linli_tests::{Host, linli, package, plugin};

const ALLOWANCE: &str = "/plugins/civil-affairs.elder-allowance/pages/eligible";

/// The artefacts of a data directory, by name.
fn artefacts(data: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(data.join("artefacts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Serves a directory, sees a plugin answer, and says how many components were compiled and what was said about it.
fn start(data: PathBuf) -> (usize, String) {
    let host = Host::serve(data);
    host.person("worker").get(ALLOWANCE).expect(200);
    let said = host.said();
    let line = said.lines().find(|line| line.contains("plugins are loaded")).unwrap();
    let compiled = line.split_once("compiled=").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    (compiled, said)
}

fn serve_in_vain(data: &Path) -> Output {
    Command::new(linli()).args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).output().unwrap()
}

#[test]
fn a_start_compiles_nothing_that_is_kept() {
    let data = Host::street();
    let before: Vec<_> = artefacts(&data).iter().map(|file| fs::read(file).unwrap()).collect();
    assert_eq!(before.len(), 2);
    assert_eq!(start(data.clone()).0, 0);
    fs::remove_dir_all(data.join("artefacts")).unwrap();
    assert_eq!(start(data.clone()).0, 2);
    let after = artefacts(&data);
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|file| fs::metadata(file).unwrap().permissions().mode() & 0o777 == 0o600));
    assert_eq!(fs::metadata(data.join("artefacts")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(start(data).0, 0);
}

#[test]
fn an_artefact_that_is_not_as_it_was_left_is_compiled_anew_and_said() {
    let changed = |change: &dyn Fn(&[PathBuf])| {
        let data = Host::street();
        change(&artefacts(&data));
        let (compiled, said) = start(data.clone());
        assert_eq!(start(data).0, 0, "what was compiled anew is kept");
        (compiled, said)
    };
    let broken = "is not as this host left it";
    let flipped = changed(&|files| {
        let mut bytes = fs::read(&files[0]).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&files[0], bytes).unwrap();
    });
    assert!(flipped.0 == 1 && flipped.1.contains(broken), "{}", flipped.1);
    let truncated = changed(&|files| {
        let bytes = fs::read(&files[0]).unwrap();
        fs::write(&files[0], &bytes[..bytes.len() - 1]).unwrap();
        fs::write(&files[1], b"").unwrap();
    });
    assert!(truncated.0 == 2 && truncated.1.contains(broken), "{}", truncated.1);
    let another_plugins = changed(&|files| {
        fs::copy(&files[0], &files[1]).unwrap();
    });
    assert!(another_plugins.0 == 1 && another_plugins.1.contains(broken), "{}", another_plugins.1);
    let another_hosts = changed(&|files| {
        let key = files[0].parent().unwrap().with_file_name("keys").join("artefact.key");
        fs::write(key, "07".repeat(32)).unwrap();
    });
    assert!(another_hosts.0 == 2 && another_hosts.1.contains(broken), "{}", another_hosts.1);
    let older = changed(&|files| {
        let name = files[0].file_name().unwrap().to_str().unwrap();
        let (digest, _) = name.split_once('-').unwrap();
        fs::rename(&files[0], files[0].with_file_name(format!("{digest}-{}.artefact", "0".repeat(64)))).unwrap();
    });
    assert!(older.0 == 1 && older.1.contains("of another version of the engine"), "{}", older.1);
}

#[test]
fn a_start_removes_what_belongs_to_no_plugin() {
    let data = Host::street();
    let planted = data.join("artefacts").join(format!("{0}-{0}.artefact", "a".repeat(64)));
    fs::write(&planted, b"planted").unwrap();
    assert_eq!(start(data).0, 0);
    assert!(!planted.exists());
}

#[test]
fn a_directory_of_artefacts_that_others_may_enter_keeps_the_host_from_starting() {
    let data = Host::street();
    fs::set_permissions(data.join("artefacts"), fs::Permissions::from_mode(0o755)).unwrap();
    let output = serve_in_vain(&data);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("chmod 700"), "{said}");
}

#[test]
fn compiling_is_bounded_and_what_is_kept_serves_on() {
    for (limits, named) in [("compile-memory = 33554432\n", "32 MiB of memory"), ("compile-wall-ms = 1\n", "not done in time")] {
        let host = Host::limited(limits);
        let admin = host.person("admin");
        let refused = admin.upload(&fs::read(package("bare")).unwrap(), "community").refused(422, "component");
        assert!(refused.detail().contains(named), "{}", refused.detail());
        assert!(admin.get("/plugins/tests.bare").status == 404);
        host.person("worker").get(ALLOWANCE).expect(200);
    }
}

#[test]
fn the_compiler_answers_with_code_or_with_what_is_wrong() {
    let compile = |bytes: &[u8], memory: &str| {
        let folder = linli_tests::scratch();
        fs::write(folder.join("component"), bytes).unwrap();
        let component = fs::File::open(folder.join("component")).unwrap();
        let mut command = Command::new(linli());
        command.args(["compile", "--seconds", "60", "--memory", memory]).stdin(component).output().unwrap()
    };
    let good = fs::read(plugin("elder-allowance")).unwrap();
    let made = compile(&good, "4294967296");
    assert!(made.status.success() && made.stdout.starts_with(b"\x7fELF"));
    let bad = compile(b"\0asm\x0d\0\x01\0\xff", "4294967296");
    assert_eq!(bad.status.code(), Some(1));
    assert!(bad.stdout.is_empty() && !bad.stderr.is_empty());
}
