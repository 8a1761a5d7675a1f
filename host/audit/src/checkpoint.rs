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

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::hash::Hash;
use crate::tree::Frontier;

/// Signature type of plain Ed25519 (signed-note, "Signature types").
const ED25519: u8 = 0x01;

/// Begins a signature line: em dash, space.
const DASH: &str = "\u{2014} ";

/// Longest note that is read, in bytes: the limit of Go's `sumdb/note`.
const MAX_NOTE: usize = 1_000_000;

/// Most signatures that are read in a note: the limit of Go's `sumdb/note`.
const MAX_SIGNATURES: usize = 100;

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
pub struct Verifier {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// A name or key that cannot sign or verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name is empty or has a space, a control character or a `+`.
    #[error("a key name must not be empty nor have spaces, control characters or '+'")]
    Name,
    /// Not of the form `name+hash+key`.
    #[error("a verifier key has the form name+hash+key, with 8 hexadecimal digits and base64")]
    Form,
    /// Not an Ed25519 key.
    #[error("the verifier key is not an Ed25519 key (type 0x01, 32 bytes, a valid point)")]
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
        let verifier = Verifier::new(name, key.verifying_key())?;
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
        let blob = [self.verifier.id.as_slice(), &signature].concat();
        format!("{text}\n{DASH}{} {}\n", self.verifier.name, BASE64.encode(&blob))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier).finish()
    }
}

// === impl Verifier ===

impl Verifier {
    fn new(name: &str, key: VerifyingKey) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name);
        }
        let hash = Hash::of(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Ok(Self { name: name.to_owned(), id: [a, b, c, d], key })
    }

    /// The key's name; by custom the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of a note, once a signature of this key proved it.
    fn open<'n>(&self, note: &'n str) -> Result<&'n str, CheckpointError> {
        if note.len() > MAX_NOTE {
            return Err(CheckpointError::Note("it is longer than 1,000,000 bytes"));
        }
        if note.contains(|c| c < ' ' && c != '\n') {
            return Err(CheckpointError::Note("it has control characters"));
        }
        let (text, signatures) = split(note).ok_or(CheckpointError::Note("no blank line before the signatures"))?;
        let lines = signatures.strip_suffix('\n').ok_or(CheckpointError::Note("it does not end in a newline"))?;
        let mut signed = false;
        for (position, line) in lines.split('\n').enumerate() {
            if position == MAX_SIGNATURES {
                return Err(CheckpointError::Note("it has more than 100 signatures"));
            }
            let (name, id, signature) = signature(line).ok_or(CheckpointError::Note("a signature line is malformed"))?;
            if name == self.name && id == self.id {
                let signature = Signature::from_slice(&signature).map_err(|_| CheckpointError::Signature)?;
                self.key.verify_strict(text.as_bytes(), &signature).map_err(|_| CheckpointError::Signature)?;
                signed = true;
            }
        }
        if signed { Ok(text) } else { Err(CheckpointError::Unsigned) }
    }
}

impl FromStr for Verifier {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
        let (id, key) = rest.split_once('+').ok_or(KeyError::Form)?;
        let id = HEXLOWER_PERMISSIVE.decode(id.as_bytes()).map_err(|_| KeyError::Form)?;
        let key = BASE64.decode(key.as_bytes()).map_err(|_| KeyError::Form)?;
        let Some((&ED25519, point)) = key.split_first() else { return Err(KeyError::Key) };
        let point = point.try_into().map_err(|_| KeyError::Key)?;
        let key = VerifyingKey::from_bytes(point).map_err(|_| KeyError::Key)?;
        let verifier = Self::new(name, key)?;
        if id == verifier.id { Ok(verifier) } else { Err(KeyError::Id) }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&key))
    }
}

/// Not empty, without Unicode spaces and `+` (signed-note, "Format").
fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c < ' ')
}

/// The text with its final newline, and what follows the last blank line.
fn split(note: &str) -> Option<(&str, &str)> {
    let (text, rest) = note.split_at_checked(note.rfind("\n\n")? + 1)?;
    Some((text, rest.strip_prefix('\n')?))
}

/// Name, key id and signature of a signature line.
fn signature(line: &str) -> Option<(&str, [u8; 4], Vec<u8>)> {
    let (name, blob) = line.strip_prefix(DASH)?.split_once(' ')?;
    let blob = BASE64.decode(blob.as_bytes()).ok()?;
    let (id, signature) = blob.split_first_chunk()?;
    (is_key_name(name) && !signature.is_empty()).then(|| (name, *id, signature.to_vec()))
}

#[cfg(test)]
mod tests;
