//! Errors at the edge: RFC 9457 problem details.
//!
//! The policy: every error answer is a [`Problem`]. `status` says whose turn it is, `code` is a stable word for
//! programs, `detail` is a sentence for people that says what happened, where, and what to do, and never holds
//! personal data. What is the host's own fault is logged with a trace id, and only the id is told. Out-of-scope rows are
//! 404, out-of-scope entity types and fields 403; both are on the record before the answer leaves.

use std::ops::Deref;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use linli_entry::{EntryError, FieldError};
use linli_runtime::preview::ToUsedError;
use linli_runtime::{CallError, CompileError, DecisionError, GlassError, InstallError};
use linli_scope::break_glass::BreakGlassError;
use linli_scope::grant::GrantError;
use linli_scope::{Denial, DenialKind};
use linli_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::AccountError;
use crate::rate;

/// A problem on its way to the caller. Small: most results here carry one.
#[derive(Clone, Debug)]
pub struct Problem(Box<Detail>);

/// What it says.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Detail {
    /// `urn:linli:problem:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short name for the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// The stable word.
    pub code: String,
    /// Which fields or inputs, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// A record that the problem points to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// To find it in the host's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Seconds after which to try again.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl Deref for Problem {
    type Target = Detail;

    fn deref(&self) -> &Detail {
        &self.0
    }
}

impl Problem {
    /// A problem of a status and code.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Detail {
            kind: format!("urn:linli:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
            errors: Vec::new(),
            record: None,
            trace: None,
            retry_after: None,
        }))
    }

    /// With the seconds after which to try again.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    fn traced(mut self, trace: String) -> Self {
        self.0.trace = Some(trace);
        self
    }

    /// The request can't be understood.
    pub fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// There is no such thing here.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// Nobody is signed in, or the token is no good.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "sign-in", detail)
    }

    /// The actor lacks the role.
    pub fn forbidden(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// Fields are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let fields: Vec<_> = errors.iter().map(|error| format!("{} {}", error.field, error.reason)).collect();
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", fields.join("; "));
        problem.0.errors = errors;
        problem
    }

    /// The host's own fault; the reason goes to its log.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        let trace = trace_id();
        tracing::error!(trace, %error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the host failed; its log has the reason under this trace id")
            .traced(trace)
    }

    fn unavailable(code: &str, error: &dyn std::fmt::Display) -> Self {
        let trace = trace_id();
        tracing::error!(trace, %error, "the store can't answer");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, "the store can't answer now; try again").traced(trace).retry_after(2)
    }
}

fn trace_id() -> String {
    let mut bytes = [0; 16];
    // Without randomness the id is not unique, which only makes the log harder to search.
    let _ = getrandom::fill(&mut bytes);
    data_encoding::HEXLOWER.encode(&bytes)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&*self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Denial> for Problem {
    fn from(denial: Denial) -> Self {
        let status = match denial.kind {
            DenialKind::SignIn => StatusCode::UNAUTHORIZED,
            DenialKind::Invalid => StatusCode::BAD_REQUEST,
            DenialKind::NotFound => StatusCode::NOT_FOUND,
            DenialKind::Limit => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::FORBIDDEN,
        };
        Self::new(status, denial.kind.as_str(), denial.message)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match error {
            StoreError::NotFound { .. } | StoreError::Reference { .. } => Self::new(StatusCode::NOT_FOUND, "not-found", detail),
            StoreError::Stale { .. } | StoreError::Changed(_) => Self::new(StatusCode::CONFLICT, "stale", detail),
            StoreError::Overtaken => Self::new(StatusCode::CONFLICT, "key-running", detail).retry_after(1),
            StoreError::Duplicate { .. } | StoreError::Taken(_) => Self::new(StatusCode::CONFLICT, "duplicate", detail),
            StoreError::OutOfScope { .. } => Self::forbidden("out-of-scope", detail),
            StoreError::TooManyGroups { .. } | StoreError::TooLarge { .. } => Self::new(StatusCode::TOO_MANY_REQUESTS, "limit", detail),
            StoreError::Schema(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "schema", detail),
            StoreError::Unerasable(_) => Self::new(StatusCode::CONFLICT, "unerasable", detail),
            StoreError::Log(_) => Self::unavailable("log-unavailable", &detail),
            StoreError::Database(_)
            | StoreError::Unreachable { .. }
            | StoreError::Address(_)
            | StoreError::Locked
            | StoreError::Slow
            | StoreError::Closed => Self::unavailable("unavailable", &detail),
            StoreError::Damaged { .. } => Self::internal(&detail),
        }
    }
}

impl From<EntryError> for Problem {
    fn from(error: EntryError) -> Self {
        match error {
            EntryError::Invalid(errors) => Self::invalid(errors),
            EntryError::Denied(denial) => denial.into(),
            EntryError::Duplicate { entity, field, known } => {
                let detail = match &known {
                    Some(_) => format!("a {entity} with this {field} is registered already; `record` points to it"),
                    None => format!("a {entity} with this {field} can't be entered here; ask the sub-district office for a transfer"),
                };
                let mut problem = Self::new(StatusCode::CONFLICT, "duplicate", detail);
                problem.0.record = known.map(|token| format!("/api/v1/records/{entity}/{token}"));
                problem
            }
            EntryError::Store(error) => error.into(),
        }
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        let detail = error.to_string();
        match error {
            CallError::NoPlugin(_) => Self::not_found(detail),
            CallError::Denied(denial) => denial.into(),
            CallError::Input(errors) => Self::invalid(errors.into_iter().map(|(field, reason)| FieldError { field, reason }).collect()),
            CallError::Guest { code, .. } => {
                let status = match code.as_str() {
                    "denied" => StatusCode::FORBIDDEN,
                    "not-found" => StatusCode::NOT_FOUND,
                    "conflict" => StatusCode::CONFLICT,
                    "limit" => StatusCode::TOO_MANY_REQUESTS,
                    "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::UNPROCESSABLE_ENTITY,
                };
                let known = code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
                Self::new(status, if known { &code } else { "plugin-error" }, detail)
            }
            CallError::Fault { fault, .. } => {
                Self::new(StatusCode::BAD_GATEWAY, fault.code(), format!("{fault}; its developer finds more in the plugin's log"))
            }
            CallError::TooOften(wait) => rate::too_often("plugin", wait, "this plugin is called too often"),
            CallError::Busy(wait) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "plugin-busy", detail).retry_after(wait.as_secs().max(1)),
            CallError::Paused(wait) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "plugin-paused", detail).retry_after(wait.as_secs().max(1))
            }
            CallError::Store(error) => error.into(),
            CallError::Log(error) => Self::unavailable("log-unavailable", &error),
        }
    }
}

