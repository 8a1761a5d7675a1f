//! What a witness is asked and how it decides: a C2SP [tlog-witness], without the network.
//!
//! A witness keeps one thing of each log, the last checkpoint that it cosigned. It cosigns another only where a
//! consistency proof shows that it continues that one. So a log that was rolled back, forked or rewritten gets no
//! further signature, whoever holds its key.
//!
//! [tlog-witness]: https://c2sp.org/tlog-witness

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, CheckpointError, Origin, Verifier};
use crate::hash::Hash;
use crate::proof::Consistency;
use crate::tree::Frontier;

/// Most hashes in a consistency proof (tlog-witness, "add-checkpoint").
const MAX_PROOF: usize = 63;

/// The body of `POST /add-checkpoint`: `old SIZE`, the proof in base64 line by line, a blank line, the note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness is thought to have seen last; 0 for none.
    pub old: u64,
    /// That the checkpoint continues it.
    pub proof: Consistency,
    /// The signed checkpoint.
    pub note: String,
}

/// What a witness keeps of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How many entries the last cosigned checkpoint has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// A log that a witness watches.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Its name in its checkpoints.
    pub origin: Origin,
    /// Its key.
    pub verifier: Verifier,
}

/// Why a witness does not sign. Each has its status in the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400.
    #[error("not a request to add a checkpoint: {0}")]
    Malformed(&'static str),
    /// 403.
    #[error("the checkpoint can't be trusted: {0}")]
    Untrusted(CheckpointError),
    /// 404.
    #[error("this witness watches no log of that name")]
    UnknownLog,
    /// 409: the caller thinks of another size than this witness saw last, or shows another tree of that size.
    #[error("this witness saw {seen} entries last")]
    Conflict {
        /// The size it saw.
        seen: u64,
    },
    /// 422.
    #[error("the proof does not show that the checkpoint continues the one of {old} entries")]
    Inconsistent {
        /// The size it saw.
        old: u64,
    },
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Untrusted(_) => 403,
            Self::UnknownLog => 404,
            Self::Conflict { .. } => 409,
            Self::Inconsistent { .. } => 422,
        }
    }
}

impl AddCheckpoint {
    /// The origin that the checkpoint claims, the first line of its note.
    pub fn origin(&self) -> &str {
        self.note.lines().next().unwrap_or_default()
    }

    /// The text that is signed, with its last newline.
    pub fn text(&self) -> &str {
        self.note.split_once("\n\n").and_then(|(text, _)| self.note.get(..=text.len())).unwrap_or_default()
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.0.iter().try_for_each(|hash| writeln!(f, "{}", BASE64.encode(hash.as_bytes())))?;
        write!(f, "\n{}", self.note)
    }
}

impl FromStr for AddCheckpoint {
    type Err = Refusal;

