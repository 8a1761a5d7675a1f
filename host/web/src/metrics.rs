//! What a monitor is told, in Prometheus' text format: `/metrics`.
//!
//! Nothing here names a person: labels are routes as the router knows them, statuses, plugins that an admin installed, and
//! words of the host's own. Whoever measures adds to a counter or leaves a time; all else is done when somebody asks.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use crate::app::App;
use crate::problem::Problem;

/// Upper bounds of the times, seconds.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

static KEPT: OnceLock<PrometheusHandle> = OnceLock::new();

/// Measures from now on. Once a process, before the store is opened.
pub fn start() -> Result<(), BuildError> {
    let recorder = PrometheusBuilder::new().set_buckets(SECONDS)?.install_recorder()?;
    describe();
    KEPT.get_or_init(|| recorder);
    Ok(())
}

fn describe() {
    metrics::describe_counter!("linli_requests_total", "Requests by route, method and status.");
    metrics::describe_histogram!("linli_request_seconds", "How long requests took, by route.");
    metrics::describe_counter!("linli_plugin_calls_total", "Calls of plugins by plugin and outcome.");
    metrics::describe_histogram!("linli_plugin_call_seconds", "How long calls of plugins took, waiting included, by plugin.");
    metrics::describe_gauge!("linli_plugin_calls_running", "Calls of plugins that run now.");
    metrics::describe_gauge!("linli_plugin_calls_max", "Calls of plugins that can run at once.");
    metrics::describe_counter!("linli_rows_read_total", "Rows of records that were read.");
    metrics::describe_counter!("linli_bytes_read_total", "Bytes of JSON that those rows were.");
    metrics::describe_counter!("linli_denials_total", "What was not allowed, by code.");
    metrics::describe_counter!("linli_rate_limited_total", "Requests and log-ins that came too often, by what was counted.");
    metrics::describe_counter!("linli_log_entries_total", "Entries added to the access log.");
    metrics::describe_histogram!("linli_commit_seconds", "How long group commits took.");
}

/// Frees what measuring left behind; to be called now and then.
pub(crate) fn settle() {
    if let Some(kept) = KEPT.get() {
        kept.run_upkeep();
    }
}

/// `GET /metrics`: for whoever brings the monitor's token.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let (Some(kept), Some(token)) = (KEPT.get(), &app.settings().monitor) else {
        return Err(Problem::not_found("nothing is told here; a file monitor.token in the data directory says to whom"));
    };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    if !given.is_some_and(|given| crate::auth::is_same(token, given)) {
        return Err(Problem::unauthorized("this is for the monitor, with the token of the file monitor.token"));
    }
    let (running, most) = app.runtime().running();
    metrics::gauge!("linli_plugin_calls_running").set(running as f64);
    metrics::gauge!("linli_plugin_calls_max").set(most as f64);
    let about = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((StatusCode::OK, about, kept.render()).into_response())
}

/// A request that is being measured.
pub(crate) struct Measured {
    began: Instant,
    method: &'static str,
    route: Option<MatchedPath>,
}

impl Measured {
    pub fn begin(request: &Request) -> Self {
        Self { began: Instant::now(), method: word(request.method()), route: request.extensions().get::<MatchedPath>().cloned() }
    }

    /// Counts the request and leaves how long it took.
    pub fn end(self, status: StatusCode) {
        let route = self.route.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
        metrics::histogram!("linli_request_seconds", "route" => route.clone()).record(self.began.elapsed());
        metrics::counter!("linli_requests_total", "route" => route, "method" => self.method, "status" => status.as_str().to_owned())
            .increment(1);
    }
}

/// Methods are open text; these are those that the host knows.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
