//! A C2SP [signed note]: a text, a blank line, and lines of signatures; and the keys that sign it.
//!
//! [signed note]: https://c2sp.org/signed-note

use std::fmt;

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use ed25519_dalek::VerifyingKey;

use crate::checkpoint::{CheckpointError, KeyError};
use crate::hash::Hash;

/// Begins a signature line: em dash, space.
const DASH: &str = "\u{2014} ";
/// Longest note that is read, in bytes: the limit of Go's `sumdb/note`.
pub(crate) const MAX_NOTE: usize = 1_000_000;
/// Most signatures that are read in a note: the limit of Go's `sumdb/note`.
pub(crate) const MAX_SIGNATURES: usize = 100;

/// What a key signs, the first byte of its encoding (signed-note, "Signature types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The text, with plain Ed25519.
    Ed25519 = 0x01,
    /// The text and a time, as a witness does (tlog-cosignature).
    Cosignature = 0x04,
}

/// A public key and its name. Written and read as a verifier key of Go's `sumdb/note`:
/// `name+hash+base64(kind || public key)`, where `hash` is the key id in 8 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub name: String,
    pub id: [u8; 4],
    pub key: VerifyingKey,
    kind: Kind,
}

/// A note whose form is right. Nothing is proved yet.
#[derive(Debug)]
pub(crate) struct Note<'n> {
    pub text: &'n str,
    signatures: Vec<Signed<'n>>,
}

#[derive(Debug)]
struct Signed<'n> {
    name: &'n str,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl Key {
    pub fn new(kind: Kind, name: &str, key: VerifyingKey) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name);
        }
        let hash = Hash::of(&[name.as_bytes(), b"\n", &[kind as u8], key.as_bytes()]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Ok(Self { name: name.to_owned(), id: [a, b, c, d], key, kind })
    }

    /// Reads a key of one kind.
    pub fn read(kind: Kind, text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
        let (id, key) = rest.split_once('+').ok_or(KeyError::Form)?;
        let id = HEXLOWER_PERMISSIVE.decode(id.as_bytes()).map_err(|_| KeyError::Form)?;
        let key = BASE64.decode(key.as_bytes()).map_err(|_| KeyError::Form)?;
        let point = key.split_first().filter(|(first, _)| **first == kind as u8).map(|(_, point)| point);
        let point = point.and_then(|point| point.try_into().ok()).ok_or(KeyError::Key)?;
        let key = VerifyingKey::from_bytes(point).map_err(|_| KeyError::Key)?;
        let read = Self::new(kind, name, key)?;
        if id == read.id { Ok(read) } else { Err(KeyError::Id) }
    }

    /// A signature line of this key.
    pub fn line(&self, signature: &[u8]) -> String {
        let blob = [self.id.as_slice(), signature].concat();
        format!("{DASH}{} {}\n", self.name, BASE64.encode(&blob))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind as u8], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&key))
    }
}

impl<'n> Note<'n> {
    pub fn read(note: &'n str) -> Result<Self, CheckpointError> {
        if note.len() > MAX_NOTE {
            return Err(CheckpointError::Note("it is longer than 1,000,000 bytes"));
        }
        if note.contains(|c| c < ' ' && c != '\n') {
            return Err(CheckpointError::Note("it has control characters"));
        }
        let (text, signatures) = split(note).ok_or(CheckpointError::Note("no blank line before the signatures"))?;
        let lines = signatures.strip_suffix('\n').ok_or(CheckpointError::Note("it does not end in a newline"))?;
        if lines.split('\n').nth(MAX_SIGNATURES).is_some() {
            return Err(CheckpointError::Note("it has more than 100 signatures"));
        }
        let signatures = lines.split('\n').map(Signed::read).collect::<Option<_>>();
        Ok(Self { text, signatures: signatures.ok_or(CheckpointError::Note("a signature line is malformed"))? })
    }

    /// The signatures that claim to be of this key. There must be one.
    pub fn by(&self, key: &Key) -> Result<impl Iterator<Item = &[u8]>, CheckpointError> {
        let mut signatures = self
            .signatures
            .iter()
            .filter(|line| line.name == key.name && line.id == key.id)
            .map(|line| line.signature.as_slice())
            .peekable();
        if signatures.peek().is_some() { Ok(signatures) } else { Err(CheckpointError::Unsigned) }
    }
}

impl<'n> Signed<'n> {
    fn read(line: &'n str) -> Option<Self> {
        let (name, blob) = line.strip_prefix(DASH)?.split_once(' ')?;
        let blob = BASE64.decode(blob.as_bytes()).ok()?;
        let (id, signature) = blob.split_first_chunk()?;
        (is_key_name(name) && !signature.is_empty()).then(|| Self { name, id: *id, signature: signature.to_vec() })
    }
}

/// The text with its final newline, and what follows the last blank line.
fn split(note: &str) -> Option<(&str, &str)> {
    let (text, rest) = note.split_at_checked(note.rfind("\n\n")? + 1)?;
    Some((text, rest.strip_prefix('\n')?))
}

/// Not empty, without Unicode spaces and `+` (signed-note, "Format").
fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c < ' ')
}
