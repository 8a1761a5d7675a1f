//! The API under /api/v1, one file an endpoint. [`document`] says how a route is added.

mod accounts;
mod audit;
mod break_glass;
mod calls;
pub(crate) mod document;
mod entity_types;
mod grants;
mod health;
mod import;
mod me;
mod measures;
mod plugins;
mod publishers;
mod records;
mod regions;
mod resident_accounts;
mod session;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::app::App;
use crate::idempotency;

/// A package and what a request wraps around it.
pub(crate) const PACKAGE: usize = linli_package::MAX_PACKAGE + (1 << 20);

/// Every route below /api/v1.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::from(told().merge(changed().layer(from_fn_with_state(app.clone(), idempotency::once))))
}

/// The routes and their document in one.
fn router() -> OpenApiRouter<App> {
    told().merge(changed())
}

/// What only answers.
fn told() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(document::Document::openapi())
        .routes(routes!(calls::first_page))
        .routes(routes!(calls::page))
        .routes(routes!(regions::list))
        .routes(routes!(regions::show))
        .routes(routes!(entity_types::list))
        .routes(routes!(entity_types::show))
        .routes(routes!(entity_types::codes))
        .routes(routes!(publishers::show))
        .routes(routes!(plugins::show))
        .routes(routes!(plugins::log))
        .routes(routes!(grants::list))
        .routes(routes!(grants::show))
        .routes(routes!(grants::preview))
        .routes(routes!(break_glass::show))
        .routes(routes!(me::record))
        .routes(routes!(me::access_log))
        .routes(routes!(audit::entries))
        .routes(routes!(audit::proof))
        .routes(routes!(audit::checkpoints))
        .routes(routes!(audit::consistency))
        .routes(routes!(measures::list))
        .routes(routes!(measures::show))
        .routes(routes!(health::show))
        .routes(routes!(document::show))
}

/// What changes something, once a key, with what is told at the same address.
fn changed() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(session::open, session::show, session::close))
        .routes(routes!(session::change_password))
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::show, accounts::update))
        .routes(routes!(accounts::reset))
        .routes(routes!(accounts::confirm))
        .routes(routes!(accounts::refuse))
        .routes(routes!(resident_accounts::show, resident_accounts::open))
        .routes(routes!(resident_accounts::reset))
        .routes(routes!(records::list, records::create))
        .routes(routes!(import::import))
        .routes(routes!(records::show, records::update))
        .routes(routes!(publishers::list, publishers::create))
        .routes(routes!(plugins::list, plugins::install).layer(DefaultBodyLimit::max(PACKAGE)))
        .routes(routes!(calls::action))
        .routes(routes!(grants::approve))
        .routes(routes!(grants::narrow_to_used))
        .routes(routes!(grants::narrow))
        .routes(routes!(grants::revoke))
        .routes(routes!(break_glass::list, break_glass::open))
        .routes(routes!(break_glass::end))
        .routes(routes!(break_glass::review))
        .routes(routes!(measures::ask_deferral))
        .routes(routes!(measures::ask_erasure))
        .routes(routes!(measures::approve))
        .routes(routes!(measures::refuse))
        .routes(routes!(measures::lift))
}
