//! SQLite, called where the work is: no thread in between.
//!
//! Most statements take a few microseconds, less than it takes to wake another thread and be woken by it. So a read
//! runs on the thread that asks. One that takes longer than [`SHORT`] is broken off and run again where it may
//! wait, and one that takes longer than [`LONG`] is an error.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, ffi, params_from_iter};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

use crate::database::{Bind, Cells, Kind, Row};
use crate::error::StoreError;

/// What a read may take on a thread that serves others too.
const SHORT: Duration = Duration::from_millis(1);
/// What any read may take.
const LONG: Duration = Duration::from_secs(10);
/// Reads that take longer than [`SHORT`], at once.
const LONG_AT_ONCE: usize = 8;
/// Steps of SQLite's machine between two looks at the clock: some ten microseconds.
const STEPS: i32 = 1_000;
/// Connections that are kept when nobody reads.
const IDLE: usize = 16;
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 512;
/// Pages in the write-ahead log that are worth copying into the file: 16 MiB. The log's last page is in there many times.
const CHECKPOINT: i64 = 4_096;
/// How long a connection waits for another's lock.
const PATIENCE: Duration = Duration::from_secs(10);

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Cells for rusqlite::Row<'_> {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => Ok(Some(number)),
            other => Err(misfit(column, &other)),
        }
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => std::str::from_utf8(text).map(Some).map_err(|reason| StoreError::damaged("a text", reason)),
            other => Err(misfit(column, &other)),
        }
    }

    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            other => Err(misfit(column, &other)),
        }
    }
}

fn misfit(column: usize, found: &ValueRef<'_>) -> StoreError {
    StoreError::damaged("a row", format!("column {column} holds {}", found.data_type()))
}

/// How a database file is opened.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    file: std::path::PathBuf,
    read_only: bool,
    /// How much of the file is mapped into memory, at most, bytes.
    mapped: i64,
}

impl Options {
    /// Read and write; made if absent. Every commit is durable.
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), read_only: false, mapped: 0 }
    }

    pub fn mapped(self, bytes: i64) -> Self {
        Self { mapped: bytes, ..self }
    }

    pub fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    pub fn open(&self) -> Result<Session, StoreError> {
        let access = match self.read_only {
            true => OpenFlags::SQLITE_OPEN_READ_ONLY,
            false => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        let connection = Connection::open_with_flags(&self.file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_timeout(PATIENCE)?;
        // Without this SQLite looks at bound values when it plans, and plans anew whenever others are bound.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        if !self.read_only {
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "full")?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
        }
        if self.mapped > 0 {
            connection.pragma_update(None, "mmap_size", self.mapped)?;
        }
        Ok(Session { connection })
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Connection,
}

