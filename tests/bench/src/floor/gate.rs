//! Who may ask: bearer tokens by their hash, in memory.

use std::collections::HashMap;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

/// The tokens that are known.
pub struct Gate {
    holders: HashMap<[u8; 32], Holder>,
}

/// Who holds a token.
pub struct Holder {
    /// Where the holder works, 12 digits.
    pub community: String,
}

impl Gate {
    pub fn new(token: &str, community: &str) -> Self {
        let holder = Holder { community: community.to_owned() };
        Self { holders: HashMap::from([(Sha256::digest(token).into(), holder)]) }
    }

    /// The holder of a request's token.
    pub fn holder(&self, headers: &HeaderMap) -> Result<&Holder, StatusCode> {
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        let hash: [u8; 32] = Sha256::digest(token.ok_or(StatusCode::UNAUTHORIZED)?).into();
        self.holders.get(&hash).ok_or(StatusCode::UNAUTHORIZED)
    }
}
