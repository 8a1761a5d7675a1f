//! The one writer: group commit.
//!
//! Whatever waits when the last commit ended goes into the next one, each change under a savepoint of its own,
//! so that one that fails takes nothing else with it. Nothing is answered before its entry in the log is durable. A caller
//! who stops waiting changes nothing: the work is the writer's by then.
//!
//! In SQLite the log is a file of its own. A change commits together with its entry, in `log_pending`, and the entry is
//! moved into the log before the answer leaves; a host that dies in between moves it when it starts again. In PostgreSQL
//! the log is a table of the same database, and one transaction holds both.

use std::any::Any;
use std::sync::{Arc, RwLock};
use std::time::Instant;

use jiff::Timestamp;
use linli_audit::{Access, Encoded, Entry};
use linli_model::{Catalogue, EntityType, RegionTree};
use linli_scope::{Authorized, Change};
use tokio::sync::{mpsc, oneshot};

use crate::change::{self, Counters, Made};
use crate::claim::Once;
use crate::database::{self, Cells as _, Database, Session, binds};
use crate::error::StoreError;
use crate::log::Tail;
use crate::model::{self, Core};
use crate::sqlite::Options;
use crate::{erasure, postgres, region, schema};

/// Work on the platform's own tables.
pub(crate) type Administration = Box<dyn FnOnce(&Session) -> Result<Box<dyn Any + Send>, StoreError> + Send>;

/// What can be asked of the writer.
pub(crate) enum Job {
    /// Put an entry on the record.
    Record(Encoded, oneshot::Sender<Result<(), StoreError>>),
    /// Change something in the database.
    Change(Work),
    /// Something on the log's own tables beside its entries.
    Log(Administration, oneshot::Sender<Result<Box<dyn Any + Send>, StoreError>>),
    /// Take a person out of the log, and put on the record that this was done. Answers how many entries it reached.
    Erase(u64, Box<Entry>, oneshot::Sender<Result<u64, StoreError>>),
    /// The end of the log as it is durable now.
    Tail(oneshot::Sender<linli_audit::Frontier>),
}

/// A change, under a savepoint of its own.
pub(crate) enum Work {
    /// Make changes, all or none, and put them on the record with what their invocation had read.
    Apply(Vec<Authorized<Change>>, Box<Entry>, Once<[Made]>, oneshot::Sender<Result<Vec<Made>, StoreError>>),
    /// Something on the platform's own tables, with its entries in the log.
    Administer(Administration, Vec<Encoded>, oneshot::Sender<Result<Box<dyn Any + Send>, StoreError>>),
}

/// How many jobs one commit takes at most.
const GROUP_MAX: usize = 256;

/// How much of a database file is mapped into memory, at most, bytes.
pub(crate) const MAPPED: i64 = 8 << 30;

/// What the store and its writer both know.
pub(crate) struct Known {
    pub catalogue: Arc<RwLock<Arc<Catalogue>>>,
    pub regions: Arc<RwLock<Arc<RegionTree>>>,
}

impl Known {
    /// An entity type by its full name.
    pub fn entity(&self, name: &str) -> Option<Arc<EntityType>> {
        self.catalogue.read().ok().and_then(|known| known.entity(name).cloned())
    }

    /// All entity types as they are now.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.read().map(|known| known.clone()).unwrap_or_default()
    }

    /// The regions as they are now.
    pub fn regions(&self) -> Arc<RegionTree> {
        self.regions.read().map(|known| known.clone()).unwrap_or_default()
    }
}

pub(crate) struct Writer {
    session: Session,
    /// Where the log is a database of its own.
    own_log: Option<Session>,
    counters: Counters,
    tail: Tail,
    known: Known,
}

enum Reply {
    Recorded(oneshot::Sender<Result<(), StoreError>>),
    Applied(oneshot::Sender<Result<Vec<Made>, StoreError>>, Result<Vec<Made>, StoreError>),
    Administered(oneshot::Sender<Result<Box<dyn Any + Send>, StoreError>>, Result<Box<dyn Any + Send>, StoreError>),
}

/// A group under way: entries for the log, of changes (which commit with them) and of reads, and who waits.
#[derive(Default)]
struct Group {
    pending: Vec<Encoded>,
    entries: Vec<Encoded>,
    waiting: Vec<Reply>,
}

impl Group {
    /// Those of changes, then those of reads.
    fn all_entries(&mut self) -> Vec<Encoded> {
        let mut entries = std::mem::take(&mut self.pending);
        entries.append(&mut self.entries);
        entries
    }
}

