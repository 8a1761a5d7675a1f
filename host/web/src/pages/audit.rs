//! `/audit`: the newest checkpoint and the log, for auditors.

use axum::extract::{Query, State};
use axum::response::Response;
use linli_audit::{Access, Entry, Outcome, Stored};
use linli_view::Text;
use linli_view::html::pages::{AuditEntry, AuditPage};
use serde::Deserialize;

use super::frame::Trouble;
use super::visit::{Reader, html};
use super::wording::{self, moment};
use crate::administration;
use crate::app::App;
use crate::problem::Problem;

/// Entries a page.
const LIMIT: i64 = 50;

#[derive(Deserialize)]
pub(super) struct Page {
    before: Option<u64>,
}

struct Line {
    sequence: u64,
    when: String,
    leaf: String,
    entry: Entry,
}

/// `GET /audit?before=SEQUENCE`: newest first.
pub(super) async fn show(State(app): State<App>, reader: Reader, Query(page): Query<Page>) -> Result<Response, Trouble> {
    administration::look(&app, &reader.signed_in, "/log").await?;
    // Signs what was logged since the last second, so that the checkpoint covers all that is shown.
    let note = app.store().sign_checkpoint(&app.settings().origin, app.signer()).await?;
    let rows = app.store().newest_log_rows(page.before, LIMIT).await?;
    let lines = rows.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let next = rows.last().map(|row| row.sequence).filter(|oldest| *oldest > 1);
    let entries: Vec<_> = lines.iter().map(Line::shown).collect();
    let key = app.signer().verifier().to_string();
    Ok(html(AuditPage { viewer: &reader.viewer(), note: note.as_deref(), key: &key, entries: &entries, next }.render()))
}

fn line(row: &Stored) -> Result<Line, Problem> {
    let entry = row.entry().map_err(|error| Problem::internal(&error))?;
    Ok(Line { sequence: row.sequence, when: moment(entry.at), leaf: row.leaf.to_string(), entry })
}

impl Line {
    fn shown(&self) -> AuditEntry<'_> {
        let entry = &self.entry;
        AuditEntry {
            sequence: self.sequence,
            when: &self.when,
            actor: &entry.actor,
            application: &entry.application,
            purpose: &entry.purpose,
            entry_point: &entry.entry_point,
            break_glass: entry.break_glass,
            outcome: outcome(&entry.outcome),
            is_allowed: entry.outcome == Outcome::Allowed,
            accesses: entry.accesses.iter().map(access).collect(),
            subjects: entry.subjects.len(),
            leaf: &self.leaf,
        }
    }
}

fn outcome(outcome: &Outcome) -> Text<'static> {
    match outcome {
        Outcome::Allowed => Text::both("已允许", "allowed"),
        Outcome::Denied { code, .. } => wording::title(code, 403),
        Outcome::Failed { code } => wording::title(code, 500),
    }
}

/// `read resident name, id_number(masked) ×20`
fn access(access: &Access) -> String {
    let field = |(name, mode): &(String, String)| if mode == "plain" { name.clone() } else { format!("{name}({mode})") };
    let fields: Vec<_> = access.fields.iter().map(field).collect();
    let denied = access.denied.as_deref().map(|code| format!(" — {code}")).unwrap_or_default();
    format!("{} {} {} ×{}{denied}", access.operation, access.entity, fields.join(", "), access.records)
}
