//! `/records/{entity}/import`: rows of a table. A bad line loses no good one.

use axum::extract::State;
use axum::http::StatusCode;
use linli_entry::table::{Head, LineError, Row};
use linli_entry::{Desk, EntryError};
use linli_model::EntityType;
use linli_store::claim::Mark;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::records::check_evidence;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{JsonBody, Segments};
use crate::desk;
use crate::idempotency::{Answer, Key};
use crate::problem::Problem;

/// Rows that one request may bring.
const ROWS: usize = 500;

/// Rows of a table.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// The field that each column holds.
    columns: Vec<String>,
    #[schema(max_items = 500)]
    rows: Vec<Row>,
    /// On what evidence the values are entered.
    #[schema(max_length = 200, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    evidence: Option<String>,
}

/// What became of the rows.
#[derive(Serialize, ToSchema)]
pub(super) struct Imported {
    /// Rows that are records now.
    entered: usize,
    /// What is wrong with each of the others.
    rejected: Vec<LineError>,
    /// Whether the columns fit the entity type; where not, no row was looked at.
    head: bool,
}

/// Enters each row by itself; says what became of every line that was not entered.
#[utoipa::path(post, path = "/records/{entity}/import", params(("entity" = String, Path, example = "resident")), request_body = Table,
    responses((status = 200, body = Imported)))]
pub(super) async fn import(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(name): Segments<String>,
    key: Key,
    JsonBody(table): JsonBody<Table>,
) -> Result<Answer, Problem> {
    let desk = desk::entering(&app, &signed_in).await?;
    if table.rows.len() > ROWS {
        return Err(Problem::bad_request("rows", format!("one request takes at most {ROWS} rows")));
    }
    table.evidence.as_deref().map_or(Ok(()), check_evidence)?;
    let entity = desk.scope.entity(&name).cloned().ok_or_else(|| Problem::not_found("there is no such entity type"))?;
    let head = match Head::read(&entity, &table.columns) {
        Ok(head) => head,
        Err(errors) => return Answer::new(StatusCode::OK, &Imported { entered: 0, rejected: errors, head: false }),
    };
    let lines = Lines { desk: &desk, head: &head, entity: &entity, name: &name, evidence: table.evidence, mark: key.begun()? };
    // All of them wait for the same group commits, so they are handed over together.
    let outcomes = futures::future::join_all(table.rows.iter().map(|row| enter(&lines, row))).await;
    let mut rejected = Vec::new();
    let mut entered = 0;
    for outcome in outcomes {
        match outcome? {
            None => entered += 1,
            Some(errors) => rejected.extend(errors),
        }
    }
    Ok(Answer::new(StatusCode::OK, &Imported { entered, rejected, head: true })?.late())
}

/// What all lines have.
struct Lines<'a> {
    desk: &'a Desk<'a>,
    head: &'a Head,
    entity: &'a EntityType,
    name: &'a str,
    evidence: Option<String>,
    mark: Mark,
}

async fn enter(lines: &Lines<'_>, row: &Row) -> Result<Option<Vec<LineError>>, Problem> {
    let Lines { desk, head, entity, name, evidence, mark } = lines;
    let record = match head.record(entity, row) {
        Ok(record) => record,
        Err(error) => return Ok(Some(vec![error])),
    };
    let line = |reason: String, field: Option<String>| {
        let field_error = linli_entry::FieldError { field: field.unwrap_or_default(), reason };
        Ok(Some(vec![head.error(row.line, field_error)]))
    };
    match desk.enter(name, &record, evidence.clone(), mark.once()).await {
        Ok(_) => Ok(None),
        Err(EntryError::Invalid(errors)) => Ok(Some(errors.into_iter().map(|error| head.error(row.line, error)).collect())),
        Err(EntryError::Denied(denial)) => line(denial.message, denial.field),
        Err(EntryError::Duplicate { field, known, .. }) => {
            let pointer = known.map(|token| format!(": {token}")).unwrap_or_default();
            line(format!("is registered already{pointer}"), Some(field))
        }
        Err(EntryError::Store(error)) => match Problem::from(error) {
            problem if problem.status < 500 => line(problem.detail.clone(), None),
            problem => Err(problem),
        },
    }
}
