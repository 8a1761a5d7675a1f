//! The access log of a database that may be at work, or be a copy: read only, for verification.

use std::path::Path;

use linli_audit::Stored;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Row as _};

use crate::error::StoreError;
use crate::log::{as_signed, stored};

/// Columns of the log as [`stored`] takes them.
pub(crate) const COLUMNS: &str = "SELECT seq, body, subjects, leaf FROM access_log";

/// A log, opened for reading.
#[derive(Debug)]
pub struct LogFile {
    readers: SqlitePool,
}

impl LogFile {
    /// Opens a database without changing it.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        Ok(Self { readers: SqlitePoolOptions::new().max_connections(1).connect_with(options).await? })
    }

    /// Entries behind `after`, oldest first.
    pub async fn rows(&self, after: u64, limit: i64) -> Result<Vec<Stored>, StoreError> {
        rows(&self.readers, after, limit).await
    }

    /// The notes of all checkpoints, oldest first.
    pub async fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        checkpoints(&self.readers).await
    }
}

pub(crate) async fn rows(readers: &SqlitePool, after: u64, limit: i64) -> Result<Vec<Stored>, StoreError> {
    let text = format!("{COLUMNS} WHERE seq > $1 ORDER BY seq LIMIT $2");
    let rows = sqlx::query(AssertSqlSafe(text)).bind(as_signed(after)).bind(limit).fetch_all(readers).await?;
    rows.iter().map(stored).collect()
}

pub(crate) async fn checkpoints(readers: &SqlitePool) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("SELECT note FROM log_checkpoint ORDER BY size").fetch_all(readers).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}
