//! The packages that tests install.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::host::linli;

static BUILDING: Mutex<()> = Mutex::new(());

/// The package of a guest under tests/guests.
pub fn package(guest: &str) -> PathBuf {
    find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("guests").join(guest))
}

/// The package of a bundled plugin.
pub fn plugin(name: &str) -> PathBuf {
    find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins").join(name))
}

/// `make test` builds them all before; one that is missing is built here.
fn find(folder: &Path) -> PathBuf {
    let _one_at_a_time = BUILDING.lock();
    let name = folder.file_name().unwrap_or_default();
    let file = folder.join("dist").join(name).with_extension("wasm");
    if !file.is_file() {
        let built = Command::new(linli()).args(["plugin", "build"]).arg(folder).status();
        assert!(built.is_ok_and(|status| status.success()), "{} can't be built", folder.display());
    }
    file
}

/// A component without the manifest and schemas that it carries, to be given others.
pub fn without_parts(package: &[u8]) -> Vec<u8> {
    const CUSTOM: u8 = 0;
    let mut component = package[..8].to_vec();
    let mut rest = &package[8..];
    while let [kind, behind @ ..] = rest {
        let (size, digits) = leb128(behind);
        let (section, next) = rest.split_at(1 + digits + size);
        let (length, name) = leb128(&section[1 + digits..]);
        let is_part = *kind == CUSTOM && section[1 + digits + name..][..length].starts_with(b"linli:");
        if !is_part {
            component.extend_from_slice(section);
        }
        rest = next;
    }
    component
}

/// A number in LEB128, and how many bytes it takes.
fn leb128(bytes: &[u8]) -> (usize, usize) {
    let digits = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    (bytes[..digits].iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 0x7F)), digits)
}
