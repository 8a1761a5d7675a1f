//! The access log's rows and the tree over them, as the writer keeps them.

use linli_audit::{Encoded, Frontier, Hash, SALT, Stored, salts};

use crate::database::{Bind, Cells as _, Kind, Row, Session, binds};
use crate::error::StoreError;

/// The end of the log: what the next entry continues, and how far entries that committed with changes were moved here.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub frontier: Frontier,
    pub moved: i64,
}

/// The columns of an entry.
const COLUMNS: [(&str, Kind); 5] =
    [("seq", Kind::Integer), ("body", Kind::Text), ("subjects", Kind::Bytes), ("salt", Kind::Bytes), ("leaf", Kind::Bytes)];

impl Tail {
    /// Restores the end from the newest checkpoint and the leaves behind it.
    pub fn load(log: &Session) -> Result<Self, StoreError> {
        let newest = "SELECT size, frontier FROM log_checkpoint ORDER BY size DESC LIMIT 1";
        let newest = log.first(newest, &[], |row| unpack(row.integer(0)?, row.bytes(1)?))?;
        let mut frontier = newest.unwrap_or_default();
        let behind = as_signed(frontier.size());
        log.each("SELECT leaf FROM access_log WHERE seq > $1 ORDER BY seq", binds![behind], |row| {
            frontier.push(hash(row.bytes(0)?)?);
            Ok(())
        })?;
        Ok(Self { frontier, moved: log.number("SELECT upto FROM log_moved", &[])? })
    }

    /// Appends entries durably, in one transaction. Of an error, nothing is kept.
    pub fn append(&mut self, log: &Session, entries: &[Encoded], moved: i64) -> Result<(), StoreError> {
        match self.transact(log, entries, moved) {
            Ok(frontier) => {
                (self.frontier, self.moved) = (frontier, moved);
                Ok(())
            }
            Err(error) => {
                // Where the transaction did not even begin, there is nothing to roll back.
                let _ = log.batch("ROLLBACK");
                Err(StoreError::Log(error.to_string()))
            }
        }
    }

    fn transact(&self, log: &Session, entries: &[Encoded], moved: i64) -> Result<Frontier, StoreError> {
        if moved == self.moved && log.inserts_at_once() {
            return self.write(log, entries);
        }
        log.begin()?;
        let frontier = self.write(log, entries)?;
        if moved != self.moved {
            log.execute("UPDATE log_moved SET upto = $1", binds![moved])?;
        }
        log.execute("COMMIT", &[])?;
        Ok(frontier)
    }

    /// Writes entries behind the end, within the caller's transaction. Returns the new end.
    pub fn write(&self, log: &Session, entries: &[Encoded]) -> Result<Frontier, StoreError> {
        let mut frontier = self.frontier.clone();
        let salts = new_salts(entries.len())?;
        let mut leaves = Vec::with_capacity(entries.len());
        for (entry, salt) in entries.iter().zip(salts.chunks(SALT)) {
            let leaf = entry.leaf(frontier.size() + 1, salt);
            frontier.push(leaf);
            leaves.push((leaf, entry.salt(salt)));
        }
        let mut values = Vec::with_capacity(entries.len() * COLUMNS.len());
        for ((entry, (leaf, salt)), sequence) in entries.iter().zip(&leaves).zip(self.frontier.size() + 1..) {
            let row: &[Bind<'_>; 5] = binds![as_signed(sequence), &entry.body, &entry.subjects[..], *salt, &leaf.as_bytes()[..]];
            values.extend_from_slice(row);
        }
        log.insert("access_log", &COLUMNS, &values)?;
        Ok(frontier)
    }
}

pub(crate) fn new_salts(entries: usize) -> Result<Vec<u8>, StoreError> {
    salts(entries).map_err(|reason| StoreError::Log(reason.to_string()))
}

/// The frontier's hashes behind each other.
pub(crate) fn pack(frontier: &Frontier) -> Vec<u8> {
    frontier.parts().1.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

pub(crate) fn unpack(size: i64, bytes: &[u8]) -> Result<Frontier, StoreError> {
    let hashes = bytes.chunks(32).map(hash).collect::<Result<Vec<_>, _>>()?;
    Frontier::from_parts(size.unsigned_abs(), hashes).map_err(|reason| StoreError::damaged("the log's checkpoint", reason))
}

pub(crate) fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    Hash::try_from(bytes).map_err(|reason| StoreError::damaged("a leaf of the log", reason))
}

pub(crate) fn as_signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A row of the log as the verifier takes it, but for its erasures.
pub(crate) fn stored(row: &Row<'_>) -> Result<Stored, StoreError> {
    Ok(Stored {
        sequence: row.integer(0)?.unsigned_abs(),
        body: row.text(1)?,
        subjects: row.bytes(2)?.to_vec(),
        salt: row.optional_bytes(3)?.unwrap_or_default().to_vec(),
        leaf: hash(row.bytes(4)?)?,
        erasures: Vec::new(),
    })
}
