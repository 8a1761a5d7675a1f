//! Inclusion and consistency proofs, as RFC 6962 §2.1 (RFC 9162 §2.1.3 and §2.1.4) defines them.
//!
//! A proof is a list of roots of subtrees. Which they are follows from sizes alone: [`inclusion`] and
//! [`consistency`] name them as ranges of leaves, whoever keeps the tree looks them up, [`Inclusion`] and
//! [`Consistency`] check them. Looking up is bounded: [`pieces`] cuts a range into perfect subtrees, and of those
//! the tree keeps every eighth level ([`LEVEL_BITS`]), so that at most 255 hashes are read for one piece.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::hash::Hash;
use crate::tree::{Frontier, node};

/// A kept level holds one hash for 2⁸ of the level below. Level 0 are the leaves.
pub const LEVEL_BITS: u32 = 8;

/// Neighbouring hashes of one kept level that make up one perfect subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Which kept level.
    pub level: u32,
    /// The first hash, from 0.
    pub first: u64,
    /// How many, a power of two below 256.
    pub count: u64,
}

/// The path from a leaf to the root: siblings, lowest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inclusion(pub Vec<Hash>);

/// What shows that one tree continues another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Consistency(pub Vec<Hash>);

/// The ranges of leaves whose roots prove that entry `sequence`, from 1, is in a tree of `size` entries. None where
/// it is not.
pub fn inclusion(sequence: u64, size: u64) -> Option<Vec<Range<u64>>> {
    let index = sequence.checked_sub(1).filter(|index| *index < size)?;
    let (mut within, mut path) = (0..size, Vec::new());
    while within.end - within.start > 1 {
        let middle = within.start + split(within.end - within.start);
        let (left, right) = (within.start..middle, middle..within.end);
        let (sibling, next) = if index < middle { (right, left) } else { (left, right) };
        path.push(sibling);
        within = next;
    }
    path.reverse();
    Some(path)
}

/// The ranges of leaves whose roots prove that a tree of `size` entries continues one of `old`. None where it is
/// smaller, or the old one is empty, which every tree continues.
pub fn consistency(old: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if old == 0 || old > size {
        return None;
    }
    let (mut within, mut path) = (0..size, Vec::new());
    while within.end != old {
        let middle = within.start + split(within.end - within.start);
        let (left, right) = (within.start..middle, middle..within.end);
        let (sibling, next) = if old <= middle { (right, left) } else { (left, right) };
        path.push(sibling);
        within = next;
    }
    if within.start > 0 {
        path.push(within);
    }
    path.reverse();
    Some(path)
}

/// The largest power of two below a size of at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// A range of leaves as the tree splits it: perfect subtrees, largest first.
pub fn pieces(range: &Range<u64>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut first = range.start;
    while first < range.end {
        let height = (range.end - first).ilog2();
        let level = height / LEVEL_BITS;
        pieces.push(Piece { level, first: first >> (level * LEVEL_BITS), count: 1 << (height % LEVEL_BITS) });
        first += 1 << height;
    }
    pieces
}

/// The root of a perfect subtree from the hashes of its piece.
pub fn subtree(hashes: impl IntoIterator<Item = Hash>) -> Hash {
    let mut frontier = Frontier::new();
    hashes.into_iter().for_each(|hash| frontier.push(hash));
    frontier.root()
}

/// The root of a range from those of its pieces.
pub fn join(roots: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    roots.rev().reduce(|right, left| node(left, right))
}

impl Inclusion {
    /// Whether it proves that the leaf of entry `sequence`, from 1, is in the tree of this size and root.
    pub fn proves(&self, sequence: u64, leaf: Hash, size: u64, root: Hash) -> bool {
        let Some(mut index) = sequence.checked_sub(1).filter(|index| *index < size) else { return false };
        let mut last = size - 1;
        let mut computed = leaf;
        for sibling in &self.0 {
            if last == 0 {
                return false;
            }
            if index & 1 == 1 || index == last {
                computed = node(*sibling, computed);
                skip_lonely(&mut index, &mut last);
            } else {
                computed = node(computed, *sibling);
            }
            index >>= 1;
            last >>= 1;
        }
        last == 0 && computed == root
    }
}

impl Consistency {
    /// Whether it proves that the tree of `size` and `root` continues the one of `old` and `old_root`.
    pub fn proves(&self, old: u64, old_root: Hash, size: u64, root: Hash) -> bool {
        if old > size {
            return false;
        }
        if old == 0 || old == size {
            let is_same = if old == 0 { old_root == Frontier::new().root() } else { old_root == root };
            return is_same && self.0.is_empty();
        }
        let start = old.is_power_of_two().then_some(old_root);
        let mut hashes = start.into_iter().chain(self.0.iter().copied());
        let (mut index, mut last) = (old - 1, size - 1);
        while index & 1 == 1 {
            index >>= 1;
            last >>= 1;
        }
        let Some(first) = hashes.next() else { return false };
        let (mut computed_old, mut computed) = (first, first);
        for sibling in hashes {
            if last == 0 {
                return false;
            }
            if index & 1 == 1 || index == last {
                computed_old = node(sibling, computed_old);
                computed = node(sibling, computed);
                skip_lonely(&mut index, &mut last);
            } else {
                computed = node(computed, sibling);
            }
            index >>= 1;
            last >>= 1;
        }
        last == 0 && computed_old == old_root && computed == root
    }
}

