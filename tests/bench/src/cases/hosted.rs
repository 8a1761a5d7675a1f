//! The platform's runtime in this process, over an empty community, with one plugin approved.

use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use linli_model::{Classification, CodeList, RegionCode};
use linli_runtime::install::Upload;
use linli_runtime::rate::Rate;
use linli_runtime::{Decision, Limits, Place, Runtime};
use linli_scope::approval::Approving;
use linli_scope::{Actor, Keyring, Role};
use linli_store::model::Core;
use linli_store::plugin::{Publisher, Registered};
use linli_store::{Database, Once, Store};

use crate::platform::binary;

/// A runtime that serves.
pub struct Hosted {
    pub runtime: Runtime,
}

impl Hosted {
    /// Installs a package as its publisher and approves all it asks for.
    pub async fn start(directory: &Path, repository: &Path, package: Vec<u8>, publisher: &str) -> anyhow::Result<Self> {
        let store = open(&Database::Sqlite(directory.join("linli.db")), &repository.join("schemas")).await?;
        let place = Place { directory: directory.join("artefacts"), key: [7; 32], program: binary()? };
        let limits = Limits { plugin_rate: Rate::new(1_000_000, 1_000_000), ..Limits::default() };
        let runtime = Runtime::start(store, Keyring::new([7; 32]), limits, place).await?;
        let actor = worker(Vec::new());
        let named = Publisher { id: publisher.into(), name: publisher.into(), sector: publisher.into() };
        runtime.store().put_publisher(None, Registered { publisher: named, pem: None }, Vec::new(), Once::default()).await?;
        let made = runtime
            .install(Upload { bytes: package, signature: None, publisher, replaces: None }, &actor, Timestamp::now(), Once::default())
            .await?;
        // Two pairs of eyes, the second over the whole province.
        let approver = Actor { id: 2, ..worker(vec!["44".parse()?]) };
        runtime.decide(&approver, made.grant, &Decision::Approve(Approving::default()), Once::default()).await?;
        Ok(Self { runtime })
    }

    pub async fn close(self) {
        let store = self.runtime.store().clone();
        drop(self.runtime);
        store.close().await;
    }
}

/// Somebody who looks after records.
pub fn worker(regions: Vec<RegionCode>) -> Actor {
    Actor { id: 1, roles: vec![Role::Worker], regions, clearance: Classification::Sensitive, resident: None, publisher: None }
}

/// A store with the core entity types.
pub async fn open(database: &Database, schemas: &Path) -> anyhow::Result<Store> {
    let mut codes = Vec::new();
    for entry in std::fs::read_dir(schemas.join("codes"))? {
        let path = entry?.path();
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        codes.push(CodeList::read(&name, &std::fs::read_to_string(&path)?)?);
    }
    let names = ["dwelling", "household", "resident", "organisation", "facility", "matter"];
    let texts = names.map(|name| std::fs::read_to_string(schemas.join(format!("entities/{name}.json"))));
    let texts = texts.into_iter().collect::<Result<Vec<_>, _>>()?;
    let schemas: Vec<_> = texts.iter().map(String::as_str).collect();
    Store::open(database, Core { codes, schemas: &schemas }).await.with_context(|| format!("opening {database}"))
}
