//! Grants, as admins decided them.

use linli_audit::Encoded;
use linli_scope::Grant;
use sqlx::Row as _;

use crate::Store;
use crate::error::StoreError;

impl Store {
    /// Keeps a new request and returns it with its number.
    pub async fn add_grant(&self, mut grant: Grant, entry: Option<Encoded>) -> Result<Grant, StoreError> {
        self.administer(entry, move |connection| {
            Box::pin(async move {
                let row = sqlx::query("SELECT coalesce(max(id), 0) + 1 FROM scope_grant").fetch_one(&mut *connection).await?;
                grant.id = row.try_get(0)?;
                sqlx::query("INSERT INTO scope_grant (id, plugin, digest, state, version, body) VALUES ($1, $2, $3, $4, $5, $6)")
                    .bind(grant.id)
                    .bind(grant.plugin.clone())
                    .bind(grant.digest.clone())
                    .bind(grant.state.as_str())
                    .bind(grant.version)
                    .bind(body(&grant)?)
                    .execute(connection)
                    .await?;
                Ok(grant)
            })
        })
        .await
    }

    /// Replaces a grant, if nobody else changed it since `grant.version` was read. Returns it with its new version.
    pub async fn put_grant(&self, mut grant: Grant, entry: Option<Encoded>) -> Result<Grant, StoreError> {
        self.administer(entry, move |connection| {
            Box::pin(async move {
                let before = grant.version;
                grant.version += 1;
                let done = sqlx::query("UPDATE scope_grant SET state = $1, version = $2, body = $3 WHERE id = $4 AND version = $5")
                    .bind(grant.state.as_str())
                    .bind(grant.version)
                    .bind(body(&grant)?)
                    .bind(grant.id)
                    .bind(before)
                    .execute(&mut *connection)
                    .await?;
                if done.rows_affected() == 1 {
                    return Ok(grant);
                }
                let current =
                    sqlx::query("SELECT version FROM scope_grant WHERE id = $1").bind(grant.id).fetch_optional(connection).await?;
                match current {
                    Some(row) => Err(StoreError::Stale { entity: "grant".into(), current: row.try_get(0)? }),
                    None => Err(StoreError::NotFound { entity: "grant".into() }),
                }
            })
        })
        .await
    }

    /// All grants, newest first.
    pub async fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        let rows = sqlx::query("SELECT body, version FROM scope_grant ORDER BY id DESC").fetch_all(self.readers()).await?;
        rows.iter()
            .map(|row| {
                let mut grant: Grant = serde_json::from_str(row.try_get(0)?).map_err(|reason| StoreError::damaged("a grant", reason))?;
                grant.version = row.try_get(1)?;
                Ok(grant)
            })
            .collect()
    }
}

fn body(grant: &Grant) -> Result<String, StoreError> {
    serde_json::to_string(grant).map_err(|reason| StoreError::damaged("a grant", reason))
}
