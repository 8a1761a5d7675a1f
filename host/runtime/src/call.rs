//! One call of a plugin: admit, run, fill, put on the record, answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use linli_audit::{Entry, Outcome};
use linli_model::Date;
use linli_scope::manifest::InputKind;
use linli_scope::{Actor, Caller, Channel, Denial, EntryKind, EntryPoint, Scope};
use linli_store::StoreError;
use linli_store::claim::Mark;
use linli_view::ActionResult;
use linli_view::{Filled, View, ViewError};
use serde_json::{Map, Value};
use wasmtime::UpdateDeadline;

use crate::contract::{Error as GuestError, Kind, Request};
use crate::fault::{self, Fault, Spent};
use crate::fill::{self, Filling};
use crate::input;
use crate::invocation::{Circumstances, Refused, State};
use crate::limits::Limits;
use crate::plugin::Plugin;
use crate::registry::Runtime;

/// A call, as the web hands it over.
#[derive(Clone, Debug)]
pub struct Call {
    /// The plugin's id.
    pub plugin: String,
    /// Page or action.
    pub kind: EntryKind,
    /// The page's path or the action's name.
    pub name: String,
    /// Parameters or inputs.
    pub input: Map<String, Value>,
    /// Who calls; none where nobody is signed in.
    pub actor: Option<Arc<Actor>>,
    /// `zh` or `en`.
    pub locale: String,
    /// Now.
    pub now: Timestamp,
    /// What is kept under the caller's key with each change.
    pub mark: Mark,
}

/// What a call answers. It is on the record.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What the plugin said: a valid view or action result.
    pub text: String,
    /// What fills its bound blocks.
    pub fillings: BTreeMap<usize, Filling>,
    /// Page or action.
    pub kind: EntryKind,
    /// The text with its bound blocks filled, where it has some.
    json: Option<String>,
}

/// Why a call has no answer. Everything is on the record but a log that can't be written, and what was not begun.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no such plugin.
    #[error("there is no plugin {0}")]
    NoPlugin(String),
    /// Not allowed.
    #[error(transparent)]
    Denied(Denial),
    /// Inputs are wrong: name and reason.
    #[error("{} of the inputs can't be used", .0.len())]
    Input(Vec<(String, String)>),
    /// The plugin itself says no.
    #[error("{detail}")]
    Guest {
        /// An open code.
        code: String,
        /// What it says.
        detail: String,
    },
    /// The host ended it.
    #[error("{fault}{}", detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default())]
    Fault {
        /// How.
        fault: Fault,
        /// More for the developer.
        detail: Option<String>,
    },
    /// Too many calls at once.
    #[error("the plugin is busy; try again in {} s", .0.as_secs().max(1))]
    Busy(Duration),
    /// The plugin is called more often than it may be.
    #[error("this plugin is called too often; try again in {} s", .0.as_secs().max(1))]
    TooOften(Duration),
    /// Too many faults before.
    #[error("the plugin failed too often and is kept off; try again in {} s", .0.as_secs().max(1))]
    Paused(Duration),
    /// The store could not answer.
    #[error(transparent)]
    Store(StoreError),
    /// The log could not be written, so nothing leaves.
    #[error("the access log can't be written, so nothing leaves")]
    Log(StoreError),
}

impl CallError {
    /// The word for it that a monitor is told.
    fn outcome(&self) -> &'static str {
        match self {
            Self::NoPlugin(_) | Self::Input(_) => "invalid",
            Self::Denied(_) => "denied",
            Self::Guest { .. } => "refused",
            Self::Fault { fault, .. } => fault.code(),
            Self::Busy(_) => "plugin-busy",
            Self::TooOften(_) => "rate",
            Self::Paused(_) => "plugin-paused",
            Self::Store(_) | Self::Log(_) => "unavailable",
        }
    }
}

impl Answer {
    /// The answer as JSON, bound blocks filled.
    pub fn into_json(self) -> String {
        self.json.unwrap_or(self.text)
    }

    /// What fills a block.
    pub fn filled(&self, block: usize) -> Option<Filled<'_>> {
        filled(&self.fillings, block)
    }
}

