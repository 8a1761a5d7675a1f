//! `/plugins/{plugin}/pages` and `/actions`: calls of plugins.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use linli_runtime::Call;
use linli_scope::EntryKind;
use serde_json::{Map, Value};

use crate::app::App;
use crate::auth::{SignedIn, Visitor};
use crate::body::{self, JsonBody};
use crate::problem::Problem;

/// `GET /plugins/{plugin}/pages/{path}?param=…`: a view. Public pages need no log-in.
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path((plugin, path)): Path<(String, String)>,
    Query(params): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let input: Map<String, Value> = params.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
    let call = Call { plugin, kind: EntryKind::Page, name: format!("/{path}"), input, actor: visitor.actor(), locale: locale(&headers), now: Timestamp::now() };
    Ok(body::json_text(app.runtime().call(call).await?.json()))
}

/// `POST /plugins/{plugin}/actions/{name}`: an action result.
pub(super) async fn action(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((plugin, name)): Path<(String, String)>,
    headers: HeaderMap,
    JsonBody(input): JsonBody<Map<String, Value>>,
) -> Result<Response, Problem> {
    let call = Call { plugin, kind: EntryKind::Action, name, input, actor: Some(signed_in.actor().clone()), locale: locale(&headers), now: Timestamp::now() };
    Ok(body::json_text(app.runtime().call(call).await?.json()))
}

/// `zh` unless English is asked for first.
pub(crate) fn locale(headers: &HeaderMap) -> String {
    let asked = headers.get(axum::http::header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if asked.starts_with("en") { "en".into() } else { "zh".into() }
}