/// On the right edge a node without a sibling is handed up as it is.
fn skip_lonely(index: &mut u64, last: &mut u64) {
    while *index & 1 == 0 && *index != 0 {
        *index >>= 1;
        *last >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(size: u64) -> Vec<Hash> {
        (0..size).map(|leaf| Hash::of(&[&leaf.to_be_bytes()])).collect()
    }

    fn root(leaves: &[Hash]) -> Hash {
        subtree(leaves.iter().copied())
    }

    /// By way of kept levels, as a store looks it up.
    fn look_up(leaves: &[Hash], range: &Range<u64>) -> Hash {
        let level = |piece: &Piece| -> Vec<Hash> {
            (piece.first..piece.first + piece.count)
                .map(|at| {
                    let width = 1 << (piece.level * LEVEL_BITS);
                    root(&leaves[(at * width) as usize..((at + 1) * width) as usize])
                })
                .collect()
        };
        join(pieces(range).iter().map(|piece| subtree(level(piece))).collect::<Vec<_>>().into_iter()).unwrap()
    }

    fn look_all_up(leaves: &[Hash], ranges: &[Range<u64>]) -> Vec<Hash> {
        ranges.iter().map(|range| look_up(leaves, range)).collect()
    }

    #[test]
    fn the_paths_of_rfc_6962_are_found() {
        // §2.1.3: the tree of seven leaves.
        assert_eq!(inclusion(1, 7).unwrap(), [1..2, 2..4, 4..7]);
        assert_eq!(inclusion(4, 7).unwrap(), [2..3, 0..2, 4..7]);
        assert_eq!(inclusion(5, 7).unwrap(), [5..6, 6..7, 0..4]);
        assert_eq!(inclusion(7, 7).unwrap(), [4..6, 0..4]);
        assert_eq!(consistency(3, 7).unwrap(), [2..3, 3..4, 0..2, 4..7]);
        assert_eq!(consistency(4, 7).unwrap(), std::slice::from_ref(&(4..7)));
        assert_eq!(consistency(6, 7).unwrap(), [4..6, 6..7, 0..4]);
        assert_eq!((inclusion(0, 7), inclusion(8, 7), consistency(0, 7), consistency(8, 7)), (None, None, None, None));
        assert_eq!((inclusion(1, 1), consistency(7, 7)), (Some(vec![]), Some(vec![])));
    }

    #[test]
    fn a_log_of_any_size_is_looked_up_with_few_hashes() {
        let size = i64::MAX.unsigned_abs();
        for ranges in [inclusion(size / 3, size).unwrap(), consistency(size / 5, size).unwrap()] {
            let read: u64 = ranges.iter().flat_map(pieces).map(|piece| piece.count).sum();
            assert!(read < 64 * 256, "{read}");
        }
    }

    #[test]
    fn an_empty_log_is_continued_by_all_and_a_larger_one_by_none() {
        let (empty, one) = (Frontier::new().root(), root(&leaves(1)));
        let nothing = Consistency(Vec::new());
        assert!(nothing.proves(0, empty, 1, one) && nothing.proves(0, empty, 0, empty) && nothing.proves(1, one, 1, one));
        assert!(!nothing.proves(0, one, 1, one) && !nothing.proves(1, one, 0, empty) && !nothing.proves(1, empty, 1, one));
        assert!(!Consistency(vec![one]).proves(1, one, 1, one));
    }

    proptest! {
        #[test]
        fn every_entry_is_proved_and_no_other(size in 1..700_u64, at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
            let leaves = leaves(size);
            let (sequence, other) = (at.index(leaves.len()) as u64 + 1, other.index(leaves.len()) as u64 + 1);
            let root = root(&leaves);
            let proof = Inclusion(look_all_up(&leaves, &inclusion(sequence, size).unwrap()));
            let leaf = leaves[sequence as usize - 1];
            prop_assert!(proof.proves(sequence, leaf, size, root));
            prop_assert!(!proof.proves(sequence, Hash::of(&[]), size, root));
            prop_assert!(!proof.proves(size + 1, leaf, size, root));
            prop_assert_eq!(proof.proves(other, leaf, size, root), other == sequence);
            for place in 0..proof.0.len() {
                let mut changed = proof.clone();
                changed.0[place] = Hash::of(&[]);
                prop_assert!(!changed.proves(sequence, leaf, size, root));
            }
        }

        #[test]
        fn every_continuation_is_proved_and_no_other(size in 1..700_u64, cut in any::<prop::sample::Index>(), bad in any::<prop::sample::Index>()) {
            let leaves = leaves(size);
            let old = cut.index(leaves.len()) as u64 + 1;
            let proof = Consistency(look_all_up(&leaves, &consistency(old, size).unwrap()));
            let (before, after) = (root(&leaves[..old as usize]), root(&leaves));
            prop_assert!(proof.proves(old, before, size, after));
            let mut rewritten = leaves.clone();
            rewritten[bad.index(old as usize)] = Hash::of(&[]);
            let other = root(&rewritten);
            prop_assert!(!proof.proves(old, before, size, other));
            let forged = Consistency(look_all_up(&rewritten, &consistency(old, size).unwrap()));
            prop_assert!(!forged.proves(old, before, size, other));
        }

        #[test]
        fn hostile_proofs_never_panic(numbers in any::<[u64; 2]>(), hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
            let hashes: Vec<Hash> = hashes.into_iter().map(Hash::from).collect();
            let [one, other] = numbers;
            let hash = Hash::of(&[]);
            let _ = Inclusion(hashes.clone()).proves(one, hash, other, hash);
            let _ = Consistency(hashes).proves(one, hash, other, hash);
        }
    }
}
