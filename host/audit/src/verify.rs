//! The check of a whole log: every row against its leaf, every leaf against the signed roots.

use std::fmt;
use std::iter::Peekable;
use std::vec;

use jiff::Timestamp;

use crate::checkpoint::{Checkpoint, CheckpointError, Origin, Verifier};
use crate::entry::{DecodeError, Entry, leaf};
use crate::hash::Hash;
use crate::tree::Frontier;

/// A row of the log as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Place in the log, from 1, without gaps.
    pub sequence: u64,
    /// [`Encoded::body`](crate::Encoded::body).
    pub body: String,
    /// [`Encoded::subjects`](crate::Encoded::subjects).
    pub subjects: Vec<u8>,
    /// The [`leaf`](crate::leaf) hash stored when the entry was written.
    pub leaf: Hash,
}

/// A verification under way. Feed it every row in order, then finish it; it stops at the first fault.
///
/// ```
/// # use linli_audit::{Fault, Report, Stored, Verification, Verifier, Origin};
/// # fn verify(origin: &Origin, key: &Verifier, notes: &[String], rows: &[Stored]) -> Result<Report, Fault> {
/// let mut verification = Verification::new(origin, key, notes)?;
/// for row in rows {
///     verification.feed(row)?;
/// }
/// verification.finish()
/// # }
/// ```
#[derive(Debug)]
pub struct Verification {
    frontier: Frontier,
    /// Those not reached yet, smallest first.
    ahead: Peekable<vec::IntoIter<Checkpoint>>,
    passed: u64,
    signed_size: u64,
}

/// What a log without fault looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries in the log, including those before the checkpoint that [`Verification::since`] began at.
    pub entries: u64,
    /// Checkpoints that agreed with the log.
    pub checkpoints: u64,
    /// Root over all entries.
    pub root: Hash,
    /// Entries covered by a signature. Those after it agree with their leaves, but nothing signed holds them yet.
    pub signed_size: u64,
}

/// The first thing found wrong, in words for an auditor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Entries are missing.
    #[error("entry {expected} is missing: the next one found is entry {found}")]
    Gap {
        /// The first missing sequence.
        expected: u64,
        /// The sequence found instead.
        found: u64,
    },
    /// The same sequence twice in a row.
    #[error("entry {sequence} is there twice")]
    Duplicate {
        /// The sequence.
        sequence: u64,
    },
    /// A sequence that lies before the one expected.
    #[error("entry {found} stands where entry {expected} belongs: the rows are out of order")]
    Order {
        /// The sequence that belongs there.
        expected: u64,
        /// The sequence found.
        found: u64,
    },
    /// A row is not the one whose leaf hash was stored.
    #[error("entry {sequence}{described} was changed after it was written: {part}")]
    Changed {
        /// The row.
        sequence: u64,
        /// What the row says it is; it may have been changed too.
        described: Described,
        /// What was changed.
        part: Part,
    },
    /// A row agrees with its leaf and yet is no entry: it was never one, or row and leaf were both replaced.
    #[error("entry {sequence} cannot be read: {source}")]
    Unreadable {
        /// The row.
        sequence: u64,
        /// Why.
        source: DecodeError,
    },
    /// A checkpoint cannot be trusted.
    #[error("checkpoint {number} of those given cannot be trusted: {source}")]
    Checkpoint {
        /// Its place among the notes given, from 1.
        number: usize,
        /// Why.
        source: CheckpointError,
    },
    /// A checkpoint, well signed, belongs to another log.
    #[error(
        "checkpoint {number} of those given is of the log {:?}, not of {:?}",
        found.as_str(),
        expected.as_str()
    )]
    Origin {
        /// Its place among the notes given, from 1.
        number: usize,
        /// The log being verified.
        expected: Origin,
        /// The log it is of.
        found: Origin,
    },
    /// Two checkpoints contradict each other, whatever the log holds: the operator signed two histories.
    #[error("two signed checkpoints of {size} entries disagree, so the log exists in two versions: {} and {}", roots[0], roots[1])]
    Split {
        /// Their size.
        size: u64,
        /// Their roots.
        roots: [Hash; 2],
    },
    /// The leaves do not add up to the signed root.
    #[error(
        "one of the entries {first} to {size} was changed together with its leaf hash: \
         the log's root at {size} entries is {computed}, the signed checkpoint says {signed}"
    )]
    Root {
        /// The first entry that no earlier checkpoint vouches for.
        first: u64,
        /// Size of the checkpoint, the last entry concerned.
        size: u64,
        /// Root over the leaves as they are now.
        computed: Hash,
        /// Root that was signed.
        signed: Hash,
    },
    /// The log was cut off behind a signed size.
    #[error(
        "entry {} is missing: the log ends after {entries} entries, but a signed checkpoint covers {signed}",
        entries.saturating_add(1)
    )]
    Truncated {
        /// Entries found.
        entries: u64,
        /// Entries signed for, at the smallest checkpoint beyond the end.
        signed: u64,
    },
    /// The frontier to begin at is not one that was signed.
    #[error("no checkpoint given signs the first {size} entries as kept: verify from the first entry instead")]
    Unanchored {
        /// Size of the frontier.
        size: u64,
    },
}

