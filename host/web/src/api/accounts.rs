//! `/accounts`: who may log in, and what they may do.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use linli_model::{Classification, RegionCode};
use linli_scope::{Actor, Role};
use linli_store::Once;
use linli_store::account::{Kept, Pending};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::{self, Altering, By, Made, NewAccount};
use crate::administration;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Params, Segments, limit};
use crate::idempotency::Key;
use crate::names::{Person, person};
use crate::precondition::Over;
use crate::problem::Problem;

/// Accounts a page where the caller does not say.
const LIMIT: i64 = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// `next` of the page before; else the first are listed.
    #[param(maximum = 9007199254740991_i64)]
    after: Option<u64>,
    /// How many are looked at, 100 by default; those beyond your own rights are left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// A new password for an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reset {
    /// Else one is made up, and said once.
    #[serde(default)]
    #[schema(min_length = 12, max_length = 128, format = Password)]
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Accounts {
    accounts: Vec<Shown>,
    /// The number behind which the next page begins; none at the end.
    next: Option<i64>,
}

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct Shown {
    /// As the log names it: `user:7`.
    id: i64,
    login: String,
    name: String,
    #[serde(flatten)]
    rights: Rights,
    /// Whether it may not log in.
    disabled: bool,
    /// How often it was changed.
    version: i64,
    /// What it becomes once a second admin confirms it.
    pending: Option<ShownPending>,
}

/// What a person may do.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountRights)]
struct Rights {
    roles: Vec<Role>,
    /// Where they may act.
    regions: Vec<RegionCode>,
    /// The highest classification they may see.
    clearance: Classification,
    /// The publisher that they belong to.
    publisher: Option<String>,
}

/// A change that waits.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountChange)]
struct ShownPending {
    by: Person,
    at: Timestamp,
    name: String,
    #[serde(flatten)]
    rights: Rights,
    disabled: bool,
    /// Whether it is given another password.
    password: bool,
}

/// An account, and the password that was made up for it.
#[derive(Serialize, ToSchema)]
pub(super) struct WithPassword {
    #[serde(flatten)]
    account: Shown,
    /// Said once; none where one was given.
    password: Option<String>,
}

/// The accounts within one's own regions and clearance, by number.
#[utoipa::path(get, path = "/accounts", params(After), responses((status = 200, body = Accounts)))]
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn, Params(page): Params<After>) -> Result<Response, Problem> {
    administration::act(&app, &signed_in, "put-account").await?;
    let behind = body::place(page.after)?.and_then(|after| i64::try_from(after).ok()).unwrap_or(0);
    let limit = limit(page.limit, LIMIT)?;
    let found = app.store().kept_accounts(behind, limit).await?;
    let next = found.last().filter(|_| i64::try_from(found.len()) == Ok(limit)).map(|kept| kept.account.actor.id);
    let mut accounts = Vec::new();
    for kept in found.into_iter().filter(|kept| accounts::is_seen(signed_in.actor(), kept)) {
        accounts.push(shown(&app, kept).await?);
    }
    body::json(&Accounts { accounts, next })
}

/// Makes an account within one's own rights. An admin's or auditor's waits for a second admin.
#[utoipa::path(post, path = "/accounts", request_body = NewAccount, responses((status = 201, body = WithPassword)))]
pub(super) async fn create(
    State(app): State<App>,
    signed_in: SignedIn,
    key: Key,
    JsonBody(new): JsonBody<NewAccount>,
) -> Result<Response, Problem> {
    administration::act(&app, &signed_in, "put-account").await?;
    let made = accounts::make(app.store(), By::Admin(signed_in.actor()), new, once(&key)?).await?;
    Ok((StatusCode::CREATED, with_password(&app, made).await?).into_response())
}

/// One account.
#[utoipa::path(get, path = "/accounts/{login}", params(("login" = String, Path)),
    responses((status = 200, body = Shown, headers(("ETag" = String, description = "`\"VERSION\"`")))))]
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(login): Segments<String>) -> Result<Response, Problem> {
    let kept = find(&app, &signed_in, &login).await?;
    answer(&app, kept).await
}

/// Changes one version of an account. Disabling ends its sessions at once; what raises one who decides waits for a second admin.
#[utoipa::path(patch, path = "/accounts/{login}",
    params(
        ("login" = String, Path),
        ("If-Match" = String, Header, description = "`\"VERSION\"`, as the account's ETag says", pattern = "^\"[0-9]+\"$"),
    ),
    request_body = Altering, responses((status = 200, body = Shown, headers(("ETag" = String, description = "`\"VERSION\"`, of the new one")))))]
