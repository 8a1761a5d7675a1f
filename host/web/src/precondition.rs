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

use crate::problem::Problem;

/// What `If-Match` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// The header is absent.
    Nothing,
    /// One version.
    Version(String),
    /// Something else: several, a weak one, `*`.
    Other,
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts.headers.get(header::IF_MATCH)))
    }
}

impl IfMatch {
    fn read(header: Option<&HeaderValue>) -> Self {
        let Some(header) = header else { return Self::Nothing };
        let version = header.to_str().ok().and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
        version.filter(|version| !version.contains('"')).map_or(Self::Other, |version| Self::Version(version.to_owned()))
    }

    /// The version, where there is one; a problem where the header holds anything else.
    pub fn version(&self) -> Result<Option<&str>, Problem> {
        match self {
            Self::Nothing => Ok(None),
            Self::Version(version) => Ok(Some(version)),
            Self::Other => Err(Problem::bad_request("if-match", "If-Match must hold one version in quotation marks")),
        }
    }

    /// The version; a problem where none is named.
    pub fn required(&self) -> Result<&str, Problem> {
        self.version()?.ok_or_else(|| {
            Problem::new(StatusCode::PRECONDITION_REQUIRED, "if-match", "say which version you change: If-Match: \"VERSION\", its ETag")
        })
    }

    /// A problem where another version is named than the one of now.
    pub fn check(&self, what: &str, now: impl Display) -> Result<(), Problem> {
        match self.version()? {
            Some(version) if version != now.to_string() => Err(stale(format!("this {what} is at version {now} by now; read it again"))),
            _ => Ok(()),
        }
    }

    /// A problem of a change that somebody else's came before: what `If-Match` named does not hold any more.
    pub fn outdated(&self, problem: impl Into<Problem>) -> Problem {
        let problem = problem.into();
        if *self != Self::Nothing && problem.code == "stale" { stale(problem.detail.clone()) } else { problem }
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
    fn one_strong_tag_is_a_version_and_nothing_else_is() {
        assert_eq!(IfMatch::read(None).version().unwrap(), None);
        assert_eq!(read("\"3\"").required().unwrap(), "3");
        for other in ["3", "*", "W/\"3\"", "\"3\", \"4\"", "\"", ""] {
            assert_eq!(read(other), IfMatch::Other, "{other}");
        }
    }

    #[test]
    fn an_old_version_is_refused_and_no_version_where_one_is_needed() {
        let status = |done: Result<(), Problem>| done.err().map(|problem| problem.status);
        assert_eq!(status(read("\"3\"").check("grant", 3)), None);
        assert_eq!(status(read("\"2\"").check("grant", 3)), Some(412));
        assert_eq!(status(IfMatch::Nothing.check("grant", 3)), None);
        assert_eq!(status(IfMatch::Nothing.required().map(drop)), Some(428));
        assert_eq!(status(read("*").required().map(drop)), Some(400));
    }

    #[test]
    fn a_change_that_came_second_says_so_by_412_where_a_version_was_named() {
        let second = || Problem::new(StatusCode::CONFLICT, "stale", "read it again");
        assert_eq!(read("\"3\"").outdated(second()).status, 412);
        assert_eq!(IfMatch::Nothing.outdated(second()).status, 409);
        assert_eq!(read("\"3\"").outdated(Problem::not_found("x")).status, 404);
    }
}
