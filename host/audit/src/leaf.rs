//! The leaf of an entry: what the tree holds of it. The body is hashed as it is; of the subjects only a salted
//! commitment, so that whoever knows the tree cannot try out who is in it, and so that a person can be taken out.

use sha2::{Digest as _, Sha256};

use crate::hash::Hash;

/// RFC 6962 §2.1: what is hashed for a leaf begins with this byte, so that no leaf can pass for a node.
const LEAF: u8 = 0x00;
/// Begins what is hashed for a commitment: neither leaf (0x00) nor node (0x01).
const COMMITMENT: u8 = 0x02;

/// Random bytes of one entry, as many as nobody can try out.
pub const SALT: usize = 16;

/// The commitment to an entry's subjects: SHA-256 of `0x02 || salt || subjects`.
pub fn commitment(salt: &[u8], subjects: &[u8]) -> Hash {
    Hash::of(&[&[COMMITMENT], salt, subjects])
}

/// The leaf hash of an entry: SHA-256 (RFC 6962 §2.1) of
/// `0x00 || sequence || length of body || body || commitment`, both numbers big-endian in 8 bytes.
///
/// An entry that concerns nobody commits to nothing: no bytes.
pub fn leaf(sequence: u64, body: &str, commitment: &[u8]) -> Hash {
    let mut head = [0; 17];
    let (prefix, numbers) = head.split_at_mut(1);
    let (number, length) = numbers.split_at_mut(8);
    prefix.fill(LEAF);
    number.copy_from_slice(&sequence.to_be_bytes());
    length.copy_from_slice(&(body.len() as u64).to_be_bytes());
    Hash::of(&[&head, body.as_bytes(), commitment])
}

/// Salts for as many entries, one behind the other.
///
/// # Errors
///
/// When the operating system gives no randomness.
pub fn salts(entries: usize) -> Result<Vec<u8>, getrandom::Error> {
    let mut salts = vec![0; entries * SALT];
    getrandom::fill(&mut salts)?;
    Ok(salts)
}

/// Counts and digests what one erasure left of the entries that it reached, in their order.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    entries: u64,
    hasher: Sha256,
}

impl Tally {
    /// The next entry, and the commitment to those subjects that it still has.
    pub fn add(&mut self, sequence: u64, after: &Hash) {
        self.entries += 1;
        self.hasher.update(sequence.to_be_bytes());
        self.hasher.update(after.as_bytes());
    }

    /// The whole.
    pub fn finish(self) -> crate::entry::Erased {
        crate::entry::Erased { entries: self.entries, digest: Hash::from(<[u8; 32]>::from(self.hasher.finalize())) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_leaf_is_the_documented_hash() {
        let committed = commitment(&[9; SALT], &[0xAB, 0xCD]);
        assert_eq!(committed, Hash::of(&[&[0x02], &[9; 16], &[0xAB, 0xCD]]));
        let mut bytes = vec![0x00];
        bytes.extend([0, 0, 0, 0, 0, 0, 1, 2]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 2]);
        bytes.extend(b"{}");
        bytes.extend(committed.as_bytes());
        assert_eq!(leaf(258, "{}", committed.as_bytes()), Hash::of(&[&bytes]));
    }

    #[test]
    fn the_same_subjects_under_another_salt_are_another_commitment() {
        let (salts, subjects) = (salts(2).unwrap(), [7; 30]);
        let (one, other) = salts.split_at(SALT);
        assert_ne!(commitment(one, &subjects), commitment(other, &subjects));
    }

    proptest! {
        #[test]
        fn no_byte_moves_between_body_and_commitment(
            sequence in any::<u64>(), body in "[ -~]{1,20}", committed in vec(any::<u8>(), 0..20),
        ) {
            let (kept, moved) = body.split_at(body.len() - 1);
            let longer = [moved.as_bytes(), &committed].concat();
            prop_assert_ne!(leaf(sequence, &body, &committed), leaf(sequence, kept, &longer));
        }
    }
}
