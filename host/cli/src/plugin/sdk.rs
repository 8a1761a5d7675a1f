//! The SDK and the template that the binary carries, so that a developer needs no checkout of the platform.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use include_dir::{Dir, DirEntry, include_dir};
use linli_package::Digest;

static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/rust");

/// `sdk/template`, which `linli plugin new` fills in.
pub static TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/template");

/// The version that a plugin's `linli-sdk = "0.1"` means.
const VERSION: &str = "0.1.0";

/// Where the SDK lies, unpacked there if it does not yet: `${LINLI_CACHE:-~/.cache/linli}/sdk/<version>-<hash>`.
///
/// # Errors
///
/// Where the cache cannot be written.
pub fn unpack() -> Result<PathBuf> {
    let files = files(&SDK);
    let home = cache()?.join("sdk").join(format!("{VERSION}-{}", fingerprint(&files)));
    if home.is_dir() {
        return Ok(home);
    }
    // Built aside and renamed, so that nobody ever sees half of it.
    let aside = home.with_extension(format!("{}.tmp", std::process::id()));
    write(&files, &aside).with_context(|| format!("cannot unpack the SDK to {}; set LINLI_CACHE", aside.display()))?;
    match fs::rename(&aside, &home) {
        Err(error) if !home.is_dir() => Err(error).context("cannot move the unpacked SDK to its place"),
        // Somebody else was faster.
        Err(_) => Ok(fs::remove_dir_all(&aside).map(|()| home)?),
        Ok(()) => Ok(home),
    }
}

/// All files below a directory, by path, sorted.
pub fn files<'a>(dir: &'a Dir<'a>) -> Vec<(&'a Path, &'a [u8])> {
    let mut all = Vec::new();
    let mut open = vec![dir];
    while let Some(dir) = open.pop() {
        for entry in dir.entries() {
            match entry {
                DirEntry::Dir(below) => open.push(below),
                DirEntry::File(file) => all.push((file.path(), file.contents())),
            }
        }
    }
    all.sort_unstable_by_key(|(path, _)| *path);
    all
}

fn write(files: &[(&Path, &[u8])], to: &Path) -> std::io::Result<()> {
    for (path, content) in files {
        let path = to.join(path);
        fs::create_dir_all(path.parent().unwrap_or(to))?;
        fs::write(path, content)?;
    }
    Ok(())
}

/// Twelve hexadecimal digits over paths and contents.
fn fingerprint(files: &[(&Path, &[u8])]) -> String {
    let mut all = Vec::new();
    for (path, content) in files {
        for part in [path.as_os_str().as_encoded_bytes(), content] {
            all.extend_from_slice(&part.len().to_le_bytes());
            all.extend_from_slice(part);
        }
    }
    Digest::of(&all).hex().chars().take(12).collect()
}

fn cache() -> Result<PathBuf> {
    env::var_os("LINLI_CACHE")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cache/linli")))
        .ok_or_else(|| anyhow!("no home directory: set LINLI_CACHE to a directory that can be written"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SDK outside the repository has the contract's files, though here they are a link.
    #[test]
    fn the_sdk_carries_the_contract() {
        let contract = include_str!("../../../../schemas/wit/0.1.0/platform.wit");
        let files = files(&SDK);
        let (_, copy) = files.iter().find(|(path, _)| *path == Path::new("wit/platform.wit")).unwrap();
        assert_eq!(std::str::from_utf8(copy).unwrap(), contract);
        let count = files.iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "wit")).count();
        assert_eq!(count, 1);
    }

    #[test]
    fn the_sdk_carries_no_build_output() {
        assert!(files(&SDK).iter().all(|(path, _)| !path.starts_with("target")));
        assert!(files(&TEMPLATE).iter().any(|(path, _)| *path == Path::new("plugin.toml")));
    }
}
