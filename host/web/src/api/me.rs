//! `/me`: a resident's own record, and who read it.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access_log;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params};
use crate::desk;
use crate::problem::Problem;

use super::records::{RecordWithSources, with_sources};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Before {
    /// `next` of the page before; else the newest are listed.
    #[param(maximum = 9007199254740991_i64)]
    before: Option<u64>,
}

/// The own record, with where each value comes from.
#[utoipa::path(get, path = "/me/record", responses((status = 200, body = RecordWithSources), (status = 404)))]
pub(super) async fn record(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let (desk, ask) = desk::own(&app, &signed_in).await?;
    with_sources(&desk.record(&ask).await?)
}

/// Who read the own record, newest first, 50 a page.
#[utoipa::path(get, path = "/me/access-log", params(Before), responses((status = 200, body = access_log::Page)))]
pub(super) async fn access_log(State(app): State<App>, signed_in: SignedIn, Params(page): Params<Before>) -> Result<Response, Problem> {
    body::json(&access_log::about(&app, &signed_in, body::place(page.before)?).await?)
}
