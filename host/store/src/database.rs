//! What statements take and give, and who runs them: SQLite or PostgreSQL.
//!
//! The two differ in three places: how a statement runs, how a table is made (`schema`), and how an error says
//! that a key is taken. Everything else in the store is written once.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use linli_model::Value;

use crate::error::StoreError;
use crate::{postgres, sqlite};

/// Where the store's tables are.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file, made if absent; its access log lies beside it.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(postgres::Address),
}

impl Database {
    /// From a URL: `postgres://user@host:port/name`, or else a file's path.
    pub fn at(place: &str) -> Result<Self, StoreError> {
        match place.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(postgres::Address::read(place)?)),
            Some((other, _)) => Err(StoreError::Address(format!("`{other}://` is neither a file nor postgres://"))),
            None => Ok(Self::Sqlite(place.into())),
        }
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}

/// The file of the access log that belongs to a database file.
pub fn log_beside(database: &Path) -> PathBuf {
    database.with_file_name("access-log.db")
}

/// A value in its place. A boolean is 0 or 1, a date is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bind<'a> {
    Null,
    Integer(i64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

impl Bind<'_> {
    /// The same, on its own.
    pub fn detached(self) -> Bind<'static> {
        match self {
            Self::Null => Bind::Null,
            Self::Integer(number) => Bind::Integer(number),
            Self::Text(text) => Bind::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Bind::Bytes(Cow::Owned(bytes.into_owned())),
        }
    }
}

impl Bind<'_> {
    pub(crate) fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

/// The cells of one row. A cell of another type than the one asked for is damage, not null.
pub(crate) trait Cells {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError>;
    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError>;
    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError>;

    fn integer(&self, column: usize) -> Result<i64, StoreError> {
        self.optional_integer(column)?.ok_or_else(|| null(column))
    }

    fn text(&self, column: usize) -> Result<String, StoreError> {
        self.optional_text(column)?.map(ToOwned::to_owned).ok_or_else(|| null(column))
    }

    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.optional_bytes(column)?.ok_or_else(|| null(column))
    }
}

/// One row of an answer. PostgreSQL's come from the connection that writes or from one that reads.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    PostgresWritten(&'r sqlx::postgres::PgRow),
    PostgresRead(&'r tokio_postgres::Row),
}

impl Cells for Row<'_> {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(row) => row.optional_integer(column),
            Self::PostgresWritten(row) => row.optional_integer(column),
            Self::PostgresRead(row) => row.optional_integer(column),
        }
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self {
            Self::Sqlite(row) => row.optional_text(column),
            Self::PostgresWritten(row) => row.optional_text(column),
            Self::PostgresRead(row) => row.optional_text(column),
        }
    }

    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self {
            Self::Sqlite(row) => row.optional_bytes(column),
            Self::PostgresWritten(row) => row.optional_bytes(column),
            Self::PostgresRead(row) => row.optional_bytes(column),
        }
    }
}

/// One connection that writes, used on a thread that may wait.
pub(crate) enum Session {
    Sqlite(sqlite::Session),
    Postgres(postgres::Session),
}