fn filled(fillings: &BTreeMap<usize, Filling>, block: usize) -> Option<Filled<'_>> {
    fillings.get(&block).map(|filling| Filled { rows_json: &filling.json, next: filling.next.clone() })
}

impl Runtime {
    /// Calls a plugin. What it read is durable in the access log when this returns, whatever it returns.
    pub async fn call(&self, call: Call) -> Result<Answer, CallError> {
        let plugin = self.plugin(&call.plugin).ok_or_else(|| CallError::NoPlugin(call.plugin.clone()))?;
        let began = Instant::now();
        // Before anything else: a flood of calls that are denied would fill the log.
        let answered = match plugin.bucket.take() {
            Ok(()) => self.answer(&plugin, call).await,
            Err(wait) => Err(CallError::TooOften(wait)),
        };
        plugin.count(began.elapsed(), answered.as_ref().err().map(CallError::outcome));
        answered
    }

    async fn answer(&self, plugin: &Arc<Plugin>, mut call: Call) -> Result<Answer, CallError> {
        let scope = plugin.scope();
        let (entry, glass) = match admit(&scope, &call) {
            Ok(admitted) => admitted,
            Err(denial) => return Err(self.turn_away(plugin, &call, denial).await),
        };
        let after = input::positions(&mut call.input);
        match call.kind {
            EntryKind::Page => input::check_page(&call.input)?,
            EntryKind::Action => call.input = input::check_action(self.store(), self.console(), plugin, &entry, &call).await?,
        }
        let circumstances = Circumstances {
            plugin: plugin.clone(),
            scope,
            glass,
            entry,
            actor: call.actor,
            locale: call.locale,
            now: call.now,
            today: Date::of(call.now),
            mark: call.mark,
        };
        let turn = self.turn(plugin).await?;
        let outcome = self.run(circumstances, call.kind, call.name, call.input, &after).await;
        drop(turn);
        if let Err(CallError::Fault { fault, .. }) = &outcome
            && *fault != Fault::BadAnswer
        {
            plugin.circuit.failed(Instant::now(), self.limits());
        }
        outcome
    }

    /// How long a fresh instance and one call of a page take by themselves, for measuring. The answer is dropped: nothing
    /// leaves but a time, and a page that reads records is refused them.
    pub async fn rehearse(&self, plugin: &str, page: &str) -> Result<Duration, CallError> {
        let plugin = self.plugin(plugin).ok_or_else(|| CallError::NoPlugin(plugin.to_owned()))?;
        let scope = plugin.scope();
        let entry = scope.entry_point(EntryKind::Page, page).ok_or_else(|| CallError::NoPlugin(page.to_owned()))?;
        let now = Timestamp::now();
        let turn = self.turn(&plugin).await?;
        let began = Instant::now();
        // Without an actor no record is within reach.
        let circumstances = Circumstances {
            plugin: plugin.clone(),
            scope,
            glass: None,
            entry,
            actor: None,
            locale: "zh".into(),
            now,
            today: Date::of(now),
            mark: Mark::default(),
        };
        let state = State::new(circumstances, self.store().clone(), self.limits().clone());
        let request = Request { kind: Kind::Page, name: page.to_owned(), input: "{}".into() };
        let (result, _) = invoke(self.engine(), &plugin, state, self.limits(), request).await;
        let took = began.elapsed();
        drop(turn);
        result.map(|_| took)
    }

    /// Waits for a place among the plugin's and the host's calls.
    async fn turn<'a>(&'a self, plugin: &'a Plugin) -> Result<impl Sized + use<'a>, CallError> {
        if let Some(wait) = plugin.circuit.wait(Instant::now()) {
            return Err(CallError::Paused(wait));
        }
        let patience = self.limits().patience;
        let both = async { Ok::<_, tokio::sync::AcquireError>((plugin.turns.acquire().await?, self.turns().acquire().await?)) };
        match tokio::time::timeout(patience, both).await {
            Ok(Ok(turns)) => Ok(turns),
            Ok(Err(_)) | Err(_) => Err(CallError::Busy(patience)),
        }
    }

