//! `/regions`: the division tree.

use axum::extract::State;
use axum::response::Response;
use linli_model::RegionCode;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params, Segments};
use crate::problem::Problem;

#[derive(Deserialize)]
pub(super) struct Parent {
    parent: Option<String>,
}

fn code(text: &str) -> Result<RegionCode, Problem> {
    text.parse().map_err(|reason: linli_model::region::NoRegionCode| Problem::bad_request("region", reason.to_string()))
}

/// `GET /regions?parent=4401`: the regions one level below, or the provinces.
pub(super) async fn list(State(app): State<App>, _signed_in: SignedIn, Params(asked): Params<Parent>) -> Result<Response, Problem> {
    let parent = asked.parent.as_deref().map(code).transpose()?;
    let regions = app.store().regions();
    let children: Vec<_> = regions.children(parent.as_ref()).map(|(code, name)| json!({"code": code, "name": name})).collect();
    body::json(&json!({"regions": children}))
}

/// `GET /regions/{code}`: a region and what holds it.
pub(super) async fn show(State(app): State<App>, _signed_in: SignedIn, Segments(asked): Segments<String>) -> Result<Response, Problem> {
    let code = code(&asked)?;
    let regions = app.store().regions();
    let name = regions.name(code.as_str()).ok_or_else(|| Problem::not_found(format!("there is no region {code}")))?;
    let mut above = Vec::new();
    let mut parent = code.parent();
    while let Some(region) = parent {
        above.push(json!({"code": region, "name": regions.name(region.as_str())}));
        parent = region.parent();
    }
    body::json(&json!({"code": code, "name": name, "within": above}))
}
