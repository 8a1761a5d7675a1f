//! What one invocation may use, and one compilation. Each limit has a safe default, is tested by a hostile guest, and can be set in
//! `limits.toml` of the data directory.

use std::time::Duration;

use linli_artefact::{Bounds, engine};
use linli_scope::SmallestGroup;
use serde::{Deserialize, Deserializer};

use crate::rate::Rate;

/// The limits. In a file, times are milliseconds: `cpu-ms`, `wall-ms`, `patience-ms`, `fault-window-ms`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Processor time, counted in whole ticks of the engine.
    #[serde(rename = "cpu-ms", deserialize_with = "milliseconds")]
    pub cpu: Duration,
    /// Time on the clock, host calls included.
    #[serde(rename = "wall-ms", deserialize_with = "milliseconds")]
    pub wall: Duration,
    /// Linear memory, bytes.
    pub memory: usize,
    /// Elements of tables.
    pub table_elements: usize,
    /// Bytes that one crossing from guest to host may carry, the answer included.
    pub crossing: usize,
    /// Handles of resources.
    pub handles: usize,
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
    /// How often a day a plugin may ask the same check about the same record.
    pub checks_per_day: u32,
    /// Invocations of all plugins at once.
    pub calls: usize,
    /// The fewest people that a group of a declared table shows.
    pub smallest_group: SmallestGroup,
    /// Invocations of one plugin at once.
    pub concurrent: usize,
    /// Requests of one account.
    pub account_rate: Rate,
    /// Calls of one plugin.
    pub plugin_rate: Rate,
    /// Log-ins from one address that may fail within five minutes.
    pub failed_log_ins: u32,
    /// How long a call waits for its turn.
    #[serde(rename = "patience-ms", deserialize_with = "milliseconds")]
    pub patience: Duration,
    /// So many faults of a plugin …
    pub faults: u32,
    /// … within this time keep it off for a while.
    #[serde(rename = "fault-window-ms", deserialize_with = "milliseconds")]
    pub fault_window: Duration,
    /// Address space that compiling one component may take, bytes.
    pub compile_memory: u64,
    /// Processor time that it may take; the system counts it in whole seconds.
    #[serde(rename = "compile-cpu-ms", deserialize_with = "milliseconds")]
    pub compile_cpu: Duration,
    /// Time on the clock that it may take.
    #[serde(rename = "compile-wall-ms", deserialize_with = "milliseconds")]
    pub compile_wall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_millis(500),
            wall: Duration::from_secs(5),
            memory: 64 << 20,
            table_elements: 20_000,
            crossing: 4 << 20,
            handles: 256,
            host_calls: 1_000,
            rows: 10_000,
            row_bytes: 16 << 20,
            log_bytes: 64 << 10,
            cursors: 64,
            changes: 200,
            checks_per_day: 50,
            calls: engine::CALLS,
            smallest_group: SmallestGroup::default(),
            concurrent: 16,
            account_rate: Rate::new(1_000, 5_000),
            plugin_rate: Rate::new(2_000, 10_000),
            failed_log_ins: 100,
            patience: Duration::from_secs(2),
            faults: 10,
            fault_window: Duration::from_secs(30),
            compile_memory: 2 << 30,
            compile_cpu: Duration::from_secs(60),
            compile_wall: Duration::from_secs(120),
        }
    }
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

impl Limits {
    /// Reads a file; what it does not name keeps its default. The error says which value is wrong and what it may be.
    pub fn read(text: &str) -> Result<Self, String> {
        let limits: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let milliseconds = |time: Duration| time.as_millis();
        for (name, value, most) in [
            ("cpu-ms", milliseconds(limits.cpu), 60_000),
            ("wall-ms", milliseconds(limits.wall), 120_000),
            ("memory", limits.memory as u128, engine::MEMORY as u128),
            ("table-elements", limits.table_elements as u128, 1_000_000),
            ("crossing", limits.crossing as u128, 64 << 20),
            ("handles", limits.handles as u128, 1_000),
            ("host-calls", limits.host_calls.into(), 1_000_000),
            ("rows", limits.rows.into(), 10_000_000),
            ("row-bytes", limits.row_bytes as u128, 1 << 30),
            ("log-bytes", limits.log_bytes as u128, 16 << 20),
            ("cursors", limits.cursors as u128, 1_000),
            ("changes", limits.changes.into(), 10_000),
            ("checks-per-day", limits.checks_per_day.into(), 1_000_000),
            ("calls", limits.calls as u128, engine::CALLS as u128),
            ("concurrent", limits.concurrent as u128, engine::CALLS as u128),
            ("failed-log-ins", limits.failed_log_ins.into(), 1_000_000),
            ("patience-ms", milliseconds(limits.patience), 60_000),
            ("faults", limits.faults.into(), 1_000_000),
            ("fault-window-ms", milliseconds(limits.fault_window), 3_600_000),
            ("compile-memory", limits.compile_memory.into(), 1 << 36),
            ("compile-cpu-ms", milliseconds(limits.compile_cpu), 3_600_000),
            ("compile-wall-ms", milliseconds(limits.compile_wall), 3_600_000),
        ] {
            if !(1..=most).contains(&value) {
                return Err(format!("`{name}` is {value}; it must lie in 1 to {most}"));
            }
        }
        Ok(limits)
    }

    /// What compiling one component may take.
    pub(crate) fn compiling(&self) -> Bounds {
        Bounds { memory: self.compile_memory, processor: self.compile_cpu, wall: self.compile_wall }
    }

    /// Processor time in ticks of the engine, at least one.
    pub(crate) fn ticks(&self) -> u64 {
        u64::try_from(self.cpu.as_millis().div_ceil(engine::TICK.as_millis())).unwrap_or(u64::MAX)
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

impl Exhausted {
    pub fn row_bytes(limits: &Limits) -> Self {
        Self { what: "bytes of rows", limit: limits.row_bytes as u64 }
    }
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

    /// How many bytes of rows may still be read.
    pub fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    pub fn take_rows(&mut self, rows: u64, bytes: usize, limits: &Limits) -> Result<(), Exhausted> {
        self.rows = self.rows.saturating_sub(rows);
        self.row_bytes = self.row_bytes.checked_sub(bytes).ok_or_else(|| Exhausted::row_bytes(limits))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names() {
        let limits = Limits::read("rows = 500\ncpu-ms = 12\nplugin-rate = { per-second = 5, burst = 9 }\n").unwrap();
        let plugin_rate = Rate::new(5, 9);
        assert_eq!(limits, Limits { rows: 500, cpu: Duration::from_millis(12), plugin_rate, ..Limits::default() });
        assert_eq!(limits.ticks(), 3);
        assert_eq!(Limits::read("").unwrap(), Limits::default());
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (text, said) in [
            ("rows = 0", "`rows` is 0; it must lie in 1 to 10000000"),
            ("memory = 999999999", "`memory` is 999999999; it must lie in 1 to 134217728"),
            ("calls = 65", "`calls` is 65; it must lie in 1 to 64"),
            ("row = 1", "unknown field `row`"),
            ("rows = -1", "rows"),
            ("account-rate = { per-second = 0, burst = 1 }", "account-rate"),
            ("smallest-group = 4", "the smallest group must have 5 to 1000 people"),
            ("smallest-group = 7", "and not 7, 12, 17"),
        ] {
            let error = Limits::read(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
