//! PostgreSQL: a connection that writes, with a small runtime of its own, through sqlx; connections that read, through
//! tokio-postgres, which has several questions under way on each (ADR 10).
//!
//! Every value is bound in PostgreSQL's binary form. Plans are generic from the first run on: a plan made anew costs as
//! much as the page itself, and none of ours depends on the values.

mod address;
mod readers;
mod tls;
mod value;

use std::cell::RefCell;
use std::error::Error;

use futures::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _};

pub use address::Address;
pub(crate) use readers::Readers;
use value::{arguments, without_nul};

use crate::database::{Bind, Kind, Row};
use crate::error::StoreError;

/// What any read may take, and any wait for a lock.
const LONG: &str = "10s";
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 512;
/// The lock that the one writer of a database holds: "linli" in letters.
const WRITER: i64 = 0x006c_696e_6c69;
/// `query_canceled`: it took longer than [`LONG`].
const CANCELED: &str = "57014";
const LOCK_NOT_AVAILABLE: &str = "55P03";
const UNIQUE_VIOLATION: &str = "23505";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let said = error.as_database_error();
        let known = said.and_then(|said| known(said.code()?.as_ref(), said.constraint()));
        known.unwrap_or_else(|| Self::Database(Box::new(error)))
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let known = error.as_db_error().and_then(|said| known(said.code().code(), said.constraint()));
        known.unwrap_or_else(|| Self::Database(Box::new(error)))
    }
}

/// What the server says that means something here.
fn known(code: &str, constraint: Option<&str>) -> Option<StoreError> {
    match code {
        CANCELED => Some(StoreError::Slow),
        LOCK_NOT_AVAILABLE => Some(StoreError::Locked),
        UNIQUE_VIOLATION => Some(StoreError::Taken(constraint.unwrap_or_default().to_owned())),
        _ => None,
    }
}

/// A connection that was not made, for its innermost reason: of those around it some say it again and some hide it.
fn unreachable(address: impl ToString, error: &(dyn Error + 'static)) -> StoreError {
    let reasons = std::iter::successors(Some(error), |&error| error.source());
    StoreError::Unreachable { address: address.to_string(), reason: reasons.last().unwrap_or(error).to_string() }
}

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
        let connection = runtime.block_on(address.writing().connect()).map_err(|error| unreachable(address, &error))?;
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
        each(&Row::PostgresWritten(&row))?;
    }
    Ok(())
}
