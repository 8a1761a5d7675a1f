//! `/audit/deferrals`, `/audit/erasures`, `/audit/measures`: what two people decide about a resident.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use linli_audit::Entry;
use linli_model::RecordNo;
use linli_runtime::install::administration;
use linli_scope::{Actor, Role};
use linli_store::measure::{Kind, Measure, State as Stands};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Segments};
use crate::desk::RESIDENT;
use crate::problem::Problem;

/// Who may ask for a measure, and who may decide about one that another asked for.
const ASKING: [Role; 3] = [Role::Admin, Role::Steward, Role::Auditor];
const DECIDING: [Role; 2] = [Role::Admin, Role::Auditor];
/// The longest deferral. A longer one is asked for anew, so that somebody looks at it again.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);
/// The longest reason or legal basis, characters.
const WORDS: usize = 1_000;

/// A deferral that is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deferral {
    resident: String,
    application: String,
    purpose: Option<String>,
    since: Option<Timestamp>,
    until: Timestamp,
    reason: String,
    legal_basis: String,
}

/// An erasure that is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Erasure {
    resident: String,
    reason: String,
    legal_basis: String,
}

/// `GET /audit/measures`: all, newest first.
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    signed_in.require(&ASKING)?;
    let measures: Vec<_> = app.store().measures().await?.iter().map(|measure| shown(&app, measure)).collect();
    body::json(&json!({"measures": measures}))
}

/// `POST /audit/deferrals`: asks that a resident may not see for a time what an application does.
pub(super) async fn ask_deferral(
    State(app): State<App>,
    signed_in: SignedIn,
    JsonBody(asked): JsonBody<Deferral>,
) -> Result<Response, Problem> {
    signed_in.require(&ASKING)?;
    let now = Timestamp::now();
    let since = asked.since.unwrap_or(now);
    if asked.until <= now || asked.until <= since {
        return Err(Problem::bad_request("until", "a deferral must end later than it begins, and later than now"));
    }
    if asked.until.duration_since(now) > LONGEST {
        return Err(Problem::bad_request("until", "a deferral lasts at most 366 days; ask anew before it ends"));
    }
    if app.runtime().first_party(&asked.application).is_none() {
        app.plugin(&asked.application)?;
    }
    let kind = Kind::Deferral { application: asked.application, purpose: asked.purpose, since, until: asked.until };
    ask(&app, &signed_in, &asked.resident, kind, [asked.reason, asked.legal_basis]).await
}

/// `POST /audit/erasures`: asks that a resident is taken out of everything that is kept.
pub(super) async fn ask_erasure(
    State(app): State<App>,
    signed_in: SignedIn,
    JsonBody(asked): JsonBody<Erasure>,
) -> Result<Response, Problem> {
    signed_in.require(&ASKING)?;
    ask(&app, &signed_in, &asked.resident, Kind::Erasure, [asked.reason, asked.legal_basis]).await
}

async fn ask(app: &App, signed_in: &SignedIn, resident: &str, kind: Kind, words: [String; 2]) -> Result<Response, Problem> {
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
    let measure = app.store().add_measure(measure, |measure| entry(actor, "ask", measure).encode()).await?;
    Ok((StatusCode::CREATED, body::json(&shown(app, &measure))?).into_response())
}

/// `POST /audit/measures/{id}/approve`: by another person than the one who asked. An erasure is done at once.
pub(super) async fn approve(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Response, Problem> {
    let measure = asked(&app, &signed_in, id).await?;
    if measure.kind != Kind::Erasure {
        return decide(&app, &signed_in, measure, "approve", Stands::Approved).await;
    }
    let reach = app.store().erase(RecordNo(measure.resident), entry(signed_in.actor(), "approve", &measure)).await?;
    let records: serde_json::Map<String, Value> = reach.records.into_iter().map(|(entity, count)| (entity, count.into())).collect();
    body::json(&json!({"id": id, "kind": "erasure", "state": "approved", "erased": {"records": records, "log_entries": reach.entries}}))
}

/// `POST /audit/measures/{id}/refuse`: by another person than the one who asked.
pub(super) async fn refuse(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Response, Problem> {
    let measure = asked(&app, &signed_in, id).await?;
    decide(&app, &signed_in, measure, "refuse", Stands::Refused).await
}

/// `POST /audit/measures/{id}/lift`: ends a deferral before its time. It gives the resident back what the rule is, so
/// that one person is enough.
pub(super) async fn lift(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Response, Problem> {
    signed_in.require(&DECIDING)?;
    let measure = find(&app, id).await?;
    if measure.state != Stands::Approved {
        return Err(Problem::new(StatusCode::CONFLICT, "state", "only a deferral in force can be lifted"));
    }
    decide(&app, &signed_in, measure, "lift", Stands::Lifted).await
}

/// A measure that waits for a decision, and that this person may decide about.
async fn asked(app: &App, signed_in: &SignedIn, id: i64) -> Result<Measure, Problem> {
    signed_in.require(&DECIDING)?;
    let measure = find(app, id).await?;
    if measure.state != Stands::Asked {
        return Err(Problem::new(StatusCode::CONFLICT, "state", "this was decided already"));
    }
    if measure.asked_by == signed_in.actor().id {
        return Err(Problem::forbidden("second-person", "another person than the one who asked must decide"));
    }
    Ok(measure)
}

async fn decide(app: &App, signed_in: &SignedIn, before: Measure, what: &str, state: Stands) -> Result<Response, Problem> {
    let actor = signed_in.actor();
    let measure = Measure { state, decided_by: Some(actor.id), ..before.clone() };
    let entry = entry(actor, what, &measure).encode();
    let measure = app.store().put_measure(before, measure, entry).await?;
    body::json(&shown(app, &measure))
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
    entry.subjects.insert(measure.resident.unsigned_abs());
    entry
}

fn shown(app: &App, measure: &Measure) -> Value {
    let catalogue = app.store().catalogue();
    let number = catalogue.entity(RESIDENT).map(|entity| entity.number).unwrap_or_default();
    let resident = app.runtime().console().scope().tokens().token(number, RecordNo(measure.resident));
    let mut shown = json!({"id": measure.id, "resident": resident, "state": measure.state, "reason": measure.reason,
        "legal_basis": measure.legal_basis, "asked_by": measure.asked_by, "asked_at": measure.asked_at, "decided_by": measure.decided_by});
    if let Some(shown) = shown.as_object_mut() {
        match &measure.kind {
            Kind::Erasure => drop(shown.insert("kind".into(), "erasure".into())),
            Kind::Deferral { application, purpose, since, until } => {
                shown.insert("kind".into(), "deferral".into());
                shown.insert("application".into(), json!(application));
                shown.insert("purpose".into(), json!(purpose));
                shown.insert("since".into(), json!(since));
                shown.insert("until".into(), json!(until));
            }
        }
    }
    shown
}
