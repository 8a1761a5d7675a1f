//! The one resident store. Runs only authorised work.
//!
//! | module | holds |
//! |---|---|
//! | [`read`], `sql` | an authorised plan as one statement, its rows as one JSON array |
//! | [`survey`], [`field_use`] | what a reviewer asks: how many a grant reaches, what a plugin really read |
//! | [`aggregate`] | a declared table, and what of it may be shown |
//! | `change`, `label` | an entry: row, journal line, provenance; what a plugin's record carries on |
//! | `writer`, `log` | group commit: changes and access log in one transaction, durable before anything is answered |
//! | `schema`, [`model`] | tables generated from entity types; the catalogue |
//! | `database`, `sqlite`, `postgres` | what statements take and give, and what runs them |
//! | [`region`] | the division tree, and what became of divisions |
//! | [`claim`] | changes under a key of the caller's, done once |
//! | [`record_log`], [`log_tree`], [`log_file`] | the log as it is read, proved and verified |
//! | [`erasure`], [`measure`] | taking a person out of everything; what two people decide about a resident |
//! | [`account`], [`plugin`], [`signature`], [`grant`], `break_glass`, [`tally`] | the platform's own tables |
//!
//! Why there is one writer: SQLite has one anyway, a queue in front of it turns waiting into larger groups, and
//! a caller who gives up can't leave a transaction half done.

pub mod account;
pub mod aggregate;
mod break_glass;
mod change;
pub mod claim;
mod database;
pub mod erasure;
pub mod error;
pub mod field_use;
pub mod grant;
mod label;
mod layout;
mod log;
pub mod log_file;
pub mod log_tree;
pub mod measure;
mod members;
pub mod model;
pub mod plugin;
mod postgres;
pub mod provenance;
pub mod read;
pub mod record_log;
pub mod region;
mod relation;
mod schema;
pub mod signature;
mod sql;
mod sqlite;
pub mod survey;
pub mod tally;
mod writer;

use std::any::Any;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use linli_audit::{Encoded, Entry, Frontier};
use linli_model::{Catalogue, RegionTree};
use linli_scope::{Aggregate, Authorized, Change, Check, Read};
use tokio::sync::{mpsc, oneshot};

pub use aggregate::Tabulated;
pub use change::Made;
pub use claim::Once;
pub use database::{Database, log_beside};
pub use error::StoreError;
pub use read::{Checked, Rows};

use database::{Readers, Session};
use sqlite::Options;
use writer::{Administration, Job, Work, Writer};

/// How many jobs may wait for the writer before callers wait to hand theirs over.
const QUEUE: usize = 4_096;

