//! `/publishers`: who publishes plugins. An admin says so, no manifest does.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use linli_entry::FieldError;
use linli_runtime::install::administration;
use linli_scope::Role;
use linli_store::plugin::Publisher;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody};
use crate::problem::Problem;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPublisher {
    id: String,
    name: String,
    sector: String,
}

/// `GET /publishers`.
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    signed_in.require(&[Role::Admin, Role::Auditor, Role::Steward])?;
    body::json(&json!({"publishers": app.store().publishers().await?}))
}

/// `POST /publishers`: adds or renames one.
pub(super) async fn create(
    State(app): State<App>,
    signed_in: SignedIn,
    JsonBody(new): JsonBody<NewPublisher>,
) -> Result<Response, Problem> {
    signed_in.require(&[Role::Admin])?;
    let is_id = |text: &str| {
        !text.is_empty() && text.len() <= 60 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    for (field, text) in [("id", &new.id), ("sector", &new.sector)] {
        if !is_id(text) {
            return Err(Problem::invalid(vec![FieldError {
                field: field.into(),
                reason: "must be 1 to 60 characters a-z, 0-9 and -".into(),
            }]));
        }
    }
    if new.name.trim().is_empty() || new.name.chars().count() > 100 {
        return Err(Problem::invalid(vec![FieldError { field: "name".into(), reason: "must be 1 to 100 characters".into() }]));
    }
    let known = app.store().publishers().await?;
    if known.iter().any(|publisher| publisher.id == new.id && publisher.sector != new.sector) {
        return Err(Problem::new(StatusCode::CONFLICT, "sector", "a publisher's sector can't change: every token that it was given would"));
    }
    let publisher = Publisher { id: new.id, name: new.name, sector: new.sector };
    let entry = administration(signed_in.actor(), "publisher", &publisher.id, &publisher.sector);
    app.store().put_publisher(publisher.clone(), Some(entry.encode())).await?;
    Ok((StatusCode::CREATED, body::json(&publisher)?).into_response())
}
