//! The host's installed plugins and its first-party applications.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Instant;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use linli_artefact::engine;
use linli_artefact::{Place, ShelfError, Workshop};
use linli_entry::{Desk, first_party};
use linli_model::{Catalogue, Date};
use linli_scope::scope::Sources;
use linli_scope::{Actor, BreakGlass, Caller, Channel, Grant, Keyring, Manifest, Scope, Standing, standing};
use linli_store::plugin::{Installed, Publisher};
use linli_store::{Store, StoreError};
use tokio::sync::Semaphore;
use wasmtime::component::HasSelf;
use wasmtime::component::Linker;

use crate::contract::Plugin as Contract;
use crate::install::InstallError;
use crate::invocation::State;
use crate::limits::Limits;
use crate::plugin::{Made, Plugin};

/// How many plugins are loaded at once when the host starts.
const LOADS: usize = 8;

/// The runtime. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    engine: wasmtime::Engine,
    linker: Linker<State>,
    workshop: Workshop,
    store: Store,
    keyring: Keyring,
    limits: Arc<Limits>,
    turns: Semaphore,
    plugins: RwLock<HashMap<String, Arc<Plugin>>>,
    refreshing: tokio::sync::Mutex<()>,
    console: Console,
    portal: Console,
    administration: Console,
}

/// A first-party application: its manifest is its grant.
pub struct Console {
    manifest: Manifest,
    scope: Scope,
}

impl Console {
    /// What it may do.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The purpose of an entry point; the first one where the manifest has none of this name.
    fn purpose(&self, entry_point: &str) -> &str {
        let first = || self.manifest.purposes.first().map_or("", |purpose| &purpose.id);
        self.scope.purpose_of(entry_point).unwrap_or_else(first)
    }

    /// Where an actor enters and reads records, by an entry point as the log names it.
    pub fn desk<'a>(&'a self, store: &'a Store, actor: Option<&'a Actor>, entry_point: &'a str, now: Timestamp) -> Desk<'a> {
        let caller = Caller { actor, purpose: self.purpose(entry_point), channel: Channel::Guest, now, today: Date::of(now) };
        Desk { store, scope: &self.scope, caller, entry_point }
    }
}

/// Why the runtime can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// wasmtime.
    #[error("the engine does not start: {0}")]
    Engine(String),
    /// Where compiled plugins are kept.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// A built-in manifest.
    #[error(transparent)]
    BuiltIn(#[from] first_party::BuiltInError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Runtime")
    }
}

impl Runtime {
    /// Calls that run now, of as many as can.
    pub fn running(&self) -> (usize, usize) {
        let most = self.limits().calls;
        (most.saturating_sub(self.turns().available_permits()), most)
    }

