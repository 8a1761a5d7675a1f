//! `/grants`: review, approve, narrow, revoke.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use indexmap::IndexMap;
use jiff::Timestamp;
use linli_model::{Classification, RegionCode, Text};
use linli_runtime::Decision;
use linli_runtime::preview::Preview;
use linli_scope::access::{Mode, Operation};
use linli_scope::approval::{Approving, Assessment};
use linli_scope::grant::GrantedAccess;
use linli_scope::manifest::Purpose;
use linli_scope::standing::Standing;
use linli_scope::table::Table;
use linli_scope::{Actor, Grant, Narrowing, Role};
use linli_store::plugin::Publisher;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::administration;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Segments};
use crate::idempotency::Answer;
use crate::names::People;
use crate::precondition::{IfMatch, Over};
use crate::problem::Problem;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    /// Why; its holder reads it.
    #[schema(min_length = 1, pattern = "\\S")]
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Grants {
    grants: Vec<Summary>,
}

/// Where a grant stands.
#[derive(Serialize, ToSchema)]
pub(super) struct Summary {
    id: i64,
    plugin: String,
    /// What the component calls itself.
    plugin_version: Option<String>,
    /// The component that it is for, `sha256:…`.
    digest: String,
    state: Standing,
    expires: Timestamp,
    /// How often it was changed.
    version: i64,
    /// Why it was revoked.
    reason: Option<String>,
}

/// A grant: what is asked, what is allowed, and what that touches.
#[derive(Serialize, ToSchema)]
pub(super) struct Review {
    #[serde(flatten)]
    summary: Summary,
    /// None, like name and purposes, for a component that another one has replaced.
    publisher: Option<Publisher>,
    name: Option<Text>,
    purposes: Option<Vec<Purpose>>,
    accesses: Vec<AccessReview>,
    /// The sensitive fields that it touches, as `resident.low_income`.
    sensitive: Vec<String>,
    /// Who asked for it.
    requested_by: Option<String>,
    /// Who approved it, in order.
    approvals: Vec<ApprovalReview>,
    /// What it means for the people concerned, where it touches sensitive fields.
    assessment: Option<Assessment>,
}

/// One admin's approval.
#[derive(Serialize, ToSchema)]
pub(super) struct ApprovalReview {
    by: Option<String>,
    at: Timestamp,
}

/// One access: what was asked beside what is allowed.
#[derive(Serialize, ToSchema)]
pub(super) struct AccessReview {
    /// Its number in the manifest, from 1.
    access: usize,
    purpose: String,
    entity: String,
    operations: BTreeSet<Operation>,
    fields: Vec<FieldReview>,
    /// The condition that was asked.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// A further condition of the admin's.
    and_where: Option<String>,
    /// Predicates that `check` may ask, by name.
    checks: IndexMap<String, String>,
    /// Tables that `aggregate` may ask for.
    tables: Vec<Table>,
    /// The regions that the admin allowed; none for all.
    regions: Option<Vec<RegionCode>>,
    /// Rows that one call may read.
    rows_per_call: u32,
    /// Rows that all calls of a day may read together; none for no bound.
    rows_per_day: Option<u64>,
    /// Whether its values never enter the plugin.
    bound: bool,
    /// Whether a schedule or an event is given it too, behind which there is no person.
    unattended: bool,
    /// Fields that `public-lookup` shows.
    public: Vec<String>,
}

/// A field of an access.
#[derive(Serialize, ToSchema)]
pub(super) struct FieldReview {
    field: String,
    title: Option<Text>,
    classification: Option<Classification>,
    asked: Mode,
    /// None where it is not allowed.
    allowed: Option<Mode>,
}

/// Grants, newest first; a publisher's developers and integrators see its own.
#[utoipa::path(get, path = "/grants", responses((status = 200, body = Grants)))]
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    administration::look(&app, &signed_in, "/grants").await?;
    let (grants, versions) = (app.store().grants().await?, app.store().component_versions().await?);
    let seen = grants.iter().filter(|grant| may_see(&app, signed_in.actor(), grant));
    body::json(&Grants { grants: seen.map(|grant| summary(&app, grant, &versions)).collect() })
}

