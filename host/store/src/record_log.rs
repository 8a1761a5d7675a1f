//! The access log as auditors and residents read it, its checkpoints and its index of subjects.

use linli_audit::{BLOCK_ENTRIES, Block, BlockBuilder, Checkpoint, Entry, Origin, Signer, Stored};

use crate::Store;
use crate::database::{Cells as _, Row, Session, binds};
use crate::error::StoreError;
use crate::log::{as_signed, pack, stored};
use crate::log_file::{self, COLUMNS, add_erasures};
use crate::read::bitmap;

/// Blocks of the index that are read at a time.
const BLOCKS: i64 = 16;
/// How many erasures reached entries behind one sequence and up to another.
const ERASED_BETWEEN: &str = "SELECT count(*) FROM log_erasure WHERE seq > $1 AND seq <= $2";

impl Store {
    /// Entries behind `after`, oldest first.
    pub async fn log_rows(&self, after: u64, limit: i64) -> Result<Vec<Stored>, StoreError> {
        log_file::rows(self.log_readers(), after, limit).await
    }

    /// The newest entries before `before`, newest first.
    pub async fn newest_log_rows(&self, before: Option<u64>, limit: i64) -> Result<Vec<Stored>, StoreError> {
        let text = format!("{COLUMNS} WHERE seq < $1 ORDER BY seq DESC LIMIT $2");
        let before = before.map_or(i64::MAX, as_signed);
        let mut rows = self.log_readers().all(&text, binds![before, limit], stored).await?;
        add_erasures(self.log_readers(), &mut rows).await?;
        Ok(rows)
    }

    /// The notes that sign more than `after` and at most `upto` entries, oldest first.
    pub async fn checkpoints_between(&self, after: u64, upto: u64) -> Result<Vec<String>, StoreError> {
        log_file::checkpoints(self.log_readers(), after, upto).await
    }

    /// How many entries there are.
    pub async fn log_size(&self) -> Result<u64, StoreError> {
        Ok(self.tail().await?.size())
    }

    /// The checkpoints of fewer than `before` entries, newest first: how many entries each signs, and its note.
    pub async fn newest_checkpoints(&self, before: Option<u64>, limit: i64) -> Result<Vec<(u64, String)>, StoreError> {
        let text = "SELECT size, note FROM log_checkpoint WHERE size < $1 ORDER BY size DESC LIMIT $2";
        let before = before.map_or(i64::MAX, as_signed);
        let checkpoint = |row: &Row<'_>| Ok((row.integer(0)?.unsigned_abs(), row.text(1)?));
        self.log_readers().all(text, binds![before, limit], checkpoint).await
    }

    /// How many checkpoints there are.
    pub async fn checkpoint_count(&self) -> Result<u64, StoreError> {
        let text = "SELECT count(*) FROM log_checkpoint";
        Ok(self.log_readers().number(text, &[]).await?.unsigned_abs())
    }

    /// Signs the log as it is durable now, unless that was done. Returns the newest note.
    pub async fn sign_checkpoint(&self, origin: &Origin, signer: &Signer) -> Result<Option<String>, StoreError> {
        let tail = self.tail().await?;
        let newest = "SELECT size, note FROM log_checkpoint ORDER BY size DESC LIMIT 1";
        let newest = self.log_readers().first(newest, &[], |row| Ok((row.integer(0)?, row.text(1)?))).await?;
        if let Some((size, note)) = newest
            && size == as_signed(tail.size())
        {
            return Ok(Some(note));
        }
        if tail.size() == 0 {
            return Ok(None);
        }
        let note = Checkpoint { origin: origin.clone(), size: tail.size(), root: tail.root() }.sign(signer);
        let kept = note.clone();
        let text = "INSERT INTO log_checkpoint (size, note, frontier) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING";
        self.on_log(move |log| log.execute(text, binds![as_signed(tail.size()), &note, &pack(&tail)[..]]).map(drop)).await?;
        Ok(Some(kept))
    }

