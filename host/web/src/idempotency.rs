//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a change that is asked again under its key is not made again.
//!
//! The key is the caller's own. It is taken before the work begins, and what is answered is kept for a day with the change itself:
//! a handler says by [`Key`] what that will be. What was not kept was not made, and the key serves again. An action's answer
//! may hold values of records, which nothing may hand out without a new decision, and an account's a password: of them only that
//! it was done is kept.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt::Display;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use linli_scope::Keyring;
use linli_store::Once;
use linli_store::claim::{Asked, Claim, Mark};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

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

/// An answer as it is kept, and said again.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    /// None where only that something was done is kept.
    body: Option<String>,
    /// Whether more was to be done.
    #[serde(default)]
    partly: bool,
    /// Whether it takes the place of what its changes kept.
    #[serde(skip)]
    is_late: bool,
}

impl Answer {
    /// An answer in JSON.
    pub fn new<T: Serialize>(status: StatusCode, value: &T) -> Result<Self, Problem> {
        let body = serde_json::to_string(value).map_err(|error| Problem::internal(&error))?;
        let headers = vec![(header::CONTENT_TYPE.to_string(), "application/json".to_owned())];
        Ok(Self { status: status.as_u16(), headers, body: Some(body), partly: false, is_late: false })
    }

    /// That it was done, and nothing more.
    pub fn empty() -> Self {
        Self { status: StatusCode::NO_CONTENT.as_u16(), body: Some(String::new()), ..Self::bodiless(false) }
    }

    /// With the version of what it shows.
    pub fn tagged(mut self, version: impl Display) -> Self {
        self.headers.push((header::ETAG.to_string(), format!("\"{version}\"")));
        self
    }

    /// With the place of what was made.
    pub fn at(mut self, location: String) -> Self {
        self.headers.push((header::LOCATION.to_string(), location));
        self
    }

    /// Known only when its changes were made: it is kept once it is said, in place of what they kept.
    pub fn late(self) -> Self {
        Self { is_late: true, ..self }
    }

    fn bodiless(partly: bool) -> Self {
        Self { status: StatusCode::OK.as_u16(), headers: Vec::new(), body: None, partly, is_late: false }
    }

    /// What is kept of an answer that named somebody who was erased.
    pub fn forgotten() -> Result<String, Problem> {
        Self::bodiless(false).text()
    }

    fn read(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| Problem::internal(&error))
    }

    fn text(&self) -> Result<String, Problem> {
        serde_json::to_string(self).map_err(|error| Problem::internal(&error))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let late = self.is_late.then(|| Late(self.clone()));
        let about = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        let mut response = (status, about, self.body.unwrap_or_default()).into_response();
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        if let Some(late) = late {
            response.extensions_mut().insert(late);
        }
        response
    }
}

/// An answer that is to be kept now.
#[derive(Clone)]
struct Late(Answer);

/// The key under which a change is asked; none where there is none.
#[derive(Clone, Default)]
pub(crate) struct Key(Option<Asked>);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

impl Key {
    /// Keeps with the change what it is answered.
    pub fn answering<T: ?Sized + 'static>(&self, answer: impl FnOnce(&T) -> Result<Answer, Problem> + Send + 'static) -> Once<T> {
        let text = |made: &T| answer(made).and_then(|answer| answer.text()).map_err(|problem| problem.detail.clone());
        self.0.clone().map_or_else(Once::default, |asked| Once::answered(asked, text))
    }

    /// Keeps with each change that what was asked is done.
    pub fn done(&self) -> Result<Mark, Problem> {
        self.mark(&Answer::bodiless(false))
    }

    /// Keeps with each change that some of what was asked is done.
    pub fn begun(&self) -> Result<Mark, Problem> {
        self.mark(&Answer::bodiless(true))
    }

    fn mark(&self, answer: &Answer) -> Result<Mark, Problem> {
        let text = answer.text()?;
        Ok(self.0.clone().map_or_else(Mark::default, |asked| Mark::new(asked, text)))
    }
}

/// The keys whose requests this host works on: what is kept of an import under way is that some of it is done, as of one
/// that was cut off.
#[derive(Clone, Default)]
pub(crate) struct UnderWay(Arc<Mutex<HashSet<(i64, String)>>>);

