//! The access log of a database that may be at work, or be a copy: read only, for verification.

use linli_audit::{Erasure, Frontier, Stored};

use crate::database::{Cells as _, Database, Readers, Row, binds};
use crate::error::StoreError;
use crate::log::{as_signed, hash, stored, unpack};
use crate::sqlite::Options;
use crate::{database, postgres, sqlite};

/// Columns of the log as [`stored`] takes them.
pub(crate) const COLUMNS: &str = "SELECT seq, body, subjects, salt, leaf FROM access_log";

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

    /// The notes that sign more than `after` and at most `upto` entries, oldest first.
    pub async fn checkpoints(&self, after: u64, upto: u64) -> Result<Vec<String>, StoreError> {
        checkpoints(&self.readers, after, upto).await
    }

    /// The newest note.
    pub async fn newest_checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.readers.first("SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 1", &[], |row| row.text(0)).await
    }

    /// The tree as it was signed at a size, where it was.
    pub async fn frontier(&self, size: u64) -> Result<Option<Frontier>, StoreError> {
        let text = "SELECT size, frontier FROM log_checkpoint WHERE size = $1";
        self.readers.first(text, binds![as_signed(size)], |row| unpack(row.integer(0)?, row.bytes(1)?)).await
    }

    /// What erasures recorded behind entry `size` took out of entries up to it, in the order of these.
    pub async fn erased_up_to(&self, size: u64) -> Result<Vec<(u64, Erasure)>, StoreError> {
        let text = format!("{ERASURES} WHERE seq <= $1 AND erasure > $1 ORDER BY seq, erasure");
        self.readers.all(&text, binds![as_signed(size)], erasure).await
    }
}

pub(crate) async fn rows(readers: &Readers, after: u64, limit: i64) -> Result<Vec<Stored>, StoreError> {
    let text = format!("{COLUMNS} WHERE seq > $1 ORDER BY seq LIMIT $2");
    let mut rows = readers.all(&text, binds![as_signed(after), limit], stored).await?;
    add_erasures(readers, &mut rows).await?;
    Ok(rows)
}

pub(crate) async fn checkpoints(readers: &Readers, after: u64, upto: u64) -> Result<Vec<String>, StoreError> {
    let text = "SELECT note FROM log_checkpoint WHERE size > $1 AND size <= $2 ORDER BY size";
    readers.all(text, binds![as_signed(after), as_signed(upto)], |row| row.text(0)).await
}

/// Who was taken out of rows that are next to each other, in either order.
pub(crate) async fn add_erasures(readers: &Readers, rows: &mut [Stored]) -> Result<(), StoreError> {
    let sequences = || rows.iter().map(|row| row.sequence);
    let (Some(first), Some(last)) = (sequences().min(), sequences().max()) else { return Ok(()) };
    let text = format!("{ERASURES} WHERE seq >= $1 AND seq <= $2 ORDER BY seq, erasure");
    let found = readers.all(&text, binds![as_signed(first), as_signed(last)], erasure).await?;
    give(rows, &found);
    Ok(())
}

pub(crate) fn give(rows: &mut [Stored], erasures: &[(u64, Erasure)]) {
    if erasures.is_empty() {
        return;
    }
    for row in rows {
        let own = erasures.partition_point(|(sequence, _)| *sequence < row.sequence);
        let own = erasures.iter().skip(own).take_while(|(sequence, _)| *sequence == row.sequence);
        row.erasures = own.map(|(_, erasure)| *erasure).collect();
    }
}

/// Columns of an erasure as [`erasure`] takes them.
pub(crate) const ERASURES: &str = "SELECT seq, erasure, committed_before, committed_after FROM log_erasure";

pub(crate) fn erasure(row: &Row<'_>) -> Result<(u64, Erasure), StoreError> {
    let erasure = Erasure { by: row.integer(1)?.unsigned_abs(), before: hash(row.bytes(2)?)?, after: hash(row.bytes(3)?)? };
    Ok((row.integer(0)?.unsigned_abs(), erasure))
}
