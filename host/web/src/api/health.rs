//! `/health`: whether the host can serve.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;
use crate::body;
use crate::problem::Problem;

/// `GET /health`: 200 where the database answers and the log can be read, else 503.
pub(super) async fn show(State(app): State<App>) -> Result<Response, Problem> {
    let healthy = app.store().is_healthy().await;
    let entries = app.store().log_size().await.ok();
    let status = if healthy && entries.is_some() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let answer = json!({"status": if status == StatusCode::OK { "ok" } else { "failing" }, "version": env!("CARGO_PKG_VERSION"), "log_entries": entries, "plugins": app.runtime().plugins().len()});
    Ok((status, body::json(&answer)?).into_response())
}
