//! `/publishers`: who publishes plugins. An admin says so, no manifest does.

use std::str::FromStr as _;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use linli_entry::FieldError;
use linli_package::PublisherKey;
use linli_runtime::install::administration;
use linli_store::plugin::Publisher;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::administration;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody};
use crate::problem::Problem;

/// A publisher, as an admin adds it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPublisher {
    #[schema(pattern = "^[a-z0-9-]{1,60}$", example = "civil-affairs")]
    id: String,
    #[schema(min_length = 1, max_length = 100, example = "民政局")]
    name: String,
    /// The sector of its tokens, which can't change.
    #[schema(pattern = "^[a-z0-9-]{1,60}$", example = "civil-affairs")]
    sector: String,
    /// The key with which it signs, as PEM; what is left out stays.
    key: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Publishers {
    publishers: Vec<Described>,
}

/// A publisher, with its key's fingerprint where it has one.
#[derive(Serialize, ToSchema)]
#[schema(as = PublisherWithKey)]
pub(super) struct Described {
    id: String,
    name: String,
    sector: String,
    key: Option<String>,
}

/// All publishers.
#[utoipa::path(get, path = "/publishers", responses((status = 200, body = Publishers)))]
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    administration::look(&app, &signed_in, "/publishers").await?;
    let keys = app.store().publisher_keys().await?;
    let publishers = app.store().publishers().await?;
    let publishers = publishers
        .into_iter()
        .map(|publisher| {
            let key = keys.get(&publisher.id);
            describe(publisher, key)
        })
        .collect();
    body::json(&Publishers { publishers })
}

/// Adds a publisher, renames the one of that id, or gives it another key.
#[utoipa::path(post, path = "/publishers", request_body = NewPublisher, responses((status = 201, body = Described)))]
pub(super) async fn create(
    State(app): State<App>,
    signed_in: SignedIn,
    JsonBody(new): JsonBody<NewPublisher>,
) -> Result<Response, Problem> {
    administration::act(&app, &signed_in, "put-publisher").await?;
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
    let key = new
        .key
        .as_deref()
        .map(PublisherKey::from_str)
        .transpose()
        .map_err(|error| Problem::invalid(vec![FieldError { field: "key".into(), reason: error.to_string() }]))?;
    let known = app.store().publishers().await?;
    if known.iter().any(|publisher| publisher.id == new.id && publisher.sector != new.sector) {
        return Err(Problem::new(StatusCode::CONFLICT, "sector", "a publisher's sector can't change: every token that it was given would"));
    }
    let publisher = Publisher { id: new.id, name: new.name, sector: new.sector };
    let entry = administration(signed_in.actor(), "publisher", &publisher.id, &publisher.sector);
    app.store().put_publisher(publisher.clone(), Some(entry.encode())).await?;
    if let Some(key) = &key {
        let pem = key.to_pem().map_err(|error| Problem::internal(&error))?;
        let entry = administration(signed_in.actor(), "key of publisher", &publisher.id, &key.fingerprint());
        app.store().put_publisher_key(publisher.id.clone(), pem, entry.encode()).await?;
    }
    let pem = app.store().publisher_keys().await?.remove(&publisher.id);
    Ok((StatusCode::CREATED, body::json(&describe(publisher, pem.as_ref()))?).into_response())
}

fn describe(publisher: Publisher, pem: Option<&String>) -> Described {
    let key = pem.and_then(|pem| pem.parse::<PublisherKey>().ok()).map(|key| key.fingerprint());
    Described { id: publisher.id, name: publisher.name, sector: publisher.sector, key }
}
