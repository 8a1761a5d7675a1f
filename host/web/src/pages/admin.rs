//! `/admin/plugins`: what plugins ask for, and what they are allowed.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use linli_model::Date;
use linli_runtime::Decision;
use linli_scope::approval::{Approving, Assessment};
use linli_scope::{Grant, GrantState, Standing, standing};
use linli_store::Once;
use linli_view::html::pages::{AdminPage, GrantState as Shown, PluginRow};
use linli_view::route;

use super::flash;
use super::frame::Trouble;
use super::visit::{Fields, Posted, Reader, html};
use super::wording::{self, text};
use crate::administration;
use crate::app::App;
use crate::problem::Problem;

/// `GET /admin/plugins`.
pub(super) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Trouble> {
    administration::act(&app, &reader.signed_in, "decide-grant").await?;
    let (plugins, grants) = (app.runtime().plugins(), app.store().grants().await?);
    let catalogue = app.store().catalogue();
    let of = |plugin: &linli_runtime::Plugin| standing::of_component(&grants, plugin.id(), &plugin.digest, Timestamp::now());
    let standing: Vec<_> = plugins.iter().map(|plugin| (plugin, of(plugin))).collect();
    let ends: Vec<_> =
        standing.iter().map(|(_, grant)| grant.map(|grant| Date::of(grant.expires).to_string()).unwrap_or_default()).collect();
    let rows: Vec<_> = standing
        .iter()
        .zip(&ends)
        .map(|((plugin, grant), end)| PluginRow {
            id: plugin.id(),
            name: text(&plugin.manifest.plugin.name),
            version: &plugin.manifest.plugin.version,
            publisher: &plugin.publisher.name,
            digest: &plugin.digest,
            signed: plugin.signed,
            requests: match grant {
                Some(grant) => {
                    grant.accesses.iter().map(|granted| wording::access(&catalogue, &plugin.manifest, &granted.access)).collect()
                }
                None => plugin.manifest.accesses.iter().map(|access| wording::access(&catalogue, &plugin.manifest, access)).collect(),
            },
            grant: grant.map(|grant| (grant.id, grant.version)),
            state: state(&app, &reader, *grant, end),
            paused: plugin.paused().map(|left| left.as_secs().max(1)),
        })
        .collect();
    Ok(html(AdminPage { viewer: &reader.viewer(), plugins: &rows, flash: reader.flash() }.render()))
}

fn state<'a>(app: &App, reader: &Reader, grant: Option<&'a Grant>, end: &'a str) -> Shown<'a> {
    match grant {
        None => Shown::Revoked { reason: None },
        // The page shows the grant of the component that serves, so that none is superseded.
        Some(grant) => match grant.standing(None, Timestamp::now()) {
            Standing::Requested | Standing::AwaitingSecond => Shown::Pending {
                can_approve: grant.other_eyes(reader.actor().id).is_ok(),
                is_sensitive: !app.runtime().sensitive(grant).is_empty(),
                assessment: grant.assessment.as_ref().map(|assessment| (assessment.text.as_str(), assessment.reference.as_str())),
            },
            Standing::Expired => Shown::Expired { on: end },
            Standing::Active => Shown::Granted { until: end },
            Standing::Revoked | Standing::Superseded => Shown::Revoked { reason: grant.reason.as_deref() },
        },
    }
}

/// `POST /admin/plugins/{plugin}/approve` with the digest that was reviewed.
pub(super) async fn approve(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let field = |name: &str| posted.fields.get(name).trim().to_owned();
    let assessment = Assessment { text: field("assessment"), reference: field("reference") };
    let assessment = Some(assessment).filter(|given| !(given.text.is_empty() && given.reference.is_empty()));
    let grant = decide(&app, &posted, &id, &Decision::Approve(Approving { expires: None, assessment })).await?;
    let (zh, en) = match grant.state {
        GrantState::AwaitingSecond => ("已批准，待第二人批准后生效。", "Approved; a second admin must approve it, too."),
        _ => ("已批准，即时生效。", "Approved; in force at once."),
    };
    Ok(flash::go(zh, en, &posted.reader.signed_in.session.csrf, route::ADMIN)?)
}

/// `POST /admin/plugins/{plugin}/revoke` with the digest and a reason.
pub(super) async fn revoke(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let reason = posted.fields.get("reason").trim().to_owned();
    if reason.is_empty() {
        return Err(Trouble::from(Problem::bad_request("reason", "a revocation needs a reason")).back(route::ADMIN.to_owned()));
    }
    decide(&app, &posted, &id, &Decision::Revoke(reason)).await?;
    Ok(flash::go("已撤销，即时生效。", "Revoked; in force at once.", &posted.reader.signed_in.session.csrf, route::ADMIN)?)
}

/// Changes the grant that the admin saw.
async fn decide(app: &App, posted: &Posted, id: &str, decision: &Decision) -> Result<Grant, Trouble> {
    let back = |problem: Problem| Trouble::from(problem).back(route::ADMIN.to_owned());
    administration::act(app, &posted.reader.signed_in, "decide-grant").await?;
    let grant = reviewed(app, id, &posted.fields).await.map_err(back)?;
    app.runtime().decide(posted.reader.actor(), grant, decision, Once::default()).await.map_err(|error| back(error.into()))
}

/// The grant of the component that the admin saw, as they saw it.
async fn reviewed(app: &App, id: &str, fields: &Fields) -> Result<Grant, Problem> {
    let plugin = app.plugin(id)?;
    if plugin.digest != fields.get("digest") {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "stale",
            "another version of the plugin was installed since the page was loaded; review it anew",
        ));
    }
    let grants = app.store().grants().await?;
    let grant = standing::of_component(&grants, id, &plugin.digest, Timestamp::now()).cloned();
    let grant = grant.ok_or_else(|| Problem::not_found("the plugin has no request to decide"))?;
    if fields.get("grant") == grant.id.to_string() {
        fields.check_version("grant", grant.version)?;
        return Ok(grant);
    }
    Err(Problem::new(StatusCode::CONFLICT, "stale", "another request of the plugin was made since the page was loaded; review it anew"))
}
