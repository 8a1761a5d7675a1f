//! Connections that read, each with several questions under way.
//!
//! A question and its answer are one packet each way; where several are under way on one connection, one packet
//! carries several, and neither side is woken for each. So the connections in use are few and well filled.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Statement};

use super::address::{Address, Server};
use super::{STATEMENTS, unreachable, value};
use crate::database::{Bind, Row};
use crate::error::StoreError;

/// Connections at most.
const CONNECTIONS: usize = 16;
/// Questions that wait for one another on a connection, before another is opened.
const DEPTH: usize = 4;
/// Nobody is made to wait behind an answer that takes longer.
const SHORT: Duration = Duration::from_millis(5);
/// How long a reader waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections that read: the first ones are used first.
pub(crate) struct Readers {
    server: Box<Server>,
    /// Where the server is, to say it.
    address: String,
    lines: Mutex<Vec<Arc<Line>>>,
    /// Held by whoever connects, so that those who wait for it find what it made.
    connecting: tokio::sync::Mutex<()>,
    turns: Semaphore,
}

/// One connection.
struct Line {
    client: Client,
    statements: Mutex<HashMap<String, Statement>>,
    load: Mutex<Load>,
    /// Moves the bytes; ends when the client is gone and all is answered.
    task: JoinHandle<()>,
}

/// What is under way on a connection, and when it last began to work or had an answer.
#[derive(Clone, Copy)]
struct Load {
    questions: usize,
    moved: Instant,
}

impl Readers {
    /// Connects when somebody reads.
    pub fn open(address: &Address) -> Self {
        Self {
            server: address.reading(),
            address: address.to_string(),
            lines: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            turns: Semaphore::new(CONNECTIONS * DEPTH),
        }
    }

    pub async fn fold<T>(
        &self,
        text: &str,
        binds: &[Bind<'_>],
        start: impl Fn() -> T,
        fold: impl Fn(&mut T, &Row<'_>) -> Result<(), StoreError>,
    ) -> Result<T, StoreError> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await.map_err(|_| StoreError::Slow)?;
        let _turn = turn.map_err(|_| StoreError::Closed)?;
        let mut question = self.question().await?;
        let mut folded = start();
        let done = question.line.ask(text, binds, |row| fold(&mut folded, row)).await;
        question.is_answered = true;
        done.map(|()| folded)
    }

    /// A place on a connection: on the first that has one, or a new one.
    async fn question(&self) -> Result<Question<'_>, StoreError> {
        if let Some(question) = self.place() {
            return Ok(question);
        }
        let _connecting = self.connecting.lock().await;
        if let Some(question) = self.place() {
            return Ok(question);
        }
        let line = Line::open(&self.server).await.map_err(|error| unreachable(&self.address, &error))?;
        let line = Arc::new(line);
        lock(&self.lines).push(Arc::clone(&line));
        Ok(Question::on(self, line))
    }

    fn place(&self) -> Option<Question<'_>> {
        let mut lines = lock(&self.lines);
        lines.retain(|line| !line.client.is_closed());
        let now = Instant::now();
        let free = lines.iter().find(|line| line.has_room(now));
        // Where no more may be opened, whichever has the least to do.
        let line =
            free.or_else(|| if lines.len() < CONNECTIONS { None } else { lines.iter().min_by_key(|line| lock(&line.load).questions) });
        line.map(|line| Question::on(self, Arc::clone(line)))
    }

    /// Waits for readers at work, and closes.
    pub async fn close(&self) {
        let _all = self.turns.acquire_many(u32::try_from(CONNECTIONS * DEPTH).unwrap_or(u32::MAX)).await;
        self.turns.close();
        let lines = std::mem::take(&mut *lock(&self.lines));
        for line in lines.into_iter().filter_map(Arc::into_inner) {
            drop(line.client);
            let _ = line.task.await;
        }
    }
}

impl Line {
    async fn open(server: &Server) -> Result<Self, tokio_postgres::Error> {
        let (client, connection) = server.config.connect(server.tls.clone()).await?;
        let task = tokio::spawn(async move {
            if let Err(reason) = connection.await {
                tracing::warn!(%reason, "a connection to PostgreSQL is lost");
            }
        });
        let load = Mutex::new(Load { questions: 0, moved: Instant::now() });
        Ok(Self { client, statements: Mutex::default(), load, task })
    }

    fn has_room(&self, now: Instant) -> bool {
        let load = *lock(&self.load);
        load.questions == 0 || (load.questions < DEPTH && now.saturating_duration_since(load.moved) < SHORT)
    }

    /// Hands each row of the answer to `each`.
    async fn ask(
        &self,
        text: &str,
        binds: &[Bind<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let statement = self.statement(text, binds).await?;
        let mut rows = pin!(self.client.query_raw(&statement, binds).await?);
        while let Some(row) = rows.try_next().await? {
            each(&Row::PostgresRead(&row))?;
        }
        Ok(())
    }

    async fn statement(&self, text: &str, binds: &[Bind<'_>]) -> Result<Statement, StoreError> {
        if let Some(statement) = lock(&self.statements).get(text) {
            return Ok(statement.clone());
        }
        let types: Vec<_> = binds.iter().map(value::type_of).collect();
        let statement = self.client.prepare_typed(text, &types).await?;
        let mut statements = lock(&self.statements);
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        statements.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// A question under way. One whose asker is gone takes its connection out of use: the server may work on it still, and
/// others would wait behind it. One that failed does not: what is left of its answer is under way already.
struct Question<'r> {
    readers: &'r Readers,
    line: Arc<Line>,
    is_answered: bool,
}

impl<'r> Question<'r> {
    fn on(readers: &'r Readers, line: Arc<Line>) -> Self {
        let mut load = lock(&line.load);
        if load.questions == 0 {
            load.moved = Instant::now();
        }
        load.questions += 1;
        drop(load);
        Self { readers, line, is_answered: false }
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        let mut load = lock(&self.line.load);
        *load = Load { questions: load.questions - 1, moved: Instant::now() };
        drop(load);
        if !self.is_answered {
            lock(&self.readers.lines).retain(|line| !Arc::ptr_eq(line, &self.line));
        }
    }
}

/// Nothing that holds one of these locks can panic, and what they guard is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
