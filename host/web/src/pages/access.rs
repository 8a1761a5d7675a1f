//! `/me/access`: who read a resident's record, denials included.

use axum::extract::{Query, State};
use axum::response::Response;
use linli_audit::{Entry, Outcome};
use linli_scope::Role;
use linli_view::Text;
use linli_view::html::pages::{AccessEntry, AccessLogPage, AccessOutcome, AccessedField};
use serde::Deserialize;

use super::frame::Trouble;
use super::visit::{Reader, html};
use super::wording::{self, moment};
use crate::app::App;
use crate::problem::Problem;

/// Entries a page.
const LIMIT: usize = 50;

#[derive(Deserialize)]
pub(super) struct Page {
    after: Option<u64>,
}

/// An entry as the resident whom it concerns sees it: never a third party's affairs.
struct Line {
    when: String,
    who: String,
    department: Text<'static>,
    application: Text<'static>,
    purpose: Text<'static>,
    legal_basis: Option<String>,
    fields: Vec<(Text<'static>, String)>,
    outcome: AccessOutcome<'static>,
}

/// `GET /me/access?after=SEQUENCE`: newest first.
pub(super) async fn show(State(app): State<App>, reader: Reader, Query(page): Query<Page>) -> Result<Response, Trouble> {
    reader.require(Role::Resident)?;
    let own = reader.actor().own_record().ok_or_else(|| Problem::forbidden("region", "this account has no record of its own"))?;
    let entries = app.store().entries_about(own.0.unsigned_abs(), page.after, LIMIT).await?;
    let next = entries.last().filter(|_| entries.len() == LIMIT).map(|(sequence, _)| sequence.to_string());
    let mut lines = Vec::new();
    for (_, entry) in &entries {
        lines.push(line(&app, &reader, entry).await?);
    }
    let shown: Vec<_> = lines.iter().map(Line::entry).collect();
    Ok(html(AccessLogPage { viewer: &reader.viewer(), entries: &shown, next: next.as_deref() }.render()))
}

impl Line {
    fn entry(&self) -> AccessEntry<'_> {
        AccessEntry {
            when: &self.when,
            who: &self.who,
            department: self.department.by_ref(),
            application: self.application.by_ref(),
            purpose: self.purpose.by_ref(),
            legal_basis: self.legal_basis.as_deref(),
            fields: self.fields.iter().map(|(title, mode)| AccessedField { title: title.by_ref(), mode }).collect(),
            outcome: self.outcome.clone(),
        }
    }
}

async fn line(app: &App, reader: &Reader, entry: &Entry) -> Result<Line, Problem> {
    let plugin = app.runtime().plugin(&entry.application);
    let first_party = [app.runtime().console(), app.runtime().portal()]
        .into_iter()
        .map(|application| application.manifest())
        .find(|manifest| manifest.plugin.id == entry.application);
    let manifest = plugin.as_ref().map(|plugin| &plugin.manifest).or(first_party);
    let purpose = manifest.and_then(|manifest| manifest.purpose(&entry.purpose));
    let text = |text: Option<&linli_model::Text>, or: &str| text.map_or_else(|| Text::plain(or), wording::text).into_owned();
    Ok(Line {
        when: moment(entry.at),
        who: who(app, reader, &entry.actor).await?,
        department: plugin.as_ref().map_or(Text::both("邻里平台", "Linli"), |plugin| Text::from(plugin.publisher.name.clone())),
        application: text(manifest.map(|manifest| &manifest.plugin.name), &entry.application),
        purpose: text(purpose.map(|purpose| &purpose.title), &entry.purpose),
        legal_basis: purpose.map(|purpose| purpose.legal_basis.clone()),
        fields: fields(app, entry),
        outcome: match &entry.outcome {
            Outcome::Allowed => AccessOutcome::Allowed,
            Outcome::Denied { code, .. } => AccessOutcome::Denied(wording::title(code, 403)),
            Outcome::Failed { code } => AccessOutcome::Failed(wording::title(code, 500)),
        },
    })
}

/// Each field once, with how it was seen or that it was written.
fn fields(app: &App, entry: &Entry) -> Vec<(Text<'static>, String)> {
    let catalogue = app.store().catalogue();
    let mut fields = Vec::new();
    for access in &entry.accesses {
        let is_entry = matches!(access.operation.as_str(), "create" | "update");
        for (name, mode) in &access.fields {
            let title = catalogue
                .entity(&access.entity)
                .and_then(|entity| entity.field(name))
                .map_or_else(|| Text::plain(name), |field| wording::text(&field.title));
            let shown = (title.into_owned(), if is_entry { "entered".to_owned() } else { mode.clone() });
            if !fields.contains(&shown) {
                fields.push(shown);
            }
        }
    }
    fields
}

async fn who(app: &App, reader: &Reader, actor: &str) -> Result<String, Problem> {
    if actor == reader.actor().log_name() { Ok("本人 yourself".into()) } else { official(app, actor).await }
}

/// The name of an official who acted.
pub(super) async fn official(app: &App, actor: &str) -> Result<String, Problem> {
    match actor.strip_prefix("user:").and_then(|id| id.parse().ok()) {
        Some(0) => Ok("系统导入 bulk entry".into()),
        Some(id) => Ok(app.store().account_name(id).await?.unwrap_or_else(|| "工作人员 an official".into())),
        None => Ok("公众 the public".into()),
    }
}