/// Which of the two it is, for the few statements that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Session {
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs one statement, which is kept prepared. Returns how many rows it changed.
    pub fn execute(&self, text: &str, binds: &[Bind<'_>]) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(session) => session.execute(text, binds),
            Self::Postgres(session) => session.execute(text, binds),
        }
    }

    /// Runs statements without values, which are not kept.
    pub fn batch(&self, text: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.batch(text),
            Self::Postgres(session) => session.batch(text),
        }
    }

    /// Hands each row to `each`.
    pub fn each(&self, text: &str, binds: &[Bind<'_>], each: impl FnMut(&Row<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.each(text, binds, each),
            Self::Postgres(session) => session.each(text, binds, each),
        }
    }

    /// Inserts rows of `kinds.len()` values each into `columns` of a table.
    pub fn insert(&self, table: &str, columns: &[(&str, Kind)], values: &[Bind<'_>]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.insert(table, columns, values),
            Self::Postgres(session) => session.insert(table, columns, values),
        }
    }

    /// Whether [`Session::insert`] is one statement, all or nothing, whatever the number of rows.
    pub fn inserts_at_once(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Begins the transaction of a writer.
    pub fn begin(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.execute("BEGIN IMMEDIATE", &[]).map(drop),
            Self::Postgres(session) => session.batch("BEGIN"),
        }
    }

    /// Runs work in a transaction of its own: all of it or nothing.
    pub fn transaction<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.begin()?;
        let done = work().and_then(|value| self.execute("COMMIT", &[]).map(|_| value));
        if done.is_err() {
            // The work's own error says more than one of this.
            let _ = self.batch("ROLLBACK");
        }
        done
    }

    /// All rows.
    pub fn all<T>(&self, text: &str, binds: &[Bind<'_>], read: impl Fn(&Row<'_>) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.each(text, binds, |row| {
            found.push(read(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The first row, if there is one. The statement gives few.
    pub fn first<T>(
        &self,
        text: &str,
        binds: &[Bind<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.each(text, binds, |row| {
            if found.is_none() {
                found = Some(read(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The integer of a statement that always has one.
    pub fn number(&self, text: &str, binds: &[Bind<'_>]) -> Result<i64, StoreError> {
        self.first(text, binds, |row| row.integer(0))?.ok_or_else(no_row)
    }

    /// Closes it, with what that has to say.
    pub fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.close(),
            Self::Postgres(session) => session.close(),
        }
    }
}

fn no_row() -> StoreError {
    StoreError::damaged("an answer of the database", "no row")
}

/// What a column of [`Session::insert`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text,
    Bytes,
}

/// Connections that read one database, as many as there are readers at once.
pub(crate) enum Readers {
    Sqlite(sqlite::Readers),
    Postgres(postgres::Readers),
}

impl Readers {
    /// Folds the rows of one statement. `start` may be called twice: of a read that is broken off nothing is kept.
    pub async fn fold<T>(
        &self,
        text: &str,
        binds: &[Bind<'_>],
        start: impl Fn() -> T,
        fold: impl Fn(&mut T, &Row<'_>) -> Result<(), StoreError>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(readers) => {
                let work = |session: &sqlite::Session| {
                    let mut folded = start();
                    session.each(text, binds, |row| fold(&mut folded, row))?;
                    Ok(folded)
                };
                readers.read(work).await
            }
            Self::Postgres(readers) => readers.fold(text, binds, start, fold).await,
        }
    }

    /// All rows.
    pub async fn all<T>(
        &self,
        text: &str,
        binds: &[Bind<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let add = |found: &mut Vec<T>, row: &Row<'_>| {
            found.push(read(row)?);
            Ok(())
        };
        self.fold(text, binds, Vec::new, add).await
    }

    /// The first row, if there is one. The statement gives few.
    pub async fn first<T>(
        &self,
        text: &str,
        binds: &[Bind<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let add = |found: &mut Option<T>, row: &Row<'_>| {
            if found.is_none() {
                *found = Some(read(row)?);
            }
            Ok(())
        };
        self.fold(text, binds, || None, add).await
    }

    /// The integer of a statement that always has one.
    pub async fn number(&self, text: &str, binds: &[Bind<'_>]) -> Result<i64, StoreError> {
        self.first(text, binds, |row| row.integer(0)).await?.ok_or_else(no_row)
    }

    /// Closes what is idle; readers at work close when they end.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(readers) => readers.close(),
            Self::Postgres(readers) => readers.close().await,
        }
    }
}

fn null(column: usize) -> StoreError {
    StoreError::damaged("a row", format!("column {column} is null"))
}

impl<'a> From<&'a Value> for Bind<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Integer(i64::from(*value)),
            Value::Integer(number) => Self::Integer(*number),
            Value::Decimal(decimal) => Self::Integer(decimal.units),
            Value::Text(text) => Self::Text(Cow::Borrowed(text)),
            Value::Date(date) => Self::Text(Cow::Owned(date.to_string())),
            Value::Reference(record) => Self::Integer(record.0),
        }
    }
}

impl From<i64> for Bind<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Bind<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Bind<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<&'a [u8]> for Bind<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'a, T: Into<Bind<'a>>> From<Option<T>> for Bind<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// `binds![a, b]`: values in their order.
macro_rules! binds {
    ($($value:expr),* $(,)?) => { &[$($crate::database::Bind::from($value)),*] };
}
pub(crate) use binds;
