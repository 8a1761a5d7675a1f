//! The ids that readers see.
//!
//! A token is one AES-128 block, entity type (2 bytes), record number (8 bytes), zeros (6 bytes), under a
//! key of the reader's publisher and sector, in lower-case Base32 without padding: 26 characters. Two departments can't
//! join their extracts, and a forged token fails (but for one in 2^48) before the database is asked.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use data_encoding::{Encoding, Specification};
use hkdf::Hkdf;
use linli_model::RecordNo;
use sha2::Sha256;
use std::sync::LazyLock;

/// Characters of a token.
pub const TOKEN_LENGTH: usize = 26;

static BASE32: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().ok()
});

/// The secret from which every key of the host is derived. Kept outside the database.
#[derive(Clone)]
pub struct Keyring {
    master: [u8; 32],
}

impl Keyring {
    /// From 32 secret bytes.
    pub fn new(master: [u8; 32]) -> Self {
        Self { master }
    }

    /// The key of a publisher and sector, which an admin assigned.
    pub fn tokens(&self, publisher: &str, sector: &str) -> TokenKey {
        TokenKey { cipher: Aes128::new(&Array(self.derive("token", publisher, sector))) }
    }

    /// The key of an HMAC-SHA-256 over requests that are to be known again, a whole block long.
    pub fn fingerprints(&self) -> [u8; 64] {
        self.derive("request-fingerprint", "", "")
    }

    /// A key for one use; parts are length-prefixed, so that no two uses share one.
    pub(crate) fn derive<const N: usize>(&self, label: &str, first: &str, second: &str) -> [u8; N] {
        let mut info = Vec::new();
        for part in [label, first, second] {
            info.extend_from_slice(&(part.len() as u64).to_be_bytes());
            info.extend_from_slice(part.as_bytes());
        }
        let mut key = [0u8; N];
        // Keys are far shorter than HKDF's limit of 255 blocks, the only error there is.
        let _ = Hkdf::<Sha256>::new(None, &self.master).expand(&info, &mut key);
        key
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(…)")
    }
}

/// Makes and reads the tokens of one publisher and sector.
#[derive(Clone)]
pub struct TokenKey {
    cipher: Aes128,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

impl TokenKey {
    /// Appends the token of a record.
    pub fn seal(&self, entity: u16, record: RecordNo, out: &mut String) {
        let mut block = [0u8; 16];
        let (head, rest) = block.split_at_mut(2);
        head.copy_from_slice(&entity.to_be_bytes());
        if let Some((number, _)) = rest.split_at_mut_checked(8) {
            number.copy_from_slice(&record.0.to_be_bytes());
        }
        let mut block = Array(block);
        self.cipher.encrypt_block(&mut block);
        if let Some(base32) = BASE32.as_ref() {
            base32.encode_append(&block, out);
        }
    }

    /// The token of a record.
    pub fn token(&self, entity: u16, record: RecordNo) -> String {
        let mut out = String::with_capacity(TOKEN_LENGTH);
        self.seal(entity, record, &mut out);
        out
    }

    /// The record of a token of that entity type; none for anything else.
    pub fn open(&self, entity: u16, token: &str) -> Option<RecordNo> {
        let bytes = BASE32.as_ref()?.decode(token.as_bytes()).ok()?;
        let mut block = Array::<u8, _>(<[u8; 16]>::try_from(bytes).ok()?);
        self.cipher.decrypt_block(&mut block);
        let (head, rest) = block.split_first_chunk::<2>()?;
        let (number, padding) = rest.split_first_chunk::<8>()?;
        let right = u16::from_be_bytes(*head) == entity && padding.iter().all(|byte| *byte == 0);
        right.then(|| RecordNo(i64::from_be_bytes(*number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(publisher: &str, sector: &str) -> TokenKey {
        Keyring::new([7; 32]).tokens(publisher, sector)
    }

    #[test]
    fn a_token_means_nothing_to_another_publisher_sector_or_entity_type() {
        let token = key("a", "health").token(1, RecordNo(5));
        assert_eq!(token.len(), TOKEN_LENGTH);
        assert_eq!(key("a", "health").open(1, &token), Some(RecordNo(5)));
        assert_eq!(key("a", "health").open(2, &token), None);
        assert_eq!(key("b", "health").open(1, &token), None);
        assert_eq!(key("a", "civil").open(1, &token), None);
        assert_eq!(key("ah", "ealth").open(1, &token), None);
    }

    #[test]
    fn another_hosts_fingerprints_have_another_key_that_is_none_of_its_others() {
        let of = |secret: u8| Keyring::new([secret; 32]).fingerprints();
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
        assert_ne!(of(7)[..16], Keyring::new([7; 32]).derive::<16>("position", "", ""));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(entity in any::<u16>(), number in any::<i64>()) {
            let key = key("a", "b");
            prop_assert_eq!(key.open(entity, &key.token(entity, RecordNo(number))), Some(RecordNo(number)));
        }

        #[test]
        fn what_is_forged_does_not(text in ".{0,40}") {
            prop_assert_eq!(key("a", "b").open(1, &text), None);
        }
    }
}