impl Writer {
    /// Opens a database, brings its tables up to date and restores what the writer counts and what both know.
    pub fn open(database: &Database, core: Core<'_>, known: Known) -> Result<Self, StoreError> {
        let (session, own_log) = match database {
            Database::Sqlite(file) => {
                let log = Options::new(&database::log_beside(file)).open()?;
                (Session::Sqlite(Options::new(file).mapped(MAPPED).open()?), Some(Session::Sqlite(log)))
            }
            Database::Postgres(address) => (Session::Postgres(postgres::Session::open(address)?), None),
        };
        schema::migrate(&session, "platform_migration", schema::PLATFORM)?;
        let log = own_log.as_ref().unwrap_or(&session);
        schema::migrate(log, "log_migration", schema::LOG)?;
        let catalogue = model::load(&session, core)?;
        let regions = region::load(&session)?;
        let counters = Counters::load(&session, &catalogue)?;
        let tail = Tail::load(log)?;
        if let (Ok(mut catalogues), Ok(mut trees)) = (known.catalogue.write(), known.regions.write()) {
            *catalogues = Arc::new(catalogue);
            *trees = Arc::new(regions);
        }
        let mut writer = Self { session, own_log, counters, tail, known };
        writer.move_pending(&[])?;
        Ok(writer)
    }

