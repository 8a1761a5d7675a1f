//! The API under /api/v1, one file an endpoint.

mod audit;
mod calls;
mod entity_types;
mod grants;
mod health;
mod import;
mod me;
mod plugins;
mod publishers;
mod records;
mod regions;
mod session;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;

/// A package and what a request wraps around it.
const PACKAGE: usize = linli_package::MAX_PACKAGE + (1 << 20);

/// Every route below /api/v1.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/session", post(session::open).get(session::show).delete(session::close))
        .route("/regions", get(regions::list))
        .route("/regions/{code}", get(regions::show))
        .route("/entity-types", get(entity_types::list))
        .route("/entity-types/{*name}", get(entity_types::show))
        .route("/code-lists/{name}", get(entity_types::codes))
        .route("/records/{entity}", get(records::list).post(records::create))
        .route("/records/{entity}/import", post(import::rows))
        .route("/records/{entity}/{id}", get(records::show).patch(records::update))
        .route("/publishers", get(publishers::list).post(publishers::create))
        .route("/plugins", get(plugins::list).post(plugins::install).layer(DefaultBodyLimit::max(PACKAGE)))
        .route("/plugins/{plugin}", get(plugins::show))
        .route("/plugins/{plugin}/log", get(plugins::log))
        .route("/plugins/{plugin}/pages/", get(calls::first_page))
        .route("/plugins/{plugin}/pages/{*path}", get(calls::page))
        .route("/plugins/{plugin}/actions/{name}", post(calls::action))
        .route("/grants", get(grants::list))
        .route("/grants/{id}", get(grants::show))
        .route("/grants/{id}/approve", post(grants::approve))
        .route("/grants/{id}/preview", get(grants::preview))
        .route("/grants/{id}/narrow-to-used", post(grants::narrow_to_used))
        .route("/grants/{id}/narrow", post(grants::narrow))
        .route("/grants/{id}/revoke", post(grants::revoke))
        .route("/me/record", get(me::record))
        .route("/me/access-log", get(me::access_log))
        .route("/audit/entries", get(audit::entries))
        .route("/audit/checkpoints", get(audit::checkpoints))
        .route("/health", get(health::show))
}
