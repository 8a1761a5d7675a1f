//! The host for people: plain, server-rendered pages.
//!
//! | module | holds |
//! |---|---|
//! | [`frame`] | what all answers have: headers, and problems as pages |
//! | [`visit`] | who asks, and forms with their CSRF token checked |
//! | [`flash`] | the message of the action before |
//! | [`form`] | a form's fields as a plugin's input |
//! | [`wording`] | codes and reasons in the words of the screen |
//! | the others | one file a page |

mod access;
mod accounts;
mod admin;
mod assets;
mod audit;
mod break_glass;
mod call;
mod entry;
mod entry_form;
mod flash;
mod form;
mod frame;
mod home;
mod login;
mod password;
mod preview;
mod record;
mod records;
mod resident_account;
mod search;
mod visit;
mod wording;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use linli_view::route;

use crate::app::App;
use crate::problem::Problem;
use frame::Trouble;

/// Every route outside /api/v1.
pub(crate) fn routes(app: &App) -> Router<App> {
    let pages = Router::new()
        .route(route::HOME, get(home::show))
        .route(route::LOGIN, get(login::show).post(login::log_in))
        .route(route::PASSWORD, get(password::show).post(password::change))
        .route(route::LOGOUT, post(login::log_out))
        .route("/pages/{plugin}/", get(call::root))
        .route("/pages/{plugin}/{*path}", get(call::page))
        .route("/actions/{plugin}/{name}", post(call::action))
        .route("/entry/{entity}", get(entry::show).post(entry::enter))
        .route(route::RECORDS, get(search::show).post(search::search))
        .route(route::LISTS, get(records::lists))
        .route("/records/{entity}", get(records::list))
        .route("/records/{entity}/{id}", get(record::kept))
        .route("/records/resident/{id}/account", post(resident_account::open))
        .route("/records/resident/{id}/account/password", post(resident_account::reset))
        .route(route::MY_RECORD, get(record::own))
        .route(route::MY_ACCESS, get(access::show))
        .route(route::ADMIN, get(admin::show))
        .route("/admin/plugins/{plugin}/approve", post(admin::approve))
        .route("/admin/plugins/{plugin}/revoke", post(admin::revoke))
        .route("/admin/grants/{id}", get(preview::show))
        .route("/admin/grants/{id}/narrow-to-used", post(preview::narrow_to_used))
        .route("/admin/grants/{id}/drop-unattended", post(preview::drop_unattended))
        .route(route::ACCOUNTS, get(accounts::list).post(accounts::create))
        .route("/admin/accounts/{login}", get(accounts::show))
        .route("/admin/accounts/{login}/change", post(accounts::change))
        .route("/admin/accounts/{login}/disable", post(accounts::disable))
        .route("/admin/accounts/{login}/enable", post(accounts::enable))
        .route("/admin/accounts/{login}/password", post(accounts::reset))
        .route("/admin/accounts/{login}/confirm", post(accounts::confirm))
        .route("/admin/accounts/{login}/refuse", post(accounts::refuse))
        .route(route::AUDIT, get(audit::show))
        .route(route::BREAK_GLASS, get(break_glass::show).post(break_glass::open))
        .route("/break-glass/{id}/end", post(break_glass::end))
        .route("/break-glass/{id}/review", post(break_glass::review))
        .route("/{*path}", any(nowhere))
        .method_not_allowed_fallback(async || {
            Trouble::from(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "this address does not take that method"))
        })
        .layer(from_fn_with_state(app.clone(), frame::limit))
        .layer(from_fn(frame::frame));
    let assets = Router::new().route(route::STYLESHEET, get(assets::stylesheet));
    assets.route(route::ICON, get(assets::icon)).route(route::FAVICON, get(assets::icon)).merge(pages)
}

/// An address that is neither a page nor of the API.
async fn nowhere(uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return Problem::not_found("there is nothing at this address; the API begins at /api/v1").into_response();
    }
    Trouble::from(Problem::not_found("there is nothing at this address")).into_response()
}
