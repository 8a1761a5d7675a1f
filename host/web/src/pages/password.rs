//! `/password`: a person takes another password.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use linli_store::Once;
use linli_view::html::pages::PasswordPage;
use linli_view::{Text, route};

use super::frame::Trouble;
use super::visit::{Posted, Reader, html};
use crate::app::App;
use crate::problem::Problem;
use crate::session;

/// `GET /password`.
pub(super) async fn show(reader: Reader) -> Response {
    html(PasswordPage { viewer: &reader.viewer(), error: None }.render())
}

/// `POST /password` with `current`, `new` and `again`. All sessions end with it, so that it leads to the log-in.
pub(super) async fn change(State(app): State<App>, posted: Posted) -> Result<Response, Trouble> {
    let field = |name: &str| posted.fields.get(name);
    let reader = &posted.reader;
    let changed = match field("new") == field("again") {
        true => session::change_password(&app, &reader.signed_in.session, field("current"), field("new"), Once::default()).await,
        false => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "again", "the new password is another the second time")),
    };
    match changed {
        Ok(()) => Ok(Redirect::to(route::LOGIN).into_response()),
        Err(problem) if problem.status < 500 => Ok(refused(reader, &problem)),
        Err(problem) => Err(problem.into()),
    }
}

fn refused(reader: &Reader, problem: &Problem) -> Response {
    let error = match problem.code.as_str() {
        "too-many-attempts" => Text::both("失败次数过多，请五分钟后再试。", "Too many attempts; wait five minutes."),
        "password" => Text::both("现在的密码不对。", "The password that you have now is another."),
        "again" => Text::both("两次输入的新密码不一致。", "The new password is another the second time."),
        "invalid" => Text::both("新密码应为 12 至 128 个字符。", "The new password must have 12 to 128 characters."),
        _ => Text::plain(&problem.detail),
    };
    let mut response = html(PasswordPage { viewer: &reader.viewer(), error: Some(error) }.render());
    *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    response
}
