//! `/audit`: the log and its checkpoints, for auditors.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use linli_audit::Stored;
use linli_audit::bundle::Bundle;
use linli_audit::proof::Consistency;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::administration;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params, Segments, limit, place};
use crate::problem::Problem;

/// Entries or checkpoints a page where the caller does not say.
const LIMIT: i64 = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// `next` of the page before; else the log's beginning.
    #[param(maximum = 9007199254740991_i64)]
    after: Option<u64>,
    /// Entries a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Before {
    /// `next` of the page before; else the newest are listed.
    #[param(maximum = 9007199254740991_i64)]
    before: Option<u64>,
    /// Notes a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// Two sizes of the log, in entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Sizes {
    #[param(maximum = 9007199254740991_i64)]
    from: u64,
    #[param(maximum = 9007199254740991_i64)]
    to: u64,
}

/// Entries of the log, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Entries {
    #[schema(value_type = Vec<LogEntry>)]
    entries: Vec<Value>,
    /// The notes that sign as many entries as one of these ends.
    checkpoints: Vec<String>,
    /// The last one's sequence; give it as `after` for the next page.
    next: Option<u64>,
}

/// An entry with what verifies it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a stored row and what it says; this says what they look like together")]
pub(super) struct LogEntry {
    sequence: u64,
    /// What it says, for people.
    entry: HashMap<String, Value>,
    /// The text as it was hashed, for verification.
    body: String,
    /// Whom it concerns: a Roaring treemap in base64.
    subjects: String,
    /// What the commitment to them is salted with, in base64.
    salt: String,
    /// Its leaf in the tree.
    leaf: String,
    /// Who was taken out of it since.
    erasures: Option<Vec<HashMap<String, Value>>>,
}

/// A proof of one entry, whole in itself.
#[derive(ToSchema)]
#[expect(dead_code, reason = "[`Bundle`] is for programs without a host; this says what it looks like")]
pub(super) struct Proof {
    /// The entry as it is kept.
    entry: HashMap<String, Value>,
    /// Its path to the root: siblings, lowest first.
    inclusion: Vec<String>,
    /// The signed note of that root.
    checkpoint: String,
}

/// That the log of one size continues that of another (RFC 9162, 2.1.4).
#[derive(Serialize, ToSchema)]
pub(super) struct Continued {
    from: u64,
    to: u64,
    #[schema(value_type = Vec<String>)]
    proof: Consistency,
}

/// Signed notes, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Checkpoints {
    /// How many there are in all.
    count: u64,
    /// The newest of all.
    newest: Option<String>,
    /// The key that verifies them.
    key: String,
    /// The keys of the witnesses.
    witnesses: Vec<String>,
    checkpoints: Vec<Checkpoint>,
    /// Give it as `before` for the next page; none at the end.
    next: Option<u64>,
}

/// A signed note (C2SP tlog-checkpoint).
#[derive(Serialize, ToSchema)]
pub(super) struct Checkpoint {
    /// How many entries it signs.
    size: u64,
    note: String,
}

/// Entries of the log, oldest first, with salts and leaf hashes.
#[utoipa::path(get, path = "/audit/entries", params(After), responses((status = 200, body = Entries)))]
pub(super) async fn entries(State(app): State<App>, signed_in: SignedIn, Params(page): Params<After>) -> Result<Response, Problem> {
    administration::look(&app, &signed_in, "/log").await?;
    let rows = app.store().log_rows(place(page.after)?.unwrap_or(0), limit(page.limit, LIMIT)?).await?;
    let next = rows.last().map(|row| row.sequence);
    let checkpoints = app.store().checkpoints_between(page.after.unwrap_or(0), next.unwrap_or(0)).await?;
    let entries = rows.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    body::json(&Entries { entries, checkpoints, next })
}

/// The row as it was hashed, for verification, and what it says, for people.
fn shown(row: &Stored) -> Result<Value, Problem> {
    let mut shown = serde_json::to_value(row).map_err(|error| Problem::internal(&error))?;
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("entry".into(), serde_json::from_str::<Value>(&row.body).unwrap_or(Value::Null));
    }
    Ok(shown)
}

/// An entry, its path to the root, and the checkpoint of that root.
#[utoipa::path(get, path = "/audit/entries/{sequence}/proof", params(("sequence" = u64, Path, maximum = 9007199254740991_i64)), responses((status = 200, body = Proof)))]
pub(super) async fn proof(State(app): State<App>, signed_in: SignedIn, Segments(sequence): Segments<u64>) -> Result<Response, Problem> {
    administration::look(&app, &signed_in, "/log").await?;
    let sequence = place(Some(sequence))?.unwrap_or_default();
    let store = app.store();
    let missing = || Problem::not_found(format!("there is no signed entry {sequence}; the newest are signed within a second"));
    let entry = store.log_row(sequence).await?.ok_or_else(missing)?;
    let (size, checkpoint) = store.checkpoint_over(sequence).await?.ok_or_else(missing)?;
    let inclusion = store.inclusion(sequence, size).await?.ok_or_else(missing)?;
    body::json(&Bundle { entry, inclusion, checkpoint })
}

/// That the log of one size continues that of another.
#[utoipa::path(get, path = "/audit/consistency", params(Sizes), responses((status = 200, body = Continued), (status = 422)))]
pub(super) async fn consistency(State(app): State<App>, signed_in: SignedIn, Params(sizes): Params<Sizes>) -> Result<Response, Problem> {
    administration::look(&app, &signed_in, "/log").await?;
    let wrong = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "size", detail);
    let entries = app.store().log_size().await?;
    place(Some(sizes.from))?;
    if place(Some(sizes.to))? > Some(entries) {
        return Err(wrong(format!("the log has {entries} entries")));
    }
    let proof = app.store().consistency(sizes.from, sizes.to).await?;
    let proof = proof.ok_or_else(|| wrong("`from` must not be beyond `to`".into()))?;
    body::json(&Continued { from: sizes.from, to: sizes.to, proof })
}

/// Signed notes, newest first, beside the newest of all and the key that verifies them.
#[utoipa::path(get, path = "/audit/checkpoints", params(Before), responses((status = 200, body = Checkpoints)))]
pub(super) async fn checkpoints(State(app): State<App>, signed_in: SignedIn, Params(page): Params<Before>) -> Result<Response, Problem> {
    administration::look(&app, &signed_in, "/log").await?;
    let store = app.store();
    let limit = limit(page.limit, LIMIT)?;
    let (count, newest) = (store.checkpoint_count().await?, store.newest_checkpoints(None, 1).await?);
    let notes = store.newest_checkpoints(place(page.before)?, limit).await?;
    let next = notes.last().filter(|_| i64::try_from(notes.len()) == Ok(limit)).map(|(size, _)| *size);
    let checkpoints = notes.into_iter().map(|(size, note)| Checkpoint { size, note }).collect();
    let (newest, key) = (newest.into_iter().next().map(|(_, note)| note), app.signer().verifier().to_string());
    let witnesses = app.settings().witnesses.iter().map(|witness| witness.key.to_string()).collect();
    body::json(&Checkpoints { count, newest, key, witnesses, checkpoints, next })
}
