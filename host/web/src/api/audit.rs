//! `/audit`: the log and its checkpoints, for auditors.

use axum::extract::State;
use axum::response::Response;
use linli_audit::Stored;
use linli_audit::bundle::Bundle;
use linli_scope::Role;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params, Segments};
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

#[derive(Deserialize)]
pub(super) struct Sizes {
    from: u64,
    to: u64,
}

/// `GET /audit/entries?after=SEQUENCE&limit=100`: oldest first, with salts and leaf hashes, and the checkpoints that sign
/// as many entries as one of them ends.
pub(super) async fn entries(State(app): State<App>, signed_in: SignedIn, Params(page): Params<After>) -> Result<Response, Problem> {
    signed_in.require(&[Role::Auditor])?;
    let rows = app.store().log_rows(page.after.unwrap_or(0), page.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX)).await?;
    let next = rows.last().map(|row| row.sequence);
    let checkpoints = app.store().checkpoints_between(page.after.unwrap_or(0), next.unwrap_or(0)).await?;
    let entries = rows.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    body::json(&json!({"entries": entries, "checkpoints": checkpoints, "next": next}))
}

/// The row as it was hashed, for verification, and what it says, for people.
fn shown(row: &Stored) -> Result<Value, Problem> {
    let mut shown = serde_json::to_value(row).map_err(|error| Problem::internal(&error))?;
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("entry".into(), serde_json::from_str::<Value>(&row.body).unwrap_or(Value::Null));
    }
    Ok(shown)
}

/// `GET /audit/entries/{sequence}/proof`: the entry, its path to the root, and the checkpoint of that root; whole in
/// itself.
pub(super) async fn proof(State(app): State<App>, signed_in: SignedIn, Segments(sequence): Segments<u64>) -> Result<Response, Problem> {
    signed_in.require(&[Role::Auditor])?;
    let store = app.store();
    let missing = || Problem::not_found(format!("there is no signed entry {sequence}; the newest are signed within a second"));
    let entry = store.log_row(sequence).await?.ok_or_else(missing)?;
    let (size, checkpoint) = store.checkpoint_over(sequence).await?.ok_or_else(missing)?;
    let inclusion = store.inclusion(sequence, size).await?.ok_or_else(missing)?;
    body::json(&Bundle { entry, inclusion, checkpoint })
}

/// `GET /audit/consistency?from=SIZE&to=SIZE`: that the log of one size continues that of another.
pub(super) async fn consistency(State(app): State<App>, signed_in: SignedIn, Params(sizes): Params<Sizes>) -> Result<Response, Problem> {
    signed_in.require(&[Role::Auditor])?;
    let entries = app.store().log_size().await?;
    if sizes.to > entries {
        return Err(Problem::bad_request("size", format!("the log has {entries} entries")));
    }
    let proof = app.store().consistency(sizes.from, sizes.to).await?;
    let proof = proof.ok_or_else(|| Problem::bad_request("size", "`from` must not be beyond `to`"))?;
    body::json(&json!({"from": sizes.from, "to": sizes.to, "proof": proof}))
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
    let witnesses: Vec<_> = app.settings().witnesses.iter().map(|witness| witness.key.to_string()).collect();
    body::json(&json!({"count": count, "newest": newest, "key": key, "witnesses": witnesses, "checkpoints": checkpoints, "next": next}))
}
