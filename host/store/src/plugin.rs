//! Publishers, components, plugins and their logs.

use linli_audit::Encoded;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::Store;
use crate::error::StoreError;

/// Who publishes plugins. Assigned by an admin.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Publisher {
    /// `civil-affairs`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The sector of its tokens: publishers never share one key, sectors of one neither.
    pub sector: String,
}

/// A component as it was uploaded.
#[derive(Clone, Debug)]
pub struct Component {
    /// `sha256:…`.
    pub digest: String,
    /// The plugin's id.
    pub plugin: String,
    /// The version that its manifest says.
    pub version: String,
    /// The package.
    pub bytes: Vec<u8>,
    /// Who uploaded it.
    pub uploaded_by: i64,
    /// When, milliseconds since 1970.
    pub uploaded_at: i64,
}

/// A plugin and the component that serves it now.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The plugin's id.
    pub id: String,
    /// Its publisher.
    pub publisher: Publisher,
    /// The component.
    pub component: Component,
}

/// A line of a plugin's own log.
#[derive(Clone, Debug, serde::Serialize)]
pub struct LogLine {
    /// Milliseconds since 1970.
    pub at: i64,
    /// `page /eligible`.
    pub entry_point: String,
    /// `debug`, `info`, `warn`, `error`.
    pub level: String,
    /// What the plugin said.
    pub message: String,
}

/// Lines of a plugin's log that are kept.
const LINES_KEPT: i64 = 10_000;

fn installed(row: &SqliteRow) -> Result<Installed, StoreError> {
    Ok(Installed {
        id: row.try_get(0)?,
        publisher: Publisher { id: row.try_get(1)?, name: row.try_get(2)?, sector: row.try_get(3)? },
        component: Component {
            digest: row.try_get(4)?,
            plugin: row.try_get(0)?,
            version: row.try_get(5)?,
            bytes: row.try_get(6)?,
            uploaded_by: row.try_get(7)?,
            uploaded_at: row.try_get(8)?,
        },
    })
}

impl Store {
    /// Adds or renames a publisher. Its sector can't change: its tokens would.
    pub async fn put_publisher(&self, publisher: Publisher, entry: Option<Encoded>) -> Result<(), StoreError> {
        self.administer(entry, move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO publisher (id, name, sector) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                )
                .bind(publisher.id)
                .bind(publisher.name)
                .bind(publisher.sector)
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// All publishers.
    pub async fn publishers(&self) -> Result<Vec<Publisher>, StoreError> {
        let rows = sqlx::query("SELECT id, name, sector FROM publisher ORDER BY id").fetch_all(self.readers()).await?;
        rows.iter().map(|row| Ok(Publisher { id: row.try_get(0)?, name: row.try_get(1)?, sector: row.try_get(2)? })).collect()
    }

    /// Keeps a component and lets it serve its plugin.
    pub async fn put_plugin(&self, publisher: String, component: Component, entry: Option<Encoded>) -> Result<(), StoreError> {
        self.administer(entry, move |connection| {
            Box::pin(async move {
                sqlx::query("INSERT INTO plugin (id, publisher, digest) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET digest = excluded.digest")
                    .bind(component.plugin.clone())
                    .bind(publisher)
                    .bind(component.digest.clone())
                    .execute(&mut *connection)
                    .await?;
                sqlx::query("INSERT INTO component (digest, plugin, version, bytes, uploaded_by, uploaded_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING")
                    .bind(component.digest)
                    .bind(component.plugin)
                    .bind(component.version)
                    .bind(component.bytes)
                    .bind(component.uploaded_by)
                    .bind(component.uploaded_at)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// All plugins with the components that serve them.
    pub async fn plugins(&self) -> Result<Vec<Installed>, StoreError> {
        let rows = sqlx::query(
            "SELECT plugin.id, publisher.id, publisher.name, publisher.sector, component.digest, version, bytes, uploaded_by, uploaded_at \
             FROM plugin JOIN publisher ON publisher.id = plugin.publisher JOIN component ON component.digest = plugin.digest ORDER BY plugin.id",
        )
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(installed).collect()
    }

    /// Adds lines to a plugin's log; the oldest go when there are too many.
    pub async fn add_log_lines(&self, plugin: String, lines: Vec<LogLine>) -> Result<(), StoreError> {
        self.administer(None, move |connection| {
            Box::pin(async move {
                for line in lines {
                    sqlx::query("INSERT INTO plugin_log (plugin, at, entry_point, level, message) VALUES ($1, $2, $3, $4, $5)")
                        .bind(plugin.clone())
                        .bind(line.at)
                        .bind(line.entry_point)
                        .bind(line.level)
                        .bind(line.message)
                        .execute(&mut *connection)
                        .await?;
                }
                sqlx::query("DELETE FROM plugin_log WHERE plugin = $1 AND id <= (SELECT max(id) FROM plugin_log WHERE plugin = $1) - $2")
                    .bind(plugin.clone())
                    .bind(LINES_KEPT)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// The newest lines of a plugin's log, newest first.
    pub async fn log_lines(&self, plugin: &str, limit: i64) -> Result<Vec<LogLine>, StoreError> {
        let rows = sqlx::query("SELECT at, entry_point, level, message FROM plugin_log WHERE plugin = $1 ORDER BY id DESC LIMIT $2")
            .bind(plugin)
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| Ok(LogLine { at: row.try_get(0)?, entry_point: row.try_get(1)?, level: row.try_get(2)?, message: row.try_get(3)? }))
            .collect()
    }
}
