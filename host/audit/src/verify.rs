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
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::checkpoint::Signer;
    use crate::entry::tests::{entries, example};

    const SEED: [u8; 32] = [7; 32];

    fn signer() -> Signer {
        Signer::new("log", &SEED).unwrap()
    }

    fn origin() -> Origin {
        "log".parse().unwrap()
    }

    fn stored(log: impl IntoIterator<Item = Entry>) -> Vec<Stored> {
        (1..).zip(log).map(|(sequence, entry)| store(sequence, &entry)).collect()
    }

    fn store(sequence: u64, entry: &Entry) -> Stored {
        let encoded = entry.encode();
        let leaf = encoded.leaf(sequence);
        Stored { sequence, body: encoded.body, subjects: encoded.subjects, leaf }
    }

    /// Ten entries that differ in their grant.
    fn log() -> Vec<Stored> {
        stored((1..=10).map(|grant| Entry { grant: Some(grant), ..example() }))
    }

    fn frontier(rows: &[Stored]) -> Frontier {
        let mut frontier = Frontier::new();
        rows.iter().for_each(|row| frontier.push(row.leaf));
        frontier
    }

    fn note(rows: &[Stored]) -> String {
        let frontier = frontier(rows);
        Checkpoint { origin: origin(), size: frontier.size(), root: frontier.root() }.sign(&signer())
    }

    fn run(verification: Result<Verification, Fault>, rows: &[Stored]) -> Result<Report, Fault> {
        let mut verification = verification?;
        rows.iter().try_for_each(|row| verification.feed(row))?;
        verification.finish()
    }

    fn verify(notes: &[String], rows: &[Stored]) -> Result<Report, Fault> {
        run(Verification::new(&origin(), signer().verifier(), notes), rows)
    }

    fn fault(notes: &[String], rows: &[Stored]) -> String {
        verify(notes, rows).unwrap_err().to_string()
    }

    #[test]
    fn a_sound_log_is_reported() {
        let rows = log();
        // In any order, the empty log's and a repeated one among them.
        let notes = [note(&rows[..7]), note(&[]), note(&rows[..3]), note(&rows[..7])];
        let report = verify(&notes, &rows).unwrap();
        let root = frontier(&rows).root();
        assert_eq!(report, Report { entries: 10, checkpoints: 4, root, signed_size: 7 });
        assert_eq!(verify(&[], &[]).unwrap().root, Frontier::new().root());
    }

    #[test]
    fn rows_missing_repeated_or_out_of_order_are_named() {
        let rows = log();
        let with = |order: &[usize]| order.iter().map(|sequence| rows[sequence - 1].clone()).collect::<Vec<_>>();
        assert_eq!(fault(&[], &with(&[1, 2, 4])), "entry 3 is missing: the next one found is entry 4");
        assert_eq!(fault(&[], &with(&[2])), "entry 1 is missing: the next one found is entry 2");
        assert_eq!(fault(&[], &with(&[1, 2, 2])), "entry 2 is there twice");
        assert_eq!(fault(&[], &with(&[1, 2, 3, 1])), "entry 1 stands where entry 4 belongs: the rows are out of order");
        let zeroth = store(0, &example());
        assert_eq!(fault(&[], &[zeroth]), "entry 0 stands where entry 1 belongs: the rows are out of order");
    }

    #[test]
    fn a_changed_row_is_described() {
        let mut rows = log();
        rows[4].body = rows[4].body.replace("hardship-check", "census");
        assert_eq!(
            fault(&[], &rows),
            "entry 5 (2025-03-04T05:06:07.000008Z, civil-affairs.hardship, page /eligible) was changed after it \
             was written: its body, its subjects or its leaf hash"
        );
    }

    #[test]
    fn the_changed_part_is_told_where_it_shows() {
        let part = |change: fn(&mut Stored)| {
            let mut rows = log();
            change(&mut rows[4]);
            match verify(&[], &rows) {
                Err(Fault::Changed { sequence: 5, part, .. }) => part,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(part(|row| row.body.insert(0, 'x')), Part::Body);
        assert_eq!(part(|row| row.subjects.truncate(9)), Part::Subjects);
        assert_eq!(part(|row| row.subjects.clear()), Part::Count);
        assert_eq!(part(|row| row.leaf = Hash::from([0; 32])), Part::Unknown);
        let mut row = store(1, &Entry { subjects: Default::default(), ..example() });
        row.subjects = example().encode().subjects;
        assert!(matches!(verify(&[], &[row]), Err(Fault::Changed { part: Part::Subjects, .. })));
    }

    #[test]
    fn a_row_moved_with_its_hash_is_found() {
        let mut rows = log();
        rows.swap(2, 6);
        (rows[2].sequence, rows[6].sequence) = (3, 7);
        assert!(matches!(verify(&[], &rows), Err(Fault::Changed { sequence: 3, .. })));
    }

    #[test]
    fn terminal_controls_in_a_changed_row_are_escaped() {
        let mut rows = log();
        rows[0].body = rows[0].body.replace("page /eligible", "\\u001b[2J");
        assert!(fault(&[], &rows).contains("\\u{1b}[2J"));
    }

    #[test]
    fn a_row_that_never_was_an_entry_is_found() {
        let row = Stored { sequence: 1, body: "{}".into(), subjects: vec![], leaf: leaf(1, "{}", &[]) };
        assert_eq!(fault(&[], &[row]), "entry 1 cannot be read: the body is not an entry (at byte 2)");
    }

    #[test]
    fn a_row_changed_with_its_leaf_is_found_between_two_checkpoints() {
        let mut rows = log();
        let notes = [note(&rows[..3]), note(&rows[..7]), note(&rows)];
        rows[5] = store(6, &Entry { purpose: "census".into(), ..example() });
        let message = fault(&notes, &rows);
        assert!(message.starts_with("one of the entries 4 to 7 was changed together with its leaf hash"), "{message}");
    }

    #[test]
    fn two_signed_histories_are_found_whichever_is_shown() {
        let (rows, mut other) = (log(), log());
        other[4] = store(5, &example());
        for shown in [&rows, &other] {
            assert!(matches!(verify(&[note(&rows), note(&other)], shown), Err(Fault::Split { size: 10, .. })));
        }
        assert!(fault(&[note(&rows), note(&other)], &rows).starts_with("two signed checkpoints of 10 entries disagree"));
    }

    #[test]
    fn a_truncated_log_is_found() {
        let rows = log();
        assert_eq!(
            fault(&[note(&rows[..3]), note(&rows)], &rows[..8]),
            "entry 9 is missing: the log ends after 8 entries, but a signed checkpoint covers 10"
        );
    }

    #[test]
    fn checkpoints_that_prove_nothing_are_refused() {
        let rows = log();
        let forged = note(&rows).replace("\n10\n", "\n9\n");
        assert_eq!(
            fault(&[note(&rows), forged], &rows),
            "checkpoint 2 of those given cannot be trusted: its signature is wrong: the checkpoint was changed \
             after it was signed"
        );
        let foreign = Checkpoint { origin: "other".parse().unwrap(), size: 0, root: Frontier::new().root() };
        assert_eq!(fault(&[foreign.sign(&signer())], &rows), "checkpoint 1 of those given is of the log \"other\", not of \"log\"");
    }

    #[test]
    fn verification_goes_on_since_a_checkpoint() {
        let rows = log();
        let notes = [note(&rows[..3]), note(&rows[..7]), note(&rows)];
        let since = |frontier| Verification::since(frontier, &origin(), signer().verifier(), &notes);
        let report = run(since(frontier(&rows[..7])), &rows[7..]).unwrap();
        assert_eq!((report.entries, report.checkpoints, report.signed_size), (10, 2, 10));
        assert_eq!(report.root, frontier(&rows).root());
        assert!(matches!(since(frontier(&rows[..6])), Err(Fault::Unanchored { size: 6 })));
        assert!(matches!(since(frontier(&rows[1..8])), Err(Fault::Unanchored { size: 7 })));
        assert!(matches!(run(since(frontier(&rows[..7])), &rows[8..]), Err(Fault::Gap { expected: 8, found: 9 })));
    }

    #[derive(Debug, Clone, Copy)]
    enum Column {
        Body,
        Subjects,
        Leaf,
    }

    /// A flip that makes the body no text at all is seen by the database as text with replacement characters.
    fn flip(row: &mut Stored, column: Column, place: prop::sample::Index, bit: u32) -> bool {
        let flip = |bytes: &mut [u8]| match bytes.len() {
            0 => false,
            length => {
                bytes[place.index(length)] ^= 1 << bit;
                true
            }
        };
        match column {
            Column::Body => {
                let mut bytes = row.body.clone().into_bytes();
                let flipped = flip(&mut bytes);
                row.body = String::from_utf8_lossy(&bytes).into_owned();
                flipped
            }
            Column::Subjects => flip(&mut row.subjects),
            Column::Leaf => {
                let mut bytes = *row.leaf.as_bytes();
                let flipped = flip(&mut bytes);
                row.leaf = Hash::from(bytes);
                flipped
            }
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_found_and_its_entry_named(
            log in vec(entries(), 1..12),
            bad in any::<prop::sample::Index>(),
            column in prop_oneof![Just(Column::Body), Just(Column::Subjects), Just(Column::Leaf)],
            place in any::<prop::sample::Index>(),
            bit in 0..8_u32,
        ) {
            let mut rows = stored(log);
            let notes = [note(&rows)];
            prop_assert!(verify(&notes, &rows).is_ok());
            let bad = bad.index(rows.len());
            prop_assume!(flip(&mut rows[bad], column, place, bit));
            match verify(&notes, &rows) {
                Err(Fault::Changed { sequence, part, .. }) => {
                    prop_assert_eq!(sequence, bad as u64 + 1);
                    match column {
                        Column::Body => prop_assert_ne!(part, Part::Subjects),
                        Column::Subjects => prop_assert_ne!(part, Part::Body),
                        Column::Leaf => prop_assert_eq!(part, Part::Unknown),
                    }
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn a_row_rewritten_with_its_leaf_is_found_by_the_next_checkpoint(
            log in vec(entries(), 2..20),
            new in entries(),
            bad in any::<prop::sample::Index>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut rows = stored(log);
            let cut = cut.index(rows.len());
            let notes = [note(&rows[..cut]), note(&rows)];
            let bad = bad.index(rows.len());
            let replaced = store(bad as u64 + 1, &new);
            prop_assume!(replaced != rows[bad]);
            rows[bad] = replaced;
            let (first, last) = if bad < cut { (1, cut) } else { (cut + 1, rows.len()) };
            match verify(&notes, &rows) {
                Err(Fault::Root { first: found, size, .. }) => prop_assert_eq!((found, size), (first as u64, last as u64)),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
