//! The log's tree below its root: every eighth level is kept, so that a proof reads few hashes.

use std::ops::Range;

use linli_audit::proof::{Consistency, Inclusion, LEVEL_BITS, consistency, inclusion, join, pieces, subtree};
use linli_audit::{Hash, Stored};

use crate::Store;
use crate::database::{Cells as _, Kind, Session, binds};
use crate::error::StoreError;
use crate::log::{as_signed, hash};

/// Hashes of one level that one of the next stands for.
const WIDTH: u64 = 1 << LEVEL_BITS;
/// Nodes that are made at a time.
const BATCH: u64 = 16;

impl Store {
    /// One entry.
    pub async fn log_row(&self, sequence: u64) -> Result<Option<Stored>, StoreError> {
        let before = sequence.checked_sub(1);
        let rows = match before {
            Some(before) => self.log_rows(before, 1).await?,
            None => Vec::new(),
        };
        Ok(rows.into_iter().next().filter(|row| row.sequence == sequence))
    }

    /// The newest checkpoint that covers an entry: one that a witness signed, if there is one; else any.
    pub async fn checkpoint_over(&self, sequence: u64) -> Result<Option<(u64, String)>, StoreError> {
        let witnessed = self.log_readers().number("SELECT coalesce(max(size), 0) FROM log_witness", &[]).await?.unsigned_abs();
        let before = (witnessed >= sequence).then(|| witnessed.saturating_add(1));
        let newest = self.newest_checkpoints(before, 1).await?;
        Ok(newest.into_iter().next().filter(|(size, _)| *size >= sequence))
    }

    /// Adds what a witness signed to the note of a checkpoint.
    pub async fn add_cosignature(&self, size: u64, witness: &str, line: &str) -> Result<(), StoreError> {
        let (witness, line) = (witness.to_owned(), line.to_owned());
        let keep = move |log: &Session| {
            log.execute("UPDATE log_checkpoint SET note = note || $1 WHERE size = $2", binds![&line, as_signed(size)])?;
            let text = "INSERT INTO log_witness (name, size) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET size = excluded.size";
            log.execute(text, binds![&witness, as_signed(size)]).map(drop)
        };
        self.on_log(keep).await
    }

    /// That an entry is in the log of a size; none where it is not.
    pub async fn inclusion(&self, sequence: u64, size: u64) -> Result<Option<Inclusion>, StoreError> {
        match inclusion(sequence, size) {
            Some(ranges) => Ok(Some(Inclusion(self.roots(&ranges).await?))),
            None => Ok(None),
        }
    }

    /// That the log of one size continues that of a smaller one; none where it is not smaller.
    pub async fn consistency(&self, old: u64, size: u64) -> Result<Option<Consistency>, StoreError> {
        match consistency(old, size) {
            Some(ranges) => Ok(Some(Consistency(self.roots(&ranges).await?))),
            None => Ok((old == 0).then(|| Consistency(Vec::new()))),
        }
    }

    async fn roots(&self, ranges: &[Range<u64>]) -> Result<Vec<Hash>, StoreError> {
        let mut roots = Vec::with_capacity(ranges.len());
        for range in ranges {
            let mut parts = Vec::new();
            for piece in pieces(range) {
                parts.push(subtree(self.hashes(piece.level, piece.first, piece.count).await?));
            }
            roots.extend(join(parts.into_iter()));
        }
        Ok(roots)
    }

    /// Neighbouring hashes of one level. What is not kept yet, which is little, is made from the level below.
    async fn hashes(&self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let found = self.kept(level, first, count).await?;
        if found.len() as u64 == count {
            return Ok(found);
        }
        let Some(below) = level.checked_sub(1) else {
            return Err(StoreError::damaged("the log", format!("leaves {} to {} are not all there", first + 1, first + count)));
        };
        let lower = Box::pin(self.hashes(below, first * WIDTH, count * WIDTH)).await?;
        Ok(lower.chunks(usize::try_from(WIDTH).unwrap_or(usize::MAX)).map(|hashes| subtree(hashes.iter().copied())).collect())
    }

    async fn kept(&self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let (first, end) = (as_signed(first), as_signed(first + count));
        if level == 0 {
            let text = "SELECT leaf FROM access_log WHERE seq > $1 AND seq <= $2 ORDER BY seq";
            return self.log_readers().all(text, binds![first, end], |row| hash(row.bytes(0)?)).await;
        }
        let text = "SELECT hash FROM log_node WHERE level = $1 AND place >= $2 AND place < $3 ORDER BY place";
        self.log_readers().all(text, binds![i64::from(level), first, end], |row| hash(row.bytes(0)?)).await
    }

    /// Keeps the nodes that the log has grown by.
    pub async fn grow_tree(&self) -> Result<(), StoreError> {
        let mut complete = self.log_size().await? / WIDTH;
        let mut level = 1;
        while complete > 0 {
            self.grow_level(level, complete).await?;
            complete /= WIDTH;
            level += 1;
        }
        Ok(())
    }

    async fn grow_level(&self, level: u32, complete: u64) -> Result<(), StoreError> {
        let text = "SELECT coalesce(max(place) + 1, 0) FROM log_node WHERE level = $1";
        let mut next = self.log_readers().number(text, binds![i64::from(level)]).await?.unsigned_abs();
        while next < complete {
            let count = (complete - next).min(BATCH);
            let lower = self.hashes(level - 1, next * WIDTH, count * WIDTH).await?;
            let nodes = lower.chunks(usize::try_from(WIDTH).unwrap_or(usize::MAX)).map(|hashes| subtree(hashes.iter().copied()));
            let nodes: Vec<Hash> = nodes.collect();
            self.on_log(move |log| keep_nodes(log, level, next, &nodes)).await?;
            next += count;
        }
        Ok(())
    }
}

fn keep_nodes(log: &Session, level: u32, first: u64, nodes: &[Hash]) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(nodes.len() * 3);
    for (node, place) in nodes.iter().zip(first..) {
        values.extend_from_slice(binds![i64::from(level), as_signed(place), &node.as_bytes()[..]]);
    }
    let columns = [("level", Kind::Integer), ("place", Kind::Integer), ("hash", Kind::Bytes)];
    log.transaction(|| log.insert("log_node", &columns, &values))
}
