//! `/grants`: review, approve, narrow, revoke.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use linli_runtime::Decision;
use linli_scope::approval::Approving;
use linli_scope::grant::GrantedAccess;
use linli_scope::{Actor, Grant, Narrowing, Role};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Segments};
use crate::problem::Problem;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    reason: String,
}

/// Who looks at grants; those of a publisher only at its own.
const READERS: [Role; 4] = [Role::Admin, Role::Auditor, Role::Developer, Role::Integrator];

/// `GET /grants`: newest first; a publisher's developers and integrators see its own.
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    signed_in.require(&READERS)?;
    let (grants, versions) = (app.store().grants().await?, app.store().component_versions().await?);
    let seen = grants.iter().filter(|grant| may_see(&app, signed_in.actor(), grant));
    let grants: Vec<_> = seen.map(|grant| summary(&app, grant, &versions)).collect();
    body::json(&json!({"grants": grants}))
}

/// `GET /grants/{id}`: what is asked, what is allowed, and what that touches.
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Response, Problem> {
    signed_in.require(&READERS)?;
    let grant =
        find(&app, id).await.and_then(|grant| if may_see(&app, signed_in.actor(), &grant) { Ok(grant) } else { Err(unknown(id)) })?;
    body::json(&review(&app, &grant).await?)
}

/// `POST /grants/{id}/approve`.
pub(super) async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    JsonBody(approving): JsonBody<Approving>,
) -> Result<Response, Problem> {
    decide(&app, &signed_in, id, &Decision::Approve(approving)).await
}

/// `POST /grants/{id}/narrow`: takes something away.
pub(super) async fn narrow(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    JsonBody(narrowing): JsonBody<Narrowing>,
) -> Result<Response, Problem> {
    decide(&app, &signed_in, id, &Decision::Narrow(Box::new(narrowing))).await
}

/// `GET /grants/{id}/preview`: how many people, which fields, what is new, what is used. Asking is on the record.
pub(super) async fn preview(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Response, Problem> {
    signed_in.require(&[Role::Admin, Role::Auditor])?;
    let grant = find(&app, id).await?;
    body::json(&app.runtime().preview(signed_in.actor(), &grant, Timestamp::now()).await?)
}

/// `POST /grants/{id}/narrow-to-used`: takes away the fields that the plugin has not used of late.
pub(super) async fn narrow_to_used(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Response, Problem> {
    signed_in.require(&[Role::Admin])?;
    let narrowing = app.runtime().narrowing_to_used(&find(&app, id).await?, Timestamp::now()).await?;
    decide(&app, &signed_in, id, &Decision::Narrow(Box::new(narrowing))).await
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
    decide(&app, &signed_in, id, &Decision::Revoke(revocation.reason.trim().to_owned())).await
}

async fn decide(app: &App, signed_in: &SignedIn, id: i64, decision: &Decision) -> Result<Response, Problem> {
    signed_in.require(&[Role::Admin])?;
    let grant = app.runtime().decide(signed_in.actor(), find(app, id).await?, decision).await?;
    body::json(&review(app, &grant).await?)
}

async fn find(app: &App, id: i64) -> Result<Grant, Problem> {
    app.store().grants().await?.into_iter().find(|grant| grant.id == id).ok_or_else(|| unknown(id))
}

fn unknown(id: i64) -> Problem {
    Problem::not_found(format!("there is no grant {id}"))
}

fn may_see(app: &App, actor: &Actor, grant: &Grant) -> bool {
    if actor.has(Role::Admin) || actor.has(Role::Auditor) {
        return true;
    }
    app.runtime().plugin(&grant.plugin).is_some_and(|plugin| actor.publisher.as_deref() == Some(&plugin.publisher.id))
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
        review.insert("sensitive".into(), json!(app.runtime().sensitive(grant)));
        review.insert("requested_by".into(), name(app, grant.requested_by).await?);
        let mut approvals = Vec::new();
        for approval in &grant.approvals {
            approvals.push(json!({"by": name(app, Some(approval.by)).await?, "at": approval.at}));
        }
        review.insert("approvals".into(), approvals.into());
        review.insert("assessment".into(), json!(grant.assessment));
    }
    Ok(review)
}

/// The name of an account.
async fn name(app: &App, account: Option<i64>) -> Result<Value, Problem> {
    match account {
        Some(id) => Ok(json!(app.store().account_name(id).await?)),
        None => Ok(Value::Null),
    }
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
        "where": granted.access.condition, "and_where": granted.access.and_where, "checks": granted.access.checks, "regions": granted.access.regions,
        "rows_per_call": granted.access.rows_per_call, "rows_per_day": granted.access.rows_per_day, "bound": granted.access.bound, "public": granted.access.public})
}
