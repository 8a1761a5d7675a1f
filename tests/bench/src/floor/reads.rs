//! The connections that read, to either database.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteRow};
use sqlx::{ConnectOptions as _, Row as _};

/// A pool of one of the two.
pub enum Reads {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// One question in both databases' words.
pub struct Statement {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// A value in its place.
#[derive(Clone, Copy)]
pub enum Bind<'a> {
    Text(&'a str),
    Number(i64),
}

/// What was found.
pub enum Rows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

/// The cells of a row, none of them null.
pub trait Cells {
    fn number(&self, column: usize) -> Result<i64, sqlx::Error>;
    fn text(&self, column: usize) -> Result<&str, sqlx::Error>;
}

impl Cells for SqliteRow {
    fn number(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.try_get(column)
    }

    fn text(&self, column: usize) -> Result<&str, sqlx::Error> {
        self.try_get(column)
    }
}

impl Cells for PgRow {
    fn number(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.try_get(column)
    }

    fn text(&self, column: usize) -> Result<&str, sqlx::Error> {
        self.try_get(column)
    }
}

impl Reads {
    /// Opens as many connections as are said, and keeps them.
    pub async fn open(database: &str, count: u32) -> anyhow::Result<Self> {
        let reads = match database.starts_with("postgres://") {
            true => Self::Postgres(pool(count).connect_with(postgres(database)?).await.context("connecting to PostgreSQL")?),
            false => Self::Sqlite(pool(count).connect_with(sqlite(database)).await.with_context(|| format!("opening {database}"))?),
        };
        reads.warm().await?;
        Ok(reads)
    }

    /// All rows of a statement, which is kept prepared.
    pub async fn rows(&self, statement: &Statement, binds: &[Bind<'_>]) -> Result<Rows, sqlx::Error> {
        macro_rules! bound {
            ($text:expr) => {
                binds.iter().fold(sqlx::query($text), |query, bind| match *bind {
                    Bind::Text(text) => query.bind(text),
                    Bind::Number(number) => query.bind(number),
                })
            };
        }
        match self {
            Self::Sqlite(pool) => Ok(Rows::Sqlite(bound!(statement.sqlite).fetch_all(pool).await?)),
            Self::Postgres(pool) => Ok(Rows::Postgres(bound!(statement.postgres).fetch_all(pool).await?)),
        }
    }

    /// Reads the whole table once, so that memory holds it.
    async fn warm(&self) -> anyhow::Result<()> {
        const TEXT: &str = "SELECT count(*), cast(coalesce(sum(length(name)), 0) AS bigint) FROM e_resident";
        let residents = match self.rows(&Statement { sqlite: TEXT, postgres: TEXT }, &[]).await? {
            Rows::Sqlite(rows) => rows.first().map(|row| row.number(0)).transpose()?,
            Rows::Postgres(rows) => rows.first().map(|row| row.number(0)).transpose()?,
        };
        anyhow::ensure!(residents > Some(0), "there are no residents in the platform's database");
        Ok(())
    }
}

fn pool<D: sqlx::Database>(count: u32) -> PoolOptions<D> {
    PoolOptions::new().min_connections(count).max_connections(count).test_before_acquire(false).idle_timeout(None).max_lifetime(None)
}

fn sqlite(file: &str) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal).read_only(true);
    options.pragma("mmap_size", "8589934592").busy_timeout(Duration::from_secs(10)).disable_statement_logging()
}

fn postgres(url: &str) -> anyhow::Result<PgConnectOptions> {
    // As for the platform: a plan made anew would cost as much as the page.
    Ok(url.parse::<PgConnectOptions>()?.options([("plan_cache_mode", "force_generic_plan")]).disable_statement_logging())
}
