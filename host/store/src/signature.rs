//! Publishers' keys, and their signatures of components.

use std::collections::{HashMap, HashSet};

use crate::Store;
use crate::database::{Cells as _, Session, binds};
use crate::error::StoreError;

/// Keeps a component's signature with the key under which it held.
pub(crate) fn keep(session: &Session, digest: &str, signature: &str, pem: &str) -> Result<(), StoreError> {
    let text = "INSERT INTO component_signature (digest, signature, pem) VALUES ($1, $2, $3) \
                ON CONFLICT (digest) DO UPDATE SET signature = excluded.signature, pem = excluded.pem";
    session.execute(text, binds![digest, signature, pem]).map(drop)
}

impl Store {
    /// The keys of the publishers that have one, by publisher, as PEM.
    pub async fn publisher_keys(&self) -> Result<HashMap<String, String>, StoreError> {
        let text = "SELECT publisher, pem FROM publisher_key";
        let keys = self.readers().all(text, &[], |row| Ok((row.text(0)?, row.text(1)?))).await?;
        Ok(keys.into_iter().collect())
    }

    /// The digests of the components that their publishers signed.
    pub async fn signed_components(&self) -> Result<HashSet<String>, StoreError> {
        let text = "SELECT digest FROM component_signature";
        let digests = self.readers().all(text, &[], |row| row.text(0)).await?;
        Ok(digests.into_iter().collect())
    }
}
