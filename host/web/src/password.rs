//! Passwords: Argon2id, PHC strings.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use data_encoding::BASE32_NOPAD;
use std::sync::LazyLock;

/// A hash that no password fits: checked where there is no account, so that the time tells nothing.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("no account has this password").unwrap_or_default());

/// Why a password can't be hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password can't be hashed: {0}")]
pub struct HashError(String);

/// Hashes a password under a fresh salt. Takes tens of milliseconds.
pub fn hash(password: &str) -> Result<String, HashError> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|reason| HashError(reason.to_string()))
}

/// A password of 80 random bits, in letters and digits that can't be mistaken.
pub fn random() -> Result<String, HashError> {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(|reason| HashError(reason.to_string()))?;
    Ok(BASE32_NOPAD.encode(&bytes).to_lowercase())
}

/// Whether a password fits the hash of an account, if there is one. Takes as long where there is none.
pub fn fits(password: &str, hash: Option<&str>) -> bool {
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY.as_str()));
    let fits = parsed.is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
    fits && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_fits() {
        let hashed = hash("correct horse").unwrap();
        assert!(fits("correct horse", Some(&hashed)));
        assert!(!fits("wrong", Some(&hashed)));
        assert!(!fits("correct horse", Some("garbage")));
        assert!(!fits("no account has this password", None));
    }

    #[test]
    fn a_password_that_is_made_up_is_long_and_another_each_time() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert!(one != other && one.len() == 16);
    }
}
