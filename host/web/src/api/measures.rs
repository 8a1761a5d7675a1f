//! `/audit/deferrals`, `/audit/erasures`, `/audit/measures`: what two people decide about a resident.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use linli_audit::Entry;
use linli_model::RecordNo;
use linli_runtime::install::administration;
use linli_scope::Actor;
use linli_store::erasure::Known;
use linli_store::measure::{APPLICATION, Kind, Measure, State as Stands};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::administration;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Segments};
use crate::desk::RESIDENT;
use crate::idempotency::{Answer, Key};
use crate::precondition::{IfMatch, Over};
use crate::problem::Problem;

/// The longest deferral. A longer one is asked for anew, so that somebody looks at it again.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);
/// The longest reason or legal basis, characters.
const WORDS: usize = 1_000;

/// A deferral that is asked for.
#[derive(Deserialize, ToSchema)]
#[schema(as = AskedDeferral)]
#[serde(deny_unknown_fields)]
pub(super) struct Deferral {
    /// The resident's id, as the console shows it.
    resident: String,
    /// What an application did, by its id.
    application: String,
    /// One of its purposes; else all of them.
    purpose: Option<String>,
    /// The first moment that is deferred; else now.
    since: Option<Timestamp>,
    /// When it ends, at most 366 days from now.
    until: Timestamp,
    #[schema(max_length = 1000, pattern = "\\S")]
    reason: String,
    #[schema(max_length = 1000, pattern = "\\S")]
    legal_basis: String,
}

/// An erasure that is asked for.
#[derive(Deserialize, ToSchema)]
#[schema(as = AskedErasure)]
#[serde(deny_unknown_fields)]
pub(super) struct Erasure {
    /// The resident's id, as the console shows it.
    resident: String,
    #[schema(max_length = 1000, pattern = "\\S")]
    reason: String,
    #[schema(max_length = 1000, pattern = "\\S")]
    legal_basis: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Measures {
    measures: Vec<Shown>,
}

/// What is done about a resident, or was asked to be.
#[derive(Serialize, ToSchema)]
#[schema(as = Measure)]
pub(super) struct Shown {
    id: i64,
    resident: String,
    state: Stands,
    reason: String,
    legal_basis: String,
    /// An account's number.
    asked_by: i64,
    asked_at: Timestamp,
    decided_by: Option<i64>,
    #[serde(flatten)]
    kind: ShownKind,
}

/// What a measure does.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum ShownKind {
    /// The resident does not see, until a date, what an application did since another.
    Deferral { application: String, purpose: Option<String>, since: Timestamp, until: Timestamp },
    /// The person is erased.
    Erasure,
}

/// An erasure that is done.
#[derive(Serialize, ToSchema)]
pub(super) struct Erased {
    id: i64,
    /// `erasure`.
    kind: &'static str,
    state: Stands,
    erased: Reached,
}

/// What an erasure reached.
#[derive(Serialize, ToSchema)]
struct Reached {
    /// Records by entity type.
    records: BTreeMap<String, u64>,
    log_entries: u64,
}

/// What a decision answers.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "each branch answers its own; this says that it is one of them")]
pub(super) enum Decided {
    Erased(Erased),
    Measure(Shown),
}

/// All measures, newest first.
#[utoipa::path(get, path = "/audit/measures", responses((status = 200, body = Measures)))]
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    administration::look(&app, &signed_in, "/measures").await?;
    let measures = app.store().measures().await?.into_iter().map(|measure| shown(&app, measure)).collect();
    body::json(&Measures { measures })
}

/// One measure.
#[utoipa::path(get, path = "/audit/measures/{id}", params(("id" = i64, Path)), responses((status = 200, body = Shown, headers(("ETag" = String, description = "`\"STATE\"`: it changes with nothing else")))))]
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Answer, Problem> {
    administration::look(&app, &signed_in, "/measures").await?;
    answer(&app, StatusCode::OK, &find(&app, id).await?)
}

