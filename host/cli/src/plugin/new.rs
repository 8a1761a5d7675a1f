//! `linli plugin new`: a plugin that builds, installs and shows a page as it is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::sdk::{TEMPLATE, files};

/// Writes a new plugin to `<parent>/<name>` and says where it is.
///
/// # Errors
///
/// Where the name cannot be a crate's and a plugin's, the directory exists, or cannot be written.
pub fn create(name: &str, parent: &Path) -> Result<PathBuf> {
    check(name)?;
    let dir = parent.join(name);
    if dir.exists() {
        bail!("{} exists already; choose another name or directory", dir.display());
    }
    for (path, content) in files(&TEMPLATE) {
        let content = std::str::from_utf8(content).context("the template is not UTF-8")?;
        let path = dir.join(path);
        let folder = path.parent().unwrap_or(&dir);
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fs::write(&path, content.replace("{{name}}", name)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(dir)
}

/// Lower case with hyphens, as in a plugin's id.
fn check(name: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let letter = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if !letter || !name.bytes().all(plain) || name.ends_with('-') || name.contains("--") || name.len() > 40 {
        bail!(
            "`{name}` cannot be a plugin's name: use at most 40 lower-case letters, digits and single hyphens, beginning with a letter, such as `old-age-allowance`"
        );
    }
    if ["test", "core", "std", "alloc", "linli-sdk"].contains(&name) {
        bail!("`{name}` is the name of something else in Rust; choose another one");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_a_crate_and_an_id() {
        for name in ["a", "old-age-allowance", "x2"] {
            check(name).unwrap();
        }
        for name in ["", "Abc", "2x", "a_b", "a--b", "a-", "../x", "a/b", "民政", "std", &"a".repeat(41)] {
            assert!(check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_template_is_filled_in() {
        let parent = std::env::temp_dir().join(format!("linli-new-{}", std::process::id()));
        let dir = create("my-plugin", &parent).unwrap();
        let manifest = fs::read_to_string(dir.join("plugin.toml")).unwrap();
        let cargo = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("my-plugin\"") && cargo.contains("name = \"my-plugin\""));
        assert!(!manifest.contains("{{") && !cargo.contains("{{"));
        assert!(create("my-plugin", &parent).is_err());
        fs::remove_dir_all(parent).unwrap();
    }
}
