//! Who is it: extractors for handlers.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use linli_model::RecordNo;
use linli_scope::{Actor, DenialKind, Role};

use crate::app::App;
use crate::problem::Problem;
use crate::session::{self, SessionInfo};

/// The session cookie.
pub const COOKIE: &str = "linli_session";
/// The header in which a script in the browser carries the session's CSRF token.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// How the token came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// `Authorization: Bearer`: no browser sends it by itself.
    Bearer,
    /// The cookie: what changes something must carry the CSRF token too.
    Cookie,
}

/// A signed-in person.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Arc<SessionInfo>,
    /// Its token.
    pub token: String,
    /// How it came.
    pub carrier: Carrier,
}

impl SignedIn {
    /// What the person may do.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.session.actor
    }

    /// A problem unless the person has one of the roles.
    pub fn require(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.iter().any(|role| self.session.actor.has(*role)) {
            return Ok(());
        }
        let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        Err(Problem::forbidden("role", format!("this is for the roles {}", names.join(", "))))
    }

    /// The number of the person's own record.
    pub(crate) fn own_record(&self) -> Result<RecordNo, Problem> {
        let own = self.session.actor.own_record();
        own.ok_or_else(|| Problem::forbidden(DenialKind::Region.as_str(), "this account has no record of its own"))
    }
}

/// A person who may be signed in.
#[derive(Clone, Debug)]
pub struct Visitor(pub Option<SignedIn>);

impl Visitor {
    /// What the person may do, where they are signed in.
    pub fn actor(&self) -> Option<Arc<Actor>> {
        self.0.as_ref().map(|signed_in| signed_in.session.actor.clone())
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let Some((token, carrier)) = token(parts) else { return Ok(Self(None)) };
        match session::find(app, token).await? {
            Some(session) => Ok(Self(Some(SignedIn { session, token: token.to_owned(), carrier }))),
            // A stale cookie is like none; a program that brings a bad token is told so.
            None if carrier == Carrier::Cookie => Ok(Self(None)),
            None => Err(Problem::unauthorized("the token is unknown or has expired; POST /api/v1/session for a new one")),
        }
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, app).await?;
        let signed_in = visitor
            .0
            .ok_or_else(|| Problem::unauthorized("this asks for a log-in: POST /api/v1/session, then Authorization: Bearer TOKEN"))?;
        let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        // Pages carry the token in their form, which their handlers check.
        let form =
            parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        let is_page_form = form && !parts.uri.path().starts_with("/api/");
        if signed_in.carrier == Carrier::Cookie && !safe && !is_page_form {
            let given = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
            check_csrf(&signed_in.session, given)?;
        }
        Ok(signed_in)
    }
}

/// Compares secrets in constant time.
pub(crate) fn is_same(kept: &str, given: &str) -> bool {
    let (kept, given) = (kept.as_bytes(), given.as_bytes());
    kept.iter().zip(given).fold(u8::from(kept.len() != given.len()), |differs, (a, b)| differs | (a ^ b)) == 0
}

/// Compares a CSRF token.
pub fn check_csrf(session: &SessionInfo, given: &str) -> Result<(), Problem> {
    if is_same(&session.csrf, given) {
        Ok(())
    } else {
        Err(Problem::forbidden("csrf", "the form is from another session; load the page again"))
    }
}

fn token(parts: &Parts) -> Option<(&str, Carrier)> {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        return value.to_str().ok()?.strip_prefix("Bearer ").map(|token| (token.trim(), Carrier::Bearer));
    }
    cookie(&parts.headers, COOKIE).map(|token| (token, Carrier::Cookie))
}

/// A cookie's value.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}
