//! The host for people: plain, server-rendered pages.

use axum::Router;

use crate::app::App;

/// Every route outside /api/v1.
pub(crate) fn routes() -> Router<App> {
    Router::new()
}