/// Asks that a resident may not see for a time what an application does.
#[utoipa::path(post, path = "/audit/deferrals", request_body = Deferral, responses((status = 201, body = Shown), (status = 404)))]
pub(super) async fn ask_deferral(
    State(app): State<App>,
    signed_in: SignedIn,
    key: Key,
    JsonBody(asked): JsonBody<Deferral>,
) -> Result<Answer, Problem> {
    administration::act(&app, &signed_in, "ask-measure").await?;
    let now = Timestamp::now();
    let since = asked.since.unwrap_or(now);
    if asked.until <= now || asked.until <= since {
        return Err(wrong("until", "a deferral must end later than it begins, and later than now"));
    }
    if asked.until.duration_since(now) > LONGEST {
        return Err(wrong("until", "a deferral lasts at most 366 days; ask anew before it ends"));
    }
    // What the administration itself does about a resident is told when its deferral ends.
    if asked.application == APPLICATION {
        return Err(Problem::not_found("what the administration does can't be deferred by itself"));
    }
    if app.runtime().first_party(&asked.application).is_none() {
        app.plugin(&asked.application)?;
    }
    let kind = Kind::Deferral { application: asked.application, purpose: asked.purpose, since, until: asked.until };
    ask(&app, &signed_in, &asked.resident, kind, [asked.reason, asked.legal_basis], &key).await
}

/// Asks that a resident is taken out of everything that is kept.
#[utoipa::path(post, path = "/audit/erasures", request_body = Erasure, responses((status = 201, body = Shown), (status = 404)))]
pub(super) async fn ask_erasure(
    State(app): State<App>,
    signed_in: SignedIn,
    key: Key,
    JsonBody(asked): JsonBody<Erasure>,
) -> Result<Answer, Problem> {
    administration::act(&app, &signed_in, "ask-measure").await?;
    ask(&app, &signed_in, &asked.resident, Kind::Erasure, [asked.reason, asked.legal_basis], &key).await
}

async fn ask(app: &App, signed_in: &SignedIn, resident: &str, kind: Kind, words: [String; 2], key: &Key) -> Result<Answer, Problem> {
    let [reason, legal_basis] = words.map(|words| words.trim().to_owned());
    for (name, words) in [("reason", &reason), ("legal_basis", &legal_basis)] {
        if words.is_empty() || words.chars().count() > WORDS {
            return Err(Problem::bad_request(name, format!("`{name}` must be 1 to {WORDS} characters")));
        }
    }
    let resident = record(app, resident)?;
    let actor = signed_in.actor();
    let measure = Measure {
        id: 0,
        resident: resident.0,
        kind,
        reason,
        legal_basis,
        asked_by: actor.id,
        asked_at: Timestamp::now(),
        state: Stands::Asked,
        decided_by: None,
    };
    let shown_by = app.clone();
    let asked = move |measure: &Measure| answer(&shown_by, StatusCode::CREATED, measure);
    let measure = app.store().add_measure(measure, |measure| entry(actor, "ask", measure).encode(), key.answering(asked.clone())).await?;
    asked(&measure)
}

/// Approved by another person than the one who asked. An erasure is done at once.
#[utoipa::path(post, path = "/audit/measures/{id}/approve",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "`\"STATE\"`, as the measure's ETag says", pattern = "^\"[a-z]+\"$")),
    responses((status = 200, body = Decided), (status = 409)))]
pub(super) async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    over: Over,
) -> Result<Answer, Problem> {
    let measure = asked(&app, &signed_in, id, &over.if_match).await?;
    if measure.kind != Kind::Erasure {
        return decide(&app, &signed_in, measure, over, "approve", Stands::Approved).await;
    }
    // What it reached is known when the log is done with, later than what can't be undone.
    let once = over.key.done()?.once();
    let known = Known { token: token(&app, measure.resident), word: Answer::forgotten()? };
    let reach = app.store().erase(RecordNo(measure.resident), entry(signed_in.actor(), "approve", &measure), known, once).await?;
    let erased = Reached { records: reach.records.into_iter().collect(), log_entries: reach.entries };
    let answer = Erased { id, kind: "erasure", state: Stands::Approved, erased };
    Ok(Answer::new(StatusCode::OK, &answer)?.late())
}

/// Refused by another person than the one who asked.
#[utoipa::path(post, path = "/audit/measures/{id}/refuse",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "`\"STATE\"`, as the measure's ETag says", pattern = "^\"[a-z]+\"$")),
    responses((status = 200, body = Shown, headers(("ETag" = String, description = "`\"STATE\"`"))), (status = 409)))]
pub(super) async fn refuse(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    over: Over,
) -> Result<Answer, Problem> {
    let measure = asked(&app, &signed_in, id, &over.if_match).await?;
    decide(&app, &signed_in, measure, over, "refuse", Stands::Refused).await
}

