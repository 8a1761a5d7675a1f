//! Passwords: Argon2id, PHC strings.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
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
}
