use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::checkpoint::Signer;
use crate::entry::tests::{entries, example};
use crate::leaf::SALT;

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
    // Any bytes will do: nothing is hidden here.
    let salt = encoded.salt(&[sequence as u8; SALT]).to_vec();
    let leaf = encoded.leaf(sequence, &salt);
    Stored { sequence, body: encoded.body, subjects: encoded.subjects, salt, leaf, erasures: Vec::new() }
}

/// Entries that record no erasure.
fn extractions() -> impl Strategy<Value = Entry> {
    entries().prop_map(|entry| Entry { erased: None, ..entry })
}

/// Takes a person out of every row, and records it in one more.
fn erase(rows: &mut Vec<Stored>, subject: u64) {
    let by = rows.len() as u64 + 1;
    let mut tally = Tally::default();
    for row in rows.iter_mut() {
        if let Some(without) = row.without(subject, by, &[by as u8; SALT]).unwrap() {
            tally.add(row.sequence, &without.erasures.last().unwrap().after);
            *row = without;
        }
    }
    let subjects = Default::default();
    rows.push(store(by, &Entry { subjects, erased: Some(tally.finish()), ..example() }));
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
    assert_eq!(report, Report { entries: 10, checkpoints: 4, root, signed_size: 7, erased: 0 });
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
    let row = Stored { sequence: 1, body: "{}".into(), subjects: vec![], salt: vec![], leaf: leaf(1, "{}", &[]), erasures: vec![] };
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

#[test]
fn an_erased_person_leaves_a_log_that_verifies() {
    let mut rows = log();
    let signed = note(&rows);
    erase(&mut rows, 7);
    erase(&mut rows, 4_000_000_000_000);
    erase(&mut rows, 9);
    assert!(rows.iter().all(|row| row.entry().unwrap().subjects.is_empty()));
    let report = verify(&[signed.clone(), note(&rows)], &rows).unwrap();
    assert_eq!((report.entries, report.erased, report.checkpoints), (13, 10, 2));
    // The same from a checkpoint on that the erasures came after.
    let mut verification = Verification::since(frontier(&rows[..10]), &origin(), signer().verifier(), [&signed]).unwrap();
    for row in &rows[..10] {
        row.erasures.iter().for_each(|erasure| verification.erased_before(row.sequence, erasure));
    }
    assert!(run(Ok(verification), &rows[10..]).is_ok());
}

#[test]
fn taking_somebody_out_without_an_erasure_is_found() {
    let mut rows = log();
    erase(&mut rows, 7);
    let spoiled = |spoil: fn(&mut Vec<Stored>)| {
        let mut rows = rows.clone();
        spoil(&mut rows);
        verify(&[], &rows).unwrap_err()
    };
    // As if never erased, or erased by somebody who does not say so.
    assert!(matches!(spoiled(|rows| rows[4].erasures.clear()), Fault::Changed { sequence: 5, .. }));
    assert!(matches!(spoiled(|rows| rows[4].erasures[0].by = 12), Fault::Erasure { by: 11, sequence: 1, found: 9, .. }));
    assert!(matches!(spoiled(|rows| drop(rows.pop())), Fault::Unrecorded { sequence: 1, by: 11 }));
    // One more than the erasure reached.
    let twice = spoiled(|rows| rows[4] = rows[4].without(4_000_000_000_000, 11, &[1; SALT]).unwrap().unwrap());
    assert!(matches!(twice, Fault::Changed { sequence: 5, part: Part::Erasure, .. }));
    // Another in the place of those who remain.
    let other = spoiled(|rows| rows[4].subjects = crate::subjects::encode(&[8].into_iter().collect()));
    assert!(matches!(other, Fault::Changed { sequence: 5, part: Part::Erasure, .. }));
    // With a commitment that fits, but not the recorded one.
    let fitted = spoiled(|rows| {
        rows[4].subjects = crate::subjects::encode(&[8].into_iter().collect());
        rows[4].erasures[0].after = crate::leaf::commitment(&rows[4].salt, &rows[4].subjects);
    });
    assert!(matches!(fitted, Fault::Erasure { by: 11, found: 10, .. }));
    // An entry that claims an erasure which no row shows.
    let mut rows = log();
    rows.push(store(11, &Entry { erased: Some(Tally::default().finish()), ..example() }));
    assert!(verify(&[], &rows).is_ok());
    let mut tally = Tally::default();
    tally.add(3, &Hash::from([3; 32]));
    rows.push(store(12, &Entry { erased: Some(tally.finish()), ..example() }));
    assert!(matches!(verify(&[], &rows), Err(Fault::Erasure { by: 12, found: 0, .. })));
}

#[test]
fn entries_from_before_the_log_was_salted_verify_and_cannot_be_erased_from() {
    let mut rows = log();
    for row in &mut rows {
        row.salt.clear();
        row.leaf = leaf(row.sequence, &row.body, &row.subjects);
    }
    assert!(verify(&[note(&rows)], &rows).is_ok());
    assert!(rows[0].without(7, 11, &[0; SALT]).is_err());
    assert!(rows[0].without(8, 11, &[0; SALT]).unwrap().is_none());
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
        log in vec(extractions(), 1..12),
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
        log in vec(extractions(), 2..20),
        new in extractions(),
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
