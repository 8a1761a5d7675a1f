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