/// What can be said about the part of a row that was changed. A hash only tells *that* something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The body is no longer an entry.
    Body,
    /// The subjects are no longer a bitmap, or were added to an entry that had none.
    Subjects,
    /// The body counts other residents than the subjects hold: one of the two.
    Count,
    /// Both can still be read and agree: the body, the subjects or the leaf hash itself.
    Unknown,
}

/// When, by which application and through what an entry was made, where its body can still be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described(Option<Reading>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    at: Timestamp,
    application: String,
    entry_point: String,
}

// === impl Verification ===

impl Verification {
    /// Begins at the first entry of the log `origin`, whose checkpoints, in any order, are `notes` signed by
    /// `verifier`. All of them are opened here, at one signature check each.
    ///
    /// # Errors
    ///
    /// When a note is no checkpoint of this log signed by this key, or two of them contradict each other.
    pub fn new<N: AsRef<str>>(origin: &Origin, verifier: &Verifier, notes: impl IntoIterator<Item = N>) -> Result<Self, Fault> {
        let mut verification = Self::at(Frontier::new(), origin, verifier, notes)?;
        verification.pass_checkpoints()?;
        Ok(verification)
    }

    /// Begins behind a checkpoint that is trusted already, one of `notes`: `frontier` is the tree at its size,
    /// and the first row to feed is the one after it. Smaller checkpoints are left aside.
    ///
    /// Nobody has to be trusted for the frontier: it is accepted only if its root is the signed one.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`Fault::Unanchored`] when no note signs the frontier's size and root.
    pub fn since<N: AsRef<str>>(
        frontier: Frontier,
        origin: &Origin,
        verifier: &Verifier,
        notes: impl IntoIterator<Item = N>,
    ) -> Result<Self, Fault> {
        let size = frontier.size();
        let root = frontier.root();
        let mut verification = Self::at(frontier, origin, verifier, notes)?;
        if !verification.ahead.peek().is_some_and(|anchor| anchor.size == size && anchor.root == root) {
            return Err(Fault::Unanchored { size });
        }
        verification.pass_checkpoints()?;
        Ok(verification)
    }

