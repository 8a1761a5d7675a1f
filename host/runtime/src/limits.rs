//! What one invocation may use. Each limit has a safe default and is tested by a hostile guest.

use std::time::Duration;

/// The limits of one invocation.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Processor time, in ticks of the engine.
    pub cpu_ticks: u64,
    /// Time on the clock, host calls included.
    pub wall: Duration,
    /// Linear memory, bytes.
    pub memory: usize,
    /// Elements of tables.
    pub table_elements: usize,
    /// Bytes that one crossing from guest to host may carry, the answer included.
    pub crossing: usize,
    /// Calls of the host.
    pub host_calls: u32,
    /// Rows read.
    pub rows: u64,
    /// Bytes of rows read.
    pub row_bytes: usize,
    /// Bytes written to the plugin's log.
    pub log_bytes: usize,
    /// Cursors open at once.
    pub cursors: usize,
    /// Changes made.
    pub changes: u32,
    /// Invocations of one plugin at once.
    pub concurrent: usize,
    /// How long a call waits for its turn.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_ticks: 100,
            wall: Duration::from_secs(5),
            memory: 64 << 20,
            table_elements: 20_000,
            crossing: 4 << 20,
            host_calls: 1_000,
            rows: 10_000,
            row_bytes: 16 << 20,
            log_bytes: 64 << 10,
            cursors: 64,
            changes: 200,
            concurrent: 16,
            patience: Duration::from_secs(2),
        }
    }
}

/// What is left of an invocation's limits. Taken from before anything is done.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    host_calls: u32,
    rows: u64,
    row_bytes: usize,
    log_bytes: usize,
    changes: u32,
}

/// A limit that an invocation has reached; the guest is told, and goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one call may use at most {limit} {what}")]
pub(crate) struct Exhausted {
    what: &'static str,
    limit: u64,
}

impl Quota {
    pub fn new(limits: &Limits) -> Self {
        Self {
            host_calls: limits.host_calls,
            rows: limits.rows,
            row_bytes: limits.row_bytes,
            log_bytes: limits.log_bytes,
            changes: limits.changes,
        }
    }

    pub fn take_call(&mut self, limits: &Limits) -> Result<(), Exhausted> {
        self.host_calls = self.host_calls.checked_sub(1).ok_or(Exhausted { what: "host calls", limit: u64::from(limits.host_calls) })?;
        Ok(())
    }

    /// At most how many of `wanted` rows may be read.
    pub fn rows(&self, wanted: u32, limits: &Limits) -> Result<u32, Exhausted> {
        match u32::try_from(self.rows).unwrap_or(u32::MAX).min(wanted) {
            0 => Err(Exhausted { what: "rows", limit: limits.rows }),
            rows => Ok(rows),
        }
    }

    pub fn take_rows(&mut self, rows: u64, bytes: usize, limits: &Limits) -> Result<(), Exhausted> {
        self.rows = self.rows.saturating_sub(rows);
        self.row_bytes = self.row_bytes.checked_sub(bytes).ok_or(Exhausted { what: "bytes of rows", limit: limits.row_bytes as u64 })?;
        Ok(())
    }

    pub fn take_changes(&mut self, changes: usize, limits: &Limits) -> Result<(), Exhausted> {
        let exhausted = Exhausted { what: "changes", limit: u64::from(limits.changes) };
        let changes = u32::try_from(changes).map_err(|_| exhausted.clone())?;
        self.changes = self.changes.checked_sub(changes).ok_or(exhausted)?;
        Ok(())
    }

    /// Whether a line of so many bytes may still be logged.
    pub fn take_log(&mut self, bytes: usize) -> bool {
        let left = self.log_bytes.checked_sub(bytes);
        self.log_bytes = left.unwrap_or(0);
        left.is_some()
    }
}
