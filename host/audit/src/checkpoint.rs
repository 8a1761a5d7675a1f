//! Checkpoints: the size and root of the log, signed.
//!
//! The format is a C2SP [tlog-checkpoint] in a C2SP [signed note], with Ed25519 keys (signature type `0x01`),
//! so that witnesses, monitors and Go's `sumdb/note` read it as it is:
//!
//! ```text
//! linli.example/log/host-1
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — linli.example/log/host-1 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+Z…
//! ```
//!
//! [tlog-checkpoint]: https://c2sp.org/tlog-checkpoint
//! [signed note]: https://c2sp.org/signed-note

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey};

use crate::hash::Hash;
use crate::note::{Key, Kind, Note};
use crate::tree::Frontier;

/// The head of a log: how many entries it has and the root over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries.
    pub size: u64,
    /// Root of the Merkle tree over them (RFC 6962 §2.1).
    pub root: Hash,
}

/// The identity of a log, the first line of its checkpoints: not empty, one line, no control characters.
///
/// It should be a URL without scheme, spaces or `+`, and the name of the key that signs: `linli.example/log/host-1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// The private key of a log and the name it signs under.
pub struct Signer {
    key: SigningKey,
    verifier: Verifier,
}

/// The public key of a log and its name. Written and read as a verifier key of Go's `sumdb/note`:
/// `name+hash+base64(0x01 || public key)`, where `hash` is the key id in 8 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier(Key);

/// A name or key that cannot sign or verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name is empty or has a space, a control character or a `+`.
    #[error("a key name must not be empty nor have spaces, control characters or '+'")]
    Name,
    /// Not of the form `name+hash+key`.
    #[error("a verifier key has the form name+hash+key, with 8 hexadecimal digits and base64")]
    Form,
    /// Not an Ed25519 key of the type that is wanted.
    #[error("not an Ed25519 key of the type wanted (0x01 for a log, 0x04 for a witness; 32 bytes, a valid point)")]
    Key,
    /// The hash in the verifier key belongs to another name or key.
    #[error("the hash in the verifier key does not belong to its name and key; was it copied whole?")]
    Id,
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes for a new key")]
    Random,
}

/// A checkpoint that cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error("not a signed note: {0}")]
    Note(&'static str),
    /// Signed, but not by the key asked for.
    #[error("it carries no signature of the expected key")]
    Unsigned,
    /// The expected key's signature is wrong: the text or the signature was changed.
    #[error("its signature is wrong: the checkpoint was changed after it was signed")]
    Signature,
    /// The signed text is not a checkpoint.
    #[error("the signed text is not a checkpoint: {0}")]
    Text(&'static str),
}

// === impl Checkpoint ===

impl Checkpoint {
    /// The checkpoint as a note signed by `signer`.
    ///
    /// A log must never sign two checkpoints of which one does not continue the other; that is the caller's part.
    pub fn sign(&self, signer: &Signer) -> String {
        signer.sign(self.text())
    }

    /// Reads a signed note. Lines after the root (extensions) and signatures of other keys, such as a
    /// witness's, are passed over.
    ///
    /// # Errors
    ///
    /// When the note is malformed, not signed by the verifier's key or wrongly signed by it, or its text is not
    /// a checkpoint.
    pub fn open(note: &str, verifier: &Verifier) -> Result<Self, CheckpointError> {
        Self::parse(verifier.open(note)?)
    }

    /// What a note claims. Nothing is proved by it: who signed it, if anybody did, was not looked at.
    ///
    /// # Errors
    ///
    /// When it is not a signed note, or its text is not a checkpoint.
    pub fn claimed(note: &str) -> Result<Self, CheckpointError> {
        Self::parse(Note::read(note)?.text)
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.as_bytes()))
    }

    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let mut line = |missing| lines.next().ok_or(CheckpointError::Text(missing));
        let origin = line("it has no origin")?.parse()?;
        let size = size(line("it has no size")?)?;
        let root = root(line("it has no root")?)?;
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Text("an extension line is empty"));
        }
        if size == 0 && root != Frontier::new().root() {
            return Err(CheckpointError::Text("the root is not that of an empty log"));
        }
        Ok(Self { origin, size, root })
    }
}

/// A decimal number without sign or leading zeros.
fn size(line: &str) -> Result<u64, CheckpointError> {
    let number: u64 = line.parse().map_err(|_| CheckpointError::Text("the size is not a number"))?;
    if number.to_string() != line {
        return Err(CheckpointError::Text("the size has a sign or leading zeros"));
    }
    Ok(number)
}

fn root(line: &str) -> Result<Hash, CheckpointError> {
    let bytes = BASE64.decode(line.as_bytes()).map_err(|_| CheckpointError::Text("the root is not base64"))?;
    Hash::try_from(bytes.as_slice()).map_err(|_| CheckpointError::Text("the root is not 32 bytes"))
}

// === impl Origin ===

impl Origin {
    /// The line as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = CheckpointError;

    fn from_str(line: &str) -> Result<Self, CheckpointError> {
        if line.is_empty() || line.contains(|c| c < ' ') {
            return Err(CheckpointError::Text("the origin is empty or has control characters"));
        }
        Ok(Self(line.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Signer ===

impl Signer {
    /// The signer named `name` whose private key is `seed` (RFC 8032 §5.1.5).
    ///
    /// # Errors
    ///
    /// When the name cannot be a key name.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = Verifier(Key::new(Kind::Ed25519, name, key.verifying_key())?);
        Ok(Self { key, verifier })
    }

    /// A signer with a new key from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// When the name cannot be a key name, or there is no randomness.
    pub fn generate(name: &str) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| KeyError::Random)?;
        Self::new(name, &seed)
    }

    /// The private key. Keep it where only the host can read it.
    pub fn seed(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The public half, to be given to auditors and witnesses.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// `text`, which ends in a newline, as a signed note.
    fn sign(&self, text: String) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        format!("{text}\n{}", self.verifier.0.line(&signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier).finish()
    }
}

// === impl Verifier ===

impl Verifier {
    /// The key's name; by custom the log's origin.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The text of a note, once a signature of this key proved it.
    fn open<'n>(&self, note: &'n str) -> Result<&'n str, CheckpointError> {
        let note = Note::read(note)?;
        for signature in note.by(&self.0)? {
            let signature = Signature::from_slice(signature).map_err(|_| CheckpointError::Signature)?;
            self.0.key.verify_strict(note.text.as_bytes(), &signature).map_err(|_| CheckpointError::Signature)?;
        }
        Ok(note.text)
    }
}

impl FromStr for Verifier {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Key::read(Kind::Ed25519, text).map(Self)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
