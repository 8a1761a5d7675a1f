//! `/health`: whether the host can serve.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::body;
use crate::problem::Problem;

/// How the host is.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    version: &'static str,
    /// Entries in the access log; none where it can't be read.
    log_entries: Option<u64>,
    /// Plugins that are installed.
    plugins: usize,
}

/// Whether the host can serve: 200 where the database answers and the log can be read, else 503.
#[utoipa::path(get, path = "/health", security(()), responses(
    (status = 200, body = Health),
    (status = 503, body = Health, description = "the database or the log does not answer"),
))]
pub(super) async fn show(State(app): State<App>) -> Result<Response, Problem> {
    let healthy = app.store().is_healthy().await;
    let log_entries = app.store().log_size().await.ok();
    let (code, status) =
        if healthy && log_entries.is_some() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "failing") };
    let answer = Health { status, version: env!("CARGO_PKG_VERSION"), log_entries, plugins: app.runtime().plugins().len() };
    Ok((code, body::json(&answer)?).into_response())
}