/// A grant: what is asked, what is allowed, and what that touches.
#[utoipa::path(get, path = "/grants/{id}", params(("id" = i64, Path)), responses((status = 200, body = Review, headers(("ETag" = String, description = "`\"VERSION\"`")))))]
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Answer, Problem> {
    administration::look(&app, &signed_in, "/grants").await?;
    let grant =
        find(&app, id).await.and_then(|grant| if may_see(&app, signed_in.actor(), &grant) { Ok(grant) } else { Err(unknown(id)) })?;
    answer(&app, &grant, &Known::of(&app, &grant, signed_in.actor()).await?)
}

/// Approves a request, which is in force then, or awaits a second admin where it touches sensitive fields.
#[utoipa::path(post, path = "/grants/{id}/approve",
    params(("id" = i64, Path), ("If-Match" = String, Header, description = "`\"VERSION\"`, as the grant's ETag says", pattern = "^\"[0-9]+\"$")),
    request_body = Approving, responses((status = 200, body = Review, headers(("ETag" = String, description = "`\"VERSION\"`, of the new one")))))]
pub(super) async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    over: Over,
    JsonBody(approving): JsonBody<Approving>,
) -> Result<Answer, Problem> {
    let grant = seen(&app, &signed_in, id, &over.if_match).await?;
    over.if_match.required()?;
    decide(&app, &signed_in, grant, over, &Decision::Approve(approving)).await
}

/// Takes something away from a grant.
#[utoipa::path(post, path = "/grants/{id}/narrow",
    params(("id" = i64, Path), ("If-Match" = String, Header, description = "`\"VERSION\"`, as the grant's ETag says", pattern = "^\"[0-9]+\"$")),
    request_body = Narrowing, responses((status = 200, body = Review, headers(("ETag" = String, description = "`\"VERSION\"`, of the new one")))))]
pub(super) async fn narrow(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    over: Over,
    JsonBody(narrowing): JsonBody<Narrowing>,
) -> Result<Answer, Problem> {
    let grant = seen(&app, &signed_in, id, &over.if_match).await?;
    over.if_match.required()?;
    decide(&app, &signed_in, grant, over, &Decision::Narrow(Box::new(narrowing))).await
}

/// What a grant would reveal: how many people, which fields, what is new, what is used. Asking is on the record.
#[utoipa::path(get, path = "/grants/{id}/preview", params(("id" = i64, Path)), responses((status = 200, body = Preview), (status = 409), (status = 422)))]
pub(super) async fn preview(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Response, Problem> {
    administration::look(&app, &signed_in, "/preview").await?;
    let grant = find(&app, id).await?;
    body::json(&app.runtime().preview(signed_in.actor(), &grant, Timestamp::now()).await?)
}

/// Takes away the fields that the plugin has not used of late.
#[utoipa::path(post, path = "/grants/{id}/narrow-to-used",
    params(("id" = i64, Path), ("If-Match" = String, Header, description = "`\"VERSION\"`, as the grant's ETag says", pattern = "^\"[0-9]+\"$")),
    responses((status = 200, body = Review, headers(("ETag" = String, description = "`\"VERSION\"`, of the new one"))), (status = 409), (status = 422)))]
pub(super) async fn narrow_to_used(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    over: Over,
) -> Result<Answer, Problem> {
    let grant = seen(&app, &signed_in, id, &over.if_match).await?;
    over.if_match.required()?;
    let narrowing = app.runtime().narrowing_to_used(&grant, Timestamp::now()).await?;
    decide(&app, &signed_in, grant, over, &Decision::Narrow(Box::new(narrowing))).await
}

/// Ends a grant, at once. It takes all away, whatever the version: nobody must read it anew before they end it.
#[utoipa::path(post, path = "/grants/{id}/revoke",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "`\"VERSION\"`, as the grant's ETag says", pattern = "^\"[0-9]+\"$")),
    request_body = Revocation, responses((status = 200, body = Review, headers(("ETag" = String, description = "`\"VERSION\"`, of the new one")))))]
pub(super) async fn revoke(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    over: Over,
    JsonBody(revocation): JsonBody<Revocation>,
) -> Result<Answer, Problem> {
    if revocation.reason.trim().is_empty() {
        return Err(Problem::bad_request("reason", "a revocation needs a reason"));
    }
    let grant = seen(&app, &signed_in, id, &over.if_match).await?;
    decide(&app, &signed_in, grant, over, &Decision::Revoke(revocation.reason.trim().to_owned())).await
}

