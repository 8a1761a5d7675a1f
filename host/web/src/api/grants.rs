//! `/grants`: review, approve, narrow, revoke.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use linli_scope::grant::{GrantError, GrantedAccess};
use linli_scope::{Grant, Narrowing, Role};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Segments};
use crate::problem::Problem;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Approval {
    /// When it ends; else as requested.
    expires: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    reason: String,
}

/// `GET /grants`: all, newest first.
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    signed_in.require(&[Role::Admin, Role::Auditor])?;
    let (grants, versions) = (app.store().grants().await?, app.store().component_versions().await?);
    let grants: Vec<_> = grants.iter().map(|grant| summary(&app, grant, &versions)).collect();
    body::json(&json!({"grants": grants}))
}

/// `GET /grants/{id}`: what is asked, what is allowed, and what that touches.
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Response, Problem> {
    signed_in.require(&[Role::Admin, Role::Auditor])?;
    let grant = find(&app, id).await?;
    body::json(&review(&app, &grant).await?)
}

/// `POST /grants/{id}/approve`.
pub(super) async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    JsonBody(approval): JsonBody<Approval>,
) -> Result<Response, Problem> {
    decide(&app, &signed_in, id, "approve", |grant| grant.approve(approval.expires)).await
}

/// `POST /grants/{id}/narrow`: takes something away.
pub(super) async fn narrow(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    JsonBody(narrowing): JsonBody<Narrowing>,
) -> Result<Response, Problem> {
    decide(&app, &signed_in, id, "narrow", |grant| grant.narrow(&narrowing)).await
}

/// `POST /grants/{id}/revoke`: ends it, at once.
pub(super) async fn revoke(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    JsonBody(revocation): JsonBody<Revocation>,
) -> Result<Response, Problem> {
    if revocation.reason.trim().is_empty() {
        return Err(Problem::bad_request("reason", "a revocation needs a reason"));
    }
    decide(&app, &signed_in, id, "revoke", |grant| grant.revoke(revocation.reason.trim())).await
}

async fn decide(
    app: &App,
    signed_in: &SignedIn,
    id: i64,
    what: &str,
    change: impl FnOnce(&mut Grant) -> Result<(), GrantError>,
) -> Result<Response, Problem> {
    signed_in.require(&[Role::Admin])?;
    let grant = app.runtime().decide(signed_in.actor(), find(app, id).await?, what, change).await?;
    body::json(&review(app, &grant).await?)
}

async fn find(app: &App, id: i64) -> Result<Grant, Problem> {
    app.store()
        .grants()
        .await?
        .into_iter()
        .find(|grant| grant.id == id)
        .ok_or_else(|| Problem::not_found(format!("there is no grant {id}")))
}

fn summary(app: &App, grant: &Grant, versions: &HashMap<String, String>) -> Value {
    let serving = app.runtime().plugin(&grant.plugin);
    let standing = grant.standing(serving.as_ref().map(|plugin| plugin.digest.as_str()), Timestamp::now());
    json!({"id": grant.id, "plugin": grant.plugin, "plugin_version": versions.get(&grant.digest), "digest": grant.digest, "state": standing,
        "expires": grant.expires, "version": grant.version, "reason": grant.reason})
}

async fn review(app: &App, grant: &Grant) -> Result<Value, Problem> {
    let plugin = app.runtime().plugin(&grant.plugin).filter(|plugin| plugin.digest == grant.digest);
    let asked = plugin.as_ref().map(|plugin| &plugin.manifest);
    let accesses: Vec<_> = grant
        .accesses
        .iter()
        .map(|granted| access(app, grant, granted, asked.and_then(|asked| asked.accesses.get(granted.request))))
        .collect();
    let mut review = summary(app, grant, &app.store().component_versions().await?);
    if let Some(review) = review.as_object_mut() {
        review.insert("publisher".into(), json!(plugin.as_ref().map(|plugin| &plugin.publisher)));
        review.insert("name".into(), json!(asked.map(|asked| &asked.plugin.name)));
        review.insert("purposes".into(), json!(asked.map(|asked| &asked.purposes)));
        review.insert("accesses".into(), accesses.into());
    }
    Ok(review)
}

/// One access: what was asked beside what is allowed, each field with its classification.
fn access(app: &App, grant: &Grant, granted: &GrantedAccess, asked: Option<&linli_scope::Access>) -> Value {
    let catalogue = app.store().catalogue();
    let entity = catalogue.entity_of(&grant.plugin, &granted.access.entity);
    let fields: Vec<_> = asked
        .unwrap_or(&granted.access)
        .fields
        .iter()
        .map(|(name, mode)| {
            let field = entity.and_then(|entity| entity.field(name));
            json!({"field": name, "title": field.map(|field| &field.title), "classification": field.map(|field| field.classification), "asked": mode, "allowed": granted.access.fields.get(name)})
        })
        .collect();
    json!({"access": granted.request + 1, "purpose": granted.access.purpose, "entity": granted.access.entity, "operations": granted.access.operations, "fields": fields,
        "where": granted.access.condition, "and_where": granted.access.and_where, "checks": granted.access.checks, "tables": granted.access.tables, "regions": granted.access.regions,
        "rows_per_call": granted.access.rows_per_call, "bound": granted.access.bound, "public": granted.access.public})
}
