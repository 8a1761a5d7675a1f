//! The access log as the resident whom it concerns sees it.

use jiff::Timestamp;
use linli_audit::{Access, Entry, Outcome};
use linli_model::Text;
use linli_scope::Role;
use linli_scope::break_glass::Cause;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::names::{self, Application};
use crate::problem::Problem;

/// Entries a page.
const LIMIT: usize = 50;

/// Some of the entries, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AccessLog)]
pub(crate) struct Page {
    pub entries: Vec<Seen>,
    /// The sequence before which the next page begins; none at the end.
    pub next: Option<u64>,
}

/// An entry: never a third party's affairs.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AccessLogEntry)]
pub(crate) struct Seen {
    pub sequence: u64,
    pub at: Timestamp,
    pub who: String,
    pub application: String,
    pub name: Text,
    /// The publisher's name; none for the host's own applications.
    pub publisher: Option<String>,
    pub purpose: String,
    pub purpose_title: Text,
    pub legal_basis: Option<String>,
    pub entry_point: String,
    pub outcome: Ended,
    /// Why it was not allowed or failed.
    pub reason: Option<String>,
    pub accesses: Vec<SeenAccess>,
    /// Where somebody broke the glass for it: the kind of emergency that they said.
    pub emergency: Option<Cause>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ended {
    Allowed,
    Denied,
    Failed,
}

/// What was read, checked or written.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AccessLogAccess)]
pub(crate) struct SeenAccess {
    pub entity: String,
    pub operation: String,
    pub fields: Vec<SeenField>,
    pub denied: Option<String>,
}

/// One field of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AccessLogField)]
pub(crate) struct SeenField {
    pub field: String,
    pub title: Text,
    pub mode: String,
}

/// The entries before a sequence that concern the signed-in resident, but for those that a deferral keeps back.
pub(crate) async fn about(app: &App, signed_in: &SignedIn, before: Option<u64>) -> Result<Page, Problem> {
    signed_in.require(&[Role::Resident])?;
    let own = signed_in.own_record()?;
    let (deferrals, now) = (app.store().measures_about(own.0).await?, Timestamp::now());
    let shown = |entry: &Entry| !deferrals.iter().any(|deferral| deferral.hides(entry, now));
    let mut entries = Vec::new();
    for (sequence, entry) in app.store().entries_about(own.0.unsigned_abs(), before, LIMIT, shown).await? {
        entries.push(explain(app, signed_in, sequence, entry).await?);
    }
    let next = entries.last().filter(|_| entries.len() == LIMIT).map(|entry| entry.sequence);
    Ok(Page { entries, next })
}

async fn explain(app: &App, signed_in: &SignedIn, sequence: u64, entry: Entry) -> Result<Seen, Problem> {
    let application = Application::find(app, &entry.application);
    let purpose = application.purpose(&entry.purpose);
    let (outcome, reason) = match &entry.outcome {
        Outcome::Allowed => (Ended::Allowed, None),
        Outcome::Denied { code, .. } => (Ended::Denied, Some(code.clone())),
        Outcome::Failed { code } => (Ended::Failed, Some(code.clone())),
    };
    let emergency = match entry.break_glass.and_then(|id| i64::try_from(id).ok()) {
        Some(id) => app.store().break_glass(id).await?.map(|glass| glass.cause),
        None => None,
    };
    Ok(Seen {
        emergency,
        sequence,
        at: entry.at,
        who: who(app, signed_in, &entry.actor).await?,
        name: application.name(),
        publisher: application.publisher().map(ToOwned::to_owned),
        purpose_title: purpose.map_or_else(|| Text::Plain(entry.purpose.clone()), |purpose| purpose.title.clone()),
        legal_basis: purpose.map(|purpose| purpose.legal_basis.clone()),
        outcome,
        reason,
        accesses: entry.accesses.iter().map(|access| seen(app, access)).collect(),
        entry_point: entry.entry_point,
        application: entry.application,
        purpose: entry.purpose,
    })
}

fn seen(app: &App, access: &Access) -> SeenAccess {
    let field =
        |(field, mode): &(String, String)| SeenField { field: field.clone(), title: title(app, &access.entity, field), mode: mode.clone() };
    SeenAccess {
        entity: access.entity.clone(),
        operation: access.operation.clone(),
        fields: access.fields.iter().map(field).collect(),
        denied: access.denied.clone(),
    }
}

fn title(app: &App, entity: &str, field: &str) -> Text {
    let catalogue = app.store().catalogue();
    catalogue
        .entity(entity)
        .and_then(|entity| entity.field(field))
        .map_or_else(|| Text::Plain(field.to_owned()), |field| field.title.clone())
}

/// The resident is themselves; another resident stays unnamed.
async fn who(app: &App, signed_in: &SignedIn, actor: &str) -> Result<String, Problem> {
    if actor == signed_in.actor().log_name() { Ok("本人 yourself".into()) } else { names::official(app, actor).await }
}