/// The grant that an admin changes, as they saw it.
async fn seen(app: &App, signed_in: &SignedIn, id: i64, if_match: &IfMatch) -> Result<Grant, Problem> {
    administration::act(app, signed_in, "decide-grant").await?;
    let grant = find(app, id).await?;
    if_match.check("grant", grant.version)?;
    Ok(grant)
}

async fn decide(app: &App, signed_in: &SignedIn, grant: Grant, over: Over, decision: &Decision) -> Result<Answer, Problem> {
    let (known, shown_by) = (Arc::new(Known::of(app, &grant, signed_in.actor()).await?), app.clone());
    let decided = move |grant: &Grant| answer(&shown_by, grant, &known);
    let grant = app.runtime().decide(signed_in.actor(), grant, decision, over.key.answering(decided.clone())).await;
    decided(&grant.map_err(|error| over.if_match.outdated(error))?)
}

fn answer(app: &App, grant: &Grant, known: &Known) -> Result<Answer, Problem> {
    Ok(Answer::new(StatusCode::OK, &review(app, grant, known))?.tagged(grant.version))
}

/// What has to be looked up to show a grant.
struct Known {
    /// What components call themselves, by digest.
    versions: HashMap<String, String>,
    /// Those who asked and decided.
    people: People,
}

impl Known {
    async fn of(app: &App, grant: &Grant, actor: &Actor) -> Result<Self, Problem> {
        let people = grant.approvals.iter().map(|approval| approval.by).chain(grant.requested_by).chain([actor.id]).collect();
        Ok(Self { versions: app.store().component_versions().await?, people: People::of(app, people).await? })
    }
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

fn summary(app: &App, grant: &Grant, versions: &HashMap<String, String>) -> Summary {
    let serving = app.runtime().plugin(&grant.plugin);
    Summary {
        id: grant.id,
        plugin: grant.plugin.clone(),
        plugin_version: versions.get(&grant.digest).cloned(),
        digest: grant.digest.clone(),
        state: grant.standing(serving.as_ref().map(|plugin| plugin.digest.as_str()), Timestamp::now()),
        expires: grant.expires,
        version: grant.version,
        reason: grant.reason.clone(),
    }
}

fn review(app: &App, grant: &Grant, known: &Known) -> Review {
    let plugin = app.runtime().plugin(&grant.plugin).filter(|plugin| plugin.digest == grant.digest);
    let asked = plugin.as_ref().map(|plugin| &plugin.manifest);
    let name = |account: i64| known.people.name(account);
    let access = |granted: &GrantedAccess| access(app, grant, granted, asked.and_then(|asked| asked.accesses.get(granted.request)));
    Review {
        summary: summary(app, grant, &known.versions),
        publisher: plugin.as_ref().map(|plugin| plugin.publisher.clone()),
        name: asked.map(|asked| asked.plugin.name.clone()),
        purposes: asked.map(|asked| asked.purposes.clone()),
        accesses: grant.accesses.iter().map(access).collect(),
        sensitive: app.runtime().sensitive(grant),
        requested_by: grant.requested_by.and_then(name),
        approvals: grant.approvals.iter().map(|approval| ApprovalReview { by: name(approval.by), at: approval.at }).collect(),
        assessment: grant.assessment.clone(),
    }
}

/// One access: what was asked beside what is allowed, each field with its classification.
fn access(app: &App, grant: &Grant, granted: &GrantedAccess, asked: Option<&linli_scope::Access>) -> AccessReview {
    let catalogue = app.store().catalogue();
    let allowed = granted.access.clone();
    let entity = catalogue.entity_of(&grant.plugin, &allowed.entity);
    let review = |(name, mode): (&String, &Mode)| {
        let field = entity.and_then(|entity| entity.field(name));
        FieldReview {
            field: name.clone(),
            title: field.map(|field| field.title.clone()),
            classification: field.map(|field| field.classification),
            asked: *mode,
            allowed: allowed.fields.get(name).copied(),
        }
    };
    AccessReview {
        access: granted.request + 1,
        fields: asked.unwrap_or(&allowed).fields.iter().map(review).collect(),
        purpose: allowed.purpose,
        entity: allowed.entity,
        operations: allowed.operations,
        condition: allowed.condition,
        and_where: allowed.and_where,
        checks: allowed.checks,
        tables: allowed.tables,
        regions: allowed.regions,
        rows_per_call: allowed.rows_per_call,
        rows_per_day: allowed.rows_per_day,
        bound: allowed.bound,
        unattended: allowed.unattended,
        public: allowed.public,
    }
}