/// How long closing waits for those at work.
const PATIENCE: Duration = Duration::from_secs(20);

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    readers: Readers,
    /// Where the log is a database of its own.
    log_readers: Option<Readers>,
    jobs: mpsc::Sender<Job>,
    catalogue: Arc<RwLock<Arc<Catalogue>>>,
    regions: Arc<RwLock<Arc<RegionTree>>>,
    /// Held by whoever makes the next catalogue from the present one.
    renewing: tokio::sync::Mutex<()>,
    rows_read: metrics::Counter,
    bytes_read: metrics::Counter,
    writer: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens a database, made where it is a file that is absent, with the platform's tables and those of the core
    /// entity types.
    pub async fn open(database: &Database, core: model::Core<'_>) -> Result<Self, StoreError> {
        let catalogue = Arc::new(RwLock::new(Arc::new(Catalogue::default())));
        let regions = Arc::new(RwLock::new(Arc::new(RegionTree::default())));
        let (jobs, queue) = mpsc::channel(QUEUE);
        let known = writer::Known { catalogue: catalogue.clone(), regions: regions.clone() };
        let (writer, opened) = spawn_writer(database.clone(), core, known, queue)?;
        opened.await.map_err(|_| StoreError::Closed)??;
        let (readers, log_readers) = match database {
            Database::Sqlite(file) => {
                let records = sqlite::Readers::open(Options::new(file).mapped(writer::MAPPED))?;
                let log = sqlite::Readers::open(Options::new(&log_beside(file)))?;
                (Readers::Sqlite(records), Some(Readers::Sqlite(log)))
            }
            Database::Postgres(address) => (Readers::Postgres(postgres::Readers::open(address)), None),
        };
        let inner = Inner {
            readers,
            log_readers,
            jobs,
            catalogue,
            regions,
            renewing: tokio::sync::Mutex::default(),
            rows_read: metrics::counter!("linli_rows_read_total"),
            bytes_read: metrics::counter!("linli_bytes_read_total"),
            writer: std::sync::Mutex::new(Some(writer)),
        };
        let store = Self { inner: Arc::new(inner) };
        store.finish_erasures().await?;
        Ok(store)
    }

    /// Reads a page of records, or one.
    pub async fn read(&self, read: &Authorized<Read>) -> Result<Rows, StoreError> {
        self.read_within(read, usize::MAX).await
    }

    /// The same of at most so many bytes: rows that are more are not held, but refused.
    pub async fn read_within(&self, read: &Authorized<Read>, most: usize) -> Result<Rows, StoreError> {
        let catalogue = self.catalogue();
        let rows = read::rows(&self.inner.readers, &catalogue, &self.regions(), read, most).await?;
        self.inner.rows_read.increment(rows.count);
        self.inner.bytes_read.increment(rows.json.len() as u64);
        Ok(rows)
    }

    /// Asks a predicate; none where there is no such record within reach.
    pub async fn check(&self, check: &Authorized<Check>) -> Result<Option<Checked>, StoreError> {
        read::check(&self.inner.readers, &self.catalogue(), &self.regions(), check).await
    }

    /// Counts a table. Groups of few people are not in it.
    pub async fn aggregate(&self, aggregate: &Authorized<Aggregate>) -> Result<Tabulated, StoreError> {
        aggregate::tabulate(&self.inner.readers, &self.regions(), aggregate).await
    }

    /// Makes changes, all or none. They commit together with `entry`, which is completed with what was made.
    pub async fn apply(&self, changes: Vec<Authorized<Change>>, entry: Entry) -> Result<Vec<Made>, StoreError> {
        self.apply_once(changes, entry, Once::default()).await
    }

    /// The same, with what is kept under the caller's key.
    pub async fn apply_once(&self, changes: Vec<Authorized<Change>>, entry: Entry, once: Once<[Made]>) -> Result<Vec<Made>, StoreError> {
        self.ask(|reply| Job::Change(Work::Apply(changes, Box::new(entry), once, reply))).await?
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
        self.inner.readers.number("SELECT 1", &[]).await.is_ok()
    }

    /// Waits until all that was handed to the writer is done and closes the database.
    pub async fn close(self) {
        let readers = async {
            self.inner.readers.close().await;
            self.log_readers().close().await;
        };
        if tokio::time::timeout(PATIENCE, readers).await.is_err() {
            tracing::warn!("readers were still at work at the end");
        }
        let writer = self.inner.writer.lock().ok().and_then(|mut writer| writer.take());
        drop(self);
        let Some(writer) = writer else { return };
        let ended = tokio::task::spawn_blocking(move || writer.join());
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            tracing::warn!("the writer was still in use at the end");
        }
    }

    /// The turn of whoever makes the next catalogue or tree from the present one.
    pub(crate) async fn renewing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.renewing.lock().await
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    pub(crate) fn log_readers(&self) -> &Readers {
        self.inner.log_readers.as_ref().unwrap_or(&self.inner.readers)
    }

    /// Takes a person out of the log. See [`erasure`].
    pub(crate) async fn erase_from_log(&self, subject: u64, entry: Entry) -> Result<u64, StoreError> {
        self.ask(|reply| Job::Erase(subject, Box::new(entry), reply)).await?
    }

    pub(crate) async fn tail(&self) -> Result<Frontier, StoreError> {
        self.ask(Job::Tail).await
    }

    /// Work on the log's own tables beside its entries.
    pub(crate) async fn on_log(&self, work: impl FnOnce(&Session) -> Result<(), StoreError> + Send + 'static) -> Result<(), StoreError> {
        let work: Administration = Box::new(move |log| work(log).map(|()| Box::new(()) as Box<dyn Any + Send>));
        self.ask(|reply| Job::Log(work, reply)).await?.map(|_| ())
    }

    /// Work on the platform's own tables, in the writer's transaction, with its entries in the log.
    pub(crate) async fn administer<T: Send + 'static>(
        &self,
        entries: impl IntoIterator<Item = Encoded>,
        work: impl FnOnce(&Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let entries = entries.into_iter().collect();
        let work: Administration = Box::new(move |session| work(session).map(|value| Box::new(value) as Box<dyn Any + Send>));
        let value = self.ask(|reply| Job::Change(Work::Administer(work, entries, reply))).await??;
        value.downcast().map(|value| *value).map_err(|_| StoreError::damaged("an answer of the writer", "wrong type"))
    }

    /// The same, with what is kept under the caller's key.
    pub(crate) async fn administer_once<T: Send + 'static>(
        &self,
        entries: impl IntoIterator<Item = Encoded>,
        once: Once<T>,
        work: impl FnOnce(&Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.administer(entries, move |session| {
            let made = work(session)?;
            once.settle(session, &made).map(|()| made)
        })
        .await
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.inner.jobs.send(job(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)
    }
}

/// Says when the writer's thread has opened the database, or why it could not.
type Opened = oneshot::Receiver<Result<(), StoreError>>;

/// Starts the writer's thread, which opens the database: it alone may wait for one.
fn spawn_writer(
    database: Database,
    core: model::Core<'_>,
    known: writer::Known,
    queue: mpsc::Receiver<Job>,
) -> Result<(std::thread::JoinHandle<()>, Opened), StoreError> {
    let (ready, opened) = oneshot::channel();
    let schemas: Vec<String> = core.schemas.iter().map(|schema| (*schema).to_owned()).collect();
    let codes = core.codes;
    let serve = move || {
        let schemas: Vec<&str> = schemas.iter().map(String::as_str).collect();
        match Writer::open(&database, model::Core { codes, schemas: &schemas }, known) {
            Ok(writer) => {
                drop(ready.send(Ok(())));
                writer.serve(queue);
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    };
    let thread = std::thread::Builder::new().name("writer".into()).spawn(serve).map_err(|reason| StoreError::Log(reason.to_string()))?;
    Ok((thread, opened))
}
