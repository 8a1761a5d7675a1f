//! Chance, from the host's cryptographic generator.

use crate::bindings::linli::platform::random as host;
use crate::{Error, Result, code};

/// `N` random bytes, at most 1,024.
///
/// # Errors
///
/// `limit` where the host gives fewer.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let bytes = u32::try_from(N).map(host::bytes).unwrap_or_default();
    bytes.try_into().map_err(|_| Error::new(code::LIMIT, "the host gives at most 1,024 random bytes at once"))
}
