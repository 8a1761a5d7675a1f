//! An exported log: one JSON object a line. First the key and the newest checkpoint, then the entries in their
//! order, each older checkpoint behind the last entry that it signs. It is verified as it is read, in little memory.

use serde::{Deserialize, Serialize};

use crate::checkpoint::{Origin, Verifier};
use crate::stored::Stored;
use crate::verify::{Fault, Report, Verification};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// The log's key. Whoever verifies has it from elsewhere, or trusts the file.
    Key(String),
    /// A signed note.
    Checkpoint(String),
    /// A row.
    Entry(Stored),
}

/// Why an exported log was not verified.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file cannot be read.
    #[error("line {line} can't be read: {source}")]
    Read {
        /// Which line, from 1.
        line: usize,
        /// Why.
        source: std::io::Error,
    },
    /// A line is none of an exported log.
    #[error("line {line} is no line of an exported log (at byte {column})")]
    Form {
        /// Which line, from 1.
        line: usize,
        /// Where reading stopped, in bytes from 1.
        column: usize,
    },
    /// There is no key to verify with.
    #[error("the file does not begin with a key, and none was given")]
    NoKey,
    /// The key cannot be used.
    #[error("the key can't be used: {0}")]
    Key(#[from] crate::KeyError),
    /// The log is not what was signed.
    #[error(transparent)]
    Fault(Box<Fault>),
}

impl From<Fault> for ArchiveError {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

/// Verifies the lines of an exported log with `key`, else with the key in its first line. `notes` are checkpoints
/// that it must agree with besides its own; `progress` hears of every entry. Returns the newest note too.
///
/// # Errors
///
/// Where a line cannot be read, and the first fault.
pub fn verify(
    origin: &Origin,
    key: Option<&Verifier>,
    notes: &[String],
    lines: impl IntoIterator<Item = std::io::Result<String>>,
    mut progress: impl FnMut(u64),
) -> Result<(Report, Option<String>), ArchiveError> {
    let mut kept = key.cloned();
    let mut newest = None;
    let mut under_way = None;
    for (line, text) in (1..).zip(lines) {
        let text = text.map_err(|source| ArchiveError::Read { line, source })?;
        let parsed = serde_json::from_str(&text).map_err(|error| ArchiveError::Form { line, column: error.column() })?;
        if let Line::Key(key) = &parsed {
            if kept.is_none() {
                kept = Some(key.parse()?);
            }
            continue;
        }
        let verification: &mut Verification = match &mut under_way {
            Some(verification) => verification,
            none => none.insert(Verification::new(origin, kept.as_ref().ok_or(ArchiveError::NoKey)?, notes)?),
        };
        match parsed {
            Line::Key(_) => {}
            Line::Checkpoint(note) => {
                verification.checkpoint(&note)?;
                newest.get_or_insert(note);
            }
            Line::Entry(row) => {
                verification.feed(&row)?;
                progress(row.sequence);
            }
        }
    }
    let verification = match under_way {
        Some(verification) => verification,
        None => Verification::new(origin, kept.as_ref().ok_or(ArchiveError::NoKey)?, notes)?,
    };
    Ok((verification.finish()?, newest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Checkpoint, Signer};
    use crate::entry::tests::example;
    use crate::tree::Frontier;

    fn signer() -> Signer {
        Signer::new("log", &[7; 32]).unwrap()
    }

    /// Five entries, signed at three and at five.
    fn exported() -> Vec<Line> {
        let (mut frontier, mut lines) = (Frontier::new(), vec![Line::Key(signer().verifier().to_string())]);
        let mut notes = Vec::new();
        for sequence in 1..=5 {
            let encoded = example().encode();
            let salt = vec![sequence as u8; 16];
            let leaf = encoded.leaf(sequence, &salt);
            frontier.push(leaf);
            let (body, subjects) = (encoded.body, encoded.subjects);
            lines.push(Line::Entry(Stored { sequence, body, subjects, salt, leaf, erasures: Vec::new() }));
            notes.push(Checkpoint { origin: "log".parse().unwrap(), size: sequence, root: frontier.root() }.sign(&signer()));
        }
        lines.insert(4, Line::Checkpoint(notes[2].clone()));
        lines.insert(1, Line::Checkpoint(notes[4].clone()));
        lines
    }

    fn read(lines: &[Line], notes: &[String]) -> Result<Report, ArchiveError> {
        let lines = lines.iter().map(|line| Ok(serde_json::to_string(line).unwrap()));
        verify(&"log".parse().unwrap(), None, notes, lines, |_| ()).map(|(report, _)| report)
    }

    #[test]
    fn an_exported_log_verifies_as_it_is_read() {
        let report = read(&exported(), &[]).unwrap();
        assert_eq!((report.entries, report.checkpoints, report.signed_size), (5, 2, 5));
    }

    #[test]
    fn a_cut_a_changed_and_a_foreign_one_do_not() {
        let lines = exported();
        assert!(matches!(read(&lines[..6], &[]), Err(ArchiveError::Fault(fault)) if matches!(*fault, Fault::Truncated { .. })));
        assert!(matches!(read(&lines[1..], &[]), Err(ArchiveError::NoKey)));
        let mut changed = lines.clone();
        if let Line::Entry(row) = &mut changed[3] {
            row.body = row.body.replace("hardship", "census");
            row.leaf = row.computed_leaf();
        }
        assert!(matches!(read(&changed, &[]), Err(ArchiveError::Fault(fault)) if matches!(*fault, Fault::Root { size: 3, .. })));
        let other = Checkpoint { origin: "log".parse().unwrap(), size: 4, root: crate::Hash::from([0; 32]) }.sign(&signer());
        assert!(matches!(read(&lines, &[other]), Err(ArchiveError::Fault(fault)) if matches!(*fault, Fault::Root { size: 4, .. })));
        let broken = [Ok("{".to_owned())];
        assert!(matches!(verify(&"log".parse().unwrap(), None, &[], broken, |_| ()), Err(ArchiveError::Form { line: 1, .. })));
    }
}
