//! `/me`: a resident's own record, and who read it.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use linli_audit::{Entry, Outcome};
use linli_entry::Desk;
use linli_entry::desk::Record;
use linli_model::Text;
use linli_scope::decide::Ask;
use linli_scope::{DenialKind, EntryKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params};
use crate::problem::Problem;

/// Entries a page.
const LIMIT: usize = 50;

#[derive(Deserialize)]
pub(super) struct Before {
    before: Option<u64>,
}

/// An entry of the log as the resident whom it concerns sees it: never a third party's affairs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub sequence: u64,
    pub at: Timestamp,
    pub who: String,
    pub application: String,
    pub name: Text,
    pub publisher: Option<String>,
    pub purpose: String,
    pub purpose_title: Text,
    pub legal_basis: Option<String>,
    pub entry_point: String,
    pub outcome: &'static str,
    pub reason: Option<String>,
    pub accesses: Vec<SeenAccess>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SeenAccess {
    pub entity: String,
    pub operation: String,
    pub fields: Vec<SeenField>,
    pub denied: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SeenField {
    pub field: String,
    pub title: Text,
    pub mode: String,
}

/// `GET /me/record`: with where each value comes from.
pub(super) async fn record(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let record = own_record(&app, &signed_in).await?;
    body::json(&json!({"record": serde_json::from_str::<Value>(&record.json).unwrap_or_default(), "sources": record.sources}))
}

/// `GET /me/access-log?before=SEQUENCE`: newest first.
pub(super) async fn access_log(State(app): State<App>, signed_in: SignedIn, Params(page): Params<Before>) -> Result<Response, Problem> {
    let entries = seen(&app, &signed_in, page.before).await?;
    let next = entries.last().filter(|_| entries.len() == LIMIT).map(|entry| entry.sequence);
    body::json(&json!({"entries": entries, "next": next}))
}

fn desk<'a>(app: &'a App, signed_in: &'a SignedIn) -> Desk<'a> {
    app.runtime().portal().desk(app.store(), Some(signed_in.actor()), "page /me", Timestamp::now())
}

/// The signed-in resident's own record, under the portal's manifest.
pub(crate) async fn own_record(app: &App, signed_in: &SignedIn) -> Result<Record, Problem> {
    let desk = desk(app, signed_in);
    if let Err(denial) = desk.scope.admit(EntryKind::Page, "/me", Some(signed_in.actor())) {
        return Err(desk.turn_away(denial).await?.into());
    }
    let own = signed_in
        .actor()
        .own_record()
        .ok_or_else(|| Problem::forbidden(DenialKind::Region.as_str(), "this account has no record of its own"))?;
    let entity = desk.scope.entity("resident").cloned().ok_or_else(|| Problem::not_found("there are no residents"))?;
    let id = desk.scope.tokens().token(entity.number, own);
    let granted = entity.fields.keys().filter(|field| field.as_str() != "household").cloned().collect();
    Ok(desk.record(&Ask { entity: "resident".into(), fields: granted, limit: 1, id: Some(id), ..Ask::default() }).await?)
}

/// The log's entries that concern the signed-in resident.
pub(crate) async fn seen(app: &App, signed_in: &SignedIn, before: Option<u64>) -> Result<Vec<Seen>, Problem> {
    signed_in.require(&[linli_scope::Role::Resident])?;
    let own = signed_in.actor().own_record().ok_or_else(|| Problem::forbidden("region", "this account has no record of its own"))?;
    let mut seen = Vec::new();
    for (sequence, entry) in app.store().entries_about(own.0.unsigned_abs(), before, LIMIT).await? {
        seen.push(explain(app, signed_in, sequence, entry).await?);
    }
    Ok(seen)
}

async fn explain(app: &App, signed_in: &SignedIn, sequence: u64, entry: Entry) -> Result<Seen, Problem> {
    let plugin = app.runtime().plugin(&entry.application);
    let first_party = [app.runtime().console(), app.runtime().portal()]
        .into_iter()
        .map(|application| application.manifest())
        .find(|manifest| manifest.plugin.id == entry.application);
    let manifest = plugin.as_ref().map(|plugin| &plugin.manifest).or(first_party);
    let purpose = manifest.and_then(|manifest| manifest.purpose(&entry.purpose));
    let (outcome, reason) = match &entry.outcome {
        Outcome::Allowed => ("allowed", None),
        Outcome::Denied { code, .. } => ("denied", Some(code.clone())),
        Outcome::Failed { code } => ("failed", Some(code.clone())),
    };
    let accesses = entry.accesses.iter().map(|access| SeenAccess {
        entity: access.entity.clone(),
        operation: access.operation.clone(),
        fields: access
            .fields
            .iter()
            .map(|(field, mode)| SeenField { field: field.clone(), title: title(app, &access.entity, field), mode: mode.clone() })
            .collect(),
        denied: access.denied.clone(),
    });
    Ok(Seen {
        sequence,
        at: entry.at,
        who: who(app, signed_in, &entry.actor).await?,
        name: manifest.map_or_else(|| Text::Plain(entry.application.clone()), |manifest| manifest.plugin.name.clone()),
        publisher: plugin.as_ref().map(|plugin| plugin.publisher.name.clone()),
        purpose_title: purpose.map_or_else(|| Text::Plain(entry.purpose.clone()), |purpose| purpose.title.clone()),
        legal_basis: purpose.map(|purpose| purpose.legal_basis.clone()),
        outcome,
        reason,
        accesses: accesses.collect(),
        entry_point: entry.entry_point,
        application: entry.application,
        purpose: entry.purpose,
    })
}

fn title(app: &App, entity: &str, field: &str) -> Text {
    let catalogue = app.store().catalogue();
    catalogue
        .entity(entity)
        .and_then(|entity| entity.field(field))
        .map_or_else(|| Text::Plain(field.to_owned()), |field| field.title.clone())
}

/// The name of an official who acted; the resident is themselves, another resident stays unnamed.
async fn who(app: &App, signed_in: &SignedIn, actor: &str) -> Result<String, Problem> {
    if actor == signed_in.actor().log_name() {
        return Ok("本人 yourself".into());
    }
    match actor.strip_prefix("user:").and_then(|id| id.parse().ok()) {
        Some(0) => Ok("系统导入 bulk entry".into()),
        Some(id) => Ok(app.store().account_name(id).await?.unwrap_or_else(|| "工作人员 an official".into())),
        None => Ok("公众 the public".into()),
    }
}
