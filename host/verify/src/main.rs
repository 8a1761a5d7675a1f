//! `linli-verify`: checks a proof of one entry, or a whole exported log, on a machine that has never seen the host.
//!
//! Small on purpose: it is the audit crate, a file and a few words, so that whoever must rely on it can read it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::ExitCode;

use linli_audit::bundle::Bundle;
use linli_audit::{Origin, Verifier, WitnessKey, archive};

const USAGE: &str = "\
验证邻里平台的访问日志 Verifies the access log of a Linli host.

  linli-verify entry FILE --key KEY [--origin NAME] [--witness KEY]…   a proof of `linli audit proof`
  linli-verify log FILE --key KEY [--origin NAME] [--witness KEY]…     a log of `linli audit export`

KEY is the log's key, or a witness's, as they gave it to you: name+hash+base64. Every witness named must have signed the
checkpoint. Exits with 0 where all holds, 1 where something was changed, 2 where it could not be verified.";

/// The log's name where no other is said.
const ORIGIN: &str = "linli.local/access-log";

/// What to verify, and with what.
struct Asked {
    what: What,
    file: String,
    origin: Origin,
    key: Verifier,
    witnesses: Vec<WitnessKey>,
}

enum What {
    Entry,
    Log,
}

/// Why nothing was found good.
enum Failed {
    /// It was changed.
    Changed(String),
    /// It could not be verified.
    Unable(String),
}

fn main() -> ExitCode {
    let verified = read_arguments(std::env::args().skip(1)).map_err(Failed::Unable).and_then(|asked| match asked.what {
        What::Entry => verify_entry(&asked),
        What::Log => verify_log(&asked),
    });
    let (text, code) = match verified {
        Ok(text) => (text, 0),
        Err(Failed::Changed(reason)) => (format!("被改动 NOT AS SIGNED: {reason}"), 1),
        Err(Failed::Unable(reason)) => (reason, 2),
    };
    // Where nobody reads, the exit code still tells.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
    ExitCode::from(code)
}

fn read_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let what = match arguments.next().as_deref() {
        Some("entry") => What::Entry,
        Some("log") => What::Log,
        _ => return Err(USAGE.to_owned()),
    };
    let file = arguments.next().ok_or(USAGE)?;
    let (mut origin, mut key, mut witnesses) = (ORIGIN.to_owned(), None, Vec::new());
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--origin" => origin = value,
            "--key" => key = Some(value.parse().map_err(|reason| format!("--key: {reason}"))?),
            "--witness" => witnesses.push(value.parse().map_err(|reason| format!("--witness: {reason}"))?),
            _ => return Err(format!("{name} is unknown\n\n{USAGE}")),
        }
    }
    let origin = origin.parse().map_err(|reason| format!("--origin: {reason}"))?;
    let key = key.ok_or("--key is missing: the log's key, from whom you trust, not from the file")?;
    Ok(Asked { what, file, origin, key, witnesses })
}

fn open(file: &str) -> Result<BufReader<File>, Failed> {
    File::open(file).map(BufReader::new).map_err(|error| Failed::Unable(format!("{file} can't be read: {error}")))
}

fn verify_entry(asked: &Asked) -> Result<String, Failed> {
    let bundle: Bundle = serde_json::from_reader(open(&asked.file)?).map_err(|error| {
        Failed::Unable(format!("{} is no proof of an entry (line {}, byte {})", asked.file, error.line(), error.column()))
    })?;
    let proved = bundle.verify(&asked.origin, &asked.key, &asked.witnesses).map_err(|fault| Failed::Changed(fault.to_string()))?;
    let erased = match proved.erased {
        0 => String::new(),
        people => format!("\n已抹除 erased: {people} people were taken out of it since"),
    };
    Ok(format!(
        "属实 PROVED: entry {} of {} in {}{}{erased}\n{}",
        bundle.entry.sequence,
        proved.checkpoint.size,
        proved.checkpoint.origin,
        seen(&asked.witnesses, &proved.seen),
        bundle.entry.body.escape_debug().to_string().replace("\\\"", "\"")
    ))
}

fn verify_log(asked: &Asked) -> Result<String, Failed> {
    let lines = open(&asked.file)?.lines();
    let (report, newest) = archive::verify(&asked.origin, Some(&asked.key), &[], lines, |_| ()).map_err(|error| match error {
        archive::ArchiveError::Fault(fault) => Failed::Changed(fault.to_string()),
        other => Failed::Unable(format!("{}: {other}", asked.file)),
    })?;
    let note = newest.ok_or_else(|| Failed::Unable("nothing in it is signed".to_owned()))?;
    let times = asked.witnesses.iter().map(|witness| {
        witness.seen(&note).map_err(|reason| Failed::Changed(format!("the witness {} does not vouch for it: {reason}", witness.name())))
    });
    let times = times.collect::<Result<Vec<_>, _>>()?;
    Ok(format!(
        "完好 WHOLE: {} entries, {} checkpoints, signed up to {}, {} with people erased{}\nroot {}",
        report.entries,
        report.checkpoints,
        report.signed_size,
        report.erased,
        seen(&asked.witnesses, &times),
        report.root
    ))
}

fn seen(witnesses: &[WitnessKey], times: &[u64]) -> String {
    let line = |(witness, time): (&WitnessKey, &u64)| format!("\n见证 witnessed by {} at {time} (seconds since 1970)", witness.name());
    witnesses.iter().zip(times).map(line).collect()
}
