//! `linli audit …`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;
use linli_audit::Stored;
use linli_audit::archive::Line;
use serde::Deserialize;
use serde_json::Value;

use super::http::{Client, text_of};
use super::{measures, verify};
use crate::Server;
use crate::output::{self, say};

/// Entries a request.
const STEP: u64 = 1_000;

/// `linli audit …`.
#[derive(Subcommand)]
pub enum Command {
    /// 导出 Copy the signed log, with its checkpoints and key, to a file.
    Export {
        /// Where to.
        file: PathBuf,
        #[command(flatten)]
        server: Server,
    },
    /// 验证 Recompute everything and name the first bad entry.
    Verify(verify::Options),
    /// 最新检查点 Print the newest signed checkpoint and the key that verifies it.
    Checkpoint(Server),
    /// 单条证明 Write the proof of one entry, which linli-verify checks without the host.
    Proof {
        /// The entry's sequence.
        #[arg(long)]
        entry: u64,
        /// Where to; else standard output.
        #[arg(long, short)]
        out: Option<PathBuf>,
        #[command(flatten)]
        server: Server,
    },
    #[command(flatten)]
    Measure(measures::Command),
}

/// Runs the command. `verify` exits with 1 where the log is not what was signed.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Export { file, server } => export(file, server),
        Command::Verify(options) => return verify::run(options),
        Command::Checkpoint(server) => {
            let answer = Client::signed_in(server)?.get("/audit/checkpoints?limit=1")?;
            say!("{}\n{}", text_of(&answer, "newest"), text_of(&answer, "key"))
        }
        Command::Proof { entry, out, server } => proof(*entry, out.as_deref(), server),
        Command::Measure(command) => measures::run(command),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn proof(entry: u64, out: Option<&Path>, server: &Server) -> Result<()> {
    let bundle = serde_json::to_string(&Client::signed_in(server)?.get(&format!("/audit/entries/{entry}/proof"))?)?;
    match out {
        Some(file) => std::fs::write(file, bundle).with_context(|| format!("{} can't be written", file.display())),
        None => say!("{bundle}"),
    }
}

/// Some of the log, as the API gives it.
#[derive(Deserialize)]
struct Page {
    entries: Vec<Stored>,
    /// Notes, oldest first.
    checkpoints: Vec<String>,
}

fn export(file: &Path, server: &Server) -> Result<()> {
    let client = Client::signed_in(server)?;
    let mut out = BufWriter::new(File::create(file).with_context(|| format!("{} can't be written", file.display()))?);
    let mut put = |line: Line| -> Result<()> { Ok(writeln!(out, "{}", serde_json::to_string(&line)?)?) };
    let signed = client.get("/audit/checkpoints?limit=1")?;
    put(Line::Key(text_of(&signed, "key").to_owned()))?;
    // A log that began a moment ago is not signed yet.
    let newest = signed.get("newest").and_then(Value::as_str);
    let end = newest.and_then(size).unwrap_or(u64::MAX);
    if let Some(note) = newest {
        put(Line::Checkpoint(note.to_owned()))?;
    }
    let bar = output::bar(if newest.is_some() { end } else { 0 }, "{wide_bar} {human_pos}/{human_len} {eta}");
    let mut after = 0;
    while after < end {
        let limit = STEP.min(end - after);
        let page: Page = serde_json::from_value(client.get(&format!("/audit/entries?after={after}&limit={limit}"))?)
            .context("the host answers otherwise than this program understands")?;
        let mut notes = page.checkpoints.into_iter().peekable();
        let Some(last) = page.entries.last().map(|entry| entry.sequence) else { break };
        for entry in page.entries {
            let sequence = entry.sequence;
            put(Line::Entry(entry))?;
            while let Some(note) = notes.next_if(|note| size(note).is_none_or(|size| size <= sequence)) {
                put(Line::Checkpoint(note))?;
            }
        }
        after = last;
        bar.set_position(after);
    }
    out.flush()?;
    bar.finish_and_clear();
    say!("已导出 Exported {after} entries to {}", file.display())
}

/// How many entries a note signs.
fn size(note: &str) -> Option<u64> {
    note.lines().nth(1)?.parse().ok()
}
