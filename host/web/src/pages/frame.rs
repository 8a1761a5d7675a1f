//! What all answers to people have: the headers that bound what a page may do, and problems as pages.

use std::sync::{Arc, OnceLock};

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use linli_view::html::pages::ProblemPage;
use linli_view::html::{CONTENT_SECURITY_POLICY, Viewer};
use linli_view::{Text, route};

use super::{flash, visit, wording};
use crate::app::App;
use crate::problem::Problem;
use crate::rate;
use crate::session::SessionInfo;

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// What a request and the frame around it share: who asks, once that is known, and whether the flash was shown.
#[derive(Clone, Default)]
pub(super) struct Seat {
    pub session: Arc<OnceLock<Arc<SessionInfo>>>,
    pub flash_shown: Arc<OnceLock<()>>,
}

/// A problem on its way to becoming a page, with what the page needs beside it.
#[derive(Clone)]
pub(super) struct Trouble {
    problem: Problem,
    back: Option<String>,
    residents: Vec<String>,
}

impl<E: Into<Problem>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self { problem: error.into(), back: None, residents: Vec::new() }
    }
}

impl Trouble {
    /// With the page to go back to.
    pub fn back(mut self, address: String) -> Self {
        self.back = Some(address);
        self
    }

    /// With the inputs in which a resident is named.
    pub fn residents(mut self, inputs: Vec<String>) -> Self {
        self.residents = inputs;
        self
    }

    fn page(self, session: Option<&SessionInfo>) -> Response {
        let Self { problem, back, residents } = self;
        let faults: Vec<_> =
            problem.errors.iter().map(|error| (input_name(&residents, &error.field), wording::reason(&error.reason))).collect();
        let roles = session.map(|session| visit::role_words(&session.actor)).unwrap_or_default();
        let viewer = session.map(|session| Viewer { name: &session.name, roles: &roles, csrf: &session.csrf, unreviewed: 0 });
        let page = ProblemPage {
            viewer: viewer.as_ref(),
            status: problem.status,
            title: wording::title(&problem.code, problem.status),
            detail: if faults.is_empty() { Some(wording::detail(&problem.code, &problem.detail)) } else { None },
            code: &problem.code,
            trace_id: problem.trace.as_deref(),
            faults: &faults,
            back: back.as_deref(),
        };
        let mut response = visit::html(page.render());
        *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(seconds) = problem.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn input_name<'a>(residents: &[String], name: &'a str) -> Text<'a> {
    if residents.iter().any(|resident| resident == name) { Text::both("居民", "Resident") } else { Text::plain(name) }
}

impl IntoResponse for Trouble {
    /// No body yet: [`frame`] knows who asks and writes the page.
    fn into_response(self) -> Response {
        let mut response = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Runs a page and puts its answer into shape.
pub(super) async fn frame(mut request: Request, next: Next) -> Response {
    let seat = Seat::default();
    request.extensions_mut().insert(seat.clone());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = shape(next.run(request).await, &method, &uri, seat.session.get().map(Arc::as_ref));
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if seat.flash_shown.get().is_some() {
        headers.append(header::SET_COOKIE, flash::forget());
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Lets a request for a page in, or says when to come again.
pub(super) async fn limit(State(app): State<App>, request: Request, next: Next) -> Result<Response, Trouble> {
    Ok(next.run(rate::admit(&app, request).await?).await)
}

/// A problem as a page, or as the way to the log-in page.
fn shape(mut response: Response, method: &Method, uri: &Uri, session: Option<&SessionInfo>) -> Response {
    let status = response.status();
    let trouble = match response.extensions_mut().remove::<Trouble>() {
        Some(trouble) => trouble,
        // What the framework itself could not read.
        None if (status.is_client_error() || status.is_server_error()) && is_bare(response.headers()) => {
            Problem::new(status, "request", "the request can't be read").into()
        }
        None => return response,
    };
    if status == StatusCode::UNAUTHORIZED && method == Method::GET && session.is_none() {
        return Redirect::to(&login_address(uri)).into_response();
    }
    trouble.page(session)
}

/// Whether an answer is neither a page nor for a program.
fn is_bare(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

fn login_address(uri: &Uri) -> String {
    match uri.path_and_query().map(|asked| asked.as_str()) {
        None | Some(route::HOME) => route::LOGIN.to_owned(),
        Some(asked) => format!("{}{}", route::LOGIN, route::query([("next", asked)])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(problem: Problem, method: &Method) -> Response {
        shape(Trouble::from(problem).into_response(), method, &Uri::from_static("/pages/a.b/list?n=1&x=%E9%82%BB"), None)
    }

    #[test]
    fn whoever_is_not_signed_in_is_led_to_the_log_in_and_back() {
        let response = asked(Problem::unauthorized("log in"), &Method::GET);
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()[header::LOCATION], "/login?next=%2Fpages%2Fa.b%2Flist%3Fn%3D1%26x%3D%25E9%2582%25BB");
        assert_eq!(asked(Problem::unauthorized("log in"), &Method::POST).status(), StatusCode::UNAUTHORIZED);
        assert_eq!(login_address(&Uri::from_static("/")), "/login");
    }

    #[test]
    fn every_bare_error_becomes_a_page_and_nothing_else_does() {
        let bare = shape((StatusCode::BAD_REQUEST, "Failed to deserialize").into_response(), &Method::GET, &Uri::from_static("/"), None);
        assert_eq!(bare.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let api = shape(Problem::not_found("x").into_response(), &Method::GET, &Uri::from_static("/"), None);
        assert_eq!(api.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
