//! `/plugins`: upload, list, the plugin's own log.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use linli_runtime::Plugin;
use linli_scope::manifest::Page;
use linli_scope::{Actor, Role};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params, Segments};
use crate::problem::Problem;

/// Carries the publisher's signature of the body.
const SIGNATURE: &str = "x-signature";

#[derive(Deserialize)]
pub(super) struct Upload {
    publisher: String,
}

#[derive(Deserialize)]
pub(super) struct Newest {
    limit: Option<i64>,
}

/// `GET /plugins`: the plugins whose pages the person may open, all of them for admins and auditors.
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let actor = signed_in.actor();
    let all = actor.has(Role::Admin) || actor.has(Role::Auditor);
    let plugins = app.runtime().plugins();
    let mine = plugins.iter().filter(|plugin| all || is_for(plugin, actor)).map(|plugin| describe(plugin));
    body::json(&json!({"plugins": mine.collect::<Vec<_>>()}))
}

/// Whether a person may open some page of a plugin, or develops it. Public pages are for everybody.
fn is_for(plugin: &Plugin, actor: &Actor) -> bool {
    let may_open = |page: &Page| page.public || actor.roles.iter().any(|role| page.roles.contains(role));
    develops(plugin, actor) || plugin.manifest.pages.iter().any(may_open)
}

fn develops(plugin: &Plugin, actor: &Actor) -> bool {
    (actor.has(Role::Developer) || actor.has(Role::Integrator)) && actor.publisher.as_deref() == Some(&plugin.publisher.id)
}

/// `POST /plugins?publisher=ID`: a package, `application/wasm`.
pub(super) async fn install(
    State(app): State<App>,
    signed_in: SignedIn,
    Params(upload): Params<Upload>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    may_upload(&signed_in, &upload.publisher)?;
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/wasm") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", "the body must be application/wasm"));
    }
    let bytes = bytes.map_err(|rejection| body::unreadable(&rejection))?;
    let signature = match headers.get(SIGNATURE).map(HeaderValue::to_str) {
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => return Err(Problem::bad_request("signature", "x-signature must be base64")),
        None => None,
    };
    let made = app.runtime().install(bytes.to_vec(), signature, &upload.publisher, signed_in.actor(), Timestamp::now()).await?;
    let answer = json!({"plugin": made.plugin, "version": made.version, "digest": made.digest, "signed": made.signed, "grant": {"id": made.grant.id, "state": made.grant.state}});
    Ok((StatusCode::CREATED, body::json(&answer)?).into_response())
}

/// Admins upload for every publisher, its developers and integrators for their own. Who uploads never approves.
fn may_upload(signed_in: &SignedIn, publisher: &str) -> Result<(), Problem> {
    signed_in.require(&[Role::Admin, Role::Developer, Role::Integrator])?;
    let actor = signed_in.actor();
    match actor.publisher.as_deref() {
        _ if actor.has(Role::Admin) => Ok(()),
        Some(own) if own == publisher => Ok(()),
        Some(own) => Err(Problem::forbidden("publisher", format!("you upload for the publisher {own} only"))),
        None => Err(Problem::forbidden("publisher", "your account belongs to no publisher; an admin assigns one")),
    }
}

/// `GET /plugins/{plugin}`.
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<String>) -> Result<Response, Problem> {
    let plugin = app.plugin(&id)?;
    let actor = signed_in.actor();
    if !(actor.has(Role::Admin) || actor.has(Role::Auditor) || is_for(&plugin, actor)) {
        return Err(Problem::forbidden("role", "this plugin has no page for you"));
    }
    body::json(&describe(&plugin))
}

/// `GET /plugins/{plugin}/log`: the newest lines of its own log, for its developers and admins.
pub(super) async fn log(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<String>,
    Params(newest): Params<Newest>,
) -> Result<Response, Problem> {
    let plugin = app.plugin(&id)?;
    if !(signed_in.actor().has(Role::Admin) || develops(&plugin, signed_in.actor())) {
        return Err(Problem::forbidden("role", "a plugin's log is for its publisher's developers and for admins"));
    }
    let lines = app.store().log_lines(&id, newest.limit.unwrap_or(100).clamp(1, 1_000)).await?;
    body::json(&json!({"lines": lines}))
}

fn describe(plugin: &Plugin) -> Value {
    let head = &plugin.manifest.plugin;
    let pages: Vec<_> = plugin.manifest.pages.iter().map(|page| json!({"path": page.path, "title": page.title, "purpose": page.purpose, "roles": page.roles, "public": page.public, "menu": page.menu})).collect();
    let actions: Vec<_> = plugin.manifest.actions.iter().map(|action| json!({"name": action.name, "title": action.title, "purpose": action.purpose, "roles": action.roles, "input": action.input})).collect();
    json!({"id": head.id, "version": head.version, "name": head.name, "description": head.description, "publisher": plugin.publisher, "digest": plugin.digest, "signed": plugin.signed, "paused_seconds": plugin.paused().map(|left| left.as_secs().max(1)), "purposes": plugin.manifest.purposes, "pages": pages, "actions": actions})
}
