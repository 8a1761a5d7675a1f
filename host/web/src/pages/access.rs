//! `/me/access`: who read a resident's record, denials included.

use axum::extract::{Query, State};
use axum::response::Response;
use linli_view::Text;
use linli_view::html::pages::{AccessEntry, AccessLogPage, AccessOutcome, AccessedField};
use serde::Deserialize;

use super::frame::Trouble;
use super::visit::{Reader, html};
use super::wording::{self, moment, text};
use crate::access_log::{self, Ended, Seen};
use crate::app::App;

#[derive(Deserialize)]
pub(super) struct Page {
    after: Option<u64>,
}

/// `GET /me/access?after=SEQUENCE`: newest first.
pub(super) async fn show(State(app): State<App>, reader: Reader, Query(page): Query<Page>) -> Result<Response, Trouble> {
    let log = access_log::about(&app, &reader.signed_in, page.after).await?;
    let moments: Vec<_> = log.entries.iter().map(|seen| moment(seen.at)).collect();
    let shown: Vec<_> = log.entries.iter().zip(&moments).map(|(seen, when)| entry(seen, when)).collect();
    let next = log.next.map(|sequence| sequence.to_string());
    Ok(html(AccessLogPage { viewer: &reader.viewer(), entries: &shown, next: next.as_deref() }.render()))
}

fn entry<'a>(seen: &'a Seen, when: &'a str) -> AccessEntry<'a> {
    let reason = seen.reason.as_deref().unwrap_or_default();
    AccessEntry {
        when,
        who: &seen.who,
        department: seen.publisher.as_deref().map_or(Text::both("邻里平台", "Linli"), Text::plain),
        application: text(&seen.name),
        purpose: text(&seen.purpose_title),
        legal_basis: seen.legal_basis.as_deref(),
        emergency: seen.emergency.map(wording::cause),
        fields: fields(seen),
        outcome: match seen.outcome {
            Ended::Allowed => AccessOutcome::Allowed,
            Ended::Denied => AccessOutcome::Denied(wording::title(reason, 403)),
            Ended::Failed => AccessOutcome::Failed(wording::title(reason, 500)),
        },
    }
}

/// Each field once, with how it was seen or that it was written.
fn fields(seen: &Seen) -> Vec<AccessedField<'_>> {
    let mut fields: Vec<AccessedField<'_>> = Vec::new();
    for access in &seen.accesses {
        let is_entry = matches!(access.operation.as_str(), "create" | "update");
        for field in &access.fields {
            let shown = AccessedField { title: text(&field.title), mode: if is_entry { "entered" } else { &field.mode } };
            if !fields.contains(&shown) {
                fields.push(shown);
            }
        }
    }
    fields
}
