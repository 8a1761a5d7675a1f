//! A row of the log as it is kept.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::entry::{DecodeError, Entry};
use crate::hash::Hash;
use crate::leaf::{commitment, leaf};

/// A row of the log as it is kept.
///
/// As JSON, bytes are base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Place in the log, from 1, without gaps.
    pub sequence: u64,
    /// [`Encoded::body`](crate::Encoded::body).
    pub body: String,
    /// [`Encoded::subjects`](crate::Encoded::subjects), without those who were erased.
    #[serde(with = "base64")]
    pub subjects: Vec<u8>,
    /// What the commitment to the subjects is salted with. Empty where there is nobody to commit to, and in entries
    /// from before leaves were salted, which commit to their subjects as they are.
    #[serde(with = "base64", default)]
    pub salt: Vec<u8>,
    /// The [`leaf`](crate::leaf) hash stored when the entry was written.
    pub leaf: Hash,
    /// The people taken out of it since, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erasures: Vec<Erasure>,
}

/// One person taken out of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Sequence of the entry that records the erasure.
    pub by: u64,
    /// The commitment to the subjects before. Its salt is destroyed, so that it says nothing any more.
    pub before: Hash,
    /// The commitment to those who remain.
    pub after: Hash,
}

impl Stored {
    /// The entry.
    ///
    /// # Errors
    ///
    /// When the body is not an entry, the subjects are not a bitmap, or those in the bitmap and the erased ones are
    /// not as many as the body counts.
    pub fn entry(&self) -> Result<Entry, DecodeError> {
        Entry::decode(&self.body, &self.subjects, self.erasures.len() as u64)
    }

    /// The leaf hash that the row ought to have.
    pub fn computed_leaf(&self) -> Hash {
        leaf(self.sequence, &self.body, &self.committed())
    }

    /// What the leaf commits to in place of the subjects.
    fn committed(&self) -> Cow<'_, [u8]> {
        match self.erasures.first() {
            Some(first) => Cow::Owned(first.before.as_bytes().to_vec()),
            None if self.salt.is_empty() => Cow::Borrowed(&self.subjects),
            None => Cow::Owned(commitment(&self.salt, &self.subjects).as_bytes().to_vec()),
        }
    }

    /// Whether the erasures follow upon each other and end in the subjects that are there.
    pub(crate) fn erasures_hold(&self) -> bool {
        let Some(last) = self.erasures.last() else { return true };
        let mut pairs = self.erasures.iter().zip(self.erasures.iter().skip(1));
        self.erasures.first().is_some_and(|first| first.by > self.sequence)
            && pairs.all(|(one, next)| one.by < next.by && one.after == next.before)
            && last.after == commitment(&self.salt, &self.subjects)
    }

    /// The row without one of its subjects; none where they are not in it.
    ///
    /// # Errors
    ///
    /// When the row's entry cannot be read, or it is from before leaves were salted: its leaf would go on to tell.
    pub fn without(&self, subject: u64, by: u64, salt: &[u8]) -> Result<Option<Self>, ErasureError> {
        let mut entry = self.entry()?;
        if !entry.subjects.remove(subject) {
            return Ok(None);
        }
        if self.salt.is_empty() {
            return Err(ErasureError::Unsalted { sequence: self.sequence });
        }
        let subjects = crate::subjects::encode(&entry.subjects);
        let erasure = Erasure { by, before: commitment(&self.salt, &self.subjects), after: commitment(salt, &subjects) };
        let erasures = self.erasures.iter().copied().chain([erasure]).collect();
        Ok(Some(Self { subjects, salt: salt.to_vec(), erasures, ..self.clone() }))
    }
}

/// Why a person cannot be taken out of an entry.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// The row cannot be read.
    #[error(transparent)]
    Unreadable(#[from] DecodeError),
    /// The leaf holds the subjects as they are.
    #[error("entry {sequence} was written before the log was salted: its leaf would go on to tell who was in it")]
    Unsalted {
        /// The row.
        sequence: u64,
    },
}

mod base64 {
    use data_encoding::BASE64;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map_err(|_| de::Error::custom("not base64"))
    }
}
