//! Grants, as admins decided them.

use linli_audit::Encoded;
use linli_scope::Grant;

use crate::Store;
use crate::claim::Once;
use crate::database::{Cells as _, Session, binds};
use crate::error::StoreError;

impl Store {
    /// Replaces a grant, if nobody else changed it since `grant.version` was read. Returns it with its new version.
    pub async fn put_grant(&self, mut grant: Grant, entry: Option<Encoded>, once: Once<Grant>) -> Result<Grant, StoreError> {
        self.administer_once(entry, once, move |session| {
            let before = grant.version;
            grant.version += 1;
            let changed = session.execute(
                "UPDATE scope_grant SET state = $1, version = $2, body = $3 WHERE id = $4 AND version = $5",
                binds![grant.state.as_str(), grant.version, body(&grant)?, grant.id, before],
            )?;
            if changed == 1 {
                return Ok(grant);
            }
            match session.first("SELECT version FROM scope_grant WHERE id = $1", binds![grant.id], |row| row.integer(0))? {
                Some(current) => Err(StoreError::Stale { entity: "grant".into(), current }),
                None => Err(StoreError::NotFound { entity: "grant".into() }),
            }
        })
        .await
    }

    /// All grants, newest first.
    pub async fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        let text = "SELECT body, version FROM scope_grant ORDER BY id DESC";
        let rows = self.readers().all(text, &[], |row| Ok((row.text(0)?, row.integer(1)?))).await?;
        rows.iter()
            .map(|(body, version)| {
                let grant: Grant = serde_json::from_str(body).map_err(|reason| StoreError::damaged("a grant", reason))?;
                Ok(Grant { version: *version, ..grant })
            })
            .collect()
    }
}

/// Keeps a new request and gives it its number.
pub(crate) fn add(session: &Session, grant: &mut Grant) -> Result<(), StoreError> {
    grant.id = session.number("SELECT coalesce(max(id), 0) + 1 FROM scope_grant", &[])?;
    session.execute(
        "INSERT INTO scope_grant (id, plugin, digest, state, version, body) VALUES ($1, $2, $3, $4, $5, $6)",
        binds![grant.id, &grant.plugin, &grant.digest, grant.state.as_str(), grant.version, body(grant)?],
    )?;
    Ok(())
}

fn body(grant: &Grant) -> Result<String, StoreError> {
    serde_json::to_string(grant).map_err(|reason| StoreError::damaged("a grant", reason))
}
