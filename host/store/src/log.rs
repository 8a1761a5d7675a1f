//! The access log's rows and the tree over them, as the writer keeps them.

use std::fmt::Write as _;

use linli_audit::{Encoded, Frontier, Hash, Stored};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments as _, AssertSqlSafe, Row as _};

use crate::error::StoreError;

/// The end of the log: what the next entry continues, and how far entries that committed with changes were moved here.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub frontier: Frontier,
    pub moved: i64,
}

impl Tail {
    /// Restores the end from the newest checkpoint and the leaves behind it.
    pub async fn load(log: &mut SqliteConnection) -> Result<Self, StoreError> {
        let newest = sqlx::query("SELECT size, frontier FROM log_checkpoint ORDER BY size DESC LIMIT 1").fetch_optional(&mut *log).await?;
        let mut frontier = match newest {
            Some(row) => unpack(row.try_get(0)?, row.try_get(1)?)?,
            None => Frontier::new(),
        };
        let behind = as_signed(frontier.size());
        let leaves = sqlx::query("SELECT leaf FROM access_log WHERE seq > $1 ORDER BY seq").bind(behind).fetch_all(&mut *log).await?;
        for row in leaves {
            frontier.push(hash(row.try_get(0)?)?);
        }
        let moved = sqlx::query("SELECT upto FROM log_moved").fetch_one(log).await?.try_get(0)?;
        Ok(Self { frontier, moved })
    }

    /// Appends entries durably, in one transaction and one trip to the database. Of an error, nothing is kept.
    pub async fn append(&mut self, log: &mut SqliteConnection, entries: &[Encoded], moved: i64) -> Result<(), StoreError> {
        let mut frontier = self.frontier.clone();
        let mut text = String::from("BEGIN IMMEDIATE;");
        let mut arguments = SqliteArguments::default();
        for (at, entry) in entries.iter().enumerate() {
            let sequence = frontier.size() + 1;
            let leaf = entry.leaf(sequence);
            frontier.push(leaf);
            let added = arguments.add(as_signed(sequence)).and_then(|()| arguments.add(entry.body.clone()));
            let added = added.and_then(|()| arguments.add(entry.subjects.clone())).and_then(|()| arguments.add(leaf.as_bytes().to_vec()));
            added.map_err(|reason| StoreError::Log(reason.to_string()))?;
            let first = at * 4;
            let head = if at % ROWS == 0 { ";INSERT INTO access_log (seq, body, subjects, leaf) VALUES " } else { ", " };
            let _ = write!(text, "{head}(${}, ${}, ${}, ${})", first + 1, first + 2, first + 3, first + 4);
        }
        if moved != self.moved {
            arguments.add(moved).map_err(|reason| StoreError::Log(reason.to_string()))?;
            let _ = write!(text, ";UPDATE log_moved SET upto = ${}", arguments.len());
        }
        text.push_str(";COMMIT");
        if let Err(error) = sqlx::query_with(AssertSqlSafe(text), arguments).execute(&mut *log).await {
            // Where the transaction did not even begin, there is nothing to roll back.
            let _ = sqlx::query("ROLLBACK").execute(log).await;
            return Err(StoreError::Log(error.to_string()));
        }
        (self.frontier, self.moved) = (frontier, moved);
        Ok(())
    }
}

/// Rows of one INSERT.
pub(crate) const ROWS: usize = 32;

/// The frontier's hashes behind each other.
pub(crate) fn pack(frontier: &Frontier) -> Vec<u8> {
    frontier.parts().1.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn unpack(size: i64, bytes: &[u8]) -> Result<Frontier, StoreError> {
    let hashes = bytes.chunks(32).map(hash).collect::<Result<Vec<_>, _>>()?;
    Frontier::from_parts(size.unsigned_abs(), hashes).map_err(|reason| StoreError::damaged("the log's checkpoint", reason))
}

pub(crate) fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    Hash::try_from(bytes).map_err(|reason| StoreError::damaged("a leaf of the log", reason))
}

pub(crate) fn as_signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A row of the log as the verifier takes it.
pub(crate) fn stored(row: &sqlx::sqlite::SqliteRow) -> Result<Stored, StoreError> {
    let sequence: i64 = row.try_get(0)?;
    Ok(Stored { sequence: sequence.unsigned_abs(), body: row.try_get(1)?, subjects: row.try_get(2)?, leaf: hash(row.try_get(3)?)? })
}