/// Ends a deferral before its time. It gives the resident back what the rule is, so
/// that one person is enough.
#[utoipa::path(post, path = "/audit/measures/{id}/lift",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "`\"STATE\"`, as the measure's ETag says", pattern = "^\"[a-z]+\"$")),
    responses((status = 200, body = Shown, headers(("ETag" = String, description = "`\"STATE\"`"))), (status = 409)))]
pub(super) async fn lift(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>, over: Over) -> Result<Answer, Problem> {
    let measure = seen(&app, &signed_in, id, &over.if_match).await?;
    if measure.state != Stands::Approved {
        return Err(Problem::new(StatusCode::CONFLICT, "state", "only a deferral in force can be lifted"));
    }
    decide(&app, &signed_in, measure, over, "lift", Stands::Lifted).await
}

/// The measure that somebody decides about, as they saw it.
async fn seen(app: &App, signed_in: &SignedIn, id: i64, if_match: &IfMatch) -> Result<Measure, Problem> {
    administration::act(app, signed_in, "decide-measure").await?;
    let measure = find(app, id).await?;
    if_match.check("measure", measure.state.as_str())?;
    Ok(measure)
}

/// A measure that waits for a decision, and that this person may decide about.
async fn asked(app: &App, signed_in: &SignedIn, id: i64, if_match: &IfMatch) -> Result<Measure, Problem> {
    let measure = seen(app, signed_in, id, if_match).await?;
    if measure.state != Stands::Asked {
        return Err(Problem::new(StatusCode::CONFLICT, "state", "this was decided already"));
    }
    if measure.asked_by == signed_in.actor().id {
        return Err(Problem::forbidden("second-person", "another person than the one who asked must decide"));
    }
    Ok(measure)
}

async fn decide(app: &App, signed_in: &SignedIn, before: Measure, over: Over, what: &str, state: Stands) -> Result<Answer, Problem> {
    let actor = signed_in.actor();
    let measure = Measure { state, decided_by: Some(actor.id), ..before.clone() };
    let entry = entry(actor, what, &measure).encode();
    let shown_by = app.clone();
    let decided = move |measure: &Measure| answer(&shown_by, StatusCode::OK, measure);
    let measure = app.store().put_measure(before, measure, entry, over.key.answering(decided.clone())).await;
    decided(&measure.map_err(|error| over.if_match.outdated(error))?)
}

/// A measure with its version, which is its state: nothing else of it changes, and it comes to no state twice.
fn answer(app: &App, status: StatusCode, measure: &Measure) -> Result<Answer, Problem> {
    Ok(Answer::new(status, &shown(app, measure.clone()))?.tagged(measure.state.as_str()))
}

async fn find(app: &App, id: i64) -> Result<Measure, Problem> {
    let measures = app.store().measures().await?;
    measures.into_iter().find(|measure| measure.id == id).ok_or_else(|| Problem::not_found(format!("there is no measure {id}")))
}

/// The record of the resident whose id, as the console shows it, is given.
fn record(app: &App, id: &str) -> Result<RecordNo, Problem> {
    let catalogue = app.store().catalogue();
    let number = catalogue.entity(RESIDENT).map(|entity| entity.number);
    let record = number.and_then(|number| app.runtime().console().scope().tokens().open(number, id));
    record.ok_or_else(|| Problem::not_found("there is no resident with this id; it is the one that the console shows"))
}

fn entry(actor: &Actor, what: &str, measure: &Measure) -> Entry {
    let mut entry = administration(actor, what, &measure.entry_point(), "");
    entry.digest = None;
    entry.purpose = "measures".to_owned();
    entry.subjects.insert(measure.resident.unsigned_abs());
    entry
}

fn wrong(code: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
}

/// A resident's id, as the console shows it.
fn token(app: &App, resident: i64) -> String {
    let catalogue = app.store().catalogue();
    let number = catalogue.entity(RESIDENT).map(|entity| entity.number).unwrap_or_default();
    app.runtime().console().scope().tokens().token(number, RecordNo(resident))
}

fn shown(app: &App, measure: Measure) -> Shown {
    Shown {
        id: measure.id,
        resident: token(app, measure.resident),
        state: measure.state,
        reason: measure.reason,
        legal_basis: measure.legal_basis,
        asked_by: measure.asked_by,
        asked_at: measure.asked_at,
        decided_by: measure.decided_by,
        kind: match measure.kind {
            Kind::Erasure => ShownKind::Erasure,
            Kind::Deferral { application, purpose, since, until } => ShownKind::Deferral { application, purpose, since, until },
        },
    }
}
