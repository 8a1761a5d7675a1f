//! The proof of one entry, whole in itself: the entry, its path to a root, and the signed checkpoint of that root.
//!
//! Whoever checks it brings the keys. It needs neither the host nor the rest of the log.

use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, CheckpointError, Origin, Verifier};
use crate::cosignature::WitnessKey;
use crate::entry::{DecodeError, Entry};
use crate::proof::Inclusion;
use crate::stored::Stored;

/// A proof of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The entry.
    pub entry: Stored,
    /// Its path to the checkpoint's root.
    pub inclusion: Inclusion,
    /// The checkpoint, as a signed note.
    pub checkpoint: String,
}

/// What a bundle proves.
#[derive(Debug)]
pub struct Proved {
    /// The entry.
    pub entry: Entry,
    /// How many people were taken out of it since.
    pub erased: usize,
    /// The log and its size.
    pub checkpoint: Checkpoint,
    /// When each witness asked for saw the checkpoint, seconds since 1970.
    pub seen: Vec<u64>,
}

/// Why a bundle proves nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// The checkpoint cannot be trusted.
    #[error("the checkpoint cannot be trusted: {0}")]
    Checkpoint(#[source] CheckpointError),
    /// The checkpoint is of another log.
    #[error("the checkpoint is of the log {:?}, not of {:?}", found.as_str(), expected.as_str())]
    Origin {
        /// The log asked for.
        expected: Origin,
        /// The log it is of.
        found: Origin,
    },
    /// A witness has not signed it, or wrongly.
    #[error("the witness {witness} does not vouch for the checkpoint: {source}")]
    Witness {
        /// Its name.
        witness: String,
        /// Why.
        source: CheckpointError,
    },
    /// The entry was changed.
    #[error("entry {sequence} is not what was hashed: its body, its subjects, its salt or its leaf hash was changed")]
    Entry {
        /// Which one.
        sequence: u64,
    },
    /// The entry cannot be read.
    #[error("entry {sequence} cannot be read: {source}")]
    Unreadable {
        /// Which one.
        sequence: u64,
        /// Why.
        source: DecodeError,
    },
    /// The path does not lead to the root.
    #[error("the proof does not lead from entry {sequence} to the root of the {size} entries that are signed")]
    Inclusion {
        /// Which entry.
        sequence: u64,
        /// Size of the checkpoint.
        size: u64,
    },
}

impl Bundle {
    /// Checks it. Every one of `witnesses` must have signed the checkpoint.
    ///
    /// # Errors
    ///
    /// The first thing that is not as it ought to be.
    pub fn verify(&self, origin: &Origin, verifier: &Verifier, witnesses: &[WitnessKey]) -> Result<Proved, BundleFault> {
        let checkpoint = Checkpoint::open(&self.checkpoint, verifier).map_err(BundleFault::Checkpoint)?;
        if checkpoint.origin != *origin {
            return Err(BundleFault::Origin { expected: origin.clone(), found: checkpoint.origin });
        }
        let seen = witnesses.iter().map(|witness| {
            witness.seen(&self.checkpoint).map_err(|source| BundleFault::Witness { witness: witness.name().to_owned(), source })
        });
        let seen = seen.collect::<Result<_, _>>()?;
        let sequence = self.entry.sequence;
        if self.entry.computed_leaf() != self.entry.leaf || !self.entry.erasures_hold() {
            return Err(BundleFault::Entry { sequence });
        }
        let entry = self.entry.entry().map_err(|source| BundleFault::Unreadable { sequence, source })?;
        if !self.inclusion.proves(sequence, self.entry.leaf, checkpoint.size, checkpoint.root) {
            return Err(BundleFault::Inclusion { sequence, size: checkpoint.size });
        }
        Ok(Proved { entry, erased: self.entry.erasures.len(), checkpoint, seen })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Signer;
    use crate::cosignature::Cosigner;
    use crate::entry::tests::example;
    use crate::hash::Hash;
    use crate::proof::{inclusion, subtree};

    fn signer() -> Signer {
        Signer::new("log", &[7; 32]).unwrap()
    }

    fn witness() -> Cosigner {
        Cosigner::new("witness", &[8; 32]).unwrap()
    }

    fn bundle() -> Bundle {
        let encoded = example().encode();
        let salt = vec![3; 16];
        let leaf = encoded.leaf(5, &salt);
        let entry = Stored { sequence: 5, body: encoded.body, subjects: encoded.subjects, salt, leaf, erasures: Vec::new() };
        let mut leaves: Vec<Hash> = (0..9_u8).map(|byte| Hash::from([byte; 32])).collect();
        leaves[4] = leaf;
        let root = |range: std::ops::Range<u64>| subtree(leaves[range.start as usize..range.end as usize].iter().copied());
        let checkpoint = Checkpoint { origin: "log".parse().unwrap(), size: 9, root: root(0..9) };
        let mut note = checkpoint.sign(&signer());
        let text = note.split_once("\n\n").map(|(text, _)| format!("{text}\n")).unwrap();
        note.push_str(&witness().cosign(&text, 1_700_000_000));
        Bundle { entry, inclusion: Inclusion(inclusion(5, 9).unwrap().into_iter().map(root).collect()), checkpoint: note }
    }

    fn verify(bundle: &Bundle) -> Result<Proved, BundleFault> {
        bundle.verify(&"log".parse().unwrap(), signer().verifier(), &[witness().witness().clone()])
    }

    #[test]
    fn a_bundle_proves_its_entry_by_itself() {
        let text = serde_json::to_string(&bundle()).unwrap();
        let proved = verify(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!((proved.entry, proved.erased, proved.checkpoint.size, proved.seen), (example(), 0, 9, vec![1_700_000_000]));
    }

    #[test]
    fn whatever_is_changed_in_it_is_found() {
        let spoiled = |spoil: fn(&mut Bundle)| {
            let mut bundle = bundle();
            spoil(&mut bundle);
            verify(&bundle).unwrap_err()
        };
        assert!(matches!(spoiled(|b| b.entry.body = b.entry.body.replace("hardship", "census")), BundleFault::Entry { sequence: 5 }));
        assert!(matches!(spoiled(|b| b.entry.salt[0] ^= 1), BundleFault::Entry { .. }));
        assert!(matches!(spoiled(|b| b.inclusion.0.swap(0, 1)), BundleFault::Inclusion { sequence: 5, size: 9 }));
        assert!(matches!(spoiled(|b| b.checkpoint = b.checkpoint.replace("\n9\n", "\n8\n")), BundleFault::Checkpoint(_)));
        let unwitnessed = |b: &mut Bundle| b.checkpoint = b.checkpoint.lines().take(5).map(|line| format!("{line}\n")).collect();
        assert!(matches!(spoiled(unwitnessed), BundleFault::Witness { .. }));
        let other = bundle().verify(&"other".parse().unwrap(), signer().verifier(), &[]);
        assert!(matches!(other, Err(BundleFault::Origin { .. })));
        // An entry of another place, with its leaf made to fit.
        let moved = spoiled(|b| {
            b.entry.sequence = 6;
            b.entry.leaf = b.entry.computed_leaf();
        });
        assert!(matches!(moved, BundleFault::Inclusion { sequence: 6, .. }));
    }

    #[test]
    fn an_entry_with_people_erased_is_still_proved() {
        let mut bundle = bundle();
        bundle.entry = bundle.entry.without(7, 40, &[9; 16]).unwrap().unwrap();
        let proved = verify(&bundle).unwrap();
        assert_eq!((proved.erased, proved.entry.subjects.len()), (1, 1));
    }
}
