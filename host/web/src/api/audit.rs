//! `/audit`: the log and its checkpoints, for auditors.

use axum::extract::State;
use axum::response::Response;
use linli_scope::Role;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params};
use crate::problem::Problem;

/// Entries or checkpoints a page: where the caller does not say, and at most.
const LIMIT: i64 = 100;
const LIMIT_MAX: i64 = 1_000;

#[derive(Deserialize)]
pub(super) struct After {
    after: Option<u64>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Before {
    before: Option<u64>,
    limit: Option<i64>,
}

/// `GET /audit/entries?after=SEQUENCE&limit=100`: oldest first, with their leaf hashes.
pub(super) async fn entries(State(app): State<App>, signed_in: SignedIn, Params(page): Params<After>) -> Result<Response, Problem> {
    signed_in.require(&[Role::Auditor])?;
    let rows = app.store().log_rows(page.after.unwrap_or(0), page.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX)).await?;
    let next = rows.last().map(|row| row.sequence);
    let entries: Vec<_> = rows
        .iter()
        .map(|row| {
            // The text as it was hashed, for verification, and what it says, for people.
            let entry = serde_json::from_str::<Value>(&row.body).unwrap_or(Value::Null);
            json!({"sequence": row.sequence, "entry": entry, "body": row.body, "leaf": row.leaf.to_string(), "subjects": data_encoding::BASE64.encode(&row.subjects)})
        })
        .collect();
    body::json(&json!({"entries": entries, "next": next}))
}

/// `GET /audit/checkpoints?before=SIZE&limit=100`: signed notes, newest first, beside the newest of all, the key that
/// verifies them, and how many there are.
pub(super) async fn checkpoints(State(app): State<App>, signed_in: SignedIn, Params(page): Params<Before>) -> Result<Response, Problem> {
    signed_in.require(&[Role::Auditor])?;
    let store = app.store();
    let limit = page.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let (count, newest) = (store.checkpoint_count().await?, store.newest_checkpoints(None, 1).await?);
    let notes = store.newest_checkpoints(page.before, limit).await?;
    let next = notes.last().filter(|_| i64::try_from(notes.len()) == Ok(limit)).map(|(size, _)| *size);
    let checkpoints: Vec<_> = notes.iter().map(|(size, note)| json!({"size": size, "note": note})).collect();
    let (newest, key) = (newest.first().map(|(_, note)| note), app.signer().verifier().to_string());
    body::json(&json!({"count": count, "newest": newest, "key": key, "checkpoints": checkpoints, "next": next}))
}
