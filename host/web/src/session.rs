//! Sessions: one opaque random token, as a cookie for browsers and as a bearer token for programs.

use std::hash::Hash;
use std::sync::Arc;

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use linli_audit::{Entry, Outcome};
use linli_scope::Actor;
use linli_store::Once;
use linli_store::account::Kept;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

use crate::accounts;
use crate::app::{ATTEMPTS_MAX, App};
use crate::password;
use crate::peer::Peer;
use crate::problem::Problem;

/// How long a session lasts.
pub const LASTS_SECONDS: i64 = 12 * 3_600;

/// A session as handlers see it.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// What the person may do.
    pub actor: Arc<Actor>,
    /// The log-in name.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// What a form must carry.
    pub csrf: String,
    /// When it ends, milliseconds since 1970.
    pub expires: i64,
}

/// A new session's token, said once.
#[derive(Debug)]
pub struct Opened {
    /// The token.
    pub token: String,
    /// The session.
    pub info: SessionInfo,
}

/// The form in which a token is kept.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn random<const N: usize>() -> Result<String, Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

/// Logs a person in. Failures are on the record, and too many of them close the door for a while: to the account, and to
/// the address from which they come.
pub(crate) async fn log_in(app: &App, login: &str, given: &str, Peer(from): Peer) -> Result<Opened, Problem> {
    // The address first: from one that is kept out nobody's account is closed.
    if let Some(from) = from {
        count_attempt(app.attempts_from(), from, app.runtime().limits().failed_log_ins, "address")?;
    }
    count_attempt(app.attempts(), login.to_owned(), ATTEMPTS_MAX, "account")?;
    let account = app.store().account(login).await?;
    let fits = fits(given, account.as_ref().map(|account| &account.password)).await?;
    let Some(account) = account.filter(|_| fits) else {
        app.store().record(entry("unknown", Outcome::Denied { code: "log-in".into(), detail: String::new() }).encode()).await?;
        return Err(Problem::unauthorized("用户名或密码不对 · the user name or the password is wrong"));
    };
    app.attempts().invalidate(login);
    if let Some(from) = from {
        app.attempts_from().entry(from).and_upsert_with(|counted| counted.map_or(0, |counted| counted.into_value().saturating_sub(1)));
    }
    let (token, csrf) = (random::<32>()?, random::<16>()?);
    let now = Timestamp::now().as_millisecond();
    let expires = now + LASTS_SECONDS * 1_000;
    let logged = entry(&account.actor.log_name(), Outcome::Allowed).encode();
    app.store().open_session(hash(&token), account.actor.id, csrf.clone(), now, expires, logged).await?;
    let info = SessionInfo { actor: Arc::new(account.actor), login: account.login, name: account.name, csrf, expires };
    Ok(Opened { token, info })
}

/// Counts a log-in as failed before it is looked at, so that many at once are no way around the bound; one that succeeds is
/// taken back.
fn count_attempt<K: Hash + Eq + Send + Sync + 'static>(
    attempts: &Cache<K, u32>,
    who: K,
    most: u32,
    by: &'static str,
) -> Result<(), Problem> {
    // Whoever is kept out is not kept out longer for trying.
    if attempts.get(&who).is_none_or(|counted| counted < most) {
        let counted = attempts.entry(who).and_upsert_with(|counted| counted.map_or(0, moka::Entry::into_value).saturating_add(1));
        if counted.into_value() <= most {
            return Ok(());
        }
    }
    metrics::counter!("linli_rate_limited_total", "by" => by).increment(1);
    let detail = format!("too many failed log-ins of this {by}; wait five minutes");
    Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", detail).retry_after(300))
}

/// Gives a signed-in person another password, which ends all their sessions, this one too. Guesses of the one before count as
/// failed log-ins.
pub async fn change_password(app: &App, info: &SessionInfo, current: &str, new: &str, once: Once<Kept>) -> Result<(), Problem> {
    count_attempt(app.attempts(), info.login.clone(), ATTEMPTS_MAX, "account")?;
    let before = app.store().kept_account(&info.login).await?.filter(|kept| !kept.disabled);
    let fits = fits(current, before.as_ref().map(|before| &before.account.password)).await?;
    let Some(before) = before.filter(|_| fits) else {
        return Err(Problem::forbidden("password", "现在的密码不对 · the password that you have now is another"));
    };
    app.attempts().invalidate(&info.login);
    accounts::change_own(app.store(), before, new.to_owned(), once).await?;
    app.sessions().invalidate_all();
    Ok(())
}

/// Whether a password fits an account's hash, found out where it may take its time.
async fn fits(given: &str, kept: Option<&String>) -> Result<bool, Problem> {
    let (given, kept) = (given.to_owned(), kept.cloned());
    let fits = tokio::task::spawn_blocking(move || password::fits(&given, kept.as_deref())).await;
    fits.map_err(|error| Problem::internal(&error))
}

/// Ends a session.
pub async fn log_out(app: &App, token: &str) -> Result<(), Problem> {
    let token = hash(token);
    app.sessions().invalidate(&token);
    Ok(app.store().close_session(token).await?)
}

/// The session of a token; none where there is none, or it has ended.
pub async fn find(app: &App, token: &str) -> Result<Option<Arc<SessionInfo>>, Problem> {
    let key = hash(token);
    let now = Timestamp::now().as_millisecond();
    if let Some(info) = app.sessions().get(&key) {
        return Ok(Some(info).filter(|info| info.expires >= now));
    }
    let Some(session) = app.store().session(&key, now).await? else { return Ok(None) };
    let account = session.account;
    let info = Arc::new(SessionInfo {
        actor: Arc::new(account.actor),
        login: account.login,
        name: account.name,
        csrf: session.csrf,
        expires: session.expires,
    });
    app.sessions().insert(key, info.clone());
    Ok(Some(info))
}

fn entry(actor: &str, outcome: Outcome) -> Entry {
    Entry {
        at: Timestamp::now(),
        actor: actor.to_owned(),
        application: "linli.console".into(),
        digest: None,
        grant: None,
        break_glass: None,
        purpose: "log-in".into(),
        entry_point: "log-in".into(),
        outcome,
        accesses: Vec::new(),
        subjects: roaring::RoaringTreemap::new(),
        erased: None,
    }
}