    async fn run(
        &self,
        circumstances: Circumstances,
        kind: EntryKind,
        name: String,
        input: Map<String, Value>,
        after: &BTreeMap<usize, String>,
    ) -> Result<Answer, CallError> {
        let limits = self.limits().clone();
        let plugin = circumstances.plugin.clone();
        let mut state = State::new(circumstances, self.store().clone(), limits.clone());
        let request = Request {
            kind: match kind {
                EntryKind::Page => Kind::Page,
                EntryKind::Action => Kind::Action,
            },
            name,
            input: Value::Object(input).to_string(),
        };
        let (result, ended) = invoke(self.engine(), &plugin, state, &limits, request).await;
        state = ended;
        let answer = match result {
            Ok(text) => answer(&mut state, kind, text, after).await,
            Err(error) => Err(error),
        };
        self.keep_lines(&plugin, &mut state, answer.as_ref().err());
        self.put_on_record(&mut state, &answer).await?;
        answer
    }

    /// One durable entry for what the call read and how it ended.
    async fn put_on_record(&self, state: &mut State, answer: &Result<Answer, CallError>) -> Result<(), CallError> {
        let mut entry = state.circumstances.entry(outcome(answer));
        (entry.accesses, entry.subjects) = state.ledger.settle();
        self.store().record(entry.encode()).await.map_err(CallError::Log)
    }

    async fn turn_away(&self, plugin: &Arc<Plugin>, call: &Call, denial: Denial) -> CallError {
        metrics::counter!("linli_denials_total", "code" => denial.kind.as_str()).increment(1);
        let scope = plugin.scope();
        let entry = scope.entry_point(call.kind, &call.name).unwrap_or_else(|| unknown(call));
        let circumstances = Circumstances {
            plugin: plugin.clone(),
            scope,
            glass: None,
            entry,
            actor: call.actor.clone(),
            locale: String::new(),
            now: call.now,
            today: Date::of(call.now),
            mark: Mark::default(),
        };
        let mut entry: Entry =
            circumstances.entry(Outcome::Denied { code: denial.kind.as_str().to_owned(), detail: denial.message.clone() });
        entry.subjects = self.named(&circumstances, call);
        match self.store().record(entry.encode()).await {
            Ok(()) => CallError::Denied(denial),
            Err(error) => CallError::Log(error),
        }
    }

    /// The residents that a call names, so that a denial too is on their record.
    fn named(&self, circumstances: &Circumstances, call: &Call) -> roaring::RoaringTreemap {
        let catalogue = self.store().catalogue();
        let Some(resident) = catalogue.entity("resident") else { return roaring::RoaringTreemap::new() };
        let inputs = circumstances.entry.input.iter().filter(|(_, kind)| **kind == InputKind::Resident);
        let tokens = inputs.filter_map(|(key, _)| call.input.get(key).and_then(Value::as_str));
        tokens.filter_map(|token| circumstances.scope.tokens().open(resident.number, token)).map(|record| record.0.unsigned_abs()).collect()
    }

    /// The plugin's own log, and what ended it, go to where its developer looks. Not waited for.
    fn keep_lines(&self, plugin: &Plugin, state: &mut State, error: Option<&CallError>) {
        let mut lines = std::mem::take(&mut state.lines);
        if let Some(CallError::Fault { .. }) = error {
            let message = error.map(ToString::to_string).unwrap_or_default();
            lines.push(linli_store::plugin::LogLine {
                at: Timestamp::now().as_millisecond(),
                entry_point: state.circumstances.entry.log_name.clone(),
                level: "error".into(),
                message,
            });
        }
        if !lines.is_empty() {
            let (store, plugin) = (self.store().clone(), plugin.id().to_owned());
            tokio::spawn(async move {
                if let Err(error) = store.add_log_lines(plugin, lines).await {
                    tracing::warn!(%error, "a plugin's log could not be kept");
                }
            });
        }
    }
}

/// The entry point, where the actor may come in by it now, and the break-glass under which they do.
fn admit(scope: &Scope, call: &Call) -> Result<(Arc<EntryPoint>, Option<i64>), Denial> {
    let actor = call.actor.as_deref();
    let entry = scope.admit(call.kind, &call.name, actor)?;
    let (channel, now) = (Channel::Guest, call.now);
    let glass = scope.stands(&Caller { actor, purpose: &entry.purpose, channel, now, today: Date::of(now) })?;
    Ok((entry, glass))
}

