//! The one resident store. Runs only authorised work.
//!
//! | module | holds |
//! |---|---|
//! | [`read`], `sql` | an authorised plan as one statement, its rows as one JSON array |
//! | `change`, `label` | an entry: row, journal line, provenance; what a plugin's record carries on |
//! | `writer`, `log` | group commit: changes and access log in one transaction, durable before anything is answered |
//! | `schema`, [`model`] | tables generated from entity types; the catalogue |
//! | `database`, `sqlite` | what statements take and give, and what runs them |
//! | [`account`], [`plugin`], [`grant`], [`record_log`] | the platform's own tables |
//!
//! Why there is one writer: SQLite has one anyway, a queue in front of it turns waiting into larger groups, and
//! a caller who gives up can't leave a transaction half done.

pub mod account;
mod change;
mod database;
pub mod error;
pub mod grant;
mod label;
mod log;
pub mod log_file;
pub mod model;
pub mod plugin;
pub mod provenance;
pub mod read;
pub mod record_log;
mod schema;
mod sql;
mod sqlite;
mod writer;

use std::any::Any;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use linli_audit::{Encoded, Entry, Frontier};
use linli_model::{Catalogue, RegionTree};
use linli_scope::{Authorized, Change, Check, Read};
use tokio::sync::{mpsc, oneshot};

pub use change::Made;
pub use error::StoreError;
pub use read::{Checked, Rows};

use change::Counters;
use log::Tail;
use sqlite::{Options, Readers, Session};
use writer::{Administration, Job, Work, Writer};

/// How many jobs may wait for the writer before callers wait to hand theirs over.
const QUEUE: usize = 4_096;
/// How much of the database file is mapped into memory, at most, bytes.
const MAPPED: i64 = 8 << 30;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    readers: Readers,
    log_readers: Readers,
    jobs: mpsc::Sender<Job>,
    catalogue: Arc<RwLock<Arc<Catalogue>>>,
    regions: RwLock<Arc<RegionTree>>,
    writer: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens or makes the SQLite database, its platform tables and those of the core entity types.
    pub async fn open(file: &Path, core: model::Core<'_>) -> Result<Self, StoreError> {
        let options = Options::new(file).mapped(MAPPED);
        let session = options.open()?;
        schema::PLATFORM.iter().try_for_each(|statement| session.batch(statement))?;
        let log_options = Options::new(&log_beside(file));
        let log = log_options.open()?;
        schema::LOG.iter().try_for_each(|statement| log.batch(statement))?;
        let catalogue = model::load(&session, core)?;
        let regions = model::load_regions(&session)?;
        let counters = load_counters(&session, &catalogue)?;
        let tail = Tail::load(&log)?;
        let catalogue = Arc::new(RwLock::new(Arc::new(catalogue)));
        let known = catalogue.clone();
        let tables: writer::Lookup = Arc::new(move |name| known.read().ok().and_then(|known| known.entity(name).cloned()));
        let (jobs, queue) = mpsc::channel(QUEUE);
        let mut writer = Writer { session, log, counters, tail, tables };
        writer.move_pending(&[])?;
        let writer = std::thread::Builder::new().name("writer".into()).spawn(move || writer.serve(queue));
        let inner = Inner {
            readers: Readers::open(options)?,
            log_readers: Readers::open(log_options)?,
            jobs,
            catalogue,
            regions: RwLock::new(Arc::new(regions)),
            writer: std::sync::Mutex::new(Some(writer.map_err(|reason| StoreError::Log(reason.to_string()))?)),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Reads a page of records, or one.
    pub async fn read(&self, read: &Authorized<Read>) -> Result<Rows, StoreError> {
        let catalogue = self.catalogue();
        let number = |name: &str| catalogue.entity(name).map(|entity| entity.number);
        read::rows(&self.inner.readers, &number, read).await
    }

    /// Asks a predicate; none where there is no such record within reach.
    pub async fn check(&self, check: &Authorized<Check>) -> Result<Option<Checked>, StoreError> {
        read::check(&self.inner.readers, check).await
    }

    /// Makes changes, all or none. They commit together with `entry`, which is completed with what was made.
    pub async fn apply(&self, changes: Vec<Authorized<Change>>, entry: Entry) -> Result<Vec<Made>, StoreError> {
        self.ask(|reply| Job::Change(Work::Apply(changes, Box::new(entry), reply))).await?
    }

    /// Puts an entry on the record. It is durable when this returns.
    pub async fn record(&self, entry: Encoded) -> Result<(), StoreError> {
        self.ask(|reply| Job::Record(entry, reply)).await?
    }

    /// The entity types and code lists as they are now.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.inner.catalogue.read().map(|known| known.clone()).unwrap_or_default()
    }

    /// The regions as they are now.
    pub fn regions(&self) -> Arc<RegionTree> {
        self.inner.regions.read().map(|known| known.clone()).unwrap_or_default()
    }

    /// Whether the database answers.
    pub async fn is_healthy(&self) -> bool {
        self.inner.readers.read(|session| session.number("SELECT 1", &[])).await.is_ok()
    }

    /// Waits until all that was handed to the writer is done and closes the database.
    pub async fn close(self) {
        self.inner.readers.close();
        self.inner.log_readers.close();
        let writer = self.inner.writer.lock().ok().and_then(|mut writer| writer.take());
        drop(self);
        let Some(writer) = writer else { return };
        let ended = tokio::task::spawn_blocking(move || writer.join());
        if tokio::time::timeout(Duration::from_secs(20), ended).await.is_err() {
            tracing::warn!("the writer was still in use at the end");
        }
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    pub(crate) fn log_readers(&self) -> &Readers {
        &self.inner.log_readers
    }

    pub(crate) async fn tail(&self) -> Result<Frontier, StoreError> {
        self.ask(Job::Tail).await
    }

    /// Work on the log's own tables beside its entries.
    pub(crate) async fn on_log(&self, work: impl FnOnce(&Session) -> Result<(), StoreError> + Send + 'static) -> Result<(), StoreError> {
        let work: Administration = Box::new(move |log| work(log).map(|()| Box::new(()) as Box<dyn Any + Send>));
        self.ask(|reply| Job::Log(work, reply)).await?.map(|_| ())
    }

    /// Work on the platform's own tables, in the writer's transaction, with its entry in the log.
    pub(crate) async fn administer<T: Send + 'static>(
        &self,
        entry: Option<Encoded>,
        work: impl FnOnce(&Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let work: Administration = Box::new(move |session| work(session).map(|value| Box::new(value) as Box<dyn Any + Send>));
        let value = self.ask(|reply| Job::Change(Work::Administer(work, entry, reply))).await??;
        value.downcast().map(|value| *value).map_err(|_| StoreError::damaged("an answer of the writer", "wrong type"))
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.inner.jobs.send(job(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)
    }
}

/// The file of the access log that belongs to a database.
pub fn log_beside(database: &Path) -> std::path::PathBuf {
    database.with_file_name("access-log.db")
}

fn load_counters(session: &Session, catalogue: &Catalogue) -> Result<Counters, StoreError> {
    let mut counters = Counters {
        journal: session.number("SELECT coalesce(max(seq), 0) FROM journal", &[])?,
        pending: session.number("SELECT coalesce(max(id), 0) FROM log_pending", &[])?,
        ..Counters::default()
    };
    for entity in catalogue.entities() {
        let newest = session.number(&format!("SELECT coalesce(max(id), 0) FROM {}", entity.table), &[])?;
        counters.records.insert(entity.table.clone(), newest);
    }
    Ok(counters)
}
