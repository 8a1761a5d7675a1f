//! `/regions`: the division tree, and what became of divisions.

use axum::extract::State;
use axum::response::Response;
use linli_model::{RegionChange, RegionCode};
use serde::Deserialize;
use serde_json::{Value, json};

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

/// `GET /regions?parent=4401`: the regions in force one level below, or the provinces.
pub(super) async fn list(State(app): State<App>, _signed_in: SignedIn, Params(asked): Params<Parent>) -> Result<Response, Problem> {
    let parent = asked.parent.as_deref().map(code).transpose()?;
    let regions = app.store().regions();
    let in_force = regions.children(parent.as_ref()).filter(|(code, _)| regions.is_open(code.as_str()));
    let children: Vec<_> = in_force.map(|(code, name)| json!({"code": code, "name": name})).collect();
    body::json(&json!({"regions": children}))
}

/// `GET /regions/{code}`: a region, what holds it, what became of it and what it was.
pub(super) async fn show(State(app): State<App>, _signed_in: SignedIn, Segments(asked): Segments<String>) -> Result<Response, Problem> {
    let code = code(&asked)?;
    let regions = app.store().regions();
    let name = regions.name(code.as_str()).ok_or_else(|| Problem::not_found(format!("there is no region {code}")))?;
    let named = |code: &RegionCode| json!({"code": code, "name": regions.name(code.as_str())});
    let above: Vec<_> = std::iter::successors(code.parent(), RegionCode::parent).map(|region| named(&region)).collect();
    let history: Vec<_> = regions.history(code.as_str()).map(told).collect();
    let ended = regions.end(code.as_str()).map(|end| end.since.to_string());
    let successors: Vec<_> = regions.successors(code.as_str()).iter().map(named).collect();
    body::json(&json!({"code": code, "name": name, "within": above, "ended": ended, "successors": successors, "history": history}))
}

/// A change: what was before, what is since.
fn told(change: &RegionChange) -> Value {
    let side = |side: &Option<(RegionCode, String)>| side.as_ref().map(|(code, name)| json!({"code": code, "name": name}));
    json!({"since": change.since.to_string(), "kind": change.kind, "before": side(&change.before), "after": side(&change.after)})
}