    fn at<N: AsRef<str>>(
        frontier: Frontier,
        origin: &Origin,
        verifier: &Verifier,
        notes: impl IntoIterator<Item = N>,
    ) -> Result<Self, Fault> {
        let mut checkpoints = Vec::new();
        for (number, note) in (1..).zip(notes) {
            let checkpoint = Checkpoint::open(note.as_ref(), verifier).map_err(|source| Fault::Checkpoint { number, source })?;
            if checkpoint.origin != *origin {
                return Err(Fault::Origin { number, expected: origin.clone(), found: checkpoint.origin });
            }
            checkpoints.push(checkpoint);
        }
        checkpoints.sort_by_key(|checkpoint| checkpoint.size);
        for (one, other) in checkpoints.iter().zip(checkpoints.iter().skip(1)) {
            if one.size == other.size && one.root != other.root {
                return Err(Fault::Split { size: one.size, roots: [one.root, other.root] });
            }
        }
        checkpoints.retain(|checkpoint| checkpoint.size >= frontier.size());
        Ok(Self { frontier, ahead: checkpoints.into_iter().peekable(), passed: 0, signed_size: 0 })
    }

    /// Checks the next row.
    ///
    /// # Errors
    ///
    /// The fault, if this row is the first bad one. Nothing fed after that means anything.
    pub fn feed(&mut self, row: &Stored) -> Result<(), Fault> {
        check_sequence(self.frontier.size(), row.sequence)?;
        if leaf(row.sequence, &row.body, &row.subjects) != row.leaf {
            return Err(changed(row));
        }
        Entry::decode(&row.body, &row.subjects).map_err(|source| Fault::Unreadable { sequence: row.sequence, source })?;
        self.frontier.push(row.leaf);
        self.pass_checkpoints()
    }

    /// Ends the log.
    ///
    /// # Errors
    ///
    /// When a checkpoint signs more entries than were fed.
    pub fn finish(mut self) -> Result<Report, Fault> {
        let entries = self.frontier.size();
        match self.ahead.next() {
            Some(beyond) => Err(Fault::Truncated { entries, signed: beyond.size }),
            None => Ok(Report { entries, checkpoints: self.passed, root: self.frontier.root(), signed_size: self.signed_size }),
        }
    }

    /// Compares the root with every checkpoint of the present size.
    fn pass_checkpoints(&mut self) -> Result<(), Fault> {
        let size = self.frontier.size();
        while let Some(checkpoint) = self.ahead.next_if(|checkpoint| checkpoint.size == size) {
            let computed = self.frontier.root();
            if checkpoint.root != computed {
                let first = self.signed_size + 1;
                return Err(Fault::Root { first, size, computed, signed: checkpoint.root });
            }
            self.signed_size = size;
            self.passed += 1;
        }
        Ok(())
    }
}

fn check_sequence(last: u64, found: u64) -> Result<(), Fault> {
    let expected = last + 1;
    if found == expected {
        Ok(())
    } else if found > expected {
        Err(Fault::Gap { expected, found })
    } else if found == last && last > 0 {
        Err(Fault::Duplicate { sequence: found })
    } else {
        Err(Fault::Order { expected, found })
    }
}

fn changed(row: &Stored) -> Fault {
    let described = Described(Entry::decode_body(&row.body).ok().map(|(entry, _)| Reading {
        at: entry.at,
        application: entry.application,
        entry_point: entry.entry_point,
    }));
    Fault::Changed { sequence: row.sequence, described, part: changed_part(row) }
}

fn changed_part(row: &Stored) -> Part {
    if leaf(row.sequence, &row.body, &[]) == row.leaf {
        return Part::Subjects;
    }
    match Entry::decode(&row.body, &row.subjects) {
        Ok(_) => Part::Unknown,
        Err(DecodeError::Body { .. }) => Part::Body,
        Err(DecodeError::Subjects(_)) => Part::Subjects,
        Err(DecodeError::Count { .. }) => Part::Count,
    }
}

// === impl Part ===

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body => "its body",
            Self::Subjects => "its subjects",
            Self::Count => "its body or its subjects, which no longer agree on the number of residents",
            Self::Unknown => "its body, its subjects or its leaf hash",
        })
    }
}

// === impl Described ===

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Reading { at, application, entry_point }) = &self.0 else { return Ok(()) };
        // Whoever changed the row may have put terminal controls into it.
        write!(f, " ({at}, {}, {})", application.escape_debug(), entry_point.escape_debug())
    }
}

#[cfg(test)]
mod tests;