    /// Starts the engine and loads what is installed; what is compiled is kept at `place`. A plugin that can't be loaded
    /// is left out, and said so.
    pub async fn start(store: Store, keyring: Keyring, limits: Limits, place: Place) -> Result<Self, StartError> {
        let engine = engine::start().map_err(|error| StartError::Engine(format!("{error:#}")))?;
        let mut linker = Linker::new(&engine);
        Contract::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state)
            .map_err(|error| StartError::Engine(format!("{error:#}")))?;
        let workshop = Workshop::open(engine.clone(), place, limits.compiling())?;
        let catalogue = store.catalogue();
        let first_party = |source: &str| {
            first_party::compile(source, &catalogue, store.regions(), &keyring).map(|(manifest, scope)| Console { manifest, scope })
        };
        let (console, portal) = (first_party(first_party::CONSOLE)?, first_party(first_party::PORTAL)?);
        let administration = first_party(first_party::ADMINISTRATION)?;
        // Below the pool's size, so that the pool is never what says no.
        let turns = Semaphore::new(limits.calls);
        let inner = Inner {
            engine,
            linker,
            workshop,
            store,
            keyring,
            limits: Arc::new(limits),
            turns,
            plugins: RwLock::default(),
            refreshing: tokio::sync::Mutex::default(),
            console,
            portal,
            administration,
        };
        let runtime = Self { inner: Arc::new(inner) };
        runtime.load().await?;
        Ok(runtime)
    }

    async fn load(&self) -> Result<(), StoreError> {
        let began = Instant::now();
        let grants = self.store().grants().await?;
        let signed = self.store().signed_components().await?;
        let installed = self.store().plugins().await?;
        let known = installed.iter().filter_map(|plugin| plugin.component.digest.parse().ok()).collect();
        let loads = installed.into_iter().map(|plugin| async {
            let (id, is_signed) = (plugin.id.clone(), signed.contains(&plugin.component.digest));
            if let Err(error) = self.load_one(plugin, is_signed, &grants).await {
                tracing::error!(plugin = id, %error, "an installed plugin can't be loaded");
            }
        });
        stream::iter(loads).buffer_unordered(LOADS).collect::<()>().await;
        self.workshop().keep_only(known).await;
        let (plugins, compiled, took) = (self.plugins().len(), self.workshop().compiled(), began.elapsed().as_millis());
        tracing::info!(plugins, compiled, took, "plugins are loaded");
        Ok(())
    }

    async fn load_one(&self, installed: Installed, signed: bool, grants: &[Grant]) -> Result<(), InstallError> {
        let package = linli_package::open(&installed.component.bytes)?;
        let digest = installed.component.digest;
        if package.digest.to_string() != digest {
            return Err(InstallError::Changed { digest });
        }
        let manifest = Manifest::read(&package.parts.manifest)?;
        let grant = standing::of_component(grants, &installed.id, &digest, Timestamp::now());
        let scope = Scope::compile(&self.sources(&manifest, grant, &self.store().catalogue(), &installed.publisher))?;
        let scope = scope.with_broken(self.broken(grant).await?);
        let component = self.component(package.digest, &installed.component.bytes).await?;
        let made = Made {
            manifest,
            digest,
            signed,
            publisher: installed.publisher,
            uploaded_by: installed.component.uploaded_by,
            component,
            scope,
            limits: self.limits().clone(),
        };
        self.put(Plugin::new(made));
        Ok(())
    }

    /// An installed plugin by its id.
    pub fn plugin(&self, id: &str) -> Option<Arc<Plugin>> {
        self.inner.plugins.read().ok()?.get(id).cloned()
    }

    /// All installed plugins by id.
    pub fn plugins(&self) -> Vec<Arc<Plugin>> {
        let mut plugins: Vec<_> = self.inner.plugins.read().map(|plugins| plugins.values().cloned().collect()).unwrap_or_default();
        plugins.sort_by(|a: &Arc<Plugin>, b| a.id().cmp(b.id()));
        plugins
    }

    /// The grant in force for a plugin's component, or the request that waits for an admin, if there is one.
    pub async fn grant_for(&self, plugin: &str, digest: &str, now: Timestamp) -> Result<Option<Grant>, StoreError> {
        let grants = self.store().grants().await?;
        let grant = standing::of_component(&grants, plugin, digest, now);
        let stands =
            |grant: &&Grant| matches!(grant.standing(Some(digest), now), Standing::Active | Standing::Requested | Standing::AwaitingSecond);
        Ok(grant.filter(stands).cloned())
    }

    /// The glasses over a grant that may still give.
    pub(crate) async fn broken(&self, grant: Option<&Grant>) -> Result<Vec<BreakGlass>, StoreError> {
        match grant {
            Some(grant) => self.store().unreviewed_over(grant.id).await,
            None => Ok(Vec::new()),
        }
    }

    /// The turn of whoever lets what was decided take effect: what is read last is what is put last.
    pub(crate) async fn refreshing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.refreshing.lock().await
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The console, the CLI and bulk entry.
    pub fn console(&self) -> &Console {
        &self.inner.console
    }

    /// The residents' portal.
    pub fn portal(&self) -> &Console {
        &self.inner.portal
    }

    /// What admins, stewards and auditors do.
    pub fn administration(&self) -> &Console {
        &self.inner.administration
    }

    /// The first-party application of that id.
    pub fn first_party(&self, id: &str) -> Option<&Console> {
        [self.console(), self.portal(), self.administration()].into_iter().find(|application| application.manifest.plugin.id == id)
    }

    /// From which the host's keys are derived.
    pub fn keyring(&self) -> &Keyring {
        &self.inner.keyring
    }

    /// The limits in force.
    pub fn limits(&self) -> &Arc<Limits> {
        &self.inner.limits
    }

    pub(crate) fn engine(&self) -> &wasmtime::Engine {
        &self.inner.engine
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.inner.linker
    }

    pub(crate) fn workshop(&self) -> &Workshop {
        &self.inner.workshop
    }

    pub(crate) fn turns(&self) -> &Semaphore {
        &self.inner.turns
    }

    pub(crate) fn put(&self, plugin: Plugin) {
        if let Ok(mut plugins) = self.inner.plugins.write() {
            plugins.insert(plugin.id().to_owned(), Arc::new(plugin));
        }
    }

    pub(crate) fn sources<'a>(
        &'a self,
        manifest: &'a Manifest,
        grant: Option<&'a Grant>,
        catalogue: &'a Catalogue,
        publisher: &'a Publisher,
    ) -> Sources<'a> {
        Sources {
            manifest,
            grant,
            built_in: false,
            catalogue,
            keyring: &self.inner.keyring,
            regions: self.store().regions(),
            publisher: &publisher.id,
            sector: &publisher.sector,
        }
    }
}
