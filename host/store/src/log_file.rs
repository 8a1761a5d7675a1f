//! The access log of a database that may be at work, or be a copy: read only, for verification.

use linli_audit::Stored;

use crate::database::{Cells as _, Database, Readers, binds};
use crate::error::StoreError;
use crate::log::{as_signed, stored};
use crate::sqlite::Options;
use crate::{database, postgres, sqlite};

/// Columns of the log as [`stored`] takes them.
pub(crate) const COLUMNS: &str = "SELECT seq, body, subjects, leaf FROM access_log";

/// A log, opened for reading.
pub struct LogFile {
    readers: Readers,
}

impl LogFile {
    /// Opens the log of a database without changing it.
    pub fn open(database: &Database) -> Result<Self, StoreError> {
        let readers = match database {
            Database::Sqlite(file) => Readers::Sqlite(sqlite::Readers::open(Options::new(&database::log_beside(file)))?),
            Database::Postgres(address) => Readers::Postgres(postgres::Readers::open(address)),
        };
        Ok(Self { readers })
    }

    /// Entries behind `after`, oldest first.
    pub async fn rows(&self, after: u64, limit: i64) -> Result<Vec<Stored>, StoreError> {
        rows(&self.readers, after, limit).await
    }

    /// The notes of all checkpoints, oldest first.
    pub async fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        self.readers.all("SELECT note FROM log_checkpoint ORDER BY size", &[], |row| row.text(0)).await
    }
}

pub(crate) async fn rows(readers: &Readers, after: u64, limit: i64) -> Result<Vec<Stored>, StoreError> {
    let text = format!("{COLUMNS} WHERE seq > $1 ORDER BY seq LIMIT $2");
    readers.all(&text, binds![as_signed(after), limit], stored).await
}
