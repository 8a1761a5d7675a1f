//! Accounts: made and changed by admins within their own regions and clearance, and by the operator on the data directory.
//!
//! Who decides where two pairs of eyes are asked for, an admin or an auditor, is not made, raised or given a new password by one
//! admin alone: that waits until another one agrees. Taking away waits for nobody.

use jiff::Timestamp;
use linli_audit::Entry;
use linli_entry::FieldError;
use linli_model::{Classification, RegionCode, region};
use linli_runtime::install::administration;
use linli_scope::remit::Excess;
use linli_scope::{Actor, Role, account};
use linli_store::account::{Account, Kept, Pending};
use linli_store::{Once, Store, StoreError};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::password::{self, HashError};
use crate::problem::Problem;

/// Characters of a password.
pub const PASSWORD: std::ops::RangeInclusive<usize> = 12..=128;
/// Characters of a log-in name, at most, …
const LOGIN_MAX: usize = 40;
/// … of a person's name, …
const NAME_MAX: usize = 50;
/// … and regions of one account.
const REGIONS_MAX: usize = 100;

/// A new account.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The log-in name: a-z, 0-9, `.`, `_` and `-`, a letter first.
    #[schema(pattern = "^[a-z][a-z0-9._-]{0,39}$")]
    pub login: String,
    /// What people call them.
    #[schema(min_length = 1, max_length = 50, pattern = "\\S")]
    pub name: String,
    /// What they do. A resident's account comes with their record, not from here.
    #[schema(min_items = 1)]
    pub roles: Vec<Role>,
    /// Where they may act.
    #[serde(default)]
    pub regions: Vec<RegionCode>,
    /// The highest classification they may see.
    pub clearance: Classification,
    /// The publisher that a developer, officer or integrator belongs to.
    #[serde(default)]
    pub publisher: Option<String>,
    /// Else one is made up, and said once.
    #[serde(default)]
    #[schema(min_length = 12, max_length = 128, format = Password)]
    pub password: Option<String>,
}

/// What is changed of an account. What is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Altering {
    /// What people call them.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 50, pattern = "\\S")]
    pub name: Option<String>,
    /// What they do.
    #[serde(default)]
    #[schema(min_items = 1)]
    pub roles: Option<Vec<Role>>,
    /// Where they may act.
    #[serde(default)]
    pub regions: Option<Vec<RegionCode>>,
    /// The highest classification they may see.
    #[serde(default)]
    pub clearance: Option<Classification>,
    /// The publisher that they belong to; empty for none.
    #[serde(default)]
    pub publisher: Option<String>,
    /// Whether they may not log in. It ends their sessions at once.
    #[serde(default)]
    pub disabled: Option<bool>,
}

/// Who makes or changes an account.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// An admin, within their own rights.
    Admin(&'a Actor),
    /// Whoever may write to the data directory, and could write the accounts themselves.
    Operator(&'a Actor),
}

impl By<'_> {
    fn actor(&self) -> &Actor {
        match self {
            Self::Admin(actor) | Self::Operator(actor) => actor,
        }
    }
}

/// An account, and the password that was made up for it.
#[derive(Clone, Debug)]
pub struct Made {
    /// As it is now.
    pub kept: Kept,
    /// Said once.
    pub password: Option<String>,
}

