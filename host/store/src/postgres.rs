//! PostgreSQL, through sqlx: readers share connections, the writer has a connection and a small runtime of its own.
//!
//! Every value is bound in PostgreSQL's binary form. Plans are generic from the first run on: a plan made anew costs as
//! much as the page itself, and none of ours depends on the values.

use std::borrow::Cow;
use std::cell::RefCell;
use std::str::FromStr as _;
use std::sync::Mutex;
use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnectOptions, PgConnection, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Encode, Executor as _, Postgres, Row as _, SqlSafeStr as _, Type,
    TypeInfo as _, ValueRef as _,
};
use tokio::sync::Semaphore;

use crate::database::{Bind, Cells, Kind, Row};
use crate::error::StoreError;

/// What any read may take.
const LONG: &str = "10s";
/// Connections that read, at most. More would only take turns on the server's processors.
const READERS: usize = 16;
/// How long a reader waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 512;
/// The lock that the one writer of a database holds: "linli" in letters.
const WRITER: i64 = 0x006c_696e_6c69;
/// `query_canceled`: it took longer than [`LONG`].
const CANCELED: &str = "57014";
const LOCK_NOT_AVAILABLE: &str = "55P03";
const UNIQUE_VIOLATION: &str = "23505";

/// A server and a database on it.
#[derive(Clone)]
pub struct Address {
    options: Box<PgConnectOptions>,
}

impl Address {
    /// From a URL. What it does not say comes from the environment (`PGPASSWORD`, …) and from `~/.pgpass`.
    pub fn read(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(|reason| StoreError::Address(reason.to_string()))?;
        let options = options.application_name("linli").statement_cache_capacity(STATEMENTS).disable_statement_logging();
        Ok(Self { options: Box::new(options) })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let database = self.options.get_database().unwrap_or_else(|| self.options.get_username());
        write!(f, "postgres://{}:{}/{database}", self.options.get_host(), self.options.get_port())
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

// === values ===

impl Type<Postgres> for Bind<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Bind<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Integer(number) => buffer.extend_from_slice(&number.to_be_bytes()),
            Self::Text(text) => buffer.extend_from_slice(without_nul(text).as_bytes()),
            Self::Bytes(bytes) => buffer.extend_from_slice(bytes),
        }
        Ok(IsNull::No)
    }

    /// What a statement learns when it is prepared. For null the server finds it out by itself.
    fn produces(&self) -> Option<PgTypeInfo> {
        Some(match self {
            Self::Null => PgTypeInfo::with_oid(Oid(0)),
            Self::Integer(_) => <i64 as Type<Postgres>>::type_info(),
            Self::Text(_) => <str as Type<Postgres>>::type_info(),
            Self::Bytes(_) => <[u8] as Type<Postgres>>::type_info(),
        })
    }
}

/// PostgreSQL has no text with U+0000. Records hold none; what a plugin logs may.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{FFFD}")) } else { Cow::Borrowed(text) }
}

fn arguments(binds: &[Bind<'_>]) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    for bind in binds {
        arguments.add(bind).map_err(StoreError::Database)?;
    }
    Ok(arguments)
}

impl Cells for PgRow {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        let Some(cell) = cell(self, column)? else { return Ok(None) };
        let bytes = bytes(&cell)?;
        let number = match (cell.type_info().name(), bytes.len()) {
            ("INT8", _) => bytes.try_into().ok().map(i64::from_be_bytes),
            ("INT4", _) => bytes.try_into().ok().map(i32::from_be_bytes).map(i64::from),
            _ => None,
        };
        number.map(Some).ok_or_else(|| misfit(column, &cell))
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        let Some(cell) = cell(self, column)? else { return Ok(None) };
        match cell.type_info().name() {
            "TEXT" => cell.as_str().map(Some).map_err(|reason| StoreError::damaged("a text", reason)),
            _ => Err(misfit(column, &cell)),
        }
    }

    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        let Some(cell) = cell(self, column)? else { return Ok(None) };
        match cell.type_info().name() {
            "BYTEA" => bytes(&cell).map(Some),
            _ => Err(misfit(column, &cell)),
        }
    }
}

fn cell(row: &PgRow, column: usize) -> Result<Option<PgValueRef<'_>>, StoreError> {
    let cell = row.try_get_raw(column)?;
    Ok(if cell.is_null() { None } else { Some(cell) })
}

fn bytes<'r>(cell: &PgValueRef<'r>) -> Result<&'r [u8], StoreError> {
    cell.as_bytes().map_err(StoreError::Database)
}

fn misfit(column: usize, cell: &PgValueRef<'_>) -> StoreError {
    StoreError::damaged("a row", format!("column {column} holds {}", cell.type_info().name()))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(said) = error.as_database_error() else { return Self::Database(Box::new(error)) };
        match said.code().as_deref() {
            Some(CANCELED) => Self::Slow,
            Some(LOCK_NOT_AVAILABLE) => Self::Locked,
            Some(UNIQUE_VIOLATION) => Self::Taken(said.constraint().unwrap_or_default().to_owned()),
            _ => Self::Database(Box::new(error)),
        }
    }
}

// === connections ===

/// The writer's connection. Its thread waits for each answer.
pub(crate) struct Session {
    runtime: tokio::runtime::Runtime,
    connection: RefCell<PgConnection>,
}

