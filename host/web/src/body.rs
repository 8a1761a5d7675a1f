//! Request bodies and answers: bounded, typed, and with errors that say where.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::problem::Problem;
use crate::serve::BODY;

/// A JSON body of a type.
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", "the body must be application/json"));
        }
        within(request.headers(), BODY)?;
        let bytes = Bytes::from_request(request, app).await.map_err(|rejection| unreadable(&rejection))?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|reason| Problem::bad_request("json", format!("the body is not the JSON that this takes: {}", redacted(&reason))))
    }
}

/// Query parameters of a type.
pub(crate) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(params)| Self(params))
            .map_err(|rejection| Problem::bad_request("parameter", rejection.body_text()))
    }
}

/// Parts of the path of a type.
pub(crate) struct Segments<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let segments = Path::from_request_parts(parts, state).await;
        segments.map(|Path(segments)| Self(segments)).map_err(|rejection| Problem::bad_request("path", rejection.body_text()))
    }
}

/// The language that a plugin is asked to speak: `zh` unless English is asked for first.
pub(crate) struct Locale(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Locale {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let asked = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self(if asked.starts_with("en") { "en".into() } else { "zh".into() }))
    }
}

/// How many of something an answer holds at most, 1 to 1,000.
pub(crate) fn limit(asked: Option<i64>, default: i64) -> Result<i64, Problem> {
    let limit = asked.unwrap_or(default);
    if (1..=1_000).contains(&limit) { Ok(limit) } else { Err(Problem::bad_request("limit", "limit must lie in 1 to 1000")) }
}

/// A place in the log. JSON as scripts read it holds no larger whole number.
pub(crate) fn place(asked: Option<u64>) -> Result<Option<u64>, Problem> {
    match asked {
        Some(place) if place >= 1 << 53 => Err(Problem::bad_request("parameter", "a place in the log must lie below 2 to the 53rd")),
        asked => Ok(asked),
    }
}

/// Says where and what kind, without serde's quotation of the offending value.
fn redacted(reason: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", reason.line(), reason.column());
    let text = reason.to_string();
    match reason.classify() {
        serde_json::error::Category::Data if text.starts_with("unknown field") || text.starts_with("missing field") => text,
        serde_json::error::Category::Data => format!("a value has the wrong type, {place}"),
        _ => format!("it is no JSON, {place}"),
    }
}

/// Refuses a body that says by itself that it is too large, before a byte of it is read: whoever asked before sending
/// (`Expect: 100-continue`) gets the answer instead of a closed connection.
fn within(headers: &HeaderMap, most: usize) -> Result<(), Problem> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if said.is_none_or(|said| said <= most) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", format!("the body must be at most {most} bytes")))
}

pub(crate) fn unreadable(rejection: &BytesRejection) -> Problem {
    Problem::new(
        rejection.status(),
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { "too-large" } else { "body" },
        rejection.body_text(),
    )
}

/// A JSON answer.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Response, Problem> {
    serde_json::to_string(value).map(json_text).map_err(|error| Problem::internal(&error))
}

/// A JSON answer that is text already.
pub(crate) fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], text).into_response()
}