impl UnderWay {
    /// Enters a request; none where its key is in use.
    fn take(&self, asked: &Asked) -> Option<Turn> {
        let entered = (asked.actor, asked.key.clone());
        self.0.lock().ok()?.insert(entered.clone()).then(|| Turn { under_way: self.clone(), entered })
    }
}

/// A request's place among those under way, until it is dropped.
struct Turn {
    under_way: UnderWay,
    entered: (i64, String),
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Ok(mut under_way) = self.under_way.0.lock() {
            under_way.remove(&self.entered);
        }
    }
}

/// Does what changes something once a key.
pub(crate) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    // A log-in's answer holds a token, which is kept nowhere.
    let is_change = matches!(*request.method(), Method::POST | Method::PATCH) && !request.uri().path().ends_with("/session");
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
    let fingerprint = app.fingerprints().of(&parts, &body);
    let asked = Asked { actor: actor.id, key, fingerprint, run: app.run().to_owned(), now: Timestamp::now().as_millisecond() };
    let mut turn = app.under_way().take(&asked);
    match app.store().claim(asked.clone()).await? {
        Claim::New => {}
        // Some of it is done, and the rest is on its way.
        Claim::Done(answer) if turn.is_none() && Answer::read(&answer)?.partly => return Err(running()),
        Claim::Done(answer) => return replay(&answer),
        Claim::Other => {
            return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "key-reused", "this key was used for another request; take a new one"));
        }
        Claim::Running => return Err(running()),
    }
    // Whoever had it may have given it back in between.
    turn = turn.or_else(|| app.under_way().take(&asked));
    // Whoever asked may be gone before it is done; the key must not be held for ever then.
    let work = async move {
        parts.extensions.insert(Key(Some(asked.clone())));
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        let settled = settle(&app, asked, response).await;
        drop(turn);
        settled
    };
    tokio::spawn(work).await.map_err(|error| Problem::internal(&error))?
}

fn refused(status: StatusCode, code: &str, detail: &str) -> Problem {
    Problem::new(status, code, detail)
}

fn running() -> Problem {
    refused(StatusCode::CONFLICT, "key-running", "the same request is under way; ask again for its answer").retry_after(1)
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

/// What is kept of a request to know it again. A body may hold a password, which nobody who reads the database could find out
/// from this without the host's key.
pub(crate) struct Fingerprints {
    mac: Hmac<Sha256>,
}

impl Fingerprints {
    pub fn new(keyring: &Keyring) -> Self {
        Self { mac: Hmac::new(&keyring.fingerprints().into()) }
    }

    fn of(&self, parts: &Parts, body: &Bytes) -> [u8; 32] {
        let mut mac = self.mac.clone();
        let mut add = |part: &[u8]| {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        };
        add(parts.method.as_str().as_bytes());
        add(parts.uri.to_string().as_bytes());
        for name in TOLD {
            let told = parts.headers.get(name);
            add(if told.is_some() { b"told" } else { b"" });
            add(told.map_or(b"".as_slice(), HeaderValue::as_bytes));
        }
        add(body);
        mac.finalize().into_bytes().into()
    }
}

/// Keeps an answer that no change could, and gives back a key under which nothing was changed.
async fn settle(app: &App, asked: Asked, mut response: Response) -> Result<Response, Problem> {
    match response.extensions_mut().remove::<Late>() {
        Some(Late(answer)) => app.store().finish_claim(asked, answer.text()?).await?,
        None => app.store().release_claim(asked).await?,
    }
    Ok(response)
}

fn replay(answer: &str) -> Result<Response, Problem> {
    let kept = Answer::read(answer)?;
    if kept.partly {
        let detail = "the host ended in the midst of this: look which of it was done, and ask for the rest under a new key";
        return Err(refused(StatusCode::CONFLICT, "key-unknown", detail));
    }
    if kept.body.is_none() {
        let detail = "this was done under this key; its answer is not kept, as it may hold values of records";
        return Err(refused(StatusCode::CONFLICT, "key-done", detail));
    }
    let mut response = kept.into_response();
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
