//! `/plugins/{plugin}/pages` and `/actions`: calls of plugins.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use linli_runtime::Call;
use linli_scope::EntryKind;
use linli_store::claim::Mark;
use serde_json::{Map, Value};
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::{SignedIn, Visitor};
use crate::body::{self, JsonBody, Locale, Params, Segments};
use crate::idempotency::Key;
use crate::problem::Problem;

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "[`Locale`] reads it; this says what it looks like")]
struct Language {
    /// `en…` asks the plugin for English, all else for Chinese.
    #[param(rename = "Accept-Language", example = "zh")]
    language: Option<String>,
}

/// A page of a plugin: a view. What else stands in the query is the page's own. Public pages need no log-in.
#[utoipa::path(get, path = "/plugins/{plugin}/pages/{*path}", security((), ("bearer" = []), ("cookie" = [])),
    params(("plugin" = String, Path, pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$", example = "civil-affairs.elder-allowance"), ("path" = String, Path, pattern = "^[a-z0-9_-]{1,79}$", example = "eligible"), Language),
    responses((status = 200, body = Object), (status = 401), (status = 403), (status = 409), (status = 422), (status = 429), (status = 502)))]
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Segments((plugin, path)): Segments<(String, String)>,
    Params(params): Params<Vec<(String, String)>>,
    Locale(locale): Locale,
) -> Result<Response, Problem> {
    open(&app, &visitor, plugin, format!("/{path}"), params, locale).await
}

/// The page `/` of a plugin: a view.
#[utoipa::path(get, path = "/plugins/{plugin}/pages/", security((), ("bearer" = []), ("cookie" = [])),
    params(("plugin" = String, Path, pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$", example = "civil-affairs.elder-allowance"), Language),
    responses((status = 200, body = Object), (status = 401), (status = 403), (status = 409), (status = 422), (status = 429), (status = 502)))]
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
    let call =
        Call { plugin, kind: EntryKind::Page, name, input, actor: visitor.actor(), locale, now: Timestamp::now(), mark: Mark::default() };
    Ok(body::json_text(app.runtime().call(call).await?.into_json()))
}

/// An action of a plugin: its result.
#[utoipa::path(post, path = "/plugins/{plugin}/actions/{name}",
    params(("plugin" = String, Path, pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$", example = "civil-affairs.elder-allowance"), ("name" = String, Path, example = "visit"), Language),
    request_body(content = HashMap<String, Value>, description = "the inputs that the plugin's manifest names"),
    responses((status = 200, body = Object), (status = 429), (status = 502)))]
pub(super) async fn action(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments((plugin, name)): Segments<(String, String)>,
    Locale(locale): Locale,
    key: Key,
    JsonBody(input): JsonBody<Map<String, Value>>,
) -> Result<Response, Problem> {
    let (actor, mark) = (Some(signed_in.actor().clone()), key.done()?);
    let call = Call { plugin, kind: EntryKind::Action, name, input, actor, locale, now: Timestamp::now(), mark };
    Ok(body::json_text(app.runtime().call(call).await?.into_json()))
}
