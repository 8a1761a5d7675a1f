//! `/plugins/{plugin}/pages` and `/actions`: calls of plugins.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use linli_runtime::Call;
use linli_scope::EntryKind;
use serde_json::{Map, Value};

use crate::app::App;
use crate::auth::{SignedIn, Visitor};
use crate::body::{self, JsonBody, Locale, Params, Segments};
use crate::problem::Problem;

/// `GET /plugins/{plugin}/pages/{path}?param=…`: a view. Public pages need no log-in.
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Segments((plugin, path)): Segments<(String, String)>,
    Params(params): Params<Vec<(String, String)>>,
    Locale(locale): Locale,
) -> Result<Response, Problem> {
    open(&app, &visitor, plugin, format!("/{path}"), params, locale).await
}

/// `GET /plugins/{plugin}/pages/`: the page `/`.
pub(super) async fn first_page(
    State(app): State<App>,
    visitor: Visitor,
    Segments(plugin): Segments<String>,
    Params(params): Params<Vec<(String, String)>>,
    Locale(locale): Locale,
) -> Result<Response, Problem> {
    open(&app, &visitor, plugin, "/".to_owned(), params, locale).await
}

async fn open(
    app: &App,
    visitor: &Visitor,
    plugin: String,
    name: String,
    params: Vec<(String, String)>,
    locale: String,
) -> Result<Response, Problem> {
    let input: Map<String, Value> = params.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
    let call = Call { plugin, kind: EntryKind::Page, name, input, actor: visitor.actor(), locale, now: Timestamp::now() };
    Ok(body::json_text(app.runtime().call(call).await?.into_json()))
}

/// `POST /plugins/{plugin}/actions/{name}`: an action result.
pub(super) async fn action(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments((plugin, name)): Segments<(String, String)>,
    Locale(locale): Locale,
    JsonBody(input): JsonBody<Map<String, Value>>,
) -> Result<Response, Problem> {
    let call = Call { plugin, kind: EntryKind::Action, name, input, actor: Some(signed_in.actor().clone()), locale, now: Timestamp::now() };
    Ok(body::json_text(app.runtime().call(call).await?.into_json()))
}
