//! `linli audit verify`.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use linli_audit::archive::{self, ArchiveError};
use linli_audit::{Checkpoint, Fault, Origin, Report, Verification, Verifier, WitnessKey};
use linli_store::log_file::LogFile;

use crate::host::data::{DataDir, ORIGIN, Place};
use crate::output::{self, say};

/// Entries that are read at a time.
const STEP: i64 = 4_096;

/// What to verify.
#[derive(Args)]
pub struct Options {
    /// A file of `linli audit export`; else the data directory's database.
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// The log's key, as `linli audit checkpoint` printed it before; else the one beside the log.
    #[arg(long)]
    key: Option<String>,
    /// A file with a checkpoint noted before: the log must continue it, and of a database only what came behind it is
    /// read.
    #[arg(long, value_name = "CHECKPOINT")]
    since: Option<PathBuf>,
    /// The key of a witness, which must have signed the newest checkpoint; may repeat.
    #[arg(long = "witness", value_name = "KEY")]
    witnesses: Vec<WitnessKey>,
}

/// What came of it, with the newest note.
type Verified = Result<(Report, Option<String>), Box<Fault>>;

/// A checkpoint that was noted before.
struct Noted {
    note: String,
    size: u64,
}

/// Exits with 1 where the log is not what was signed.
pub fn run(options: &Options) -> Result<ExitCode> {
    let origin: Origin = ORIGIN.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let verified = match &options.file {
        Some(file) => verify_file(file, options, &origin),
        None => verify_database(options, &origin),
    };
    let (report, newest) = match verified? {
        Ok(verified) => verified,
        Err(fault) => {
            say!("日志被改动 The log is not what was signed: {fault}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    say!(
        "完好 The log is whole: {} entries, {} checkpoints, signed up to {}.\nroot {}",
        report.entries,
        report.checkpoints,
        report.signed_size,
        report.root
    )?;
    if report.erased > 0 {
        say!("已抹除 erased: people were lawfully taken out of {} entries, as later entries record", report.erased)?;
    }
    if let Some(since) = &options.since {
        say!("承接 It continues the checkpoint of {}.", since.display())?;
    }
    witnessed(options, newest.as_deref())
}

fn witnessed(options: &Options, newest: Option<&str>) -> Result<ExitCode> {
    for witness in &options.witnesses {
        let seen = newest.context("nothing is signed yet").and_then(|note| witness.seen(note).map_err(anyhow::Error::from));
        match seen {
            Ok(time) => say!("见证 Witnessed by {} at {}", witness.name(), jiff::Timestamp::from_second(i64::try_from(time)?)?)?,
            Err(reason) => {
                say!("未见证 The witness {} does not vouch for the newest checkpoint: {reason}", witness.name())?;
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn parse(key: &str) -> Result<Verifier> {
    key.trim().parse().map_err(|error| anyhow::anyhow!("the key can't be used: {error}"))
}

fn verify_file(file: &Path, options: &Options, origin: &Origin) -> Result<Verified> {
    let open = File::open(file).with_context(|| format!("{} can't be read", file.display()))?;
    let length = open.metadata()?.len();
    let key = options.key.as_deref().map(parse).transpose()?;
    let notes: Vec<String> = match &options.since {
        Some(since) => vec![read(since)?],
        None => Vec::new(),
    };
    let bar = output::bar(length, "{wide_bar} {bytes}/{total_bytes} {eta}");
    let lines = BufReader::new(bar.wrap_read(open)).lines();
    let verified = archive::verify(origin, key.as_ref(), &notes, lines, |_| ());
    bar.finish_and_clear();
    match verified {
        Ok(verified) => Ok(Ok(verified)),
        Err(ArchiveError::Fault(fault)) => Ok(Err(fault)),
        Err(error) => Err(error).with_context(|| file.display().to_string()),
    }
}

fn verify_database(options: &Options, origin: &Origin) -> Result<Verified> {
    let data = DataDir::existing(&options.place)?;
    let key = match &options.key {
        Some(key) => parse(key)?,
        None => parse(&data.public_key()?)?,
    };
    let noted = options.since.as_deref().map(|since| noted(since, &key)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let log = LogFile::open(data.database())?;
        let newest = log.newest_checkpoint().await?;
        let mut verification = match begin(&log, origin, &key, noted.as_ref()).await? {
            Ok(verification) => verification,
            Err(fault) => return Ok(Err(fault)),
        };
        if let Some(fault) = newest.as_ref().and_then(|note| verification.checkpoint(note).err()) {
            return Ok(Err(Box::new(fault)));
        }
        let after = verification.size();
        Ok(feed(&log, verification, after).await?.map(|report| (report, newest)))
    })
}

/// From the noted checkpoint on, where the log kept its tree at that size; else from the first entry, and then the
/// checkpoint is one more that must agree.
async fn begin(log: &LogFile, origin: &Origin, key: &Verifier, noted: Option<&Noted>) -> Result<Result<Verification, Box<Fault>>> {
    let notes = noted.iter().map(|noted| &noted.note);
    let Some(noted) = noted else { return Ok(Verification::new(origin, key, notes).map_err(Box::new)) };
    let Some(frontier) = log.frontier(noted.size).await? else { return Ok(Verification::new(origin, key, notes).map_err(Box::new)) };
    let mut verification = match Verification::since(frontier, origin, key, notes.clone()) {
        Ok(verification) => verification,
        // The tree that was kept is another one: the entries must tell where.
        Err(Fault::Unanchored { .. }) => return Ok(Verification::new(origin, key, notes).map_err(Box::new)),
        Err(fault) => return Ok(Err(Box::new(fault))),
    };
    for (sequence, erasure) in log.erased_up_to(noted.size).await? {
        verification.erased_before(sequence, &erasure);
    }
    Ok(Ok(verification))
}

async fn feed(log: &LogFile, mut verification: Verification, mut after: u64) -> Result<Result<Report, Box<Fault>>> {
    loop {
        let rows = log.rows(after, STEP).await?;
        let Some(last) = rows.last().map(|row| row.sequence) else { break };
        if last <= after {
            bail!("the log's sequence does not grow");
        }
        let notes = log.checkpoints(after, last).await?;
        let mut checked = notes.iter().try_for_each(|note| verification.checkpoint(note));
        checked = checked.and_then(|()| rows.iter().try_for_each(|row| verification.feed(row)));
        if let Err(fault) = checked {
            return Ok(Err(Box::new(fault)));
        }
        after = last;
    }
    Ok(verification.finish().map_err(Box::new))
}

fn noted(file: &Path, key: &Verifier) -> Result<Noted> {
    let note = read(file)?;
    let checkpoint = Checkpoint::open(&note, key).with_context(|| format!("{} holds no checkpoint of this log", file.display()))?;
    Ok(Noted { note, size: checkpoint.size })
}

/// A note as `linli audit checkpoint` prints it: what follows its signatures is left out.
fn read(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    let (body, signatures) = text.split_once("\n\n").with_context(|| format!("{} holds no signed checkpoint", file.display()))?;
    let signatures = signatures.lines().take_while(|line| line.starts_with('\u{2014}'));
    Ok(signatures.fold(format!("{body}\n\n"), |note, line| note + line + "\n"))
}
