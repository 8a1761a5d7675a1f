//! `/me`: a resident's own record, and who read it.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access_log;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params};
use crate::desk;
use crate::problem::Problem;

#[derive(Deserialize)]
pub(super) struct Before {
    before: Option<u64>,
}

/// `GET /me/record`: with where each value comes from.
pub(super) async fn record(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let (desk, ask) = desk::own(&app, &signed_in).await?;
    let record = desk.record(&ask).await?;
    body::json(&json!({"record": serde_json::from_str::<Value>(&record.json).unwrap_or_default(), "sources": record.sources}))
}

/// `GET /me/access-log?before=SEQUENCE`: newest first.
pub(super) async fn access_log(State(app): State<App>, signed_in: SignedIn, Params(page): Params<Before>) -> Result<Response, Problem> {
    body::json(&access_log::about(&app, &signed_in, page.before).await?)
}
