//! `linli plugin build`: from a plugin's source to its package.

mod toolchain;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use linli_package::{Package, Parts};
use wit_component::ComponentEncoder;

use super::sdk;
use crate::output::note;
use toolchain::Toolchain;

/// A small stack and a heap that is there from the start: an instance lives for one call, and each growth of its
/// memory costs the host a system call. Deeper recursion than 64 KiB is a mistake in a plugin.
const RUSTFLAGS: [&str; 2] = ["-Clink-arg=-zstack-size=65536", "-Clink-arg=--initial-heap=131072"];

/// Builds the plugin in `dir` and writes its package to `out`, else to `<dir>/dist/<name>.wasm`.
///
/// The package passes [`linli_package::open`], the checks of the host that will install it.
///
/// # Errors
///
/// Where the plugin has no manifest, there is no compiler, the source does not compile, or the result is no package.
pub fn build(dir: &Path, out: Option<&Path>) -> Result<PathBuf> {
    let dir = dir.canonicalize().with_context(|| format!("there is no directory {}", dir.display()))?;
    let parts = parts(&dir)?;
    let toolchain = Toolchain::find()?;
    note!("  编译    Compiling {} ({})", dir.display(), toolchain.describe());
    let module = compile(&dir, &toolchain)?;
    let component = componentize(&module)?;
    let bytes = linli_package::embed(&component, &parts)?;
    let Package { digest, .. } = linli_package::open(&bytes)?;

    let name = module.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
    let out = out.map_or_else(|| dir.join("dist").join(format!("{name}.wasm")), Path::to_owned);
    let folder = out.parent().unwrap_or(&dir);
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    fs::write(&out, &bytes).with_context(|| format!("cannot write {}", out.display()))?;
    note!("  完成    Built {} ({} KiB, {digest})", out.display(), bytes.len().div_ceil(1024));
    Ok(out)
}

/// `plugin.toml`, `schemas/*.json` and `locales/*.json`.
fn parts(dir: &Path) -> Result<Parts> {
    let manifest = dir.join("plugin.toml");
    let manifest = fs::read_to_string(&manifest).with_context(|| {
        format!("cannot read {}: run this in a plugin's directory, or make one with `linli plugin new`", manifest.display())
    })?;
    let mut parts = Parts { manifest, ..Parts::default() };
    for (path, text) in texts(dir, "schemas")? {
        parts.schemas.insert(format!("schemas/{path}.json"), text);
    }
    parts.locales = texts(dir, "locales")?;
    Ok(parts)
}

/// The JSON files of a folder, by name without `.json`. No folder, no files.
fn texts(dir: &Path, folder: &str) -> Result<BTreeMap<String, String>> {
    let folder = dir.join(folder);
    let mut texts = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(texts);
    }
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str::<serde::de::IgnoredAny>(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        texts.insert(path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), text);
    }
    Ok(texts)
}