    /// Serves on a thread of its own until every sender is gone, then closes the databases.
    pub fn serve(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        while jobs.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
            // A commit costs the processor as much as a page, whether it holds one entry or twenty. Where others are at
            // work they come first, and what they bring goes along; where nobody is, this takes no time.
            std::thread::yield_now();
            while group.len() < GROUP_MAX
                && let Ok(job) = jobs.try_recv()
            {
                group.push(job);
            }
            self.commit(group.drain(..));
        }
        for session in [Some(self.session), self.own_log].into_iter().flatten() {
            if let Err(error) = session.close() {
                tracing::error!(%error, "a database did not close cleanly");
            }
        }
    }

    fn log(&self) -> &Session {
        self.own_log.as_ref().unwrap_or(&self.session)
    }

    fn commit(&mut self, jobs: impl Iterator<Item = Job>) {
        let mut group = Group::default();
        let (began, size) = (Instant::now(), self.tail.frontier.size());
        let done = self.transact(jobs, &mut group);
        metrics::histogram!("linli_commit_seconds").record(began.elapsed());
        metrics::counter!("linli_log_entries_total").increment(self.tail.frontier.size().saturating_sub(size));
        match done {
            Ok(()) => group.waiting.into_iter().for_each(Reply::done),
            Err(error) => {
                let _ = self.session.batch("ROLLBACK");
                tracing::error!(%error, "a group of writes failed");
                group.waiting.into_iter().for_each(|reply| reply.failed(&error));
            }
        }
    }

    /// Everything of a group but the answers: the changes with their entries, then the log.
    fn transact(&mut self, jobs: impl Iterator<Item = Job>, group: &mut Group) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        for job in jobs {
            match job {
                Job::Record(entry, reply) => {
                    group.entries.push(entry);
                    group.waiting.push(Reply::Recorded(reply));
                }
                Job::Tail(reply) => drop(reply.send(self.tail.frontier.clone())),
                Job::Log(work, reply) => drop(reply.send(work(self.log()))),
                Job::Erase(subject, entry, reply) => drop(reply.send(self.erase(subject, *entry))),
                Job::Change(work) => changes.push(work),
            }
        }
        match self.own_log {
            Some(_) => self.transact_apart(changes, group),
            None => self.transact_together(changes, group),
        }
    }

    /// The changes with their entries beside them, then the log.
    fn transact_apart(&mut self, changes: Vec<Work>, group: &mut Group) -> Result<(), StoreError> {
        let behind = self.counters.pending > self.tail.moved;
        if !changes.is_empty() {
            self.session.begin()?;
            for work in changes {
                self.change(work, group)?;
            }
            self.keep_pending(&group.pending)?;
            self.session.execute("COMMIT", &[])?;
        }
        if behind {
            return self.move_pending(&group.entries);
        }
        self.append(&group.all_entries())
    }

    /// The changes and the log in one transaction.
    fn transact_together(&mut self, changes: Vec<Work>, group: &mut Group) -> Result<(), StoreError> {
        if changes.is_empty() {
            return self.append(&group.all_entries());
        }
        self.session.begin()?;
        for work in changes {
            self.change(work, group)?;
        }
        let frontier = self.tail.write(&self.session, &group.all_entries())?;
        self.session.execute("COMMIT", &[])?;
        self.tail.frontier = frontier;
        Ok(())
    }

    fn erase(&mut self, subject: u64, entry: Entry) -> Result<u64, StoreError> {
        if self.own_log.is_some() {
            self.move_pending(&[])?;
            self.session.execute("DELETE FROM log_pending WHERE id <= $1", binds![self.tail.moved])?;
        }
        let log = self.own_log.as_ref().unwrap_or(&self.session);
        erasure::erase(&mut self.tail, log, subject, entry)
    }

    fn append(&mut self, entries: &[Encoded]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let log = self.own_log.as_ref().unwrap_or(&self.session);
        self.tail.append(log, entries, self.counters.pending)
    }

    fn change(&mut self, work: Work, group: &mut Group) -> Result<(), StoreError> {
        let reply = match work {
            Work::Apply(changes, entry, once, reply) => {
                let made = self.savepoint(|writer| writer.apply(&changes, *entry, once))?.map(|(made, entry)| {
                    group.pending.push(entry);
                    made
                });
                Reply::Applied(reply, made)
            }
            Work::Administer(work, entries, reply) => {
                let value = self.savepoint(|writer| work(&writer.session))?;
                group.pending.extend(entries.into_iter().filter(|_| value.is_ok()));
                Reply::Administered(reply, value)
            }
        };
        group.waiting.push(reply);
        Ok(())
    }

    /// Puts the entries of changes beside them, so that both commit or neither.
    fn keep_pending(&mut self, pending: &[Encoded]) -> Result<(), StoreError> {
        self.session.execute("DELETE FROM log_pending WHERE id <= $1", binds![self.tail.moved])?;
        for entry in pending {
            self.counters.pending += 1;
            self.session.execute(
                "INSERT INTO log_pending (id, body, subjects) VALUES ($1, $2, $3)",
                binds![self.counters.pending, &entry.body, &entry.subjects[..]],
            )?;
        }
        Ok(())
    }

    /// Moves what committed with changes into the log, those of a host that died on the way too, and `more` behind it.
    pub fn move_pending(&mut self, more: &[Encoded]) -> Result<(), StoreError> {
        let mut entries = Vec::new();
        let mut moved = self.tail.moved;
        self.session.each("SELECT id, body, subjects FROM log_pending WHERE id > $1 ORDER BY id", binds![self.tail.moved], |row| {
            moved = row.integer(0)?;
            entries.push(Encoded { body: row.text(1)?, subjects: row.bytes(2)?.to_vec() });
            Ok(())
        })?;
        entries.extend_from_slice(more);
        let log = self.own_log.as_ref().unwrap_or(&self.session);
        self.tail.append(log, &entries, moved)?;
        self.counters.pending = moved;
        Ok(())
    }

    /// Work that is undone if it fails, and takes nothing else of the group with it.
    ///
    /// Its refusal waits for the commit like everything else: what it was refused for may be in this very group, and must
    /// be there to be looked at.
    fn savepoint<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<Result<T, StoreError>, StoreError> {
        self.session.execute("SAVEPOINT one", &[])?;
        let done = work(self);
        if done.is_err() {
            self.session.execute("ROLLBACK TO one", &[])?;
        }
        self.session.execute("RELEASE one", &[])?;
        Ok(done)
    }

    fn apply(&mut self, changes: &[Authorized<Change>], mut entry: Entry, once: Once<[Made]>) -> Result<(Vec<Made>, Encoded), StoreError> {
        let at = Timestamp::now().as_millisecond();
        let mut all = Vec::with_capacity(changes.len());
        for change in changes {
            let made = change::apply(&self.session, &mut self.counters, &self.known, at, change)?;
            entry.subjects |= &made.subjects;
            entry.accesses.push(access(change));
            all.push(made);
        }
        once.settle(&self.session, &all)?;
        Ok((all, entry.encode()))
    }
}

fn access(change: &Change) -> Access {
    let operation = if change.target.is_some() { "update" } else { "create" };
    let fields = change.values.iter().map(|(name, _)| (name.clone(), "plain".to_owned())).collect();
    Access { entity: change.entity.name.clone(), operation: operation.to_owned(), fields, records: 1, denied: None }
}

impl Reply {
    fn done(self) {
        match self {
            Self::Recorded(reply) => drop(reply.send(Ok(()))),
            Self::Applied(reply, made) => drop(reply.send(made)),
            Self::Administered(reply, value) => drop(reply.send(value)),
        }
    }

    fn failed(self, error: &StoreError) {
        let failure = StoreError::Log(error.to_string());
        match self {
            Self::Recorded(reply) => drop(reply.send(Err(failure))),
            Self::Applied(reply, _) => drop(reply.send(Err(failure))),
            Self::Administered(reply, _) => drop(reply.send(Err(failure))),
        }
    }
}
