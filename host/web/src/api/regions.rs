//! `/regions`: the division tree, and what became of divisions.

use axum::extract::State;
use axum::response::Response;
use linli_model::{ChangeKind, RegionChange, RegionCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Params, Segments};
use crate::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Parent {
    /// The region above; else the provinces are listed.
    #[param(value_type = Option<RegionCode>)]
    parent: Option<String>,
}

/// A region.
#[derive(Serialize, ToSchema)]
pub(super) struct Region {
    code: RegionCode,
    /// None where it is not known.
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Regions {
    regions: Vec<Region>,
}

/// A region and what holds it.
#[derive(Serialize, ToSchema)]
pub(super) struct RegionWithin {
    #[serde(flatten)]
    region: Region,
    /// The regions above, the nearest first.
    within: Vec<Region>,
    /// Since when it is no more, `YYYY-MM-DD`; none while it is in force.
    ended: Option<String>,
    /// What it lives on in.
    successors: Vec<Region>,
    history: Vec<Told>,
}

/// What happened to a division.
#[derive(Serialize, ToSchema)]
#[schema(as = RegionChange)]
pub(super) struct Told {
    /// `YYYY-MM-DD`.
    since: String,
    kind: ChangeKind,
    before: Option<Region>,
    after: Option<Region>,
}

fn code(text: &str) -> Result<RegionCode, Problem> {
    text.parse().map_err(|reason: linli_model::region::NoRegionCode| Problem::bad_request("region", reason.to_string()))
}

/// The regions in force one level below another, or the provinces.
#[utoipa::path(get, path = "/regions", params(Parent), responses((status = 200, body = Regions)))]
pub(super) async fn list(State(app): State<App>, _signed_in: SignedIn, Params(asked): Params<Parent>) -> Result<Response, Problem> {
    let parent = asked.parent.as_deref().map(code).transpose()?;
    let regions = app.store().regions();
    let children = regions.children(parent.as_ref()).filter(|(code, _)| regions.is_open(code.as_str()));
    let children = children.map(|(code, name)| Region { code: code.clone(), name: Some(name.to_owned()) });
    body::json(&Regions { regions: children.collect() })
}

/// A region, what holds it, what became of it and what it was.
#[utoipa::path(get, path = "/regions/{code}", params(("code" = RegionCode, Path)), responses((status = 200, body = RegionWithin)))]
pub(super) async fn show(State(app): State<App>, _signed_in: SignedIn, Segments(asked): Segments<String>) -> Result<Response, Problem> {
    let code = code(&asked)?;
    let regions = app.store().regions();
    let name = regions.name(code.as_str()).ok_or_else(|| Problem::not_found(format!("there is no region {code}")))?;
    let named = |code: RegionCode| Region { name: regions.name(code.as_str()).map(ToOwned::to_owned), code };
    body::json(&RegionWithin {
        within: std::iter::successors(code.parent(), RegionCode::parent).map(named).collect(),
        ended: regions.end(code.as_str()).map(|end| end.since.to_string()),
        successors: regions.successors(code.as_str()).iter().cloned().map(named).collect(),
        history: regions.history(code.as_str()).map(told).collect(),
        region: Region { name: Some(name.to_owned()), code },
    })
}

/// A change: what was before, what is since.
fn told(change: &RegionChange) -> Told {
    let side = |side: &Option<(RegionCode, String)>| side.clone().map(|(code, name)| Region { code, name: Some(name) });
    Told { since: change.since.to_string(), kind: change.kind, before: side(&change.before), after: side(&change.after) }
}
