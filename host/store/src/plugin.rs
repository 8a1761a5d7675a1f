//! Publishers, components, plugins and their logs.

use std::collections::HashMap;

use linli_audit::Encoded;
use linli_scope::Grant;

use crate::Store;
use crate::claim::Once;
use crate::database::{Cells as _, Row, Session, binds};
use crate::error::StoreError;
use crate::{grant, signature};

/// Who publishes plugins. Assigned by an admin.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
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
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
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

/// A publisher, and the key with which it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Who it is.
    pub publisher: Publisher,
    /// Its key as PEM; none where it has none.
    pub pem: Option<String>,
}

/// A component that is to serve its plugin.
#[derive(Clone, Debug)]
pub struct Installing {
    /// Whose it is: a publisher's id.
    pub publisher: String,
    /// The component.
    pub component: Component,
    /// Its publisher's signature, and the key under which it holds.
    pub signature: Option<(String, String)>,
    /// The digest of the component that serves now, where it must still be that one.
    pub replaces: Option<String>,
    /// What it asks for, where no grant for it stands.
    pub request: Option<Grant>,
}

/// Lines of a plugin's log that are kept.
const LINES_KEPT: i64 = 10_000;

fn publisher(row: &Row<'_>, first: usize) -> Result<Publisher, StoreError> {
    Ok(Publisher { id: row.text(first)?, name: row.text(first + 1)?, sector: row.text(first + 2)? })
}

const REGISTERED: &str =
    "SELECT id, name, sector, pem FROM publisher LEFT JOIN publisher_key ON publisher_key.publisher = publisher.id WHERE id = $1";

fn read_registered(row: &Row<'_>) -> Result<Registered, StoreError> {
    Ok(Registered { publisher: publisher(row, 0)?, pem: row.optional_text(3)?.map(ToOwned::to_owned) })
}

fn installed(row: &Row<'_>) -> Result<Installed, StoreError> {
    Ok(Installed {
        id: row.text(0)?,
        publisher: publisher(row, 1)?,
        component: Component {
            digest: row.text(4)?,
            plugin: row.text(0)?,
            version: row.text(5)?,
            bytes: row.bytes(6)?.to_vec(),
            uploaded_by: row.integer(7)?,
            uploaded_at: row.integer(8)?,
        },
    })
}

fn keep(session: &Session, publisher: &str, component: &Component) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO plugin (id, publisher, digest) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET digest = excluded.digest",
        binds![&component.plugin, publisher, &component.digest],
    )?;
    session.execute(
        "INSERT INTO component (digest, plugin, version, bytes, uploaded_by, uploaded_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (digest) DO NOTHING",
        binds![
            &component.digest,
            &component.plugin,
            &component.version,
            &component.bytes[..],
            component.uploaded_by,
            component.uploaded_at
        ],
    )?;
    Ok(())
}

impl Store {
    /// Adds a publisher, or gives the one that was read as `before` another name or key, if nobody else did in between. Its
    /// sector can't change: its tokens would.
    pub async fn put_publisher(
        &self,
        before: Option<Registered>,
        registered: Registered,
        entries: Vec<Encoded>,
        once: Once<Registered>,
    ) -> Result<Registered, StoreError> {
        self.administer_once(entries, once, move |session| {
            let Registered { publisher, pem } = &registered;
            let now = session.first(REGISTERED, binds![&publisher.id], read_registered)?;
            if now != before {
                return Err(StoreError::Changed("publisher"));
            }
            let text = "INSERT INTO publisher (id, name, sector) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name";
            session.execute(text, binds![&publisher.id, &publisher.name, &publisher.sector])?;
            if let Some(pem) = pem {
                let text =
                    "INSERT INTO publisher_key (publisher, pem) VALUES ($1, $2) ON CONFLICT (publisher) DO UPDATE SET pem = excluded.pem";
                session.execute(text, binds![&publisher.id, pem])?;
            }
            Ok(registered)
        })
        .await
    }

    /// One publisher, with its key.
    pub async fn publisher(&self, id: &str) -> Result<Option<Registered>, StoreError> {
        self.readers().first(REGISTERED, binds![id], read_registered).await
    }

    /// All publishers.
    pub async fn publishers(&self) -> Result<Vec<Publisher>, StoreError> {
        let text = "SELECT id, name, sector FROM publisher ORDER BY id";
        self.readers().all(text, &[], |row| publisher(row, 0)).await
    }

    /// Keeps a component, lets it serve its plugin, and asks for its grant. Returns what was asked.
    pub async fn install(&self, installing: Installing, entry: Encoded, once: Once<Option<Grant>>) -> Result<Option<Grant>, StoreError> {
        self.administer_once(Some(entry), once, move |session| {
            let Installing { publisher, component, signature, replaces, mut request } = installing;
            let serving = "SELECT digest FROM plugin WHERE id = $1";
            if replaces.is_some() && session.first(serving, binds![&component.plugin], |row| row.text(0))? != replaces {
                return Err(StoreError::Changed("plugin"));
            }
            if let Some((signature, pem)) = &signature {
                signature::keep(session, &component.digest, signature, pem)?;
            }
            keep(session, &publisher, &component)?;
            request.as_mut().map_or(Ok(()), |request| grant::add(session, request))?;
            Ok(request)
        })
        .await
    }

    /// All plugins with the components that serve them.
    pub async fn plugins(&self) -> Result<Vec<Installed>, StoreError> {
        let text = "SELECT plugin.id, publisher.id, publisher.name, publisher.sector, component.digest, version, bytes, uploaded_by, uploaded_at \
                    FROM plugin JOIN publisher ON publisher.id = plugin.publisher JOIN component ON component.digest = plugin.digest ORDER BY plugin.id";
        self.readers().all(text, &[], installed).await
    }

    /// The version of every component that was ever uploaded, by digest.
    pub async fn component_versions(&self) -> Result<HashMap<String, String>, StoreError> {
        let version = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?));
        let versions = self.readers().all("SELECT digest, version FROM component", &[], version).await?;
        Ok(versions.into_iter().collect())
    }

    /// Adds lines to a plugin's log; the oldest go when there are too many.
    pub async fn add_log_lines(&self, plugin: String, lines: Vec<LogLine>) -> Result<(), StoreError> {
        self.administer(None, move |session| {
            for line in lines {
                session.execute(
                    "INSERT INTO plugin_log (plugin, at, entry_point, level, message) VALUES ($1, $2, $3, $4, $5)",
                    binds![&plugin, line.at, &line.entry_point, &line.level, &line.message],
                )?;
            }
            session.execute(
                "DELETE FROM plugin_log WHERE plugin = $1 AND id <= (SELECT max(id) FROM plugin_log WHERE plugin = $1) - $2",
                binds![&plugin, LINES_KEPT],
            )?;
            Ok(())
        })
        .await
    }

    /// The newest lines of a plugin's log, newest first.
    pub async fn log_lines(&self, plugin: &str, limit: i64) -> Result<Vec<LogLine>, StoreError> {
        let text = "SELECT at, entry_point, level, message FROM plugin_log WHERE plugin = $1 ORDER BY id DESC LIMIT $2";
        let line =
            |row: &Row<'_>| Ok(LogLine { at: row.integer(0)?, entry_point: row.text(1)?, level: row.text(2)?, message: row.text(3)? });
        self.readers().all(text, binds![plugin, limit], line).await
    }
}