pub(super) async fn update(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(login): Segments<String>,
    over: Over,
    JsonBody(altering): JsonBody<Altering>,
) -> Result<Response, Problem> {
    let kept = seen(&app, &signed_in, &login, &over).await?;
    let changed = accounts::alter(app.store(), By::Admin(signed_in.actor()), kept, altering, once(&over.key)?).await;
    let kept = changed.map_err(|error| over.if_match.outdated(error))?;
    app.sessions().invalidate_all();
    answer(&app, kept).await
}

/// Gives an account another password, which ends its sessions. An admin's or auditor's waits for a second admin.
#[utoipa::path(post, path = "/accounts/{login}/password", params(("login" = String, Path)), request_body = Reset, responses((status = 200, body = WithPassword)))]
pub(super) async fn reset(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(login): Segments<String>,
    key: Key,
    JsonBody(reset): JsonBody<Reset>,
) -> Result<Response, Problem> {
    let kept = find(&app, &signed_in, &login).await?;
    let made = accounts::reset(app.store(), By::Admin(signed_in.actor()), kept, reset.password, once(&key)?).await?;
    app.sessions().invalidate_all();
    with_password(&app, made).await
}

/// Lets a change take effect that another admin asked for.
#[utoipa::path(post, path = "/accounts/{login}/confirm",
    params(
        ("login" = String, Path),
        ("If-Match" = String, Header, description = "`\"VERSION\"`, as the account's ETag says", pattern = "^\"[0-9]+\"$"),
    ),
    responses((status = 200, body = Shown, headers(("ETag" = String, description = "`\"VERSION\"`, of the new one"))), (status = 409)))]
pub(super) async fn confirm(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(login): Segments<String>,
    over: Over,
) -> Result<Response, Problem> {
    let kept = seen(&app, &signed_in, &login, &over).await?;
    let decided = accounts::confirm(app.store(), signed_in.actor(), kept, once(&over.key)?).await;
    let kept = decided.map_err(|error| over.if_match.outdated(error))?;
    app.sessions().invalidate_all();
    answer(&app, kept).await
}

/// Drops a change that waits.
#[utoipa::path(post, path = "/accounts/{login}/refuse",
    params(
        ("login" = String, Path),
        ("If-Match" = String, Header, description = "`\"VERSION\"`, as the account's ETag says", pattern = "^\"[0-9]+\"$"),
    ),
    responses((status = 200, body = Shown, headers(("ETag" = String, description = "`\"VERSION\"`, of the new one"))), (status = 409)))]
pub(super) async fn refuse(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(login): Segments<String>,
    over: Over,
) -> Result<Response, Problem> {
    let kept = seen(&app, &signed_in, &login, &over).await?;
    let decided = accounts::refuse(app.store(), signed_in.actor(), kept, once(&over.key)?).await;
    let kept = decided.map_err(|error| over.if_match.outdated(error))?;
    answer(&app, kept).await
}

/// Of a change only that it was done is kept under its key: its answer may hold a password.
fn once(key: &Key) -> Result<Once<Kept>, Problem> {
    Ok(key.done()?.once())
}

/// The account that an admin deals with.
async fn find(app: &App, signed_in: &SignedIn, login: &str) -> Result<Kept, Problem> {
    administration::act(app, signed_in, "put-account").await?;
    accounts::find(app.store(), signed_in.actor(), login).await
}

/// The account, where it still is at the version that `If-Match` must name.
async fn seen(app: &App, signed_in: &SignedIn, login: &str, over: &Over) -> Result<Kept, Problem> {
    over.if_match.required()?;
    let kept = find(app, signed_in, login).await?;
    over.if_match.check("account", kept.version)?;
    Ok(kept)
}

async fn answer(app: &App, kept: Kept) -> Result<Response, Problem> {
    let etag = format!("\"{}\"", kept.version);
    Ok(([(header::ETAG, etag)], body::json(&shown(app, kept).await?)?).into_response())
}

async fn with_password(app: &App, made: Made) -> Result<Response, Problem> {
    let etag = format!("\"{}\"", made.kept.version);
    let answer = WithPassword { account: shown(app, made.kept).await?, password: made.password };
    Ok(([(header::ETAG, etag)], body::json(&answer)?).into_response())
}

async fn shown(app: &App, kept: Kept) -> Result<Shown, Problem> {
    let pending = match kept.pending {
        Some(Pending { by, at, name, password, actor, disabled }) => {
            let password = password.is_some();
            Some(ShownPending { by: person(app, by).await?, at, name, rights: rights(actor), disabled, password })
        }
        None => None,
    };
    let account = kept.account;
    Ok(Shown {
        id: account.actor.id,
        login: account.login,
        name: account.name,
        rights: rights(account.actor),
        disabled: kept.disabled,
        version: kept.version,
        pending,
    })
}

fn rights(actor: Actor) -> Rights {
    Rights { roles: actor.roles, regions: actor.regions, clearance: actor.clearance, publisher: actor.publisher }
}