/// Runs Cargo and says where the core module is.
fn compile(dir: &Path, toolchain: &Toolchain) -> Result<PathBuf> {
    let manifest = dir.join("Cargo.toml");
    if !manifest.is_file() {
        bail!("{} has no Cargo.toml; `linli plugin build` builds plugins in Rust", dir.display());
    }
    let target = target_dir()?;
    claim(&target, dir, &crate_name(&manifest)?)?;
    let mut cargo = toolchain.cargo_build();
    cargo
        .current_dir(dir)
        .args(["--message-format=json-render-diagnostics", "--config", "profile.release.strip=true"])
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.join("\x1f"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if std::io::stderr().is_terminal() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    if !patches_sdk(dir) {
        let sdk = sdk::unpack()?;
        let sdk = sdk.to_str().context("the cache's path is not UTF-8; set LINLI_CACHE")?;
        cargo.args(["--config", &format!("patch.crates-io.linli-sdk.path={sdk:?}")]);
    }
    let output = (cargo.spawn().and_then(relay)).with_context(|| format!("cannot run {}", cargo.get_program().display()))?;
    if !output.status.success() {
        bail!("the plugin does not compile; see the messages above");
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| artifact(line, &manifest))
        .ok_or_else(|| anyhow!("Cargo built no .wasm: add `[lib] crate-type = [\"cdylib\"]` to {}", manifest.display()))
}

/// Passes Cargo's words on, but for one warning: where std is built along, std's own graph has no use for the
/// SDK's patch.
fn relay(mut cargo: Child) -> std::io::Result<Output> {
    let words = cargo.stderr.take();
    let relay = std::thread::spawn(move || {
        let mut unused_patch = false;
        for line in words.into_iter().flat_map(|w| BufReader::new(w).lines().map_while(Result::ok)) {
            // Its further lines are indented and go on in lower case; Cargo's own begin with a capital.
            let indented = line.starts_with(' ') && line.trim_start().starts_with(|c: char| c.is_lowercase());
            unused_patch = line.contains("patch `linli-sdk ") || unused_patch && (indented || line.contains("help"));
            if !unused_patch {
                note!("{line}");
            }
        }
    });
    let output = cargo.wait_with_output();
    let _ = relay.join();
    output
}

/// The name of the library, and of its file.
fn crate_name(manifest: &Path) -> Result<String> {
    let text = fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let cargo: toml::Table = text.parse().with_context(|| format!("{} is not TOML", manifest.display()))?;
    let name = |table: &str| cargo.get(table).and_then(|t| t.get("name")).and_then(|n| n.as_str());
    let name = name("lib").or_else(|| name("package")).ok_or_else(|| anyhow!("{} names no package", manifest.display()))?;
    Ok(name.replace('-', "_"))
}

/// Takes the shared target directory's file of a crate for the plugin in `dir`.
///
/// Cargo names a `.wasm` by its crate alone: of two plugins with one name it would take the other's file
/// for its own and fresh. A file that is gone it builds anew.
fn claim(target: &Path, dir: &Path, name: &str) -> Result<()> {
    let owners = target.join("owners");
    let owner = owners.join(name);
    let ours = dir.as_os_str().as_encoded_bytes();
    if fs::read(&owner).is_ok_and(|theirs| theirs == ours) {
        return Ok(());
    }
    fs::create_dir_all(&owners).with_context(|| format!("cannot write to {}; set LINLI_TARGET_DIR", target.display()))?;
    let stale = target.join(toolchain::TARGET).join("release/deps").join(format!("{name}.wasm"));
    match fs::remove_file(&stale) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", stale.display()));
        }
        _ => {}
    }
    fs::write(&owner, ours).with_context(|| format!("cannot write {}", owner.display()))
}

/// The core module that a line of Cargo's messages reports for a manifest.
fn artifact(line: &str, manifest: &Path) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    if message.get("reason")? != "compiler-artifact" || Path::new(message.get("manifest_path")?.as_str()?) != manifest {
        return None;
    }
    let files = message.get("filenames")?.as_array()?;
    files.iter().filter_map(|file| file.as_str()).map(PathBuf::from).find(|f| f.extension().is_some_and(|e| e == "wasm"))
}

/// Whether the plugin's workspace says itself where the SDK is, as the platform's own repository does.
fn patches_sdk(dir: &Path) -> bool {
    dir.ancestors()
        .filter_map(|dir| fs::read_to_string(dir.join("Cargo.toml")).ok())
        .filter_map(|text| text.parse::<toml::Table>().ok())
        .any(|cargo| cargo.get("patch").and_then(|p| p.get("crates-io")).and_then(|p| p.get("linli-sdk")).is_some())
}

/// One for all plugins, so that the SDK, and std where need be, are compiled once.
fn target_dir() -> Result<PathBuf> {
    env::var_os("LINLI_TARGET_DIR")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cache/linli/target")))
        .map(|target| target.join("guests"))
        .ok_or_else(|| anyhow!("no home directory: set LINLI_TARGET_DIR to a directory that can be written"))
}

fn componentize(module: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&bytes).and_then(|encoder| encoder.encode()).map_err(|error| {
        anyhow!("{error:#}").context(
            "the compiled module is no plugin: connect its pages and actions with `linli_sdk::plugin!`, and use no crate that needs files, network or JavaScript",
        )
    })
}

#[cfg(test)]
mod tests;
