//! The check of a whole log: every row against its leaf, every leaf against the signed roots.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::checkpoint::{Checkpoint, CheckpointError, Origin, Verifier};
use crate::entry::{DecodeError, Entry, Erased};
use crate::hash::Hash;
use crate::leaf::{Tally, leaf};
use crate::stored::{Erasure, Stored};
use crate::tree::Frontier;

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
    origin: Origin,
    verifier: Verifier,
    notes: usize,
    /// Those not reached yet by size: the root, and how many sign it.
    ahead: BTreeMap<u64, (Hash, u64)>,
    passed: u64,
    signed_size: u64,
    /// Of erasures whose entry was not reached yet: the first entry that names them, and what they left.
    open: BTreeMap<u64, (u64, Tally)>,
    erased: u64,
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
    /// Entries out of which people were taken, by erasures that are entries themselves.
    pub erased: u64,
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
    /// Somebody was taken out of a row, and the log records no such erasure.
    #[error("entry {sequence} was changed after it was written: it names entry {by} as an erasure, which there is not")]
    Unrecorded {
        /// The row.
        sequence: u64,
        /// The entry that it names.
        by: u64,
    },
    /// An entry that records an erasure does not agree with the rows that name it.
    #[error(
        "entry {by} records an erasure from {} entries, but {found} entries name it or others are left in them \
         (the first is entry {sequence})",
        recorded.map_or(0, |erased| erased.entries)
    )]
    Erasure {
        /// The entry that records the erasure.
        by: u64,
        /// The first row that names it; 0 where none does.
        sequence: u64,
        /// What it records.
        recorded: Option<Erased>,
        /// How many rows name it.
        found: u64,
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
    /// The subjects are not those whom the erasures left.
    Erasure,
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
        if verification.ahead.get(&size).is_none_or(|(signed, _)| *signed != root) {
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
        let mut verification = Self {
            frontier,
            origin: origin.clone(),
            verifier: verifier.clone(),
            notes: 0,
            ahead: BTreeMap::new(),
            passed: 0,
            signed_size: 0,
            open: BTreeMap::new(),
            erased: 0,
        };
        notes.into_iter().try_for_each(|note| verification.keep(note.as_ref()))?;
        let size = verification.frontier.size();
        verification.ahead.retain(|signed, _| *signed >= size);
        Ok(verification)
    }

    fn keep(&mut self, note: &str) -> Result<(), Fault> {
        self.notes += 1;
        let number = self.notes;
        let checkpoint = Checkpoint::open(note, &self.verifier).map_err(|source| Fault::Checkpoint { number, source })?;
        if checkpoint.origin != self.origin {
            return Err(Fault::Origin { number, expected: self.origin.clone(), found: checkpoint.origin });
        }
        let (root, signed) = self.ahead.entry(checkpoint.size).or_insert((checkpoint.root, 0));
        if *root != checkpoint.root {
            return Err(Fault::Split { size: checkpoint.size, roots: [*root, checkpoint.root] });
        }
        *signed += 1;
        Ok(())
    }

    /// Takes one more checkpoint, of the entries fed so far or of more: so a log of any length is verified without
    /// having all of them at hand. A smaller one is left aside.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and where it does not sign what was fed.
    pub fn checkpoint(&mut self, note: &str) -> Result<(), Fault> {
        self.keep(note)?;
        let size = self.frontier.size();
        self.ahead.retain(|signed, _| *signed >= size);
        self.pass_checkpoints()
    }

    /// How many entries it has come to.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Takes note of what erasures behind the frontier did to an entry before it: verification that begins
    /// [`since`](Self::since) a checkpoint needs these, in the order of their entries.
    pub fn erased_before(&mut self, sequence: u64, erasure: &Erasure) {
        self.open.entry(erasure.by).or_insert_with(|| (sequence, Tally::default())).1.add(sequence, &erasure.after);
    }

    /// Checks the next row.
    ///
    /// # Errors
    ///
    /// The fault, if this row is the first bad one. Nothing fed after that means anything.
    pub fn feed(&mut self, row: &Stored) -> Result<(), Fault> {
        check_sequence(self.frontier.size(), row.sequence)?;
        if row.computed_leaf() != row.leaf {
            return Err(changed(row, changed_part(row)));
        }
        if !row.erasures_hold() {
            return Err(changed(row, Part::Erasure));
        }
        let entry = row.entry().map_err(|source| Fault::Unreadable { sequence: row.sequence, source })?;
        self.frontier.push(row.leaf);
        self.check_erasure(row.sequence, entry.erased)?;
        self.erased += u64::from(!row.erasures.is_empty());
        row.erasures.iter().for_each(|erasure| self.erased_before(row.sequence, erasure));
        self.pass_checkpoints()
    }

    /// An entry that records an erasure must agree with the rows that name it, and the other way round.
    fn check_erasure(&mut self, by: u64, recorded: Option<Erased>) -> Result<(), Fault> {
        let (sequence, tally) = self.open.remove(&by).unwrap_or_default();
        let done = tally.finish();
        let agrees = match recorded {
            Some(recorded) => recorded == done,
            None => done.entries == 0,
        };
        if agrees { Ok(()) } else { Err(Fault::Erasure { by, sequence, recorded, found: done.entries }) }
    }

    /// Ends the log.
    ///
    /// # Errors
    ///
    /// When a checkpoint signs more entries than were fed, or a row names an erasure that is none of them.
    pub fn finish(mut self) -> Result<Report, Fault> {
        let entries = self.frontier.size();
        if let Some((signed, _)) = self.ahead.pop_first() {
            return Err(Fault::Truncated { entries, signed });
        }
        if let Some((by, (sequence, _))) = self.open.pop_first() {
            return Err(Fault::Unrecorded { sequence, by });
        }
        let root = self.frontier.root();
        Ok(Report { entries, checkpoints: self.passed, root, signed_size: self.signed_size, erased: self.erased })
    }

    /// Compares the root with every checkpoint of the present size.
    fn pass_checkpoints(&mut self) -> Result<(), Fault> {
        let size = self.frontier.size();
        let Some((signed, notes)) = self.ahead.remove(&size) else { return Ok(()) };
        let computed = self.frontier.root();
        if signed != computed {
            return Err(Fault::Root { first: self.signed_size + 1, size, computed, signed });
        }
        self.signed_size = size;
        self.passed += notes;
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

fn changed(row: &Stored, part: Part) -> Fault {
    let described = Described(Entry::decode_body(&row.body).ok().map(|(entry, _)| Reading {
        at: entry.at,
        application: entry.application,
        entry_point: entry.entry_point,
    }));
    Fault::Changed { sequence: row.sequence, described, part }
}

fn changed_part(row: &Stored) -> Part {
    if leaf(row.sequence, &row.body, &[]) == row.leaf {
        return Part::Subjects;
    }
    match row.entry() {
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
            Self::Erasure => "its subjects, which are not those whom the erasures that it names left",
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
