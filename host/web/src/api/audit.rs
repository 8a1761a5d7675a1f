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

/// Entries a page, at most.
const LIMIT: i64 = 1_000;

#[derive(Deserialize)]
pub(super) struct After {
    after: Option<u64>,
    limit: Option<i64>,
}

/// `GET /audit/entries?after=SEQUENCE&limit=100`: oldest first, with their leaf hashes.
pub(super) async fn entries(State(app): State<App>, signed_in: SignedIn, Params(page): Params<After>) -> Result<Response, Problem> {
    signed_in.require(&[Role::Auditor])?;
    let rows = app.store().log_rows(page.after.unwrap_or(0), page.limit.unwrap_or(100).clamp(1, LIMIT)).await?;
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

/// `GET /audit/checkpoints`: the newest signed note, the key that verifies it, and how many there are.
pub(super) async fn checkpoints(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    signed_in.require(&[Role::Auditor])?;
    let notes = app.store().checkpoints().await?;
    body::json(&json!({"count": notes.len(), "newest": notes.last(), "key": app.signer().verifier().to_string()}))
}
