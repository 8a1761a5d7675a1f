//! `/admin/accounts`: who may log in and what they may do.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use linli_entry::FieldError;
use linli_model::{Classification, RegionCode};
use linli_scope::Role;
use linli_store::Once;
use linli_store::account::Kept;
use linli_store::plugin::Publisher;
use linli_view::html::Flash;
use linli_view::html::pages::{AccountForm, AccountPage, AccountRow, AccountsPage};
use linli_view::{Text, Tone, route};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::flash;
use super::frame::Trouble;
use super::visit::{Fields, Posted, Reader, html};
use super::wording;
use crate::accounts::{self, Altering, By, Made, NewAccount};
use crate::administration;
use crate::app::App;
use crate::names::{person, place};
use crate::problem::Problem;

/// Accounts a page.
const LIMIT: i64 = 200;
/// A resident's account comes with their record.
const ROLES: [Role; 7] = [Role::Admin, Role::Steward, Role::Worker, Role::Officer, Role::Developer, Role::Auditor, Role::Integrator];
const CLEARANCES: [Classification; 4] =
    [Classification::Public, Classification::Internal, Classification::Personal, Classification::Sensitive];

#[derive(Deserialize)]
pub(super) struct After {
    after: Option<i64>,
}

/// `GET /admin/accounts?after=NUMBER`.
pub(super) async fn list(State(app): State<App>, reader: Reader, Query(page): Query<After>) -> Result<Response, Trouble> {
    administration::act(&app, &reader.signed_in, "put-account").await?;
    Ok(shown(&app, &reader, page.after.unwrap_or(0), None, reader.flash()).await?)
}

async fn shown(
    app: &App,
    reader: &Reader,
    behind: i64,
    said_once: Option<(&str, &str)>,
    flash: Option<Flash<'_>>,
) -> Result<Response, Problem> {
    let found = app.store().kept_accounts(behind, LIMIT).await?;
    let next = found.last().filter(|_| i64::try_from(found.len()) == Ok(LIMIT)).map(|kept| kept.account.actor.id);
    let seen: Vec<_> = found.into_iter().filter(|kept| accounts::is_seen(reader.actor(), kept)).collect();
    let publishers = app.store().publishers().await?;
    let mut rows = Vec::with_capacity(seen.len());
    for kept in &seen {
        rows.push(row(app, reader, kept).await?);
    }
    let page = AccountsPage { viewer: &reader.viewer(), accounts: &rows, form: form(None, &publishers), said_once, next, flash };
    Ok(html(page.render()))
}

/// `GET /admin/accounts/{login}`: the form to change it.
pub(super) async fn show(State(app): State<App>, reader: Reader, Path(login): Path<String>) -> Result<Response, Trouble> {
    administration::act(&app, &reader.signed_in, "put-account").await?;
    let kept = accounts::find(app.store(), reader.actor(), &login).await?;
    let (account, publishers) = (row(&app, &reader, &kept).await?, app.store().publishers().await?);
    let form = form(Some(&kept), &publishers);
    Ok(html(AccountPage { viewer: &reader.viewer(), account: &account, form }.render()))
}

/// `POST /admin/accounts`: the password that was made up is on the page that comes back, and nowhere else.
pub(super) async fn create(State(app): State<App>, posted: Posted) -> Result<Response, Trouble> {
    let reader = &posted.reader;
    administration::act(&app, &reader.signed_in, "put-account").await?;
    let field = |name: &str| posted.fields.get(name).trim().to_owned();
    let new = NewAccount {
        login: field("login"),
        name: field("name"),
        roles: roles(&posted.fields)?,
        regions: regions(&posted.fields)?,
        clearance: word(&posted.fields, "clearance")?,
        publisher: Some(field("publisher")).filter(|publisher| !publisher.is_empty()),
        password: None,
    };
    let made = accounts::make(app.store(), By::Admin(reader.actor()), new, Once::default()).await.map_err(|error| back(error.into()))?;
    said(&app, reader, made).await
}

