//! Publishers' keys, and their signatures of components.

use std::collections::{HashMap, HashSet};

use crate::Store;
use crate::database::{Cells as _, binds};
use crate::error::StoreError;

impl Store {
    /// The keys of the publishers that have one, by publisher, as PEM.
    pub async fn publisher_keys(&self) -> Result<HashMap<String, String>, StoreError> {
        let text = "SELECT publisher, pem FROM publisher_key";
        let keys = self.readers().all(text, &[], |row| Ok((row.text(0)?, row.text(1)?))).await?;
        Ok(keys.into_iter().collect())
    }

    /// Keeps a component's signature with the key under which it held.
    pub async fn put_signature(&self, digest: String, signature: String, pem: String) -> Result<(), StoreError> {
        let text = "INSERT INTO component_signature (digest, signature, pem) VALUES ($1, $2, $3) \
                    ON CONFLICT (digest) DO UPDATE SET signature = excluded.signature, pem = excluded.pem";
        self.administer(None, move |session| session.execute(text, binds![&digest, &signature, &pem]).map(drop)).await
    }

    /// The digests of the components that their publishers signed.
    pub async fn signed_components(&self) -> Result<HashSet<String>, StoreError> {
        let text = "SELECT digest FROM component_signature";
        let digests = self.readers().all(text, &[], |row| row.text(0)).await?;
        Ok(digests.into_iter().collect())
    }
}
