//! Compiled code that this host's own compiler made, and the seal by which it is known again.

use hmac::{Hmac, KeyInit as _, Mac as _};
use linli_package::Digest;
use sha2::Sha256;

/// Bytes of a seal.
const SEAL: usize = 32;
const DOMAIN: &[u8] = b"linli artefact 1\0";

/// What makes seals; only the host has it.
pub(crate) type Key = [u8; 32];

/// Machine code from this host's compiler: fresh from it, or known by its seal. There is no third way to make one.
pub(crate) struct Artefact(Vec<u8>);

impl Artefact {
    /// What the compiler just made.
    pub fn fresh(code: Vec<u8>) -> Self {
        Self(code)
    }

    /// The code.
    pub fn code(&self) -> &[u8] {
        &self.0
    }

    /// The seal and the code, for one component and one version of the engine.
    pub fn sealed(&self, key: &Key, digest: &Digest, version: &str) -> Option<Vec<u8>> {
        let seal = seal(key, digest, version, &self.0)?.finalize().into_bytes();
        Some([seal.as_slice(), &self.0].concat())
    }

    /// What [`sealed`](Self::sealed) made under the same key, for the same component and version; none for anything else.
    pub fn unsealed(key: &Key, digest: &Digest, version: &str, mut sealed: Vec<u8>) -> Option<Self> {
        if sealed.len() < SEAL {
            return None;
        }
        let code = sealed.split_off(SEAL);
        seal(key, digest, version, &code)?.verify_slice(&sealed).ok()?;
        Some(Self(code))
    }
}

/// HMAC-SHA-256 (RFC 2104) over domain, digest, version and code; all but the last have a fixed length.
fn seal(key: &Key, digest: &Digest, version: &str, code: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in [DOMAIN, digest.as_bytes(), version.as_bytes(), code] {
        mac.update(part);
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [7; 32];

    fn opens(key: &Key, digest: &Digest, version: &str, sealed: Vec<u8>) -> bool {
        Artefact::unsealed(key, digest, version, sealed).is_some()
    }

    #[test]
    fn a_seal_holds_for_its_code_component_version_and_key_only() {
        let (digest, code) = (Digest::of(b"a"), Artefact::fresh(b"code".to_vec()));
        let sealed = code.sealed(&KEY, &digest, "1").unwrap();
        assert_eq!(Artefact::unsealed(&KEY, &digest, "1", sealed.clone()).unwrap().code(), b"code");
        assert!(!opens(&[8; 32], &digest, "1", sealed.clone()));
        assert!(!opens(&KEY, &Digest::of(b"b"), "1", sealed.clone()));
        assert!(!opens(&KEY, &digest, "2", sealed.clone()));
        for end in 0..sealed.len() {
            assert!(!opens(&KEY, &digest, "1", sealed[..end].to_vec()), "{end} bytes");
        }
        for byte in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[byte] ^= 1;
            assert!(!opens(&KEY, &digest, "1", changed), "byte {byte}");
        }
    }
}