impl Session {
    /// Runs one statement, which is kept prepared. Returns how many rows it changed.
    pub fn execute(&self, text: &str, binds: &[Bind<'_>]) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(text)?;
        Ok(statement.execute(params_from_iter(binds))?)
    }

    /// Runs statements without values, which are not kept.
    pub fn batch(&self, text: &str) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch(text)?)
    }

    /// Hands each row to `each`.
    pub fn each(&self, text: &str, binds: &[Bind<'_>], mut each: impl FnMut(&Row<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query(params_from_iter(binds))?;
        while let Some(row) = rows.next()? {
            each(&Row::Sqlite(row))?;
        }
        Ok(())
    }

    /// Inserts rows, one statement each: it costs nothing to ask again.
    pub fn insert(&self, table: &str, columns: &[(&str, Kind)], values: &[Bind<'_>]) -> Result<(), StoreError> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let places = vec!["?"; columns.len()].join(", ");
        let text = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "));
        let mut statement = self.connection.prepare_cached(&text)?;
        for row in values.chunks(columns.len()) {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }

    /// Closes it, with what that has to say.
    pub fn close(self) -> Result<(), StoreError> {
        Ok(self.connection.close().map_err(|(_, error)| error)?)
    }
}

/// Connections that read one database, as many as there are readers at once.
pub(crate) struct Readers {
    options: Options,
    idle: Mutex<Vec<Reader>>,
    long: Semaphore,
    epoch: Instant,
}

struct Reader {
    session: Session,
    /// When it is broken off, nanoseconds after the epoch.
    deadline: Arc<AtomicU64>,
}

impl Readers {
    /// Opens the first connection, so that a file that can't be read is known at once.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let options = options.read_only();
        let readers = Self { options, idle: Mutex::default(), long: Semaphore::new(LONG_AT_ONCE), epoch: Instant::now() };
        readers.put_back(readers.connect()?);
        Ok(readers)
    }

    /// Reads. `work` may run twice.
    pub async fn read<T>(&self, work: impl Fn(&Session) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.within(SHORT, &work) {
            Err(StoreError::Slow) => {}
            done => return done,
        }
        let _turn = self.long.acquire().await.map_err(|_| StoreError::Closed)?;
        match Handle::current().runtime_flavor() {
            RuntimeFlavor::CurrentThread => self.within(LONG, &work),
            _ => tokio::task::block_in_place(|| self.within(LONG, &work)),
        }
    }

    /// Closes what is idle; readers at work close when they end.
    pub fn close(&self) {
        self.long.close();
        if let Ok(mut idle) = self.idle.lock() {
            idle.clear();
        }
    }

    fn within<T>(&self, time: Duration, work: &impl Fn(&Session) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let reader = match idle {
            Some(reader) => reader,
            None => self.connect()?,
        };
        reader.deadline.store(nanoseconds(self.epoch.elapsed() + time), Ordering::Relaxed);
        let done = work(&reader.session);
        self.put_back(reader);
        done
    }

    fn connect(&self) -> Result<Reader, StoreError> {
        let session = self.options.open()?;
        let deadline = Arc::new(AtomicU64::new(u64::MAX));
        let (known, epoch) = (deadline.clone(), self.epoch);
        session.connection.progress_handler(STEPS, Some(move || nanoseconds(epoch.elapsed()) > known.load(Ordering::Relaxed)))?;
        Ok(Reader { session, deadline })
    }

    fn put_back(&self, reader: Reader) {
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < IDLE
            && !self.long.is_closed()
        {
            idle.push(reader);
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            // Names the column: `UNIQUE constraint failed: e_resident.id_number`.
            rusqlite::Error::SqliteFailure(code, Some(message))
                if matches!(code.extended_code, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) =>
            {
                Self::Taken(message.rsplit('.').next().unwrap_or_default().to_owned())
            }
            _ if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Self::Slow,
            _ => Self::Database(Box::new(error)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::database::binds;

    /// Counts to `$1`, which takes some 50 ns a step.
    const COUNT: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT max(i) FROM n";

    fn readers(name: &str) -> Readers {
        let file = std::env::temp_dir().join(format!("linli-readers-{}-{name}.db", std::process::id()));
        Options::new(&file).open().unwrap().batch("CREATE TABLE IF NOT EXISTS t (a INTEGER)").unwrap();
        Readers::open(Options::new(&file)).unwrap()
    }

    fn count_to(session: &Session, to: i64) -> Result<i64, StoreError> {
        let mut counted = 0;
        session.each(COUNT, binds![to], |row| {
            counted = row.integer(0)?;
            Ok(())
        })?;
        Ok(counted)
    }

    async fn count(readers: &Readers, to: i64) -> (i64, u32) {
        let runs = Cell::new(0);
        let work = |session: &Session| {
            runs.set(runs.get() + 1);
            count_to(session, to)
        };
        let counted = readers.read(work).await.unwrap();
        (counted, runs.get())
    }

    #[test]
    fn a_short_read_runs_once_and_a_long_one_again_where_it_may_wait() {
        for mut runtime in [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()] {
            let runtime = runtime.enable_all().build().unwrap();
            let readers = readers("long");
            assert_eq!(runtime.block_on(count(&readers, 10)), (10, 1));
            assert_eq!(runtime.block_on(count(&readers, 1_000_000)), (1_000_000, 2));
            assert_eq!(runtime.block_on(count(&readers, 10)), (10, 1), "the same connection, with a new deadline");
        }
    }

    #[test]
    fn what_takes_too_long_is_broken_off() {
        let readers = readers("slow");
        let broken = readers.within(Duration::from_millis(2), &|session: &Session| count_to(session, 1_000_000_000));
        assert!(matches!(broken, Err(StoreError::Slow)));
    }

    #[test]
    fn readers_can_only_read() {
        let readers = readers("only");
        let refused = readers.within(SHORT, &|session: &Session| session.execute("INSERT INTO t VALUES (1)", &[]));
        assert!(matches!(refused, Err(StoreError::Database(_))));
    }
}