    fn from_str(body: &str) -> Result<Self, Refusal> {
        let (head, note) = body.split_once("\n\n").ok_or(Refusal::Malformed("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(Refusal::Malformed("no line `old SIZE`"))?;
        let size = old.parse::<u64>().ok().filter(|size| size.to_string() == old);
        let size = size.ok_or(Refusal::Malformed("the old size is no decimal number"))?;
        let hash = |line: &str| BASE64.decode(line.as_bytes()).ok().and_then(|bytes| Hash::try_from(bytes.as_slice()).ok());
        let proof = lines.map(hash).collect::<Option<Vec<_>>>().ok_or(Refusal::Malformed("a line of the proof is no hash"))?;
        if proof.len() > MAX_PROOF {
            return Err(Refusal::Malformed("the proof has more than 63 hashes"));
        }
        Ok(Self { old: size, proof: Consistency(proof), note: note.to_owned() })
    }
}

/// Decides about a request for one log. What comes back is to be kept before it is signed.
///
/// # Errors
///
/// When the checkpoint is not the log's, or does not continue what was seen.
pub fn consider(request: &AddCheckpoint, log: &Watched, seen: Option<Seen>) -> Result<Seen, Refusal> {
    let checkpoint = Checkpoint::open(&request.note, &log.verifier).map_err(Refusal::Untrusted)?;
    if checkpoint.origin != log.origin {
        return Err(Refusal::UnknownLog);
    }
    if request.old > checkpoint.size {
        return Err(Refusal::Malformed("the old size is beyond the checkpoint"));
    }
    let seen = seen.unwrap_or(Seen { size: 0, root: Frontier::new().root() });
    if request.old != seen.size || (request.old == checkpoint.size && seen.root != checkpoint.root) {
        return Err(Refusal::Conflict { seen: seen.size });
    }
    if !request.proof.proves(seen.size, seen.root, checkpoint.size, checkpoint.root) {
        return Err(Refusal::Inconsistent { old: seen.size });
    }
    Ok(Seen { size: checkpoint.size, root: checkpoint.root })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Signer;
    use crate::proof::{consistency, subtree};

    fn signer() -> Signer {
        Signer::new("log", &[7; 32]).unwrap()
    }

    fn log() -> Watched {
        Watched { origin: "log".parse().unwrap(), verifier: signer().verifier().clone() }
    }

    fn leaves(size: u64) -> Vec<Hash> {
        (0..size).map(|leaf| Hash::of(&[&leaf.to_be_bytes()])).collect()
    }

    fn request(leaves: &[Hash], old: u64) -> AddCheckpoint {
        let size = leaves.len() as u64;
        let root = subtree(leaves.iter().copied());
        let ranges = consistency(old, size).unwrap_or_default();
        let proof = ranges.iter().map(|range| subtree(leaves[range.start as usize..range.end as usize].iter().copied()));
        let note = Checkpoint { origin: "log".parse().unwrap(), size, root }.sign(&signer());
        AddCheckpoint { old, proof: Consistency(proof.collect()), note }
    }

    #[test]
    fn a_log_that_grows_is_signed_step_by_step() {
        let mut seen = None;
        let mut old = 0;
        for size in [1, 2, 7, 7, 300] {
            let asked = request(&leaves(size), old);
            assert_eq!(asked.to_string().parse::<AddCheckpoint>().unwrap(), asked);
            let now = consider(&asked, &log(), seen).unwrap();
            assert_eq!(now.size, size);
            (seen, old) = (Some(now), size);
        }
    }

    #[test]
    fn a_rewritten_a_shorter_and_a_forked_log_are_refused() {
        let seen = consider(&request(&leaves(20), 0), &log(), None).ok();
        let decide = |request: AddCheckpoint| consider(&request, &log(), seen);
        let mut rewritten = leaves(30);
        rewritten[4] = Hash::of(&[b"another past"]);
        assert_eq!(decide(request(&rewritten, 20)), Err(Refusal::Inconsistent { old: 20 }));
        assert_eq!(decide(request(&rewritten[..20], 20)), Err(Refusal::Conflict { seen: 20 }));
        assert_eq!(decide(request(&rewritten, 0)), Err(Refusal::Conflict { seen: 20 }));
        assert_eq!(decide(request(&leaves(10), 10)), Err(Refusal::Conflict { seen: 20 }));
        let shorter = AddCheckpoint { old: 20, ..request(&leaves(10), 0) };
        assert!(matches!(decide(shorter), Err(Refusal::Malformed(_))));
        let unproved = AddCheckpoint { proof: Consistency(Vec::new()), ..request(&leaves(30), 20) };
        assert_eq!(decide(unproved), Err(Refusal::Inconsistent { old: 20 }));
        assert_eq!(decide(request(&leaves(30), 20)).unwrap().size, 30);
    }

    #[test]
    fn another_log_s_checkpoint_and_a_forged_one_are_refused() {
        let mut asked = request(&leaves(3), 0);
        let other = Signer::new("log", &[9; 32]).unwrap();
        let checkpoint = Checkpoint::open(&asked.note, signer().verifier()).unwrap();
        asked.note = checkpoint.sign(&other);
        assert_eq!(consider(&asked, &log(), None), Err(Refusal::Untrusted(CheckpointError::Unsigned)));
        asked.note = Checkpoint { origin: "other".parse().unwrap(), ..checkpoint }.sign(&signer());
        assert_eq!(consider(&asked, &log(), None), Err(Refusal::UnknownLog));
    }

    #[test]
    fn what_is_no_request_is_told_so() {
        let whole = request(&leaves(3), 0).to_string();
        for (body, reason) in [
            ("", "no blank line"),
            (whole.strip_prefix("old 0\n").unwrap(), "old SIZE"),
            (&whole.replacen("old 0", "old 00", 1), "no decimal"),
            (&whole.replacen("old 0", "old 0\nAAAA", 1), "no hash"),
            (&whole.replacen("old 0", &format!("old 0{}", format!("\n{}", BASE64.encode(&[0; 32])).repeat(64)), 1), "more than 63"),
        ] {
            let refused = body.parse::<AddCheckpoint>().unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
