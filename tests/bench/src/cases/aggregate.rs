//! A declared table by grid cell and sex over a million residents: decided, counted, small groups left out, figures rounded,
//! written as JSON; beside the same plain SQL, whose rows are read and no more.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use linli_model::{Classification, Date, RegionCode};
use linli_scope::scope::Sources;
use linli_scope::{Actor, Caller, Channel, Keyring, Manifest, Role, Scope, SmallestGroup};
use linli_store::{Database, Store};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Row as _};

use super::hosted::open;
use crate::report::{Report, percentile};

/// How often each side counts; the first time only warms caches.
const ROUNDS: usize = 15;
/// Where the residents live, and the end of that range of codes.
const PROVINCE: [&str; 2] = ["44", "44:"];
/// The same as the platform's statement for an actor whose jurisdiction is that province.
const PLAIN: &str = "SELECT grid, sex, count(*) FROM e_resident WHERE community >= $1 AND community < $2 GROUP BY grid, sex";
const MANIFEST: &str = r#"
[plugin]
id = "tests.tables"
version = "1.0.0"
platform = "0.1"
name = "Tables"
[[purpose]]
id = "planning"
title = "Planning"
legal-basis = "Tests"
[[access]]
purpose = "planning"
entity = "resident"
operations = ["aggregate"]
fields = { grid = "aggregate", sex = "aggregate" }
[[access.table]]
name = "by-grid-and-sex"
title = "By grid cell and sex"
by = ["grid", "sex"]
[[page]]
path = "/"
title = "Tables"
purpose = "planning"
roles = ["officer"]
"#;

/// Someone who counts by plain SQL, on one of the databases.
pub enum Plain {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Plain {
    /// On the same file, opened as well as the platform opens it.
    pub async fn sqlite(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new().filename(file).read_only(true).pragma("mmap_size", "8589934592");
        let connection = SqliteConnection::connect_with(&options).await.with_context(|| format!("opening {}", file.display()))?;
        Ok(Self::Sqlite(connection))
    }

    /// On the same server.
    pub async fn postgres(url: &str) -> anyhow::Result<Self> {
        Ok(Self::Postgres(PgConnection::connect(url).await.with_context(|| format!("connecting to {url}"))?))
    }

    /// How many groups there are.
    async fn count(&mut self) -> anyhow::Result<usize> {
        let mut groups = Vec::new();
        match self {
            Self::Sqlite(connection) => {
                for row in sqlx::query(PLAIN).bind(PROVINCE[0]).bind(PROVINCE[1]).fetch_all(connection).await? {
                    groups.push((row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?, row.try_get::<i64, _>(2)?));
                }
            }
            Self::Postgres(connection) => {
                for row in sqlx::query(PLAIN).bind(PROVINCE[0]).bind(PROVINCE[1]).fetch_all(connection).await? {
                    groups.push((row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?, row.try_get::<i64, _>(2)?));
                }
            }
        }
        Ok(groups.len())
    }
}

/// Counts on both sides in turn. `name` is the case's name in the report, one for each database.
pub async fn run(name: &str, database: &Database, mut plain: Plain, schemas: &Path, report: &mut Report) -> anyhow::Result<()> {
    let store = open(database, schemas).await?;
    let declared = Declared::compile(&store)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let start = Instant::now();
        let shown = declared.count(&store).await?;
        let time = start.elapsed();
        let start = Instant::now();
        let counted = plain.count().await?;
        let plain_time = start.elapsed();
        anyhow::ensure!(shown > 0 && shown <= counted, "the table shows {shown} groups of {counted}");
        if round > 0 {
            ours.push(milliseconds(time));
            theirs.push(milliseconds(plain_time));
        }
    }
    store.close().await;
    let (ours, theirs) = (percentile(&mut ours, 0.5), percentile(&mut theirs, 0.5));
    report.set(format!("{name}.ms"), ours);
    report.set(format!("floor.{name}.ms"), theirs);
    report.set(format!("{name}.ratio"), ours / theirs);
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The platform's side: one declared table, and whoever asks for it.
struct Declared {
    scope: Scope,
    actor: Actor,
}

impl Declared {
    fn compile(store: &Store) -> anyhow::Result<Self> {
        let (manifest, catalogue, keyring) = (Manifest::read(MANIFEST)?, store.catalogue(), Keyring::new([7; 32]));
        let sources = Sources {
            manifest: &manifest,
            grant: None,
            built_in: true,
            catalogue: &catalogue,
            keyring: &keyring,
            publisher: "tests",
            sector: "tests",
            regions: store.regions(),
        };
        let province: RegionCode = PROVINCE[0].parse()?;
        let (roles, regions, clearance) = (vec![Role::Officer], vec![province], Classification::Sensitive);
        let actor = Actor { id: 1, roles, regions, clearance, resident: None, publisher: None };
        Ok(Self { scope: Scope::compile(&sources)?, actor })
    }

    /// Decides and counts. Returns how many groups are shown.
    async fn count(&self, store: &Store) -> anyhow::Result<usize> {
        let now = Timestamp::now();
        let caller = Caller { actor: Some(&self.actor), purpose: "planning", channel: Channel::Guest, now, today: Date::of(now) };
        let aggregate = self.scope.aggregate(&caller, "resident", "by-grid-and-sex", SmallestGroup::default())?;
        let tabulated = store.aggregate(&aggregate).await?;
        Ok(usize::try_from(tabulated.groups)?)
    }
}
