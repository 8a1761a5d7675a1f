//! A publisher's signature, which lies beside the package and not within: signing does not change what is signed.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::Digest;

/// So that a signature under the same key for something else is none of a package.
const DOMAIN: &str = "linli package 1\n";

/// Ed25519 (RFC 8032) over `linli package 1`, a line feed, and the package's digest as text. On paper base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(ed25519_dalek::Signature);

/// A publisher's public key, in a file SubjectPublicKeyInfo as PEM (RFC 8410), as `openssl pkey -pubout` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublisherKey(VerifyingKey);

/// Why something can't sign or verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a signature.
    #[error("this is no signature: it must be the base64 that `linli plugin sign` writes")]
    Signature,
    /// Not a private key.
    #[error("this is no private key: it must be an Ed25519 key in PKCS#8 as PEM, from `openssl genpkey -algorithm ed25519`")]
    PrivateKey,
    /// Not a public key.
    #[error("this is no public key: it must be an Ed25519 key as PEM, from `openssl pkey -in KEY -pubout`")]
    PublicKey,
}

impl Signature {
    /// Signs a package under a private key in PKCS#8 as PEM.
    pub fn make(private_key: &str, digest: &Digest) -> Result<Self, SignatureError> {
        let key = SigningKey::from_pkcs8_pem(private_key).map_err(|_| SignatureError::PrivateKey)?;
        Ok(Self(key.sign(&message(digest))))
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let bytes = BASE64.decode(text.trim().as_bytes()).map_err(|_| SignatureError::Signature)?;
        ed25519_dalek::Signature::from_slice(&bytes).map(Self).map_err(|_| SignatureError::Signature)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0.to_bytes()))
    }
}

impl PublisherKey {
    /// Whether the owner of this key signed a package.
    pub fn signed(&self, digest: &Digest, signature: &Signature) -> bool {
        self.0.verify_strict(&message(digest), &signature.0).is_ok()
    }

    /// The key as PEM.
    pub fn to_pem(&self) -> Result<String, SignatureError> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|_| SignatureError::PublicKey)
    }

    /// What people compare: SHA-256 of the key's 32 bytes.
    pub fn fingerprint(&self) -> String {
        format!("ed25519:{}", HEXLOWER.encode(&Sha256::digest(self.0.as_bytes())))
    }
}

impl FromStr for PublisherKey {
    type Err = SignatureError;

    fn from_str(pem: &str) -> Result<Self, SignatureError> {
        VerifyingKey::from_public_key_pem(pem.trim()).map(Self).map_err(|_| SignatureError::PublicKey)
    }
}

fn message(digest: &Digest) -> Vec<u8> {
    format!("{DOMAIN}{digest}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `openssl genpkey -algorithm ed25519`, and `openssl pkey -pubout` of it.
    const PRIVATE: &str =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIC4WcrK/CajBl73dwZmrMgaFhK+rOCDVEOJZU58YzUuZ\n-----END PRIVATE KEY-----\n";
    const PUBLIC: &str =
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAvcrKN2x59sJ8Aqt7qEq6KSnQO99nrO99xRtIuiKAA4k=\n-----END PUBLIC KEY-----\n";

    #[test]
    fn a_signature_holds_for_its_package_and_key_only() {
        let digest = Digest::of(b"package");
        let signature = Signature::make(PRIVATE, &digest).unwrap();
        let key: PublisherKey = PUBLIC.parse().unwrap();
        assert!(key.signed(&digest, &signature));
        assert!(!key.signed(&Digest::of(b"another"), &signature));
        let other: PublisherKey =
            SigningKey::from_bytes(&[7; 32]).verifying_key().to_public_key_pem(LineEnding::LF).unwrap().parse().unwrap();
        assert!(!other.signed(&digest, &signature));
        assert_ne!(key.fingerprint(), other.fingerprint());
        let bare = SigningKey::from_pkcs8_pem(PRIVATE).unwrap().sign(digest.to_string().as_bytes());
        assert!(!key.signed(&digest, &Signature(bare)), "a signature without our domain");
    }

    #[test]
    fn text_and_back() {
        let signature = Signature::make(PRIVATE, &Digest::of(b"")).unwrap();
        assert_eq!(format!("{signature}\n").parse(), Ok(signature));
        let key: PublisherKey = PUBLIC.parse().unwrap();
        assert_eq!(key.to_pem().unwrap().trim(), PUBLIC.trim());
        assert!(key.fingerprint().starts_with("ed25519:") && key.fingerprint().len() == 72);
    }

    #[test]
    fn what_is_none_is_refused() {
        assert_eq!("".parse::<Signature>(), Err(SignatureError::Signature));
        assert_eq!("AAAA".parse::<Signature>(), Err(SignatureError::Signature));
        assert_eq!(PRIVATE.parse::<PublisherKey>(), Err(SignatureError::PublicKey));
        assert_eq!(Signature::make(PUBLIC, &Digest::of(b"")), Err(SignatureError::PrivateKey));
    }
}