/// Why an account stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Something is wrong.
    #[error("{} of the values can't be used", .0.len())]
    Invalid(Vec<FieldError>),
    /// It reaches beyond the admin's own rights.
    #[error(transparent)]
    Remit(#[from] Excess),
    /// Nobody changes their own rights.
    #[error("nobody changes or confirms their own account: another admin does")]
    Own,
    /// A resident has one account.
    #[error("this resident has an account: `{0}`")]
    HasOne(String),
    /// Nothing waits.
    #[error("no change of `{0}` waits for a second admin")]
    NothingPending(String),
    /// Whoever asked for it can't be the other pair of eyes.
    #[error("you asked for this change yourself: another admin confirms it")]
    SamePerson,
    /// The password can't be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes an account. One that decides waits, disabled, for a second admin.
pub async fn make(store: &Store, by: By<'_>, new: NewAccount, once: Once<Kept>) -> Result<Made, AccountError> {
    let actor = Actor {
        id: 0,
        roles: new.roles,
        regions: region::minimal(new.regions),
        clearance: new.clearance,
        resident: None,
        publisher: new.publisher,
    };
    let mut errors = check(store, by, &new.name, &actor).await?;
    errors.extend(login_fault(&new.login));
    let (chosen, made_up) = choose(new.password, &mut errors)?;
    refuse_faults(errors)?;
    within_remit(by, &actor)?;
    let account = Account { login: new.login, name: new.name, password: hash(chosen).await?, actor };
    let kept = waiting(by, Kept { account, disabled: false, version: 1, pending: None }, None);
    let said = |kept: &Kept| entry(by, "add", kept, &rights(&kept.account.actor)).encode();
    let kept = store.add_account(kept, said, once).await?;
    Ok(Made { kept, password: made_up })
}

/// Changes an account.
pub async fn alter(store: &Store, by: By<'_>, before: Kept, altering: Altering, once: Once<Kept>) -> Result<Kept, AccountError> {
    may_touch(by, &before)?;
    let mut after = before.clone();
    let (account, words) = (&mut after.account, described(&altering));
    account.name = altering.name.unwrap_or(account.name.clone());
    let actor = &mut account.actor;
    actor.roles = altering.roles.unwrap_or(actor.roles.clone());
    actor.regions = altering.regions.map_or(actor.regions.clone(), region::minimal);
    actor.clearance = altering.clearance.unwrap_or(actor.clearance);
    actor.publisher = match altering.publisher {
        Some(publisher) => Some(publisher).filter(|publisher| !publisher.is_empty()),
        None => actor.publisher.clone(),
    };
    after.disabled = altering.disabled.unwrap_or(before.disabled);
    refuse_faults(check(store, by, &after.account.name, &after.account.actor).await?)?;
    within_remit(by, &after.account.actor)?;
    let only_ends = after.disabled && same_rights(&before.account.actor, &after.account.actor);
    let after = if only_ends { Kept { pending: None, ..after } } else { waiting(by, after, Some(&before)) };
    let entry = entry(by, "change", &after, &words).encode();
    Ok(store.change_account(&before, after, entry, once).await?)
}

/// Gives an account another password, which ends its sessions.
pub async fn reset(store: &Store, by: By<'_>, before: Kept, password: Option<String>, once: Once<Kept>) -> Result<Made, AccountError> {
    may_touch(by, &before)?;
    let (after, made_up) = with_password(before.clone(), password).await?;
    let after = waiting(by, after, Some(&before));
    let entry = entry(by, "new password for", &after, "").encode();
    Ok(Made { kept: store.change_account(&before, after, entry, once).await?, password: made_up })
}

/// A person's own new password. That they know the one before is asked before.
pub async fn change_own(store: &Store, before: Kept, new: String, once: Once<Kept>) -> Result<Kept, AccountError> {
    let (after, _) = with_password(before.clone(), Some(new)).await?;
    let own = before.account.actor.clone();
    let entry = entry(By::Operator(&own), "own new password for", &Kept { pending: None, ..after.clone() }, "").encode();
    Ok(store.change_account(&before, after, entry, once).await?)
}

/// Lets a change take effect that another admin asked for.
pub async fn confirm(store: &Store, admin: &Actor, before: Kept, once: Once<Kept>) -> Result<Kept, AccountError> {
    let by = By::Admin(admin);
    may_touch(by, &before)?;
    let pending = before.pending.clone().ok_or_else(|| AccountError::NothingPending(before.account.login.clone()))?;
    if pending.by == admin.id {
        return Err(AccountError::SamePerson);
    }
    within_remit(by, &pending.actor)?;
    let password = pending.password.unwrap_or_else(|| before.account.password.clone());
    let account = Account { name: pending.name, password, actor: pending.actor, ..before.account.clone() };
    let after = Kept { account, disabled: pending.disabled, version: before.version, pending: None };
    let entry = entry(by, "confirm a change of", &after, &rights(&after.account.actor)).encode();
    Ok(store.change_account(&before, after, entry, once).await?)
}

/// Drops a change that waits; whoever asked for it may, too.
pub async fn refuse(store: &Store, admin: &Actor, before: Kept, once: Once<Kept>) -> Result<Kept, AccountError> {
    let by = By::Admin(admin);
    may_touch(by, &before)?;
    if before.pending.is_none() {
        return Err(AccountError::NothingPending(before.account.login.clone()));
    }
    let after = Kept { pending: None, ..before.clone() };
    let entry = entry(by, "refuse a change of", &after, "").encode();
    Ok(store.change_account(&before, after, entry, once).await?)
}

/// The account of a log-in name within an admin's own rights; others are as if there were none. What is no log-in name is asked of
/// no database.
pub(crate) async fn find(store: &Store, admin: &Actor, login: &str) -> Result<Kept, Problem> {
    let found = if is_login(login) { store.kept_account(login).await? } else { None };
    let seen = found.filter(|kept| is_seen(admin, kept));
    seen.ok_or_else(|| Problem::not_found("there is no such account within your regions and clearance"))
}

/// Whether an admin sees an account: those that lie within their own rights.
pub fn is_seen(admin: &Actor, kept: &Kept) -> bool {
    account::within_remit(admin, &kept.account.actor).is_ok()
}

fn may_touch(by: By<'_>, kept: &Kept) -> Result<(), AccountError> {
    within_remit(by, &kept.account.actor)?;
    match by {
        By::Admin(admin) if admin.id == kept.account.actor.id => Err(AccountError::Own),
        By::Admin(_) | By::Operator(_) => Ok(()),
    }
}

fn within_remit(by: By<'_>, account: &Actor) -> Result<(), AccountError> {
    match by {
        By::Admin(admin) => Ok(account::within_remit(admin, account)?),
        By::Operator(_) => Ok(()),
    }
}

/// The account as it stands until a second admin agrees, where one must.
fn waiting(by: By<'_>, after: Kept, before: Option<&Kept>) -> Kept {
    let decides = account::is_guarded(&after.account.actor) || before.is_some_and(|before| account::is_guarded(&before.account.actor));
    let By::Admin(admin) = by else { return Kept { pending: None, ..after } };
    if !decides {
        return after;
    }
    let Account { name, password, actor, .. } = after.account.clone();
    let password = Some(password).filter(|password| before.is_some_and(|before| before.account.password != *password));
    let pending = Some(Pending { by: admin.id, at: Timestamp::now(), name, password, actor, disabled: after.disabled });
    match before {
        Some(before) => Kept { pending, ..before.clone() },
        None => Kept { pending, disabled: true, ..after },
    }
}

fn same_rights(before: &Actor, after: &Actor) -> bool {
    before.roles == after.roles
        && before.regions == after.regions
        && before.clearance == after.clearance
        && before.publisher == after.publisher
}

async fn check(store: &Store, by: By<'_>, name: &str, actor: &Actor) -> Result<Vec<FieldError>, StoreError> {
    let mut errors = Vec::new();
    let characters = name.chars().count();
    if name.trim().is_empty() || characters > NAME_MAX || name.chars().any(char::is_control) {
        errors.push(fault("name", "must be 1 to 50 characters"));
    }
    if actor.roles.is_empty() {
        errors.push(fault("roles", "must name at least one"));
    }
    if actor.has(Role::Resident) != actor.resident.is_some() {
        errors.push(fault("roles", "a resident's account comes with their record: neither given nor taken here"));
    }
    if actor.regions.len() > REGIONS_MAX {
        errors.push(fault("regions", "must be at most 100"));
    }
    let tree = store.regions();
    let unknown = |region: &&RegionCode| matches!(by, By::Admin(_)) && !(tree.has(region) && tree.is_open(region.as_str()));
    if let Some(region) = actor.regions.iter().find(unknown) {
        errors.push(fault("regions", &format!("`{region}` is no region in force")));
    }
    if let Some(publisher) = &actor.publisher
        && !store.publishers().await?.iter().any(|known| known.id == *publisher)
    {
        errors.push(fault("publisher", "there is no such publisher; an admin adds it first"));
    }
    Ok(errors)
}

/// A problem where this is no log-in name.
pub(crate) fn check_login(login: &str) -> Result<(), AccountError> {
    refuse_faults(login_fault(login).into_iter().collect())
}

fn login_fault(login: &str) -> Option<FieldError> {
    (!is_login(login)).then(|| fault("login", "must be 1 to 40 of a-z, 0-9, ., _ and -, a letter first"))
}

fn is_login(login: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    login.len() <= LOGIN_MAX && login.starts_with(|first: char| first.is_ascii_lowercase()) && login.bytes().all(sign)
}

/// The password that is given, or one that is made up, which must be said.
fn choose(given: Option<String>, errors: &mut Vec<FieldError>) -> Result<(String, Option<String>), HashError> {
    match given {
        Some(given) => {
            if !PASSWORD.contains(&given.chars().count()) {
                errors.push(fault("password", "must be 12 to 128 characters"));
            }
            Ok((given, None))
        }
        None => {
            let made_up = password::random()?;
            Ok((made_up.clone(), Some(made_up)))
        }
    }
}

/// The account with this password, or with one that is made up, which is said once.
pub(crate) async fn with_password(mut kept: Kept, given: Option<String>) -> Result<(Kept, Option<String>), AccountError> {
    let mut errors = Vec::new();
    let (chosen, made_up) = choose(given, &mut errors)?;
    refuse_faults(errors)?;
    kept.account.password = hash(chosen).await?;
    Ok((kept, made_up))
}

async fn hash(password: String) -> Result<String, AccountError> {
    let hashed = tokio::task::spawn_blocking(move || password::hash(&password)).await;
    Ok(hashed.map_err(|_| StoreError::Closed)??)
}

fn refuse_faults(errors: Vec<FieldError>) -> Result<(), AccountError> {
    if errors.is_empty() { Ok(()) } else { Err(AccountError::Invalid(errors)) }
}

fn fault(field: &str, reason: &str) -> FieldError {
    FieldError { field: field.to_owned(), reason: reason.to_owned() }
}

/// An entry of the log, by the account's number: the log outlives names.
fn entry(by: By<'_>, what: &str, kept: &Kept, words: &str) -> Entry {
    let mut said = format!("account {}", kept.account.actor.id);
    if !words.is_empty() {
        said = format!("{said}: {words}");
    }
    if kept.pending.is_some() {
        said.push_str(", waits for a second admin");
    }
    Entry { digest: None, ..administration(by.actor(), what, &said, "") }
}

/// What an account may, in words for the log.
fn rights(actor: &Actor) -> String {
    let altering = Altering {
        roles: Some(actor.roles.clone()),
        regions: Some(actor.regions.clone()),
        clearance: Some(actor.clearance),
        publisher: actor.publisher.clone(),
        ..Altering::default()
    };
    described(&altering)
}

fn described(altering: &Altering) -> String {
    let mut words = Vec::new();
    if altering.name.is_some() {
        words.push("name".to_owned());
    }
    if let Some(roles) = &altering.roles {
        words.push(format!("roles {}", roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ")));
    }
    if let Some(regions) = &altering.regions {
        words.push(format!("regions {}", regions.iter().map(RegionCode::as_str).collect::<Vec<_>>().join(" ")));
    }
    if let Some(clearance) = altering.clearance {
        words.push(format!("clearance {}", clearance.as_str()));
    }
    if let Some(publisher) = &altering.publisher {
        // Of a publisher that there is not, nothing comes to this.
        words.push(format!("publisher {publisher}"));
    }
    if let Some(disabled) = altering.disabled {
        words.push(if disabled { "disabled" } else { "enabled" }.to_owned());
    }
    words.join("; ")
}
