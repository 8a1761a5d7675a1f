//! What the handlers share.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use linli_audit::{Origin, Signer};
use linli_runtime::rate::Rates;
use linli_runtime::{Plugin, Runtime};
use linli_store::Store;
use moka::sync::Cache;

use crate::idempotency::{Fingerprints, UnderWay};
use crate::problem::Problem;
use crate::session::SessionInfo;
use crate::witness::Witness;

/// How the host is reached and run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address that people use, `http://127.0.0.1:8080`; QR codes hold it.
    pub public_url: String,
    /// The log's name in its checkpoints.
    pub origin: Origin,
    /// Who is asked to cosign them.
    pub witnesses: Vec<Witness>,
    /// Who brings this token is told how the host does; none for nobody.
    pub monitor: Option<String>,
}

/// Why the parts can't be put together.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The API's document.
    #[error("the API's document can't be written: {0}")]
    Document(#[from] serde_json::Error),
    /// The system gives none.
    #[error("no randomness to be had: {0}")]
    Random(#[from] getrandom::Error),
}

/// Shared by all handlers. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    runtime: Runtime,
    settings: Settings,
    signer: Signer,
    sessions: Cache<[u8; 32], Arc<SessionInfo>>,
    attempts: Cache<String, u32>,
    attempts_from: Cache<IpAddr, u32>,
    rates: Rates<i64>,
    document: String,
    run: String,
    under_way: UnderWay,
    fingerprints: Fingerprints,
}

/// How long a session is believed without asking the database again: a log-out on another host, or a changed
/// right, takes effect within this time.
const SESSION_BELIEVED: Duration = Duration::from_secs(5);
/// Failed log-ins of one account within [`ATTEMPTS_WINDOW`].
pub(crate) const ATTEMPTS_MAX: u32 = 10;
const ATTEMPTS_WINDOW: Duration = Duration::from_secs(300);

impl App {
    /// Puts the parts together.
    pub fn new(runtime: Runtime, settings: Settings, signer: Signer) -> Result<Self, StartError> {
        let sessions = Cache::builder().max_capacity(50_000).time_to_live(SESSION_BELIEVED).build();
        let attempts = Cache::builder().max_capacity(100_000).time_to_live(ATTEMPTS_WINDOW).build();
        let attempts_from = Cache::builder().max_capacity(100_000).time_to_live(ATTEMPTS_WINDOW).build();
        let rates = Rates::new(runtime.limits().account_rate);
        let fingerprints = Fingerprints::new(runtime.keyring());
        let document = crate::openapi()?;
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let run = HEXLOWER.encode(&random);
        Ok(Self {
            inner: Arc::new(Inner {
                runtime,
                settings,
                signer,
                sessions,
                attempts,
                attempts_from,
                rates,
                document,
                run,
                under_way: UnderWay::default(),
                fingerprints,
            }),
        })
    }

    /// The plugin runtime.
    pub fn runtime(&self) -> &Runtime {
        &self.inner.runtime
    }

    /// The store.
    pub fn store(&self) -> &Store {
        self.inner.runtime.store()
    }

    /// An installed plugin.
    pub(crate) fn plugin(&self, id: &str) -> Result<Arc<Plugin>, Problem> {
        self.runtime().plugin(id).ok_or_else(|| Problem::not_found("there is no such plugin"))
    }

    /// How the host is reached.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Which start of the host this is.
    pub(crate) fn run(&self) -> &str {
        &self.inner.run
    }

    /// The keys whose requests this host works on.
    pub(crate) fn under_way(&self) -> &UnderWay {
        &self.inner.under_way
    }

    pub(crate) fn fingerprints(&self) -> &Fingerprints {
        &self.inner.fingerprints
    }

    /// The API's OpenAPI document.
    pub(crate) fn document(&self) -> &str {
        &self.inner.document
    }

    /// The log's key.
    pub fn signer(&self) -> &Signer {
        &self.inner.signer
    }

    pub(crate) fn sessions(&self) -> &Cache<[u8; 32], Arc<SessionInfo>> {
        &self.inner.sessions
    }

    /// How often each account may ask.
    pub(crate) fn rates(&self) -> &Rates<i64> {
        &self.inner.rates
    }

    pub(crate) fn attempts_from(&self) -> &Cache<IpAddr, u32> {
        &self.inner.attempts_from
    }

    pub(crate) fn attempts(&self) -> &Cache<String, u32> {
        &self.inner.attempts
    }
}
