//! `/login` and `/logout`.

use axum::extract::{FromRequest as _, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use linli_view::html::pages::LoginPage;
use linli_view::{Text, route};
use serde::Deserialize;

use super::frame::Trouble;
use super::visit::{Fields, Guest, Posted, html};
use crate::app::App;
use crate::auth::COOKIE;
use crate::peer::Peer;
use crate::problem::Problem;
use crate::session;

#[derive(Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

/// `GET /login?next=/…`
pub(super) async fn show(guest: Guest, Query(asked): Query<Next>) -> Response {
    let next = asked.next.as_deref().and_then(local);
    match guest.0 {
        Some(_) => Redirect::to(next.unwrap_or(route::HOME)).into_response(),
        None => html(LoginPage { next, ..LoginPage::default() }.render()),
    }
}

/// `POST /login`. There is no session yet whose token the form could carry, so it must come from this site.
pub(super) async fn log_in(State(app): State<App>, guest: Guest, from: Peer, request: Request) -> Result<Response, Trouble> {
    check_origin(request.headers(), &app.settings().public_url)?;
    let fields = Fields::from_request(request, &app).await?;
    let (username, next) = (fields.get("username"), local(fields.get("next")));
    let opened = match session::log_in(&app, username, fields.get("password"), from).await {
        Ok(opened) => opened,
        Err(problem) if problem.status < 500 => return Ok(refused(&problem, username, next)),
        Err(problem) => return Err(problem.into()),
    };
    // Whoever logs in anew ends the session before: nobody works on under two names.
    if let Some(before) = guest.0 {
        session::log_out(&app, &before.signed_in.token).await?;
    }
    let cookie = cookie(&opened.token, session::LASTS_SECONDS, &app.settings().public_url);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to(next.unwrap_or(route::HOME))).into_response())
}

fn refused(problem: &Problem, username: &str, next: Option<&str>) -> Response {
    let error = match problem.status {
        429 => Text::both("登录失败次数过多，请五分钟后再试。", "Too many failed log-ins; wait five minutes."),
        401 => Text::both("用户名或密码不对。", "The user name or the password is wrong."),
        _ => Text::plain(&problem.detail),
    };
    let mut response = html(LoginPage { csrf: None, username, error: Some(error), next }.render());
    *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    response
}

/// `POST /logout`.
pub(super) async fn log_out(State(app): State<App>, posted: Posted) -> Result<Response, Trouble> {
    session::log_out(&app, &posted.reader.signed_in.token).await?;
    let cookie = cookie("", 0, &app.settings().public_url);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to(route::LOGIN)).into_response())
}

/// The session cookie. Behind TLS it never leaves by plain HTTP.
fn cookie(token: &str, lasts: i64, public_url: &str) -> String {
    let secure = if public_url.starts_with("https://") { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}")
}

/// An address to go to after log-in, if it is a path of this site. Whoever makes the link chooses it.
fn local(next: &str) -> Option<&str> {
    let is_path = next.starts_with('/') && !next.starts_with("//") && next.len() <= 2_000;
    // A browser takes a backslash for a slash and drops control characters.
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_elsewhere = !next.starts_with(route::LOGIN) && !next.starts_with(route::LOGOUT);
    (is_path && is_plain && is_elsewhere).then_some(next)
}

/// Refuses a form that a browser says was sent from another site. Old browsers and programs say nothing.
pub(super) fn check_origin(headers: &HeaderMap, public_url: &str) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_ours = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            origin == public_url.trim_end_matches('/') || (host.is_some() && host == text("host"))
        }
        (None, None) => true,
    };
    if is_ours { Ok(()) } else { Err(Problem::forbidden("csrf", "the form was sent from another site")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_after_log_in_stays_on_this_site() {
        for good in ["/", "/pages/a.b/list?after.0=x%2F", "/me"] {
            assert_eq!(local(good), Some(good));
        }
        for bad in [
            "",
            "me",
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "https://evil.example",
            "/a\tb",
            "/\n/evil.example",
            "javascript:alert(1)",
            "/邻",
            "/login?next=/",
            "/logout",
            &format!("/{}", "a".repeat(2_000)),
        ] {
            assert_eq!(local(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_cookie_is_closed_to_scripts_and_other_sites() {
        assert_eq!(cookie("T", 60, "http://127.0.0.1:8080"), "linli_session=T; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert_eq!(cookie("", 0, "https://linli.example"), "linli_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        let check = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>();
            check_origin(&headers, "https://linli.example/").is_ok()
        };
        assert!(check(&[]));
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(check(&[("origin", "https://linli.example"), ("host", "inner:8080")]));
        assert!(check(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(!check(&[("sec-fetch-site", "cross-site"), ("origin", "https://linli.example")]));
        assert!(!check(&[("sec-fetch-site", "same-site")]));
        assert!(!check(&[("origin", "null"), ("host", "linli.example")]));
        assert!(!check(&[("origin", "null")]));
        assert!(!check(&[("origin", "https://evil.example"), ("host", "linli.example")]));
    }
}
