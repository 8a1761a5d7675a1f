//! `/publishers`: who publishes plugins. An admin says so, no manifest does.

use std::str::FromStr as _;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use data_encoding::HEXLOWER;
use linli_entry::FieldError;
use linli_package::PublisherKey;
use linli_runtime::install::administration;
use linli_store::plugin::{Publisher, Registered};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::administration;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Segments};
use crate::idempotency::{Answer, Key};
use crate::precondition::IfMatch;
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

/// One publisher.
#[utoipa::path(get, path = "/publishers/{publisher}", params(("publisher" = String, Path, pattern = "^[a-z0-9-]{1,60}$", example = "civil-affairs")),
    responses((status = 200, body = Described, headers(("ETag" = String, description = "of its name and key")))))]
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<String>) -> Result<Answer, Problem> {
    administration::look(&app, &signed_in, "/publishers").await?;
    let registered = app.store().publisher(&id).await?.ok_or_else(|| Problem::not_found("there is no such publisher"))?;
    answer(StatusCode::OK, &registered)
}

/// Adds a publisher, renames the one of that id, or gives it another key.
#[utoipa::path(post, path = "/publishers",
    params(("If-Match" = Option<String>, Header, description = "the ETag of the publisher that is changed; without one a publisher is added", pattern = "^\"[0-9a-f]+\"$")),
    request_body = NewPublisher, responses((status = 201, body = Described, headers(("ETag" = String, description = "of its name and key"))), (status = 428)))]
pub(super) async fn create(
    State(app): State<App>,
    signed_in: SignedIn,
    if_match: IfMatch,
    key: Key,
    JsonBody(new): JsonBody<NewPublisher>,
) -> Result<Answer, Problem> {
    administration::act(&app, &signed_in, "put-publisher").await?;
    let signing = check(&new)?;
    let before = app.store().publisher(&new.id).await?;
    may_change(before.as_ref(), &new.sector, &if_match)?;
    let publisher = Publisher { id: new.id, name: new.name, sector: new.sector };
    let mut entries = vec![administration(signed_in.actor(), "publisher", &publisher.id, &publisher.sector).encode()];
    if let Some(key) = &signing {
        entries.push(administration(signed_in.actor(), "key of publisher", &publisher.id, &key.fingerprint()).encode());
    }
    let pem = signing.map(|key| key.to_pem()).transpose().map_err(|error| Problem::internal(&error))?;
    let pem = pem.or_else(|| before.as_ref().and_then(|before| before.pem.clone()));
    let created = |registered: &Registered| answer(StatusCode::CREATED, registered);
    let registered = app.store().put_publisher(before, Registered { publisher, pem }, entries, key.answering(created)).await;
    created(&registered.map_err(|error| if_match.outdated(error))?)
}

/// A publisher that is there is changed only by whoever saw it as it is: another's new key must not be lost.
fn may_change(before: Option<&Registered>, sector: &str, if_match: &IfMatch) -> Result<(), Problem> {
    match before {
        Some(before) => {
            if_match.required()?;
            if_match.check("publisher", version(before))?;
            if before.publisher.sector == sector {
                return Ok(());
            }
            Err(Problem::new(StatusCode::CONFLICT, "sector", "a publisher's sector can't change: every token that it was given would"))
        }
        None => if_match.check("publisher", "none"),
    }
}

/// The key, where all that was said of a publisher can be taken.
fn check(new: &NewPublisher) -> Result<Option<PublisherKey>, Problem> {
    let wrong = |field: &str, reason: String| Problem::invalid(vec![FieldError { field: field.into(), reason }]);
    let is_id = |text: &str| {
        !text.is_empty() && text.len() <= 60 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    for (field, text) in [("id", &new.id), ("sector", &new.sector)] {
        if !is_id(text) {
            return Err(wrong(field, "must be 1 to 60 characters a-z, 0-9 and -".into()));
        }
    }
    if new.name.trim().is_empty() || new.name.chars().count() > 100 || new.name.contains('\0') {
        return Err(wrong("name", "must be 1 to 100 characters, none of them U+0000".into()));
    }
    new.key.as_deref().map(PublisherKey::from_str).transpose().map_err(|error| wrong("key", error.to_string()))
}

/// The version of a publisher: a digest of all that can change of it.
fn version(registered: &Registered) -> String {
    let mut hash = Sha256::new();
    hash.update(registered.publisher.name.as_bytes());
    hash.update([0]);
    hash.update(registered.pem.as_deref().unwrap_or_default());
    HEXLOWER.encode(hash.finalize().get(..16).unwrap_or_default())
}

fn answer(status: StatusCode, registered: &Registered) -> Result<Answer, Problem> {
    let shown = describe(registered.publisher.clone(), registered.pem.as_ref());
    Ok(Answer::new(status, &shown)?.tagged(version(registered)))
}

fn describe(publisher: Publisher, pem: Option<&String>) -> Described {
    let key = pem.and_then(|pem| pem.parse::<PublisherKey>().ok()).map(|key| key.fingerprint());
    Described { id: publisher.id, name: publisher.name, sector: publisher.sector, key }
}
