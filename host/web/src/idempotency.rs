//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a change that is asked again under its key is not made again.
//!
//! The key is the caller's own. It is taken before the work begins and outlives a restart. An answer below 300 is kept for a
//! day and said again; one that says that nothing was changed gives the key back. An action's answer may hold values of
//! records, which nothing may hand out without a new decision: of it only that it was done is kept.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use linli_store::claim::{Asked, Claim};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::auth::Visitor;
use crate::problem::Problem;

/// The header of the key.
pub(crate) const KEY: &str = "Idempotency-Key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Characters of a key, at most.
const KEY_MAX: usize = 128;
/// What a fingerprint holds besides method, address and body.
const TOLD: [&str; 3] = ["content-type", "if-match", "x-evidence"];
/// What of an answer is kept besides status and body.
const SAID: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    /// None where only that it was done is kept.
    body: Option<String>,
}

/// Does what changes something once a key.
pub(crate) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_change = matches!(*request.method(), Method::POST | Method::PATCH);
    if !is_change || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    keyed(app, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn keyed(app: App, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let Some(actor) = Visitor::from_request_parts(&mut parts, &app).await?.actor() else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let key = key(&parts.headers)?;
    let body = to_bytes(body, crate::api::PACKAGE).await.map_err(|_| too_large())?;
    let fingerprint = fingerprint(&parts, &body);
    let asked = Asked { actor: actor.id, key, fingerprint, run: app.run().to_owned(), now: Timestamp::now().as_millisecond() };
    match app.store().claim(asked.clone()).await? {
        Claim::New => {}
        Claim::Done(answer) => return replay(&answer),
        Claim::Other => {
            return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "key-reused", "this key was used for another request; take a new one"));
        }
        Claim::Running => {
            return Err(
                refused(StatusCode::CONFLICT, "key-running", "the same request is under way; ask again for its answer").retry_after(1)
            );
        }
        Claim::Unknown => {
            let detail = "the host ended while it worked on this; look whether it was done, and take a new key if it was not";
            return Err(refused(StatusCode::CONFLICT, "key-unknown", detail));
        }
    }
    // Whoever asked may be gone before it is done; the key must not be held for ever then.
    let work = async move {
        // An action's answer may hold values of records, an account's a password: neither is handed out again.
        let is_action = parts.uri.path().contains("/actions/") || parts.uri.path().contains("/accounts");
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        settle(&app, &asked, is_action, response).await
    };
    tokio::spawn(work).await.map_err(|error| Problem::internal(&error))?
}

fn refused(status: StatusCode, code: &str, detail: &str) -> Problem {
    Problem::new(status, code, detail)
}

fn too_large() -> Problem {
    refused(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large")
}

fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let given = headers.get(KEY).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = given.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(given);
    if key.is_empty() || key.len() > KEY_MAX {
        return Err(Problem::bad_request("idempotency-key", format!("{KEY} must be 1 to {KEY_MAX} ASCII characters")));
    }
    Ok(key.to_owned())
}

fn fingerprint(parts: &Parts, body: &Bytes) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    add(parts.method.as_str().as_bytes());
    add(parts.uri.to_string().as_bytes());
    for name in TOLD {
        add(parts.headers.get(name).map_or(b"".as_slice(), HeaderValue::as_bytes));
    }
    add(body);
    hash.finalize().into()
}

/// Keeps the answer, or gives the key back.
async fn settle(app: &App, asked: &Asked, is_action: bool, response: Response) -> Result<Response, Problem> {
    let status = response.status();
    let changed_nothing = status.is_client_error() || response.headers().contains_key(header::RETRY_AFTER);
    if changed_nothing {
        app.store().release_claim(asked).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|error| Problem::internal(&error))?;
    let said = |name: &HeaderName| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned()));
    let text = String::from_utf8(body.to_vec()).ok().filter(|_| !is_action);
    let kept = Kept { status: status.as_u16(), headers: SAID.iter().filter_map(said).collect(), body: text };
    let answer = serde_json::to_string(&kept).map_err(|error| Problem::internal(&error))?;
    app.store().finish_claim(asked, answer).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replay(answer: &str) -> Result<Response, Problem> {
    let kept: Kept = serde_json::from_str(answer).map_err(|error| Problem::internal(&error))?;
    let Some(body) = kept.body else {
        return Err(refused(
            StatusCode::CONFLICT,
            "key-done",
            "this was done under this key; its answer is not kept, as it may hold values of records",
        ));
    };
    let status = StatusCode::from_u16(kept.status).map_err(|error| Problem::internal(&error))?;
    let mut response = (status, [(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], body).into_response();
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}
