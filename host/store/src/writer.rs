//! The one writer: group commit.
//!
//! Whatever waits when the last commit ended goes into the next one, each change under a savepoint of its own,
//! so that one that fails takes nothing else with it. Nothing is answered before the commit is durable. A caller who
//! stops waiting changes nothing: the work is the writer's by then.

use std::any::Any;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use linli_audit::{Access, Encoded, Entry};
use linli_model::EntityType;
use linli_scope::{Authorized, Change};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use crate::change::{self, Counters, Made};
use crate::error::StoreError;
use crate::log::Tail;

/// Work on the platform's own tables.
pub(crate) type Administration = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<Box<dyn Any + Send>, StoreError>> + Send>;

/// What can be asked of the writer.
pub(crate) enum Job {
    /// Put an entry on the record.
    Record(Encoded, oneshot::Sender<Result<(), StoreError>>),
    /// Make changes, all or none, and put them on the record with what their invocation had read.
    Apply(Vec<Authorized<Change>>, Box<Entry>, oneshot::Sender<Result<Vec<Made>, StoreError>>),
    /// Something on the platform's own tables, with its entry in the log.
    Administer(Administration, Option<Encoded>, oneshot::Sender<Result<Box<dyn Any + Send>, StoreError>>),
    /// The end of the log as it is durable now.
    Tail(oneshot::Sender<linli_audit::Frontier>),
}

/// How many jobs one commit takes at most.
const GROUP_MAX: usize = 256;

/// Looks an entity type up by its full name.
pub(crate) type Lookup = Arc<dyn Fn(&str) -> Option<Arc<EntityType>> + Send + Sync>;

pub(crate) struct Writer {
    pub connection: SqliteConnection,
    pub counters: Counters,
    pub tail: Tail,
    pub tables: Lookup,
}

enum Reply {
    Recorded(oneshot::Sender<Result<(), StoreError>>),
    Applied(oneshot::Sender<Result<Vec<Made>, StoreError>>, Vec<Made>),
    Administered(oneshot::Sender<Result<Box<dyn Any + Send>, StoreError>>, Box<dyn Any + Send>),
}

impl Writer {
    /// Serves until every sender is gone, then closes the database.
    pub async fn serve(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        while jobs.recv_many(&mut group, GROUP_MAX).await > 0 {
            self.commit(group.drain(..)).await;
        }
        if let Err(error) = self.connection.close().await {
            tracing::error!(%error, "the database did not close cleanly");
        }
    }

    async fn commit(&mut self, group: impl Iterator<Item = Job>) {
        let mut tail = self.tail.clone();
        let mut waiting = Vec::new();
        match self.transact(group, &mut tail, &mut waiting).await {
            Ok(()) => {
                self.tail = tail;
                waiting.into_iter().for_each(Reply::done);
            }
            Err(error) => {
                let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
                tracing::error!(%error, "a group of writes failed");
                waiting.into_iter().for_each(|reply| reply.failed(&error));
            }
        }
    }

    /// Everything of a group but the answers. On an error the callers' replies are in `waiting`.
    async fn transact(&mut self, group: impl Iterator<Item = Job>, tail: &mut Tail, waiting: &mut Vec<Reply>) -> Result<(), StoreError> {
        let mut entries = Vec::new();
        let mut later = Vec::new();
        for job in group {
            match job {
                Job::Record(entry, reply) => {
                    entries.push(entry);
                    waiting.push(Reply::Recorded(reply));
                }
                Job::Tail(reply) => drop(reply.send(self.tail.frontier.clone())),
                job => later.push(job),
            }
        }
        if entries.is_empty() && later.is_empty() {
            return Ok(());
        }
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        for job in later {
            self.one(job, &mut entries, waiting).await?;
        }
        tail.append(&mut self.connection, &entries).await?;
        sqlx::query("COMMIT").execute(&mut self.connection).await?;
        Ok(())
    }

    async fn one(&mut self, job: Job, entries: &mut Vec<Encoded>, waiting: &mut Vec<Reply>) -> Result<(), StoreError> {
        sqlx::query("SAVEPOINT one").execute(&mut self.connection).await?;
        match job {
            Job::Apply(changes, entry, reply) => match self.apply(&changes, *entry).await {
                Ok((made, entry)) => {
                    self.release().await?;
                    entries.push(entry);
                    waiting.push(Reply::Applied(reply, made));
                }
                Err(error) => {
                    self.undo().await?;
                    let _ = reply.send(Err(error));
                }
            },
            Job::Administer(work, entry, reply) => match work(&mut self.connection).await {
                Ok(value) => {
                    self.release().await?;
                    entries.extend(entry);
                    waiting.push(Reply::Administered(reply, value));
                }
                Err(error) => {
                    self.undo().await?;
                    let _ = reply.send(Err(error));
                }
            },
            Job::Record(..) | Job::Tail(_) => self.release().await?,
        }
        Ok(())
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        sqlx::query("RELEASE one").execute(&mut self.connection).await?;
        Ok(())
    }

    async fn undo(&mut self) -> Result<(), StoreError> {
        sqlx::query("ROLLBACK TO one").execute(&mut self.connection).await?;
        self.release().await
    }

    async fn apply(&mut self, changes: &[Authorized<Change>], mut entry: Entry) -> Result<(Vec<Made>, Encoded), StoreError> {
        let at = Timestamp::now().as_millisecond();
        let mut all = Vec::with_capacity(changes.len());
        for change in changes {
            let tables = self.tables.clone();
            let made = change::apply(&mut self.connection, &mut self.counters, &*tables, at, change).await?;
            entry.subjects |= &made.subjects;
            entry.accesses.push(access(change));
            all.push(made);
        }
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
            Self::Applied(reply, made) => drop(reply.send(Ok(made))),
            Self::Administered(reply, value) => drop(reply.send(Ok(value))),
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
