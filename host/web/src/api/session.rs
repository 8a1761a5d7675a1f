//! `/session`: log in, who am I, log out.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use linli_model::{Classification, RegionCode};
use linli_scope::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody};
use crate::idempotency::{Answer, Key};
use crate::peer::Peer;
use crate::problem::Problem;
use crate::session::{self, SessionInfo};

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The log-in name.
    #[schema(example = "worker")]
    username: String,
    #[schema(format = Password)]
    password: String,
}

/// A session, as whoever holds it sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    username: String,
    /// What people call them.
    name: String,
    roles: Vec<Role>,
    /// Where they may act.
    regions: Vec<RegionCode>,
    /// The highest classification they may see.
    clearance: Classification,
    /// The publisher that a developer or officer belongs to.
    publisher: Option<String>,
    /// What a change that comes with the cookie carries in `X-CSRF-Token`.
    csrf: String,
    expires: Timestamp,
}

/// A new session with its token, which is said once.
#[derive(Serialize, ToSchema)]
pub(super) struct NewSession {
    token: String,
    #[serde(flatten)]
    session: Session,
}

/// Logs in: a token for 12 hours.
#[utoipa::path(post, path = "/session", security(()), request_body = Credentials,
    responses((status = 201, body = NewSession), (status = 401), (status = 429)))]
pub(super) async fn open(State(app): State<App>, from: Peer, JsonBody(given): JsonBody<Credentials>) -> Result<Response, Problem> {
    let opened = session::log_in(&app, &given.username, &given.password, from).await?;
    let answer = NewSession { token: opened.token, session: describe(&opened.info)? };
    Ok((StatusCode::CREATED, body::json(&answer)?).into_response())
}

/// Who am I.
#[utoipa::path(get, path = "/session", responses((status = 200, body = Session)))]
pub(super) async fn show(signed_in: SignedIn) -> Result<Response, Problem> {
    body::json(&describe(&signed_in.session)?)
}

/// The own password, as it is and as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    #[schema(format = Password)]
    current: String,
    #[schema(min_length = 12, max_length = 128, format = Password)]
    new: String,
}

/// Takes another password, which ends all sessions of the account, this one too.
#[utoipa::path(post, path = "/session/password", request_body = NewPassword, responses((status = 204), (status = 429)))]
pub(super) async fn change_password(
    State(app): State<App>,
    signed_in: SignedIn,
    key: Key,
    JsonBody(given): JsonBody<NewPassword>,
) -> Result<Answer, Problem> {
    let once = key.answering(|_| Ok(Answer::empty()));
    session::change_password(&app, &signed_in.session, &given.current, &given.new, once).await?;
    Ok(Answer::empty())
}

/// Logs out.
#[utoipa::path(delete, path = "/session", responses((status = 204)))]
pub(super) async fn close(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    session::log_out(&app, &signed_in.token).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn describe(info: &SessionInfo) -> Result<Session, Problem> {
    Ok(Session {
        username: info.login.clone(),
        name: info.name.clone(),
        roles: info.actor.roles.clone(),
        regions: info.actor.regions.clone(),
        clearance: info.actor.clearance,
        publisher: info.actor.publisher.clone(),
        csrf: info.csrf.clone(),
        expires: Timestamp::from_millisecond(info.expires).map_err(|error| Problem::internal(&error))?,
    })
}
