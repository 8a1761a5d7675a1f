//! `/plugins`: upload, list, the plugin's own log.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use linli_model::Text;
use linli_runtime::install::Upload;
use linli_runtime::{Installation, Plugin};
use linli_scope::GrantState;
use linli_scope::manifest::Page;
use linli_scope::manifest::{Action, Purpose};
use linli_scope::{Actor, Role};
use linli_store::plugin::{LogLine, Publisher};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::administration;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params, Segments};
use crate::idempotency::{Answer, Key};
use crate::precondition::{IfMatch, tagged};
use crate::problem::Problem;

/// Carries the publisher's signature of the body.
const SIGNATURE: &str = "x-signature";

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct For {
    /// For whom: a publisher's id.
    publisher: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Newest {
    /// Lines, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Plugins<'a> {
    plugins: Vec<Described<'a>>,
}

/// A plugin as it is installed.
#[derive(Serialize, ToSchema)]
#[schema(as = Plugin)]
pub(super) struct Described<'a> {
    #[schema(example = "civil-affairs.elder-allowance")]
    id: &'a str,
    version: &'a str,
    name: &'a Text,
    description: Option<&'a Text>,
    publisher: &'a Publisher,
    /// `sha256:…` of its component.
    digest: &'a str,
    /// Whether its publisher signed it.
    signed: bool,
    /// After too many faults no call is let in for so many seconds.
    paused_seconds: Option<u64>,
    purposes: &'a [Purpose],
    pages: &'a [Page],
    actions: &'a [Action],
}

/// A package that is installed now, and the request that comes with it.
#[derive(Serialize, ToSchema)]
pub(super) struct Installed {
    plugin: String,
    version: String,
    /// `sha256:…` of its component.
    digest: String,
    /// Whether its publisher signed it.
    signed: bool,
    grant: Requested,
}

/// The request for a grant.
#[derive(Serialize, ToSchema)]
pub(super) struct Requested {
    id: i64,
    state: GrantState,
}

/// Lines of a plugin's own log, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Lines {
    lines: Vec<LogLine>,
}

/// The plugins whose pages the person may open, all of them for admins and auditors.
#[utoipa::path(get, path = "/plugins", responses((status = 200, body = Plugins)))]
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let actor = signed_in.actor();
    let all = actor.has(Role::Admin) || actor.has(Role::Auditor);
    let plugins = app.runtime().plugins();
    let mine = plugins.iter().filter(|plugin| all || is_for(plugin, actor));
    body::json(&Plugins { plugins: mine.map(|plugin| describe(plugin)).collect() })
}

/// Whether a person may open some page of a plugin, or develops it. Public pages are for everybody.
fn is_for(plugin: &Plugin, actor: &Actor) -> bool {
    let may_open = |page: &Page| page.public || actor.roles.iter().any(|role| page.roles.contains(role));
    develops(plugin, actor) || plugin.manifest.pages.iter().any(may_open)
}

fn develops(plugin: &Plugin, actor: &Actor) -> bool {
    (actor.has(Role::Developer) || actor.has(Role::Integrator)) && actor.publisher.as_deref() == Some(&plugin.publisher.id)
}

/// Installs a package and asks for its grant.
#[utoipa::path(post, path = "/plugins",
    params(For,
        ("If-Match" = Option<String>, Header, description = "`\"DIGEST\"` of the component that this one replaces", pattern = "^\"sha256:[0-9a-f]{64}\"$"),
        ("X-Signature" = Option<String>, Header, description = "the publisher's signature of the body, base64")),
    request_body(content_type = "application/wasm", content = Vec<u8>, description = "the package, at most 33 MiB with its request"),
    responses((status = 201, body = Installed)))]
pub(super) async fn install(
    State(app): State<App>,
    signed_in: SignedIn,
    Params(upload): Params<For>,
    if_match: IfMatch,
    headers: HeaderMap,
    key: Key,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Answer, Problem> {
    may_upload(&app, &signed_in, &upload.publisher).await?;
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/wasm") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", "the body must be application/wasm"));
    }
    let bytes = bytes.map_err(|rejection| body::unreadable(&rejection))?;
    let signature = match headers.get(SIGNATURE).map(HeaderValue::to_str) {
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => return Err(Problem::bad_request("signature", "x-signature must be base64")),
        None => None,
    };
    let package = Upload { bytes: bytes.to_vec(), signature, publisher: &upload.publisher, replaces: if_match.version() };
    let installed = app.runtime().install(package, signed_in.actor(), Timestamp::now(), key.answering(installed_answer)).await;
    installed_answer(&installed.map_err(|error| if_match.outdated(error))?)
}

fn installed_answer(made: &Installation) -> Result<Answer, Problem> {
    let grant = Requested { id: made.grant.id, state: made.grant.state };
    let (plugin, version, digest) = (made.plugin.clone(), made.version.clone(), made.digest.clone());
    Answer::new(StatusCode::CREATED, &Installed { plugin, version, digest, signed: made.signed, grant })
}

/// Admins upload for every publisher, its developers and integrators for their own. Who uploads never approves.
async fn may_upload(app: &App, signed_in: &SignedIn, publisher: &str) -> Result<(), Problem> {
    administration::act(app, signed_in, "install").await?;
    let actor = signed_in.actor();
    match actor.publisher.as_deref() {
        _ if actor.has(Role::Admin) => Ok(()),
        Some(own) if own == publisher => Ok(()),
        Some(own) => Err(Problem::forbidden("publisher", format!("you upload for the publisher {own} only"))),
        None => Err(Problem::forbidden("publisher", "your account belongs to no publisher; an admin assigns one")),
    }
}

/// One plugin.
#[utoipa::path(get, path = "/plugins/{plugin}", params(("plugin" = String, Path, pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$", example = "civil-affairs.elder-allowance")),
    responses((status = 200, body = Described, headers(("ETag" = String, description = "`\"DIGEST\"` of the component that serves")))))]
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<String>) -> Result<Response, Problem> {
    let plugin = app.plugin(&id)?;
    let actor = signed_in.actor();
    if !(actor.has(Role::Admin) || actor.has(Role::Auditor) || is_for(&plugin, actor)) {
        return Err(Problem::forbidden("role", "this plugin has no page for you"));
    }
    Ok(tagged(&plugin.digest, body::json(&describe(&plugin))?))
}

/// The newest lines of a plugin's own log, for its developers and admins.
#[utoipa::path(get, path = "/plugins/{plugin}/log", params(("plugin" = String, Path, pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$"), Newest), responses((status = 200, body = Lines)))]
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
    let lines = app.store().log_lines(&id, body::limit(newest.limit, 100)?).await?;
    body::json(&Lines { lines })
}

fn describe(plugin: &Plugin) -> Described<'_> {
    let manifest = &plugin.manifest;
    Described {
        id: &manifest.plugin.id,
        version: &manifest.plugin.version,
        name: &manifest.plugin.name,
        description: manifest.plugin.description.as_ref(),
        publisher: &plugin.publisher,
        digest: &plugin.digest,
        signed: plugin.signed,
        paused_seconds: plugin.paused().map(|left| left.as_secs().max(1)),
        purposes: &manifest.purposes,
        pages: &manifest.pages,
        actions: &manifest.actions,
    }
}
