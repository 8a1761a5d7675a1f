//! A native insert: one writer, whatever waits goes into one transaction, durable before the answer.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::{mpsc, oneshot};

use super::Floor;
use super::resident::Resident;

/// The columns, the key and the index of the page that the platform has too.
const TABLE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS resident (id INTEGER PRIMARY KEY, community TEXT NOT NULL, name TEXT NOT NULL, id_number TEXT NOT NULL, sex TEXT NOT NULL, \
     birth_date TEXT NOT NULL, grid TEXT NOT NULL, status TEXT NOT NULL, ethnicity TEXT, phone TEXT, hukou TEXT)",
    "CREATE UNIQUE INDEX IF NOT EXISTS resident_id_number ON resident (id_number)",
    "CREATE INDEX IF NOT EXISTS resident_by_birth_date ON resident (community, birth_date, id)",
];

const INSERT: &str = "INSERT INTO resident (community, name, id_number, sex, birth_date, grid, status, ethnicity, phone, hukou) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// How many inserts one commit takes at most.
const GROUP: usize = 256;

/// `POST /create`
pub async fn create(State(floor): State<Arc<Floor>>, headers: HeaderMap, Json(resident): Json<Resident>) -> Response {
    let holder = match floor.gate.holder(&headers) {
        Ok(holder) => holder,
        Err(status) => return status.into_response(),
    };
    if let Err(field) = floor.codes.check(&resident, &holder.community) {
        return (StatusCode::UNPROCESSABLE_ENTITY, field).into_response();
    }
    match floor.creates.insert(holder.community.clone(), resident).await {
        Ok(id) => (StatusCode::CREATED, Json(serde_json::json!({ "id": id }))).into_response(),
        Err(Failure::Duplicate) => StatusCode::CONFLICT.into_response(),
        Err(Failure::Database(reason)) => (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response(),
    }
}

/// Why nothing was inserted.
enum Failure {
    Duplicate,
    Database(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(reason) if reason.is_unique_violation() => Self::Duplicate,
            _ => Self::Database(error.to_string()),
        }
    }
}

type Reply = oneshot::Sender<Result<i64, Failure>>;

struct Job {
    community: String,
    resident: Resident,
    reply: Reply,
}

/// Where inserts are handed in.
pub struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub async fn start(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("mmap_size", "8589934592")
            .disable_statement_logging();
        let mut connection = options.connect().await.with_context(|| format!("opening {}", file.display()))?;
        for statement in TABLE {
            sqlx::query(*statement).execute(&mut connection).await?;
        }
        let (jobs, queue) = mpsc::channel(4_096);
        tokio::spawn(write(connection, queue));
        Ok(Self { jobs })
    }

    async fn insert(&self, community: String, resident: Resident) -> Result<i64, Failure> {
        let (reply, answer) = oneshot::channel();
        let closed = || Failure::Database("the writer has ended".to_owned());
        self.jobs.send(Job { community, resident, reply }).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

async fn write(mut connection: SqliteConnection, mut queue: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut group, GROUP).await > 0 {
        let mut replies = Vec::with_capacity(group.len());
        let done = commit(&mut connection, group.drain(..), &mut replies).await;
        if let Err(error) = &done {
            let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
            eprintln!("a group of inserts failed: {error}");
        }
        for (reply, id) in replies {
            let id = if done.is_ok() { id } else { Err(Failure::Database("the commit failed".to_owned())) };
            let _ = reply.send(id);
        }
    }
}

/// A row that is refused does not undo the others: SQLite undoes the statement alone.
async fn commit(
    connection: &mut SqliteConnection,
    group: impl Iterator<Item = Job>,
    replies: &mut Vec<(Reply, Result<i64, Failure>)>,
) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    for Job { community, resident, reply } in group {
        let inserted = sqlx::query(INSERT)
            .bind(community)
            .bind(resident.name)
            .bind(resident.id_number)
            .bind(resident.sex)
            .bind(resident.birth_date)
            .bind(resident.grid)
            .bind(resident.status)
            .bind(resident.ethnicity)
            .bind(resident.phone)
            .bind(resident.hukou)
            .execute(&mut *connection)
            .await;
        replies.push((reply, inserted.map(|done| done.last_insert_rowid()).map_err(Failure::from)));
    }
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(())
}