/// `POST /admin/accounts/{login}/change`, made of the version that the admin saw.
pub(super) async fn change(State(app): State<App>, Path(login): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let kept = seen(&app, &posted, &login).await?;
    let altering = Altering {
        name: Some(posted.fields.get("name").trim().to_owned()),
        // Whoever is a resident stays one: the form has no box for it.
        roles: Some(roles(&posted.fields)?).filter(|_| kept.account.actor.resident.is_none()),
        regions: Some(regions(&posted.fields)?),
        clearance: Some(word(&posted.fields, "clearance")?),
        publisher: Some(posted.fields.get("publisher").to_owned()),
        disabled: None,
    };
    alter(&app, &posted, kept, altering).await
}

/// `POST /admin/accounts/{login}/disable`.
pub(super) async fn disable(State(app): State<App>, Path(login): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let kept = found(&app, &posted, &login).await?;
    alter(&app, &posted, kept, Altering { disabled: Some(true), ..Altering::default() }).await
}

/// `POST /admin/accounts/{login}/enable`.
pub(super) async fn enable(State(app): State<App>, Path(login): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let kept = found(&app, &posted, &login).await?;
    alter(&app, &posted, kept, Altering { disabled: Some(false), ..Altering::default() }).await
}

/// `POST /admin/accounts/{login}/password`.
pub(super) async fn reset(State(app): State<App>, Path(login): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let kept = found(&app, &posted, &login).await?;
    let made = accounts::reset(app.store(), By::Admin(posted.reader.actor()), kept, None, Once::default())
        .await
        .map_err(|error| back(error.into()))?;
    app.sessions().invalidate_all();
    said(&app, &posted.reader, made).await
}

/// `POST /admin/accounts/{login}/confirm`, of the change that the admin saw.
pub(super) async fn confirm(State(app): State<App>, Path(login): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let kept = seen(&app, &posted, &login).await?;
    accounts::confirm(app.store(), posted.reader.actor(), kept, Once::default()).await.map_err(|error| back(error.into()))?;
    app.sessions().invalidate_all();
    Ok(flash::go("已确认，即时生效。", "Confirmed; in force at once.", &posted.reader.signed_in.session.csrf, route::ACCOUNTS)?)
}

/// `POST /admin/accounts/{login}/refuse`, of the change that the admin saw.
pub(super) async fn refuse(State(app): State<App>, Path(login): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let kept = seen(&app, &posted, &login).await?;
    accounts::refuse(app.store(), posted.reader.actor(), kept, Once::default()).await.map_err(|error| back(error.into()))?;
    Ok(flash::go("已取消该更改。", "The change is dropped.", &posted.reader.signed_in.session.csrf, route::ACCOUNTS)?)
}

async fn alter(app: &App, posted: &Posted, kept: Kept, altering: Altering) -> Result<Response, Trouble> {
    let changed = accounts::alter(app.store(), By::Admin(posted.reader.actor()), kept, altering, Once::default()).await;
    let kept = changed.map_err(|error| back(error.into()))?;
    app.sessions().invalidate_all();
    let (zh, en) = match kept.pending {
        Some(_) => ("已提交，待另一位管理员确认后生效。", "A second admin must confirm it, too."),
        None => ("已更改，即时生效。", "Changed; in force at once."),
    };
    Ok(flash::go(zh, en, &posted.reader.signed_in.session.csrf, route::ACCOUNTS)?)
}

async fn said(app: &App, reader: &Reader, made: Made) -> Result<Response, Trouble> {
    let password = made.password.as_deref().unwrap_or_default();
    let message = match made.kept.pending {
        Some(_) => Text::both("待另一位管理员确认后生效。", "A second admin must confirm it, too."),
        None => Text::both("即时生效。", "In force at once."),
    };
    let flash = Some(Flash { message, tone: Tone::Success });
    Ok(shown(app, reader, 0, Some((&made.kept.account.login, password)), flash).await?)
}