fn unknown(call: &Call) -> Arc<EntryPoint> {
    let kind = match call.kind {
        EntryKind::Page => "page",
        EntryKind::Action => "action",
    };
    // A name that the manifest does not have is hostile text: only its length goes on the record.
    Arc::new(EntryPoint {
        kind: call.kind,
        name: String::new(),
        purpose: String::new(),
        roles: Default::default(),
        public: false,
        input: Default::default(),
        log_name: format!("{kind} unknown ({} bytes)", call.name.len()),
    })
}

/// A fresh instance, one call, and the end of both.
async fn invoke(
    engine: &wasmtime::Engine,
    plugin: &Plugin,
    state: State,
    limits: &Limits,
    request: Request,
) -> (Result<String, CallError>, State) {
    let mut store = wasmtime::Store::new(engine, state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(limits.crossing);
    store.set_max_component_handles(1_000);
    let budget = limits.ticks();
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |mut context| {
        let state = context.data_mut();
        state.ticks += 1;
        if state.ticks > budget { Err(Spent::Processor.into()) } else { Ok(UpdateDeadline::Yield(1)) }
    });
    let called = tokio::time::timeout(limits.wall, async {
        let instance = plugin.component.instantiate_async(&mut store).await?;
        instance.linli_platform_handler().call_handle(&mut store, &request).await
    })
    .await;
    let result = match called {
        Err(_elapsed) => Err(CallError::Fault { fault: Fault::Timeout, detail: None }),
        // The host lets in fewer calls than the pool has places; if that is ever wrong, it is not the plugin's fault.
        Ok(Err(error)) if fault::is_pool_full(&error) => Err(CallError::Busy(limits.patience)),
        Ok(Err(error)) => Err(CallError::Fault { fault: fault::classify(&error), detail: Some(error.root_cause().to_string()) }),
        Ok(Ok(Err(GuestError { code, detail }))) => Err(CallError::Guest { code, detail }),
        Ok(Ok(Ok(response))) => Ok(response.body),
    };
    if let Err(CallError::Fault { fault, detail }) = &result {
        tracing::warn!(plugin = plugin.id(), fault = fault.code(), detail, "a plugin call was ended");
    }
    (result, store.into_data())
}

/// Checks what the plugin said and fills its bound blocks.
async fn answer(state: &mut State, kind: EntryKind, text: String, after: &BTreeMap<usize, String>) -> Result<Answer, CallError> {
    let bad = |error: ViewError| CallError::Fault { fault: Fault::BadAnswer, detail: Some(error.to_string()) };
    let (fillings, json) = match kind {
        EntryKind::Page => {
            let view = View::parse(&text).map_err(bad)?;
            let fillings = fill::run(state, view.bound(), after).await?;
            let json = view.is_bound().then(|| view.render_json(|block| filled(&fillings, block)));
            (fillings, json)
        }
        EntryKind::Action => {
            let result = ActionResult::parse(&text).map_err(bad)?;
            let bound = result.view.iter().flat_map(View::bound);
            let fillings = fill::run(state, bound, after).await?;
            let json = result.is_bound().then(|| result.render_json(|block| filled(&fillings, block)));
            (fillings, json)
        }
    };
    Ok(Answer { text, fillings, kind, json })
}

impl From<Refused> for CallError {
    fn from(error: Refused) -> Self {
        match error {
            Refused::Denied(denial) => Self::Denied(denial),
            Refused::Store(error) => Self::Store(error),
        }
    }
}

fn outcome(answer: &Result<Answer, CallError>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Allowed,
        Err(CallError::Denied(denial)) => Outcome::Denied { code: denial.kind.as_str().to_owned(), detail: denial.message.clone() },
        // The guest's own words may hold anything, so only the known part of its code goes on the record.
        Err(CallError::Guest { code, .. }) => match code.as_str() {
            "denied" => Outcome::Denied { code: code.clone(), detail: String::new() },
            "not-found" | "conflict" | "invalid" | "limit" | "unavailable" => Outcome::Failed { code: code.clone() },
            _ => Outcome::Failed { code: "plugin-error".into() },
        },
        Err(CallError::Fault { fault, .. }) => Outcome::Failed { code: fault.code().into() },
        Err(_) => Outcome::Failed { code: "unavailable".into() },
    }
}
