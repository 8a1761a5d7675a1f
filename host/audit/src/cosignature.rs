//! What a witness signs: that at some time it saw a checkpoint, and none before that this one does not continue.
//!
//! The format is a C2SP [tlog-cosignature], `cosignature/v1`: an Ed25519 signature over a time and the checkpoint's
//! text, as one more line of its note.
//!
//! [tlog-cosignature]: https://c2sp.org/tlog-cosignature

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey};

use crate::checkpoint::{CheckpointError, KeyError};
use crate::note::{Key, Kind, Note};

/// The private key of a witness and the name it signs under.
pub struct Cosigner {
    key: SigningKey,
    witness: WitnessKey,
}

/// The public key of a witness and its name, written as a verifier key of type `0x04`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey(Key);

impl Cosigner {
    /// The witness named `name` whose private key is `seed` (RFC 8032 §5.1.5).
    ///
    /// # Errors
    ///
    /// When the name cannot be a key name.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = SigningKey::from_bytes(seed);
        let witness = WitnessKey(Key::new(Kind::Cosignature, name, key.verifying_key())?);
        Ok(Self { key, witness })
    }

    /// The public half.
    pub fn witness(&self) -> &WitnessKey {
        &self.witness
    }

    /// The signature line for the text of a checkpoint seen at `time`, seconds since 1970.
    pub fn cosign(&self, text: &str, time: u64) -> String {
        let signature = self.key.sign(message(text, time).as_bytes()).to_bytes();
        self.witness.0.line(&[time.to_be_bytes().as_slice(), &signature].concat())
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cosigner").field(&self.witness).finish()
    }
}

impl WitnessKey {
    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// When the witness saw the checkpoint of this note, seconds since 1970; the latest time, if it signed more often.
    ///
    /// # Errors
    ///
    /// When the note is malformed, not signed by this witness or wrongly signed by it.
    pub fn seen(&self, note: &str) -> Result<u64, CheckpointError> {
        let note = Note::read(note)?;
        let mut latest = 0;
        for blob in note.by(&self.0)? {
            let (time, signature) = blob.split_first_chunk().ok_or(CheckpointError::Signature)?;
            let time = u64::from_be_bytes(*time);
            let signature = Signature::from_slice(signature).map_err(|_| CheckpointError::Signature)?;
            let message = message(note.text, time);
            self.0.key.verify_strict(message.as_bytes(), &signature).map_err(|_| CheckpointError::Signature)?;
            latest = latest.max(time);
        }
        Ok(latest)
    }
}

impl FromStr for WitnessKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Key::read(Kind::Cosignature, text).map(Self)
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Checkpoint, Signer, Verifier};
    use crate::hash::Hash;

    #[test]
    fn a_cosigned_note_is_still_the_log_s_and_tells_when_it_was_seen() {
        let signer = Signer::new("log", &[7; 32]).unwrap();
        let checkpoint = Checkpoint { origin: "log".parse().unwrap(), size: 3, root: Hash::from([5; 32]) };
        let mut note = checkpoint.sign(&signer);
        let witness = Cosigner::new("witness.example/w", &[8; 32]).unwrap();
        assert_eq!(witness.witness().seen(&note), Err(CheckpointError::Unsigned));
        let text = note.split_once("\n\n").map(|(text, _)| format!("{text}\n")).unwrap();
        note.push_str(&witness.cosign(&text, 1_700_000_000));
        note.push_str(&witness.cosign(&text, 1_700_000_009));
        assert_eq!(witness.witness().seen(&note), Ok(1_700_000_009));
        assert_eq!(Checkpoint::open(&note, signer.verifier()), Ok(checkpoint));
        let other = note.replace("\n3\n", "\n4\n");
        assert_eq!(witness.witness().seen(&other), Err(CheckpointError::Signature));
    }

    #[test]
    fn a_log_s_key_is_no_witness_s_and_the_other_way_round() {
        let key = Cosigner::new("w", &[8; 32]).unwrap().witness().to_string();
        assert_eq!(key.parse::<WitnessKey>().unwrap().to_string(), key);
        assert_eq!(key.parse::<Verifier>(), Err(KeyError::Key));
        let log = Signer::new("w", &[8; 32]).unwrap().verifier().to_string();
        assert_eq!(log.parse::<WitnessKey>(), Err(KeyError::Key));
    }
}
