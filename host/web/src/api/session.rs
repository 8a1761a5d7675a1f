//! `/session`: log in, who am I, log out.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody};
use crate::problem::Problem;
use crate::session::{self, SessionInfo};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

/// `POST /session`: a token for 12 hours.
pub(super) async fn open(State(app): State<App>, JsonBody(given): JsonBody<Credentials>) -> Result<Response, Problem> {
    let opened = session::log_in(&app, &given.username, &given.password).await?;
    let mut answer = describe(&opened.info);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("token".into(), opened.token.into());
    }
    Ok((StatusCode::CREATED, body::json(&answer)?).into_response())
}

/// `GET /session`: who am I.
pub(super) async fn show(signed_in: SignedIn) -> Result<Response, Problem> {
    body::json(&describe(&signed_in.session))
}

/// `DELETE /session`: log out.
pub(super) async fn close(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    session::log_out(&app, &signed_in.token).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn describe(info: &SessionInfo) -> serde_json::Value {
    let expires = jiff::Timestamp::from_millisecond(info.expires).map(|at| at.to_string()).unwrap_or_default();
    json!({"username": info.login, "name": info.name, "roles": info.actor.roles, "regions": info.actor.regions, "clearance": info.actor.clearance, "publisher": info.actor.publisher, "csrf": info.csrf, "expires": expires})
}
