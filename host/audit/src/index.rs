//! Which entries concern a resident, found without opening every bitmap of the log.
//!
//! The log is cut into blocks of [`BLOCK_ENTRIES`]; each keeps the union of its entries' subjects. A resident's
//! view reads the blocks that contain them and, within those, the entries. The index is derived: it can be
//! rebuilt from the log at any time, and verification does not rely on it.

use roaring::RoaringTreemap;

use crate::subjects::{self, SubjectsError};

/// Entries in a full block. Blocks are aligned: the first holds sequences 1 to 4,096, the next 4,097 to 8,192.
pub const BLOCK_ENTRIES: u64 = 4096;

/// The residents concerned by a run of entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Sequence of the first entry.
    pub first: u64,
    /// Sequence of the last entry, inclusive.
    pub last: u64,
    /// Inner numbers of all residents concerned by any of them.
    pub subjects: RoaringTreemap,
}

/// Folds entries, in order, into blocks.
#[derive(Debug, Clone)]
pub struct BlockBuilder {
    next: u64,
    open: Option<Block>,
}

/// Entries or bytes that make no [`Block`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// An entry is not the one after the last.
    #[error("entry {found} cannot be indexed before entry {expected}")]
    Sequence {
        /// The entry that is next.
        expected: u64,
        /// The entry that came.
        found: u64,
    },
    /// An entry's or a block's subjects cannot be read.
    #[error(transparent)]
    Subjects(#[from] SubjectsError),
    /// Bytes too short for a block, or with a range that is none.
    #[error("not an index block: no range of entries at its start")]
    Range,
}

// === impl Block ===

impl Block {
    /// Whether any entry of this block concerns the resident with this inner number.
    pub fn contains(&self, subject: u64) -> bool {
        self.subjects.contains(subject)
    }

    /// `first || last || subjects`, the numbers big-endian in 8 bytes, the subjects as in an entry.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = [self.first.to_be_bytes(), self.last.to_be_bytes()].concat();
        bytes.extend(subjects::encode(&self.subjects));
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    ///
    /// When the bytes are too short, the range lies outside one aligned block, or the subjects cannot be read.
    pub fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let (first, rest) = number(bytes)?;
        let (last, rest) = number(rest)?;
        if first == 0 || last < first || last > end_of_block(first) {
            return Err(IndexError::Range);
        }
        Ok(Self { first, last, subjects: subjects::decode(rest)? })
    }
}

fn number(bytes: &[u8]) -> Result<(u64, &[u8]), IndexError> {
    let (number, rest) = bytes.split_first_chunk().ok_or(IndexError::Range)?;
    Ok((u64::from_be_bytes(*number), rest))
}

/// The last sequence of the aligned block in which `sequence`, which is not 0, lies.
fn end_of_block(sequence: u64) -> u64 {
    sequence.checked_next_multiple_of(BLOCK_ENTRIES).unwrap_or(u64::MAX)
}

// === impl BlockBuilder ===

impl BlockBuilder {
    /// Begins with the entry `first`: 1 for a new log, one past the last complete block after a restart.
    pub const fn starting_at(first: u64) -> Self {
        Self { next: first, open: None }
    }

    /// The sequence of the entry to be folded next.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Adds an entry by its sequence and encoded subjects; gives the block back when this entry completes it.
    ///
    /// # Errors
    ///
    /// When the entry is not the next one or its subjects cannot be read. Nothing was added then.
    pub fn fold(&mut self, sequence: u64, subjects: &[u8]) -> Result<Option<Block>, IndexError> {
        if sequence != self.next {
            return Err(IndexError::Sequence { expected: self.next, found: sequence });
        }
        let subjects = subjects::decode(subjects)?;
        let block = self.open.get_or_insert_with(|| Block { first: sequence, last: sequence, subjects: RoaringTreemap::new() });
        block.last = sequence;
        block.subjects |= subjects;
        self.next += 1;
        Ok(if sequence == end_of_block(sequence) { self.open.take() } else { None })
    }

    /// The block that is not complete yet: its entries must be searched too.
    pub const fn open(&self) -> Option<&Block> {
        self.open.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn encoded(subjects: &[u64]) -> Vec<u8> {
        subjects::encode(&subjects.iter().copied().collect())
    }

    #[test]
    fn blocks_are_aligned_and_complete_ones_are_handed_out() {
        let mut builder = BlockBuilder::starting_at(1);
        let mut blocks = Vec::new();
        for sequence in 1..=10_000 {
            blocks.extend(builder.fold(sequence, &encoded(&[sequence])).unwrap());
        }
        let ranges: Vec<_> = blocks.iter().map(|block| (block.first, block.last)).collect();
        assert_eq!(ranges, [(1, 4096), (4097, 8192)]);
        assert!(blocks[0].contains(4096) && !blocks[0].contains(4097));
        let open = builder.open().unwrap();
        assert_eq!((open.first, open.last), (8193, 10_000));
        assert_eq!(builder.next(), 10_001);
    }

    #[test]
    fn a_builder_that_starts_late_ends_on_the_same_boundary() {
        let mut builder = BlockBuilder::starting_at(4096);
        let block = builder.fold(4096, &[]).unwrap().unwrap();
        assert_eq!((block.first, block.last, block.subjects.len()), (4096, 4096, 0));
        assert_eq!(builder.fold(4097, &encoded(&[1])), Ok(None));
    }

    #[test]
    fn a_refused_entry_changes_nothing() {
        let mut builder = BlockBuilder::starting_at(5);
        assert_eq!(builder.fold(6, &[]), Err(IndexError::Sequence { expected: 5, found: 6 }));
        assert_eq!(builder.fold(5, b"x"), Err(IndexError::Subjects(SubjectsError)));
        assert_eq!((builder.next(), builder.open()), (5, None));
    }

    #[test]
    fn bytes_that_are_no_block_are_refused() {
        let range = |first: u64, last: u64| [first.to_be_bytes(), last.to_be_bytes()].concat();
        for bytes in [vec![], vec![0; 15], range(0, 0), range(2, 1), range(1, 4097), range(4096, 4097)] {
            assert_eq!(Block::decode(&bytes), Err(IndexError::Range), "{bytes:?}");
        }
        assert_eq!(Block::decode(&[range(1, 1), vec![1]].concat()), Err(SubjectsError.into()));
    }

    proptest! {
        #[test]
        fn a_block_holds_exactly_its_entries_subjects_and_round_trips(
            entries in vec(vec(0..50_000_u64, 0..30), 1..200),
        ) {
            let mut builder = BlockBuilder::starting_at(1);
            for (position, subjects) in entries.iter().enumerate() {
                prop_assert_eq!(builder.fold(position as u64 + 1, &encoded(subjects)), Ok(None));
            }
            let block = builder.open().unwrap();
            prop_assert_eq!(&block.subjects, &entries.iter().flatten().copied().collect::<RoaringTreemap>());
            prop_assert_eq!(&Block::decode(&block.encode()).unwrap(), block);
        }
    }
}
