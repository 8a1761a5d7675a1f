//! The demonstration's passwords: random, kept beside the database for whoever owns the directory.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::data::{DataDir, write_private};
use crate::output::say;

const FILE: &str = "demo-logins.json";

/// Log-in name to title and password. Written last, so that it says that all is there.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Logins(pub BTreeMap<String, Login>);

/// One log-in.
#[derive(Debug, Serialize, Deserialize)]
pub struct Login {
    /// What the person is called.
    pub title: String,
    /// The password.
    pub password: String,
}

impl Logins {
    /// The log-ins of a finished demonstration; none where it was not finished.
    pub fn read(data: &DataDir) -> Result<Option<Self>> {
        let file = data.file(FILE);
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
        serde_json::from_str(&text).map(Some).with_context(|| format!("{} can't be read", file.display()))
    }

    /// Keeps them.
    pub fn write(&self, data: &DataDir) -> Result<()> {
        write_private(&data.file(FILE), &serde_json::to_string_pretty(self)?)
    }

    /// Prints them.
    pub fn print(&self, url: &str) -> Result<()> {
        say!("\n  邻里 Linli   {url}\n")?;
        for (name, login) in &self.0 {
            say!("  {name:10} {:16} {}", login.password, login.title)?;
        }
        say!("\n  停止：Ctrl-C · Ctrl-C stops it\n")
    }
}
