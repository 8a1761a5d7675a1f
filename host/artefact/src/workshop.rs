//! A component goes in, what can be instantiated comes out: from the shelf, or compiled.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use linli_package::Digest;
use tokio::sync::{Mutex as Turn, Semaphore};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::artefact::Artefact;
use crate::bounds::Bounds;
use crate::compiler::{CompileError, Compiler};
use crate::engine;
use crate::load::load;
use crate::shelf::{Missing, Shelf, ShelfError};

/// How many components are compiled at once. A compiler uses all processors by itself.
const AT_ONCE: usize = 2;

/// Where artefacts are kept, under which key, and who makes them.
#[derive(Clone)]
pub struct Place {
    /// The directory. It is made where it is missing.
    pub directory: PathBuf,
    /// Seals what lies there.
    pub key: [u8; 32],
    /// The program that compiles: called with `compile`, it must do what [`child::run`](crate::child::run) does.
    pub program: PathBuf,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Place({})", self.directory.display())
    }
}

/// Compiles components, each once.
pub struct Workshop {
    bench: Arc<Bench>,
    compiler: Compiler,
    places: Semaphore,
    under_way: Mutex<HashMap<Digest, Arc<Turn<()>>>>,
    compiled: AtomicUsize,
}

/// What lasts longer than a caller who no longer waits.
struct Bench {
    engine: Engine,
    shelf: Shelf,
}

impl Workshop {
    /// Opens it for an engine.
    pub fn open(engine: Engine, place: Place, bounds: Bounds) -> Result<Self, ShelfError> {
        let shelf = Shelf::open(&place.directory, place.key, engine::version(&engine))?;
        Ok(Self {
            bench: Arc::new(Bench { engine, shelf }),
            compiler: Compiler { program: place.program, bounds },
            places: Semaphore::new(AT_ONCE),
            under_way: Mutex::default(),
            compiled: AtomicUsize::new(0),
        })
    }

    /// How many components had to be compiled since it was opened.
    pub fn compiled(&self) -> usize {
        self.compiled.load(Ordering::Relaxed)
    }

    /// The component with this digest, from the shelf or compiled.
    pub async fn component(&self, digest: Digest, bytes: &[u8]) -> Result<Component, CompileError> {
        if let Ok(component) = self.kept(digest).await? {
            return Ok(component);
        }
        let turn = self.turn(digest);
        let made = {
            let _one_at_a_time = turn.lock().await;
            match self.kept(digest).await? {
                Ok(component) => Ok(component),
                Err(missing) => self.compile(digest, bytes, missing).await,
            }
        };
        self.leave(digest, &turn);
        made
    }

    /// Removes the artefacts of all other components.
    pub async fn keep_only(&self, digests: HashSet<Digest>) {
        let bench = self.bench.clone();
        let removed = tokio::task::spawn_blocking(move || bench.shelf.keep_only(&digests)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(%error, "artefacts that nobody needs can't be removed");
        }
    }

    async fn kept(&self, digest: Digest) -> Result<Result<Component, Missing>, CompileError> {
        let bench = self.bench.clone();
        aside(move || bench.kept(digest)).await
    }

    async fn compile(&self, digest: Digest, bytes: &[u8], missing: Missing) -> Result<Component, CompileError> {
        let _place = self.places.acquire().await;
        let began = Instant::now();
        let artefact = self.compiler.compile(bytes).await?;
        self.compiled.fetch_add(1, Ordering::Relaxed);
        let took = began.elapsed().as_millis();
        match missing {
            Missing::Never | Missing::OtherVersion => tracing::info!(%digest, took, "a component was compiled: {missing}"),
            Missing::Broken | Missing::Unreadable => tracing::warn!(%digest, took, "a component was compiled anew: {missing}"),
        }
        let bench = self.bench.clone();
        aside(move || bench.take(digest, &artefact)).await?
    }

    fn turn(&self, digest: Digest) -> Arc<Turn<()>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.entry(digest).or_default().clone()
    }

    /// Forgets a digest for which nobody else waits.
    fn leave(&self, digest: Digest, turn: &Arc<Turn<()>>) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        // This one, and the map's own.
        if Arc::strong_count(turn) == 2 {
            under_way.remove(&digest);
        }
    }
}

impl Bench {
    fn kept(&self, digest: Digest) -> Result<Component, Missing> {
        let artefact = self.shelf.get(&digest)?;
        load(&self.engine, &artefact).map_err(|error| {
            tracing::warn!(%digest, error = format!("{error:#}"), "an artefact under a good seal can't be loaded");
            Missing::Broken
        })
    }

    /// Loads what was just compiled, and keeps it if it can be loaded. One that can't be kept serves all the same.
    fn take(&self, digest: Digest, artefact: &Artefact) -> Result<Component, CompileError> {
        let component = load(&self.engine, artefact).map_err(|error| CompileError::Refused(format!("{error:#}")))?;
        if let Err(error) = self.shelf.put(&digest, artefact) {
            tracing::warn!(%digest, %error, "an artefact can't be kept; the next start compiles it again");
        }
        Ok(component)
    }
}

/// Off the threads that serve.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CompileError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| CompileError::Compiler(std::io::Error::other(error)))
}
