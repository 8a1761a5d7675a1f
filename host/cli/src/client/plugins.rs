//! `linli plugin install|list|log` and `linli publisher`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::http::{Client, localized, part, text_of};
use crate::Server;
use crate::output::say;

/// `linli plugin install`.
#[derive(Args)]
pub struct Install {
    /// The package, a .wasm file.
    package: PathBuf,
    /// The publisher that it belongs to; an admin says so, not its manifest.
    #[arg(long)]
    publisher: String,
    /// The publisher's signature; else FILE.sig beside the package, where there is one.
    #[arg(long)]
    signature: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

/// `linli plugin log`.
#[derive(Args)]
pub struct Log {
    /// The plugin's id.
    plugin: String,
    /// How many lines.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    server: Server,
}

/// `linli publisher …`.
#[derive(Subcommand)]
pub enum PublisherCommand {
    /// 列出 List publishers.
    List(Server),
    /// 添加 Add a publisher, or rename it.
    Add {
        /// Its id: a-z, 0-9 and -.
        id: String,
        /// What people call it.
        #[arg(long)]
        name: String,
        /// The sector of its tokens.
        #[arg(long)]
        sector: String,
        /// Its public key, an Ed25519 key as PEM: from then on its packages must be signed.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        #[command(flatten)]
        server: Server,
    },
}

/// Uploads a package.
pub fn install(install: &Install) -> Result<()> {
    let bytes = fs::read(&install.package).with_context(|| format!("{} can't be read", install.package.display()))?;
    let made = Client::signed_in(&install.server)?.post_bytes(
        &format!("/plugins?publisher={}", part(&install.publisher)),
        "application/wasm",
        signature(install)?.as_deref().map(|text| ("x-signature", text.trim())),
        &bytes,
    )?;
    let signed = made.get("signed").and_then(Value::as_bool).unwrap_or_default();
    let grant = made.pointer("/grant/id").and_then(Value::as_i64).unwrap_or_default();
    say!("已安装 Installed {} {} ({})", text_of(&made, "plugin"), text_of(&made, "version"), text_of(&made, "digest"))?;
    if !signed {
        say!("未签名 Unsigned: its publisher has no key")?;
    }
    match made.pointer("/grant/state").and_then(Value::as_str) {
        Some("active") => say!("授权有效 Grant {grant} is active.")?,
        _ => say!("等待授权 Its request waits for an admin: linli grant review {grant}, then linli grant approve {grant}")?,
    }
    Ok(())
}

/// The signature that is named, or lies beside the package.
fn signature(install: &Install) -> Result<Option<String>> {
    let beside = beside(&install.package);
    let file = match &install.signature {
        Some(file) => file,
        None if beside.is_file() => &beside,
        None => return Ok(None),
    };
    fs::read_to_string(file).map(Some).with_context(|| format!("{} can't be read", file.display()))
}

/// Where a package's signature lies if nobody says otherwise: `FILE.sig`.
pub fn beside(package: &Path) -> PathBuf {
    let mut name = package.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// Lists plugins.
pub fn list(server: &Server) -> Result<()> {
    let answer = Client::signed_in(server)?.get("/plugins")?;
    for plugin in answer.get("plugins").and_then(Value::as_array).into_iter().flatten() {
        say!(
            "{} {}  {}  [{}]",
            text_of(plugin, "id"),
            text_of(plugin, "version"),
            localized(plugin.get("name")),
            plugin.pointer("/publisher/id").and_then(Value::as_str).unwrap_or_default()
        )?;
        if plugin.get("signed").and_then(Value::as_bool) == Some(false) {
            say!("    未签名 unsigned")?;
        }
        if let Some(seconds) = plugin.get("paused_seconds").and_then(Value::as_u64) {
            say!("    暂停 paused for {seconds} s: it failed too often; see linli plugin log {}", text_of(plugin, "id"))?;
        }
        for page in plugin.get("pages").and_then(Value::as_array).into_iter().flatten() {
            say!(
                "    {}/pages/{}{}  {}",
                server.url.trim_end_matches('/'),
                text_of(plugin, "id"),
                text_of(page, "path"),
                localized(page.get("title"))
            )?;
        }
    }
    Ok(())
}

/// Prints a plugin's log, oldest line first.
pub fn log(log: &Log) -> Result<()> {
    let answer = Client::signed_in(&log.server)?.get(&format!("/plugins/{}/log?limit={}", part(&log.plugin), log.limit))?;
    let lines = answer.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
    for line in lines.iter().rev() {
        let at = line.get("at").and_then(Value::as_i64).and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        say!(
            "{} {:5} {}: {}",
            at.map(|at| at.to_string()).unwrap_or_default(),
            text_of(line, "level"),
            text_of(line, "entry_point"),
            text_of(line, "message")
        )?;
    }
    Ok(())
}

/// Lists or adds publishers.
pub fn publisher(command: &PublisherCommand) -> Result<()> {
    match command {
        PublisherCommand::List(server) => {
            let answer = Client::signed_in(server)?.get("/publishers")?;
            for publisher in answer.get("publishers").and_then(Value::as_array).into_iter().flatten() {
                let key = publisher.get("key").and_then(Value::as_str).unwrap_or("无密钥 no key");
                say!("{}  {}  ({})  {key}", text_of(publisher, "id"), text_of(publisher, "name"), text_of(publisher, "sector"))?;
            }
        }
        PublisherCommand::Add { id, name, sector, key, server } => {
            let read = |file: &PathBuf| fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()));
            let key = key.as_ref().map(read).transpose()?;
            let client = Client::signed_in(server)?;
            let before = client.version(&format!("/publishers/{}", part(id)))?;
            client.post_over(before.as_deref(), "/publishers", &json!({"id": id, "name": name, "sector": sector, "key": key}))?;
            say!("已添加 Added {id}")?;
        }
    }
    Ok(())
}