async fn found(app: &App, posted: &Posted, login: &str) -> Result<Kept, Trouble> {
    administration::act(app, &posted.reader.signed_in, "put-account").await?;
    accounts::find(app.store(), posted.reader.actor(), login).await.map_err(back)
}

/// The account, where it still is at the version that the form was made of.
async fn seen(app: &App, posted: &Posted, login: &str) -> Result<Kept, Trouble> {
    let kept = found(app, posted, login).await?;
    posted.fields.check_version("account", kept.version).map_err(back)?;
    Ok(kept)
}

async fn row<'k>(app: &App, reader: &Reader, kept: &'k Kept) -> Result<AccountRow<'k>, Problem> {
    let (account, tree) = (&kept.account, app.store().regions());
    let pending = match &kept.pending {
        Some(pending) => {
            let by = person(app, pending.by).await?.name.unwrap_or_default();
            let roles: Vec<_> = pending.actor.roles.iter().map(|role| role.as_str()).collect();
            let password = if pending.password.is_some() { "，新密码 new password" } else { "" };
            Some((by, format!("{}（{}）{password}", pending.name, roles.join("、"))))
        }
        None => None,
    };
    Ok(AccountRow {
        login: &account.login,
        name: &account.name,
        roles: account.actor.roles.iter().map(|role| role.as_str()).collect(),
        regions: account.actor.regions.iter().map(|region| place(&tree, region.as_str()).unwrap_or_else(|| region.to_string())).collect(),
        clearance: wording::classification(account.actor.clearance),
        publisher: account.actor.publisher.as_deref(),
        disabled: kept.disabled,
        version: kept.version,
        pending,
        can_change: account.actor.id != reader.actor().id,
    })
}

fn form<'k>(kept: Option<&'k Kept>, publishers: &'k [Publisher]) -> AccountForm<'k> {
    let actor = kept.map(|kept| &kept.account.actor);
    let codes = actor.map(|actor| actor.regions.iter().map(RegionCode::as_str).collect::<Vec<_>>().join(" "));
    let clearance = actor.map_or(Classification::Internal, |actor| actor.clearance);
    let belongs = |publisher: &Publisher| actor.is_some_and(|actor| actor.publisher.as_deref() == Some(&publisher.id));
    AccountForm {
        name: kept.map_or("", |kept| &kept.account.name),
        roles: ROLES.iter().map(|role| (role.as_str(), actor.is_some_and(|actor| actor.has(*role)))).collect(),
        regions: codes.unwrap_or_default(),
        clearances: CLEARANCES.iter().map(|one| (one.as_str(), wording::classification(*one), *one == clearance)).collect(),
        publishers: publishers.iter().map(|one| (one.id.as_str(), one.name.as_str(), belongs(one))).collect(),
    }
}

fn roles(fields: &Fields) -> Result<Vec<Role>, Trouble> {
    let given = fields.0.iter().filter(|(key, _)| key == "role");
    given.map(|(_, value)| ROLES.into_iter().find(|role| role.as_str() == value).ok_or_else(|| wrong("roles"))).collect()
}

fn regions(fields: &Fields) -> Result<Vec<RegionCode>, Trouble> {
    fields.get("regions").split_whitespace().map(|code| code.parse().map_err(|_| wrong("regions"))).collect()
}

/// A word of the API's.
fn word<T: DeserializeOwned>(fields: &Fields, name: &str) -> Result<T, Trouble> {
    serde_json::from_value(fields.get(name).into()).map_err(|_| wrong(name))
}

fn wrong(field: &str) -> Trouble {
    back(Problem::invalid(vec![FieldError { field: field.to_owned(), reason: "can't be read".to_owned() }]))
}

fn back(problem: Problem) -> Trouble {
    Trouble::from(problem).back(route::ACCOUNTS.to_owned())
}
