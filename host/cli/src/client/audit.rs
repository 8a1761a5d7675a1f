//! `linli audit export|verify|checkpoint`.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use data_encoding::BASE64;
use linli_audit::{Hash, Origin, Stored, Verification, Verifier};
use linli_store::log_file::LogFile;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::http::{Client, text_of};
use crate::Server;
use crate::host::data::{DataDir, ORIGIN, Place};
use crate::output::say;

/// `linli audit …`.
#[derive(Subcommand)]
pub enum Command {
    /// 导出 Copy the log, with its checkpoints and key, to a file.
    Export {
        /// Where to.
        file: PathBuf,
        #[command(flatten)]
        server: Server,
    },
    /// 验证 Recompute everything and name the first bad entry.
    Verify(Verify),
    /// 最新检查点 Print the newest signed checkpoint and the key that verifies it.
    Checkpoint(Server),
}

/// What to verify.
#[derive(Args)]
pub struct Verify {
    /// A file of `linli audit export`; else the data directory's database.
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// The log's key, as `linli audit checkpoint` printed it before; else the one beside the log.
    #[arg(long)]
    key: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Key(String),
    Checkpoint(String),
    Entry { sequence: u64, body: String, subjects: String, leaf: String },
}

/// Runs the command. `verify` exits with 1 where the log is not what was signed.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Export { file, server } => export(file, server),
        Command::Verify(verify) => return verification(verify),
        Command::Checkpoint(server) => {
            let answer = Client::signed_in(server)?.get("/audit/checkpoints?limit=1")?;
            say!("{}\n{}", text_of(&answer, "newest"), text_of(&answer, "key"))?;
            Ok(())
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

fn export(file: &Path, server: &Server) -> Result<()> {
    let client = Client::signed_in(server)?;
    let mut out = BufWriter::new(File::create(file).with_context(|| format!("{} can't be written", file.display()))?);
    let mut put = |line: &Line| -> Result<()> { Ok(writeln!(out, "{}", serde_json::to_string(line)?)?) };
    let signed = client.get("/audit/checkpoints?limit=1")?;
    put(&Line::Key(text_of(&signed, "key").to_owned()))?;
    // A log that began a moment ago is not signed yet.
    if let Some(note) = signed.get("newest").and_then(Value::as_str) {
        put(&Line::Checkpoint(note.to_owned()))?;
    }
    let mut after = 0;
    loop {
        let page = client.get(&format!("/audit/entries?after={after}&limit=1000"))?;
        for entry in page.get("entries").and_then(Value::as_array).into_iter().flatten() {
            let sequence = entry.get("sequence").and_then(Value::as_u64).unwrap_or(0);
            put(&Line::Entry {
                sequence,
                body: text_of(entry, "body").to_owned(),
                subjects: text_of(entry, "subjects").to_owned(),
                leaf: text_of(entry, "leaf").to_owned(),
            })?;
        }
        match page.get("next").and_then(Value::as_u64) {
            Some(next) => after = next,
            None => break,
        }
    }
    out.flush()?;
    say!("已导出 Exported {after} entries to {}", file.display())?;
    Ok(())
}

fn verification(verify: &Verify) -> Result<ExitCode> {
    let verified = match &verify.file {
        Some(file) => verify_file(file, verify.key.as_deref()),
        None => verify_database(&verify.place, verify.key.as_deref()),
    };
    match verified? {
        Ok(report) => {
            say!(
                "完好 The log is whole: {} entries, {} checkpoints, signed up to {}.\nroot {}",
                report.entries,
                report.checkpoints,
                report.signed_size,
                report.root
            )?;
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            say!("日志被改动 The log is not what was signed: {fault}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

type Verified = Result<linli_audit::Report, linli_audit::Fault>;

fn verify_file(file: &Path, key: Option<&str>) -> Result<Verified> {
    let lines =
        || -> Result<_> { Ok(BufReader::new(File::open(file).with_context(|| format!("{} can't be read", file.display()))?).lines()) };
    let (mut kept, mut notes) = (None, Vec::new());
    // Key and checkpoints first, so that a file of any size is read as a stream.
    for (at, line) in lines()?.enumerate().take(1_000) {
        match parse(at, &line?)? {
            Line::Key(text) => kept = Some(text),
            Line::Checkpoint(note) => notes.push(note),
            Line::Entry { .. } => break,
        }
    }
    let key = key.map(ToOwned::to_owned).or(kept).context("the file holds no key; say --key")?;
    let mut verification = match begin(&key, notes)? {
        Ok(verification) => verification,
        Err(fault) => return Ok(Err(fault)),
    };
    for (at, line) in lines()?.enumerate() {
        let Line::Entry { sequence, body, subjects, leaf } = parse(at, &line?)? else { continue };
        let subjects = BASE64.decode(subjects.as_bytes()).with_context(|| format!("line {}: the subjects are no Base64", at + 1))?;
        let leaf: Hash = leaf.parse().map_err(|_| anyhow::anyhow!("line {}: the leaf is no hash", at + 1))?;
        if let Err(fault) = verification.feed(&Stored { sequence, body, subjects, leaf }) {
            return Ok(Err(fault));
        }
    }
    Ok(verification.finish())
}

fn parse(at: usize, line: &str) -> Result<Line> {
    serde_json::from_str(line).with_context(|| format!("line {} is no line of an exported log", at + 1))
}

fn begin(key: &str, notes: Vec<String>) -> Result<Result<Verification, linli_audit::Fault>> {
    let verifier: Verifier = key.parse().map_err(|error| anyhow::anyhow!("the key can't be used: {error}"))?;
    let origin: Origin = ORIGIN.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Verification::new(&origin, &verifier, notes))
}

fn verify_database(place: &Place, key: Option<&str>) -> Result<Verified> {
    let data = DataDir::existing(place)?;
    let key = match key {
        Some(key) => key.to_owned(),
        None => data.public_key()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let log = LogFile::open(data.database())?;
        let mut verification = match begin(&key, log.checkpoints().await?)? {
            Ok(verification) => verification,
            Err(fault) => return Ok(Err(fault)),
        };
        let mut after = 0;
        loop {
            let rows = log.rows(after, 4_096).await?;
            let Some(last) = rows.last() else { break };
            if last.sequence <= after {
                bail!("the log's sequence does not grow");
            }
            after = last.sequence;
            for row in &rows {
                if let Err(fault) = verification.feed(row) {
                    return Ok(Err(fault));
                }
            }
        }
        Ok(verification.finish())
    })
}