    /// Folds full blocks of entries into the index of subjects. Returns how many entries are behind the last block.
    pub async fn index_log(&self) -> Result<u64, StoreError> {
        let size = self.tail().await?.size();
        let mut indexed = self.indexed().await?;
        while size >= indexed + BLOCK_ENTRIES {
            let range = (as_signed(indexed), as_signed(indexed + BLOCK_ENTRIES));
            let erased = self.log_readers().number(ERASED_BETWEEN, binds![range.0, range.1]).await?;
            let mut builder = BlockBuilder::starting_at(indexed + 1);
            let mut block = None;
            for (sequence, subjects) in self.subjects_behind(indexed).await? {
                block = builder.fold(sequence, &subjects).map_err(|reason| StoreError::damaged("the log's index", reason))?.or(block);
            }
            let Some(block) = block else { break };
            indexed = block.last;
            let keep = move |log: &Session| {
                // Somebody was erased while this was read: the next turn reads it again.
                if log.number(ERASED_BETWEEN, binds![range.0, range.1])? != erased {
                    return Ok(());
                }
                let text = "INSERT INTO log_block (first, last, body) VALUES ($1, $2, $3) ON CONFLICT (first) DO NOTHING";
                log.execute(text, binds![as_signed(block.first), as_signed(block.last), &block.encode()[..]]).map(drop)
            };
            self.on_log(keep).await?;
            if self.indexed().await? != indexed {
                break;
            }
        }
        Ok(size - indexed)
    }

    /// The subjects of the entries of one block.
    async fn subjects_behind(&self, sequence: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let text = "SELECT seq, subjects FROM access_log WHERE seq > $1 ORDER BY seq LIMIT $2";
        let subjects = |row: &Row<'_>| Ok((row.integer(0)?.unsigned_abs(), row.bytes(1)?.to_vec()));
        self.log_readers().all(text, binds![as_signed(sequence), as_signed(BLOCK_ENTRIES)], subjects).await
    }

    async fn indexed(&self) -> Result<u64, StoreError> {
        let text = "SELECT last FROM log_block ORDER BY first DESC LIMIT 1";
        let last = self.log_readers().first(text, &[], |row| row.integer(0)).await?;
        Ok(last.map_or(0, i64::unsigned_abs))
    }

    /// The entries that concern a person and that `shown` lets through, newest first, before `before`, at most `limit`.
    pub async fn entries_about(
        &self,
        subject: u64,
        before: Option<u64>,
        limit: usize,
        shown: impl Fn(&Entry) -> bool,
    ) -> Result<Vec<(u64, Entry)>, StoreError> {
        let mut search = Search { subject, limit, shown, found: Vec::new() };
        let indexed = self.indexed().await?;
        let mut end = before.unwrap_or(u64::MAX);
        // What no block covers yet, in steps, so that a page of answers does not read it all.
        while end > indexed + 1 && !search.is_done() {
            let rows = self.newest_log_rows(Some(end), as_signed(BLOCK_ENTRIES)).await?;
            let Some(first) = rows.last().map(|row| row.sequence) else { break };
            search.collect(&rows, indexed)?;
            end = first.max(indexed + 1);
        }
        let mut behind = before.map_or(i64::MAX, as_signed);
        while !search.is_done() {
            let blocks = self.blocks_before(behind).await?;
            let Some(first) = blocks.last().map(|block| block.first) else { break };
            behind = as_signed(first);
            for block in blocks.iter().filter(|block| block.contains(subject)) {
                if search.is_done() {
                    break;
                }
                let end = before.unwrap_or(u64::MAX).min(block.last + 1);
                let rows = self.newest_log_rows(Some(end), as_signed(BLOCK_ENTRIES)).await?;
                search.collect(&rows, block.first - 1)?;
            }
        }
        Ok(search.found)
    }

    /// Some blocks of the index, newest first.
    async fn blocks_before(&self, first: i64) -> Result<Vec<Block>, StoreError> {
        let text = "SELECT body FROM log_block WHERE first < $1 ORDER BY first DESC LIMIT $2";
        self.log_readers().all(text, binds![first, BLOCKS], |row| block(row.bytes(0)?)).await
    }
}

/// A search for the entries about one person.
struct Search<F> {
    subject: u64,
    limit: usize,
    shown: F,
    found: Vec<(u64, Entry)>,
}

impl<F: Fn(&Entry) -> bool> Search<F> {
    fn is_done(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Those of the rows behind `behind`.
    fn collect(&mut self, rows: &[Stored], behind: u64) -> Result<(), StoreError> {
        for row in rows.iter().filter(|row| row.sequence > behind) {
            if self.is_done() {
                break;
            }
            if bitmap(&row.subjects)?.contains(self.subject) {
                let entry = row.entry().map_err(|reason| StoreError::damaged(format!("entry {} of the log", row.sequence), reason))?;
                if (self.shown)(&entry) {
                    self.found.push((row.sequence, entry));
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn block(bytes: &[u8]) -> Result<Block, StoreError> {
    Block::decode(bytes).map_err(|reason| StoreError::damaged("the log's index", reason))
}
