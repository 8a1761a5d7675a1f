//! The state of one call: who, why, what is left of its limits, what it has read.

use std::sync::Arc;

use jiff::Timestamp;
use linli_audit::{Entry, Outcome};
use linli_model::Date;
use linli_scope::{Actor, Caller, Channel, Denial, DenialKind, EntryPoint, Scope};
use linli_store::claim::Mark;
use linli_store::plugin::LogLine;
use linli_store::{Store, StoreError};
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;

use crate::fault::Spent;
use crate::ledger::Ledger;
use crate::limits::{Limits, Quota};
use crate::plugin::Plugin;

/// Whose turn it is and for what. From the host's own state.
#[derive(Clone, Debug)]
pub(crate) struct Circumstances {
    pub plugin: Arc<Plugin>,
    pub scope: Arc<Scope>,
    /// The break-glass under which the call began, for an emergency purpose.
    pub glass: Option<i64>,
    pub entry: Arc<EntryPoint>,
    pub actor: Option<Arc<Actor>>,
    pub locale: String,
    pub now: Timestamp,
    pub today: Date,
    /// What is kept under the caller's key with each change.
    pub mark: Mark,
}

impl Circumstances {
    pub fn caller(&self, channel: Channel) -> Caller<'_> {
        Caller { actor: self.actor.as_deref(), purpose: &self.entry.purpose, channel, now: self.now, today: self.today }
    }

    /// Goes on under the scope as it is now: since the call began, the grant may have been narrowed or revoked, or have
    /// expired, and so may the break-glass.
    pub fn renew(&mut self) -> Result<(), Denial> {
        self.now = Timestamp::now();
        self.scope = self.plugin.scope();
        let glass = self.scope.stands(&self.caller(Channel::Guest))?;
        if glass == self.glass {
            return Ok(());
        }
        Err(Denial::new(DenialKind::BreakGlass, "the break-glass under which this call began has ended"))
    }

    /// An entry of the log for this call.
    pub fn entry(&self, outcome: Outcome) -> Entry {
        Entry {
            at: Timestamp::now(),
            actor: self.actor.as_deref().map_or_else(|| "public".to_owned(), Actor::log_name),
            application: self.plugin.id().to_owned(),
            digest: Some(self.plugin.digest.clone()),
            grant: self.scope.grant_id().map(i64::unsigned_abs),
            break_glass: self.glass.map(i64::unsigned_abs),
            purpose: self.entry.purpose.clone(),
            entry_point: self.entry.log_name.clone(),
            outcome,
            accesses: Vec::new(),
            subjects: roaring::RoaringTreemap::new(),
            erased: None,
        }
    }
}

/// Why the host hands nothing out.
#[derive(Debug)]
pub(crate) enum Refused {
    Denied(Denial),
    Store(StoreError),
}

/// The data of a `wasmtime::Store`.
pub(crate) struct State {
    pub circumstances: Circumstances,
    pub store: Store,
    pub limits: Arc<Limits>,
    pub quota: Quota,
    pub table: ResourceTable,
    pub ledger: Ledger,
    pub lines: Vec<LogLine>,
    pub ticks: u64,
}

impl State {
    pub fn new(circumstances: Circumstances, store: Store, limits: Arc<Limits>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self { circumstances, store, quota: Quota::new(&limits), limits, table, ledger: Ledger::default(), lines: Vec::new(), ticks: 0 }
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limits.memory { Err(Spent::Memory.into()) } else { Ok(true) }
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Spent::Memory.into())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limits.table_elements { Err(Spent::Memory.into()) } else { Ok(true) }
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Spent::Memory.into())
    }
}
