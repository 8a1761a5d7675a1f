use std::borrow::Cow;
use std::fmt;

use crate::bindings::linli::platform::types;

/// What a plugin's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The codes that the platform uses today. The list is open.
pub mod code {
    /// An entity, field, operation or person outside the grant.
    pub const DENIED: &str = "denied";
    /// No such record, or none in scope; the two cannot be told apart.
    pub const NOT_FOUND: &str = "not-found";
    /// The record changed since it was read, or the key exists.
    pub const CONFLICT: &str = "conflict";
    /// An input or a value that does not fit.
    pub const INVALID: &str = "invalid";
    /// A quota of this call is used up.
    pub const LIMIT: &str = "limit";
    /// Try again later.
    pub const UNAVAILABLE: &str = "unavailable";
    /// A mistake of the plugin.
    pub const INTERNAL: &str = "internal";
}

/// An error of the host, or one that the plugin answers with. The person at the screen reads `detail`, so it
/// says what to do, and holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    code: Cow<'static, str>,
    detail: String,
}

impl Error {
    /// An error with a code of [`code`] or an own one.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code), detail: detail.into() }
    }

    /// An input that does not fit.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(code::INVALID, detail)
    }

    /// Something that does not exist.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(code::NOT_FOUND, detail)
    }

    /// Something that this person may not do.
    pub fn denied(detail: impl Into<String>) -> Self {
        Self::new(code::DENIED, detail)
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whether the code is this one.
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// The words.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        f.write_str(": ")?;
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        Self { code: Cow::Owned(error.code), detail: error.detail }
    }
}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        Self { code: error.code.into_owned(), detail: error.detail }
    }
}

/// A row or value that does not fit the plugin's struct: a mistake of the plugin.
impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::new(code::INTERNAL, without_value(&error.to_string()))
    }
}

/// What serde says of a mismatch, without the value that it quotes: that may be a person's.
pub(crate) fn without_value(message: &str) -> &str {
    const EXPECTED: &[u8] = b"expected ";
    let quotes = ["invalid type: ", "invalid value: ", "unknown variant "];
    if !quotes.iter().any(|q| message.starts_with(q)) {
        return message;
    }
    // By hand: `rfind` would bring a search engine along.
    let expected = (0..message.len()).rev().find_map(|at| message.get(at..).filter(|m| m.as_bytes().starts_with(EXPECTED)));
    expected.unwrap_or("another value expected")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_does_not_quote_the_value() {
        let error = serde_json::from_str::<u32>("\"440104194603011234\"").unwrap_err();
        let error = Error::from(error);
        assert!(error.is(code::INTERNAL));
        assert_eq!(error.detail(), "expected u32 at line 1 column 20");
    }
}
