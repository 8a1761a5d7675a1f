//! `/residents/{id}/account`: the account with which a resident sees their own record.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use linli_store::account::Kept;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::Made;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Segments};
use crate::idempotency::Key;
use crate::problem::Problem;
use crate::resident_account::Counter;

/// What a resident's account is opened with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    /// The log-in name: a-z, 0-9, `.`, `_` and `-`, a letter first.
    #[schema(pattern = "^[a-z][a-z0-9._-]{0,39}$")]
    login: String,
}

/// A resident's account.
#[derive(Serialize, ToSchema)]
#[schema(as = ResidentAccount)]
pub(super) struct Shown {
    login: String,
    /// Whether it may not log in.
    disabled: bool,
    /// The password that was made up, said once.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

/// The account of a resident in one's care.
#[utoipa::path(get, path = "/residents/{id}/account", params(("id" = String, Path)), responses((status = 200, body = Shown)))]
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<String>) -> Result<Response, Problem> {
    let counter = Counter::serve(&app, &signed_in, &id).await?;
    let kept = kept(&counter).await?;
    body::json(&Shown { login: kept.account.login, disabled: kept.disabled, password: None })
}

/// Opens an account for a resident in one's care, who has none yet. Its password is made up, and said once.
#[utoipa::path(post, path = "/residents/{id}/account", params(("id" = String, Path)), request_body = Opening,
    responses((status = 201, body = Shown), (status = 409)))]
pub(super) async fn open(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<String>,
    key: Key,
    JsonBody(opening): JsonBody<Opening>,
) -> Result<Response, Problem> {
    let counter = Counter::serve(&app, &signed_in, &id).await?;
    let made = counter.open(opening.login, key.done()?.once()).await?;
    Ok((StatusCode::CREATED, said_once(made)?).into_response())
}

/// Gives the account of a resident in one's care another password, which ends its sessions.
#[utoipa::path(post, path = "/residents/{id}/account/password", params(("id" = String, Path)), responses((status = 200, body = Shown)))]
pub(super) async fn reset(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<String>,
    key: Key,
) -> Result<Response, Problem> {
    let counter = Counter::serve(&app, &signed_in, &id).await?;
    let made = counter.reset(&kept(&counter).await?, key.done()?.once()).await?;
    app.sessions().invalidate_all();
    said_once(made)
}

async fn kept(counter: &Counter<'_>) -> Result<Kept, Problem> {
    counter.account().await?.ok_or_else(|| Problem::not_found("this resident has no account yet: POST opens one"))
}

fn said_once(made: Made) -> Result<Response, Problem> {
    body::json(&Shown { login: made.kept.account.login, disabled: made.kept.disabled, password: made.password })
}