impl Session {
    /// Connects, and takes the lock that only one host can hold. Must not be called where tasks run.
    pub fn open(address: &Address) -> Result<Self, StoreError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|reason| StoreError::Database(Box::new(reason)))?;
        let options = address.options.clone().options([("plan_cache_mode", "force_generic_plan"), ("lock_timeout", LONG)]);
        let connection = runtime.block_on(options.connect())?;
        let session = Self { runtime, connection: RefCell::new(connection) };
        // A host that was killed a moment ago may not have been missed yet.
        match session.execute("SELECT pg_advisory_lock($1)", &[Bind::Integer(WRITER)]) {
            Err(StoreError::Locked) => Err(StoreError::Address(format!("another host writes {address}; one at a time can"))),
            done => done.map(|_| session),
        }
    }

    /// Runs one statement, which is kept prepared. Returns how many rows it changed.
    pub fn execute(&self, text: &str, binds: &[Bind<'_>]) -> Result<usize, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(text), arguments(binds)?);
        let done = self.runtime.block_on(query.execute(&mut *self.connection.borrow_mut()))?;
        Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
    }

    /// Runs statements without values, which are not kept.
    pub fn batch(&self, text: &str) -> Result<(), StoreError> {
        let query = sqlx::raw_sql(AssertSqlSafe(text));
        self.runtime.block_on(self.connection.borrow_mut().execute(query))?;
        Ok(())
    }

    /// Hands each row to `each`.
    pub fn each(&self, text: &str, binds: &[Bind<'_>], each: impl FnMut(&Row<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let arguments = arguments(binds)?;
        self.runtime.block_on(hand_over(&mut self.connection.borrow_mut(), text, arguments, each))
    }

    /// Inserts rows with one statement, whatever their number: each column travels as one array.
    pub fn insert(&self, table: &str, columns: &[(&str, Kind)], values: &[Bind<'_>]) -> Result<(), StoreError> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let mut arrays = Vec::with_capacity(columns.len());
        let mut arguments = PgArguments::default();
        for (at, (_, kind)) in columns.iter().enumerate() {
            let column = values.iter().skip(at).step_by(columns.len());
            let added = match kind {
                Kind::Integer => arguments.add(column.map(Bind::as_integer).collect::<Vec<_>>()),
                Kind::Text => arguments.add(column.map(|bind| bind.as_text().map(without_nul)).collect::<Vec<_>>()),
                Kind::Bytes => arguments.add(column.map(Bind::as_bytes).collect::<Vec<_>>()),
            };
            added.map_err(StoreError::Database)?;
            arrays.push(format!("${}::{}[]", at + 1, type_of(*kind)));
        }
        let text = format!("INSERT INTO {table} ({}) SELECT * FROM unnest({})", names.join(", "), arrays.join(", "));
        self.runtime.block_on(sqlx::query_with(AssertSqlSafe(text), arguments).execute(&mut *self.connection.borrow_mut()))?;
        Ok(())
    }

    /// Closes it, with what that has to say.
    pub fn close(self) -> Result<(), StoreError> {
        Ok(self.runtime.block_on(self.connection.into_inner().close())?)
    }
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "bigint",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    }
}

async fn hand_over(
    connection: &mut PgConnection,
    text: &str,
    arguments: PgArguments,
    mut each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut rows = sqlx::query_with(AssertSqlSafe(text).into_sql_str(), arguments).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        each(&Row::Postgres(&row))?;
    }
    Ok(())
}

/// Connections that read: a stack, so that the one used last is used again.
///
/// Not sqlx's pool, which asks the server whether it is still there whenever a connection is given back: a second
/// way to the server and back for every read.
pub(crate) struct Readers {
    options: Box<PgConnectOptions>,
    idle: Mutex<Vec<PgConnection>>,
    turns: Semaphore,
}

impl Readers {
    /// Connects when somebody reads. A connection that was cut is found out by the read that it fails.
    pub fn open(address: &Address) -> Self {
        let options = address.options.clone().options([
            ("plan_cache_mode", "force_generic_plan"),
            ("statement_timeout", LONG),
            ("default_transaction_read_only", "on"),
        ]);
        Self { options: Box::new(options), idle: Mutex::default(), turns: Semaphore::new(READERS) }
    }

    pub async fn fold<T>(
        &self,
        text: &str,
        binds: &[Bind<'_>],
        start: impl Fn() -> T,
        fold: impl Fn(&mut T, &Row<'_>) -> Result<(), StoreError>,
    ) -> Result<T, StoreError> {
        let arguments = arguments(binds)?;
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await.map_err(|_| StoreError::Slow)?;
        let _turn = turn.map_err(|_| StoreError::Closed)?;
        let mut connection = match self.idle.lock().ok().and_then(|mut idle| idle.pop()) {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        let mut folded = start();
        let done = hand_over(&mut connection, text, arguments, |row| fold(&mut folded, row)).await;
        // Of a read that was broken off otherwise, or by its caller, answers may be under way still.
        if let Ok(()) | Err(StoreError::Slow) = done
            && let Ok(mut idle) = self.idle.lock()
        {
            idle.push(connection);
        }
        done.map(|()| folded)
    }

    /// Waits for readers at work, and closes.
    pub async fn close(&self) {
        let _all = self.turns.acquire_many(u32::try_from(READERS).unwrap_or(u32::MAX)).await;
        self.turns.close();
        let idle = self.idle.lock().map(|mut idle| std::mem::take(&mut *idle)).unwrap_or_default();
        for connection in idle {
            let _ = connection.close().await;
        }
    }
}
