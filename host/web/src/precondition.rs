//! `ETag` and `If-Match`: whoever changes something says which version they saw, so that nobody undoes what they do not know.
//!
//! A tag names what is kept, not what the time makes of it (an age, a grant that has run out). It is for changes only: no
//! answer is cached, so none is ever 304.

use std::convert::Infallible;
use std::fmt::Display;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::idempotency::Key;
use crate::problem::Problem;

/// What `If-Match` names: one version, and nothing of now where it holds something else (several, a weak one, `*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IfMatch(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts.headers.get(header::IF_MATCH)))
    }
}

/// What a change is asked over, and the key under which it is done once.
pub(crate) struct Over {
    pub if_match: IfMatch,
    pub key: Key,
}

impl<S: Send + Sync> FromRequestParts<S> for Over {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let if_match = IfMatch::from_request_parts(parts, state).await?;
        Ok(Self { if_match, key: Key::from_request_parts(parts, state).await? })
    }
}

impl IfMatch {
    /// This version.
    pub fn named(version: &str) -> Self {
        Self(Some(version.to_owned()))
    }

    fn read(header: Option<&HeaderValue>) -> Self {
        let one = |text: &str| text.strip_prefix('"')?.strip_suffix('"').map(ToOwned::to_owned);
        Self(header.map(|header| header.to_str().ok().and_then(one).unwrap_or_default()))
    }

    /// The version, where one is named.
    pub fn version(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The version; a problem where none is named.
    pub fn required(&self) -> Result<&str, Problem> {
        let missing = "say which version you change: If-Match: \"VERSION\", its ETag";
        self.version().ok_or_else(|| Problem::new(StatusCode::PRECONDITION_REQUIRED, "if-match", missing))
    }

    /// A problem where another version is named than the one of now.
    pub fn check(&self, what: &str, now: impl Display) -> Result<(), Problem> {
        match self.version() {
            Some(version) if version != now.to_string() => Err(stale(format!("this {what} is at version {now} by now; read it again"))),
            _ => Ok(()),
        }
    }

    /// The version of what counts its versions.
    pub fn number(&self) -> Result<i64, Problem> {
        let version = self.required()?;
        version.parse().map_err(|_| stale("If-Match names no version that there is; read it again".to_owned()))
    }

    /// A problem of a change that somebody else's came before: what `If-Match` named does not hold any more.
    pub fn outdated(&self, problem: impl Into<Problem>) -> Problem {
        let problem = problem.into();
        if self.0.is_some() && problem.code == "stale" { stale(problem.detail.clone()) } else { problem }
    }
}

fn stale(detail: String) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "stale", detail)
}

/// An answer with the version that it shows.
pub(crate) fn tagged(version: impl Display, response: Response) -> Response {
    ([(header::ETAG, format!("\"{version}\""))], response).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> IfMatch {
        IfMatch::read(Some(&HeaderValue::from_static(text)))
    }

    #[test]
    fn one_strong_tag_is_a_version_and_anything_else_is_none_of_now() {
        assert_eq!(IfMatch::read(None).version(), None);
        assert_eq!(read("\"3\"").number().unwrap(), 3);
        for other in ["3", "*", "W/\"3\"", "\"3\", \"4\"", "\"", ""] {
            assert_eq!(read(other).check("grant", 3).unwrap_err().status, 412, "{other}");
            assert_eq!(read(other).number().unwrap_err().status, 412, "{other}");
        }
    }

    #[test]
    fn an_old_version_is_refused_and_no_version_where_one_is_needed() {
        let status = |done: Result<(), Problem>| done.err().map(|problem| problem.status);
        assert_eq!(status(read("\"3\"").check("grant", 3)), None);
        assert_eq!(status(read("\"2\"").check("grant", 3)), Some(412));
        let none = IfMatch::read(None);
        assert_eq!(status(none.check("grant", 3)), None);
        assert_eq!(status(none.required().map(drop)), Some(428));
    }

    #[test]
    fn a_change_that_came_second_says_so_by_412_where_a_version_was_named() {
        let second = || Problem::new(StatusCode::CONFLICT, "stale", "read it again");
        assert_eq!(read("\"3\"").outdated(second()).status, 412);
        assert_eq!(IfMatch::read(None).outdated(second()).status, 409);
        assert_eq!(read("\"3\"").outdated(Problem::not_found("x")).status, 404);
    }
}
