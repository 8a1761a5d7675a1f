//! The Merkle tree over the leaves, as RFC 6962 §2.1 (RFC 9162 §2.1) defines it.
//!
//! Only its right edge is kept here; [`proof`](crate::proof) says which other nodes a proof needs.

use crate::hash::Hash;

/// RFC 6962 §2.1: what is hashed for an inner node begins with this byte.
const NODE: u8 = 0x01;

/// The right edge of a Merkle tree: the roots of the perfect subtrees that a tree of this size consists of.
///
/// There is one for each set bit of the size, so appending to a log of any length and signing its root need at
/// most 64 hashes of memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Largest subtree, that is leftmost, first.
    hashes: Vec<Hash>,
}

/// Stored parts that make no [`Frontier`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The number of hashes does not belong to the size.
    #[error("a tree of {size} leaves has a frontier of {expected} hashes, not {found}")]
    Hashes {
        /// Leaves in the tree.
        size: u64,
        /// Hashes that size needs.
        expected: u32,
        /// Hashes given.
        found: usize,
    },
    /// More than 2⁶³ − 1 leaves, the most that a checkpoint's readers accept.
    #[error("{0} leaves are more than a log can have")]
    Size(u64),
}

impl Frontier {
    /// The empty tree.
    pub const fn new() -> Self {
        Self { size: 0, hashes: Vec::new() }
    }

    /// Restores what [`parts`](Self::parts) gave.
    ///
    /// Nothing proves that the hashes are right; compare [`root`](Self::root) with a signed checkpoint.
    ///
    /// # Errors
    ///
    /// When the hashes are not as many as the size has set bits.
    pub fn from_parts(size: u64, hashes: Vec<Hash>) -> Result<Self, FrontierError> {
        if size > i64::MAX.unsigned_abs() {
            return Err(FrontierError::Size(size));
        }
        let expected = size.count_ones();
        let found = hashes.len();
        if u32::try_from(found) != Ok(expected) {
            return Err(FrontierError::Hashes { size, expected, found });
        }
        Ok(Self { size, hashes })
    }

    /// The number of leaves, and the subtree roots from left to right: all that must be kept across a restart.
    pub fn parts(&self) -> (u64, &[Hash]) {
        (self.size, &self.hashes)
    }

    /// The number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash. One node hash on average, 63 at most.
    pub fn push(&mut self, leaf: Hash) {
        // As in a binary counter: each trailing one bit is a subtree as large as the one carried.
        let mut carried = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.hashes.pop() {
                carried = node(left, carried);
            }
        }
        self.hashes.push(carried);
        self.size += 1;
    }

    /// The root of the tree, MTH of RFC 6962 §2.1; of the empty tree, SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let right_to_left = self.hashes.iter().rev().copied();
        right_to_left.reduce(|right, left| node(left, right)).unwrap_or_else(|| Hash::of(&[]))
    }
}

pub(crate) fn node(left: Hash, right: Hash) -> Hash {
    Hash::of(&[&[NODE], left.as_bytes(), right.as_bytes()])
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    fn sha256(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    /// MTH over leaf hashes, word for word from RFC 6962 §2.1.
    fn naive_root(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => sha256(b""),
            [leaf] => *leaf,
            _ => {
                let mut k = 1;
                while k * 2 < leaves.len() {
                    k *= 2;
                }
                let (left, right) = (naive_root(&leaves[..k]), naive_root(&leaves[k..]));
                sha256(&[&[0x01][..], &left, &right].concat())
            }
        }
    }

    fn frontier_of(leaves: &[[u8; 32]]) -> Frontier {
        let mut frontier = Frontier::new();
        leaves.iter().for_each(|leaf| frontier.push(Hash::from(*leaf)));
        frontier
    }

    /// The leaves and roots that the certificate-transparency implementations test with, sizes 0 to 8.
    #[test]
    fn known_roots() {
        let data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves: Vec<[u8; 32]> =
            data.iter().map(|hex| sha256(&[&[0x00][..], &HEXLOWER.decode(hex.as_bytes()).unwrap()].concat())).collect();
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(frontier_of(&leaves[..size]).root().to_string(), *root, "size {size}");
            assert_eq!(HEXLOWER.encode(&naive_root(&leaves[..size])), *root, "size {size}, naive");
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let hash = Hash::from([1; 32]);
        assert_eq!(Frontier::from_parts(5, vec![hash]), Err(FrontierError::Hashes { size: 5, expected: 2, found: 1 }));
        assert_eq!(Frontier::from_parts(0, vec![]), Ok(Frontier::new()));
        assert_eq!(Frontier::from_parts(1 << 63, vec![hash]), Err(FrontierError::Size(1 << 63)));
    }

    proptest! {
        #[test]
        fn the_root_is_the_naive_root(leaves in vec(any::<[u8; 32]>(), 0..200)) {
            let frontier = frontier_of(&leaves);
            prop_assert_eq!(frontier.size(), leaves.len() as u64);
            prop_assert_eq!(frontier.root(), Hash::from(naive_root(&leaves)));
        }

        #[test]
        fn a_restored_frontier_goes_on(leaves in vec(any::<[u8; 32]>(), 0..200), cut in any::<prop::sample::Index>()) {
            let cut = cut.index(leaves.len() + 1);
            let before = frontier_of(&leaves[..cut]);
            let (size, hashes) = before.parts();
            let mut restored = Frontier::from_parts(size, hashes.to_vec()).unwrap();
            leaves[cut..].iter().for_each(|leaf| restored.push(Hash::from(*leaf)));
            prop_assert_eq!(restored, frontier_of(&leaves));
        }
    }
}