impl From<DecisionError> for Problem {
    fn from(error: DecisionError) -> Self {
        let detail = error.to_string();
        match error {
            DecisionError::Grant(GrantError::State { .. }) => Self::new(StatusCode::CONFLICT, "grant-state", detail),
            DecisionError::Grant(GrantError::SamePerson { .. }) => Self::forbidden("same-person", detail),
            DecisionError::Grant(GrantError::NoAssessment { .. } | GrantError::Assessment(_)) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "assessment", detail)
            }
            DecisionError::Remit(_) => Self::forbidden("remit", detail),
            DecisionError::Superseded(_) => Self::new(StatusCode::CONFLICT, "grant-state", detail),
            DecisionError::Grant(GrantError::Narrowing { .. }) | DecisionError::Scope(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "narrowing", detail)
            }
            DecisionError::Store(error) => error.into(),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let detail = error.to_string();
        match error {
            AccountError::Invalid(errors) => Self::invalid(errors),
            AccountError::Remit(_) => Self::forbidden("remit", detail),
            AccountError::Own => Self::forbidden("own-account", detail),
            AccountError::SamePerson => Self::forbidden("same-person", detail),
            AccountError::HasOne(_) => Self::new(StatusCode::CONFLICT, "duplicate", detail),
            AccountError::NothingPending(_) => Self::new(StatusCode::CONFLICT, "state", detail),
            AccountError::Hash(error) => Self::internal(&error),
            AccountError::Store(StoreError::Taken(_)) => {
                Self::new(StatusCode::CONFLICT, "duplicate", "there is an account of this log-in name, or of this resident")
            }
            AccountError::Store(error) => error.into(),
        }
    }
}

impl From<GlassError> for Problem {
    fn from(error: GlassError) -> Self {
        match error {
            GlassError::Denied(denial) => denial.into(),
            GlassError::Glass(error) => error.into(),
            GlassError::Decision(error) => error.into(),
            GlassError::Store(error) => error.into(),
        }
    }
}

impl From<BreakGlassError> for Problem {
    fn from(error: BreakGlassError) -> Self {
        let (status, code) = match error {
            BreakGlassError::Words(name) => (StatusCode::UNPROCESSABLE_ENTITY, name),
            BreakGlassError::Minutes => (StatusCode::UNPROCESSABLE_ENTITY, "minutes"),
            BreakGlassError::Unreviewed => (StatusCode::CONFLICT, "unreviewed"),
            BreakGlassError::Own(_) => (StatusCode::FORBIDDEN, "same-person"),
            BreakGlassError::InForce(_) | BreakGlassError::Ended(_) | BreakGlassError::NotEnded(_) | BreakGlassError::Reviewed(_) => {
                (StatusCode::CONFLICT, "state")
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<ToUsedError> for Problem {
    fn from(error: ToUsedError) -> Self {
        match error {
            ToUsedError::Decision(error) => error.into(),
            ToUsedError::AllUsed(_) | ToUsedError::NoneUsed(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "narrowing", error.to_string())
            }
        }
    }
}

impl From<InstallError> for Problem {
    fn from(error: InstallError) -> Self {
        let detail = error.to_string();
        match error {
            InstallError::Store(error) => error.into(),
            InstallError::OtherPublisher { .. } => Self::new(StatusCode::CONFLICT, "other-publisher", detail),
            InstallError::NoPublisher(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no-publisher", detail),
            InstallError::Signature(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "signature", detail),
            InstallError::Package(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "package", detail),
            InstallError::Manifest(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "manifest", detail),
            InstallError::Schema(_) | InstallError::Entity { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "schema", detail),
            InstallError::Scope(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "request", detail),
            InstallError::Compile(CompileError::Compiler(error)) => Self::internal(&error),
            InstallError::Changed { .. } => Self::internal(&detail),
            InstallError::Compile(_) | InstallError::Contract(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "component", detail),
        }
    }
}
