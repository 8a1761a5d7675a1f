//! The compiler for guests: whichever is there already, else one that rustup can fetch.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::output::note;

pub const TARGET: &str = "wasm32-unknown-unknown";

/// The oldest compiler that the SDK builds with: 1.90.
const OLDEST: u32 = 90;

/// A way to run Cargo for [`TARGET`].
#[derive(Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The active toolchain has the target's standard library.
    Installed,
    /// A distribution's compiler with the standard library's source (Debian's rustc-web): std is built along.
    FromSource { cargo: PathBuf, rustc: PathBuf },
}

impl Toolchain {
    /// Finds one, without the network where possible.
    ///
    /// # Errors
    ///
    /// Where there is none; the message says what to install.
    pub fn find() -> Result<Self> {
        if has_target("rustc") {
            return Ok(Self::Installed);
        }
        let bin = Path::new("/usr/bin");
        if let Some(found) = from_source(&bin.join("cargo"), &bin.join("rustc")) {
            return Ok(found);
        }
        note!("  工具链  Toolchain: rustup target add {TARGET}");
        let added = Command::new("rustup").args(["target", "add", TARGET]).status();
        if added.is_ok_and(|status| status.success()) && has_target("rustc") {
            return Ok(Self::Installed);
        }
        bail!(
            "no compiler for plugins ({TARGET}). Install one of:\n  \
             rustup target add {TARGET}\n  \
             apt-get install rustc-web cargo-web rust-web-src rust-web-llvm lld-22   (Debian 12; Rust 1.{OLDEST} or later)\n\
             In a checkout of the platform, `make setup` does it."
        )
    }

    /// `cargo build` for the target, without arguments of the plugin's.
    pub fn cargo_build(&self) -> Command {
        let mut command;
        match self {
            Self::Installed => {
                command = Command::new("cargo");
                command.arg("build");
            }
            Self::FromSource { cargo, rustc } => {
                command = Command::new(cargo);
                command.args(["build", "-Zbuild-std=std,panic_abort"]);
                command.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
            }
        }
        command.args(["--release", "--target", TARGET]);
        command
    }

    /// For people.
    pub fn describe(&self) -> String {
        match self {
            Self::Installed => format!("rustc, {TARGET}"),
            Self::FromSource { rustc, .. } => format!("{} + std", rustc.display()),
        }
    }
}

fn from_source(cargo: &Path, rustc: &Path) -> Option<Toolchain> {
    let usable = cargo.is_file()
        && minor(&output(Command::new(rustc).arg("--version"))?)? >= OLDEST
        && sysroot(rustc)?.join("lib/rustlib/src/rust/library/Cargo.lock").is_file()
        && has_linker(rustc);
    usable.then(|| Toolchain::FromSource { cargo: cargo.to_owned(), rustc: rustc.to_owned() })
}

/// `rust-lld`, in the sysroot or on the path.
fn has_linker(rustc: &Path) -> bool {
    let bundled = sysroot(rustc).map(|root| root.join(format!("lib/rustlib/{}-unknown-linux-gnu/bin/rust-lld", env::consts::ARCH)));
    let path = env::var_os("PATH").unwrap_or_default();
    bundled.into_iter().chain(env::split_paths(&path).map(|dir| dir.join("rust-lld"))).any(|lld| lld.is_file())
}

fn has_target(rustc: &str) -> bool {
    sysroot(Path::new(rustc)).is_some_and(|root| root.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    output(Command::new(rustc).args(["--print", "sysroot"])).map(|text| PathBuf::from(text.trim()))
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// 96 of `rustc 1.96.0 (…)`.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read() {
        assert_eq!(minor("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n"), Some(96));
        assert_eq!(minor("rustc 2.0.0"), None);
    }

    #[test]
    fn a_compiler_that_is_not_there_is_not_found() {
        assert_eq!(from_source(Path::new("/nowhere/cargo"), Path::new("/nowhere/rustc")), None);
    }
}
