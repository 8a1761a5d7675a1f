//! An installed plugin, ready to serve.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use linli_scope::{Manifest, Scope};
use linli_store::plugin::Publisher;
use tokio::sync::Semaphore;

use crate::circuit::Circuit;
use crate::contract::PluginPre;
use crate::invocation::State;
use crate::limits::Limits;
use crate::rate::Bucket;

/// One version of a plugin, compiled. Its scope changes when its grant does.
pub struct Plugin {
    /// What it asks for and offers.
    pub manifest: Manifest,
    /// `sha256:…` of its component.
    pub digest: String,
    /// Whether its publisher signed it.
    pub signed: bool,
    /// Who publishes it, as an admin assigned.
    pub publisher: Publisher,
    /// Who uploaded it: an account's number.
    pub uploaded_by: i64,
    pub(crate) component: PluginPre<State>,
    pub(crate) turns: Semaphore,
    pub(crate) circuit: Circuit,
    pub(crate) bucket: Bucket,
    meter: Meter,
    scope: RwLock<Arc<Scope>>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plugin({}, {})", self.manifest.plugin.id, self.digest)
    }
}

/// What a monitor is told of its calls. What nearly every call adds to is looked up once.
struct Meter {
    seconds: metrics::Histogram,
    allowed: metrics::Counter,
}

impl Meter {
    fn of(plugin: &str) -> Self {
        Self {
            seconds: metrics::histogram!("linli_plugin_call_seconds", "plugin" => plugin.to_owned()),
            allowed: outcomes(plugin, "allowed"),
        }
    }
}

/// Only what an admin installed becomes a label, and outcomes are few.
fn outcomes(plugin: &str, outcome: &'static str) -> metrics::Counter {
    metrics::counter!("linli_plugin_calls_total", "plugin" => plugin.to_owned(), "outcome" => outcome)
}

/// What a plugin is made of.
pub(crate) struct Made {
    pub manifest: Manifest,
    pub digest: String,
    pub signed: bool,
    pub publisher: Publisher,
    pub uploaded_by: i64,
    pub component: PluginPre<State>,
    pub scope: Scope,
    pub limits: Arc<Limits>,
}

impl Plugin {
    pub(crate) fn new(made: Made) -> Self {
        let meter = Meter::of(&made.manifest.plugin.id);
        Self {
            manifest: made.manifest,
            digest: made.digest,
            signed: made.signed,
            publisher: made.publisher,
            uploaded_by: made.uploaded_by,
            component: made.component,
            turns: Semaphore::new(made.limits.concurrent),
            circuit: Circuit::default(),
            bucket: Bucket::new(made.limits.plugin_rate),
            meter,
            scope: RwLock::new(Arc::new(made.scope)),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.manifest.plugin.id
    }

    /// Counts a call: how long it took, and how it ended where that was not well.
    pub(crate) fn count(&self, took: Duration, failure: Option<&'static str>) {
        self.meter.seconds.record(took);
        match failure {
            None => self.meter.allowed.increment(1),
            Some(outcome) => outcomes(self.id(), outcome).increment(1),
        }
    }

    /// How much longer it is kept off because it failed too often.
    pub fn paused(&self) -> Option<Duration> {
        self.circuit.wait(Instant::now())
    }

    /// Request ∩ grant as it is now.
    pub fn scope(&self) -> Arc<Scope> {
        match self.scope.read() {
            Ok(scope) => scope.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    pub(crate) fn set_scope(&self, scope: Scope) {
        match self.scope.write() {
            Ok(mut current) => *current = Arc::new(scope),
            Err(poisoned) => *poisoned.into_inner() = Arc::new(scope),
        }
    }
}
