//! `linli login`, `logout` and `passwd`: a token a host, kept in a file that only its owner can read.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::http::{Client, text_of};
use crate::Server;
use crate::host::data::write_private;
use crate::output::say;

/// `linli login`.
#[derive(Args)]
pub struct Login {
    /// The user name.
    user: String,
    #[command(flatten)]
    server: Server,
}

/// Logs in and keeps the token.
pub fn log_in(login: &Login) -> Result<()> {
    let answer = Client::anonymous(&login.server).post("/session", &json!({"username": login.user, "password": password()?}))?;
    let mut tokens = read()?;
    tokens.insert(login.server.url.clone(), text_of(&answer, "token").to_owned());
    write(&tokens)?;
    say!("已登录 Logged in: {} ({})", text_of(&answer, "name"), login.user)?;
    Ok(())
}

/// Logs out and forgets the token.
pub fn log_out(server: &Server) -> Result<()> {
    Client::signed_in(server)?.delete("/session")?;
    let mut tokens = read()?;
    tokens.remove(&server.url);
    write(&tokens)?;
    say!("已退出 Logged out.")?;
    Ok(())
}

/// Takes another password; that ends every session, so the token is forgotten.
pub fn change_password(server: &Server) -> Result<()> {
    let client = Client::signed_in(server)?;
    let current = secret("现在的密码 Current password: ")?;
    let new = secret("新密码 New password: ")?;
    client.post("/session/password", &json!({"current": current, "new": new}))?;
    let mut tokens = read()?;
    tokens.remove(&server.url);
    write(&tokens)?;
    say!("已修改，请重新登录 Changed; log in anew: linli login USER")
}

/// The token for a host: `LINLI_TOKEN`, else the kept one.
pub fn token(url: &str) -> Result<Option<String>> {
    match env::var("LINLI_TOKEN") {
        Ok(token) if !token.is_empty() => Ok(Some(token)),
        _ => Ok(read()?.remove(url)),
    }
}

fn password() -> Result<String> {
    if let Ok(password) = env::var("LINLI_PASSWORD") {
        return Ok(password);
    }
    secret("密码 Password: ")
}

/// A line of standard input.
fn secret(prompt: &str) -> Result<String> {
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        let mut terminal = std::io::stderr().lock();
        write!(terminal, "{prompt}")?;
        terminal.flush()?;
    }
    let mut line = String::new();
    input.read_line(&mut line).context("no password on standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn file() -> Result<PathBuf> {
    let base =
        env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    Ok(base.context("neither XDG_CONFIG_HOME nor HOME is set")?.join("linli").join("tokens.json"))
}

fn read() -> Result<BTreeMap<String, String>> {
    let file = file()?;
    match fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("{} can't be read; remove it and log in again", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error).with_context(|| format!("{} can't be read", file.display())),
    }
}

fn write(tokens: &BTreeMap<String, String>) -> Result<()> {
    let file = file()?;
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    }
    write_private(&file, &serde_json::to_string_pretty(tokens)?)
}
