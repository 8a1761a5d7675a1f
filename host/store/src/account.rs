//! Accounts and sessions.

use jiff::Timestamp;
use linli_audit::Encoded;
use linli_model::RecordNo;
use linli_scope::Actor;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::claim::Once;
use crate::database::{Cells as _, Row, binds};
use crate::error::StoreError;

/// A local account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its log-in name.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// The password's Argon2id hash, PHC string.
    pub password: String,
    /// What the person may do; `id` is the account's number.
    pub actor: Actor,
}

/// An account as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What it is.
    pub account: Account,
    /// Whether it may not log in.
    pub disabled: bool,
    /// How often it was changed, from 1.
    pub version: i64,
    /// A change that waits for a second admin.
    pub pending: Option<Pending>,
}

/// What an account is to become once a second admin agrees.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The admin who asked for it: an account's number.
    pub by: i64,
    /// When.
    pub at: Timestamp,
    /// The person's name.
    pub name: String,
    /// Another password's hash, where it is to have another.
    pub password: Option<String>,
    /// What the person may do.
    pub actor: Actor,
    /// Whether it may not log in.
    pub disabled: bool,
}

/// A session. Its token is kept only as a hash.
#[derive(Clone, Debug)]
pub struct Session {
    /// The account.
    pub account: Account,
    /// The token that forms must carry.
    pub csrf: String,
    /// When it ends, milliseconds since 1970.
    pub expires: i64,
}

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    let mut actor: Actor = serde_json::from_str(&row.text(4)?).map_err(|reason| StoreError::damaged("an account's rights", reason))?;
    actor.id = row.integer(0)?;
    Ok(Account { login: row.text(1)?, name: row.text(2)?, password: row.text(3)?, actor })
}

const KEPT: &str = "SELECT id, login, name, password, actor, disabled, version, pending FROM account";

fn kept(row: &Row<'_>) -> Result<Kept, StoreError> {
    let account = account(row)?;
    let pending = row.optional_text(7)?.map(serde_json::from_str::<Pending>).transpose();
    let pending = pending.map_err(|reason| StoreError::damaged("a change of an account", reason))?;
    // A new account had no number yet when it was asked for.
    let pending = pending.map(|pending| Pending { actor: Actor { id: account.actor.id, ..pending.actor }, ..pending });
    Ok(Kept { disabled: row.integer(5)? != 0, version: row.integer(6)?, pending, account })
}

impl Kept {
    fn rights(&self) -> Result<String, StoreError> {
        serde_json::to_string(&self.account.actor).map_err(|reason| StoreError::damaged("an account's rights", reason))
    }

    fn waits(&self) -> Result<Option<String>, StoreError> {
        let pending = self.pending.as_ref().map(serde_json::to_string).transpose();
        pending.map_err(|reason| StoreError::damaged("a change of an account", reason))
    }
}

impl Store {
    /// Keeps a new account and gives it its number. `entry` is its entry in the log.
    pub async fn add_account(&self, mut kept: Kept, entry: impl FnOnce(&Kept) -> Encoded, once: Once<Kept>) -> Result<Kept, StoreError> {
        kept.account.actor.id = self.readers().number("SELECT coalesce(max(id), 0) + 1 FROM account", &[]).await?;
        let entry = entry(&kept);
        self.administer_once(Some(entry), once, move |session| {
            let (account, rights, waits) = (&kept.account, kept.rights()?, kept.waits()?);
            session.execute(
                "INSERT INTO account (id, login, name, password, actor, disabled, version, pending, resident) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)",
                binds![
                    account.actor.id,
                    &account.login,
                    &account.name,
                    &account.password,
                    &rights,
                    i64::from(kept.disabled),
                    waits.as_deref(),
                    account.actor.resident
                ],
            )?;
            Ok(kept)
        })
        .await
    }

    /// Puts an account in place of the one that was read as `before`, if nobody else changed it in between. Without leave to log
    /// in, or with another password, its sessions end.
    pub async fn change_account(&self, before: &Kept, mut after: Kept, entry: Encoded, once: Once<Kept>) -> Result<Kept, StoreError> {
        let (version, ends) = (before.version, after.disabled || after.account.password != before.account.password);
        after.version = version + 1;
        self.administer_once(Some(entry), once, move |session| {
            let (account, rights, waits) = (&after.account, after.rights()?, after.waits()?);
            let changed = session.execute(
                "UPDATE account SET name = $1, password = $2, actor = $3, disabled = $4, pending = $5, version = $6 WHERE id = $7 AND version = $8",
                binds![
                    &account.name,
                    &account.password,
                    &rights,
                    i64::from(after.disabled),
                    waits.as_deref(),
                    after.version,
                    account.actor.id,
                    version
                ],
            )?;
            if changed != 1 {
                return Err(StoreError::Stale { entity: "account".into(), current: version });
            }
            if ends {
                session.execute("DELETE FROM session WHERE account = $1", binds![account.actor.id])?;
            }
            Ok(after)
        })
        .await
    }

    /// Accounts behind a number, in their order.
    pub async fn kept_accounts(&self, behind: i64, limit: i64) -> Result<Vec<Kept>, StoreError> {
        self.readers().all(&format!("{KEPT} WHERE id > $1 ORDER BY id LIMIT $2"), binds![behind, limit], kept).await
    }

    /// An account by its log-in name, whether it may log in or not.
    pub async fn kept_account(&self, login: &str) -> Result<Option<Kept>, StoreError> {
        self.readers().first(&format!("{KEPT} WHERE login = $1"), binds![login], kept).await
    }

    /// The account of a resident.
    pub async fn account_of(&self, resident: RecordNo) -> Result<Option<Kept>, StoreError> {
        self.readers().first(&format!("{KEPT} WHERE resident = $1"), binds![resident.0], kept).await
    }

    /// Adds an account, or changes the one with that log-in name. Returns its number.
    pub async fn put_account(&self, account: Account, entry: Option<Encoded>) -> Result<i64, StoreError> {
        let actor = serde_json::to_string(&account.actor).map_err(|reason| StoreError::damaged("an account's rights", reason))?;
        self.administer(entry, move |session| {
            session.number(
                "INSERT INTO account (id, login, name, password, actor, resident) \
                 SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, CAST($5 AS BIGINT) FROM account WHERE true \
                 ON CONFLICT (login) DO UPDATE SET name = excluded.name, password = excluded.password, actor = excluded.actor, \
                 resident = excluded.resident RETURNING id",
                binds![&account.login, &account.name, &account.password, &actor, account.actor.resident],
            )
        })
        .await
    }

    /// An account that may log in, by its log-in name.
    pub async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        let text = "SELECT id, login, name, password, actor FROM account WHERE login = $1 AND disabled = 0";
        self.readers().first(text, binds![login], account).await
    }

    /// The person's name of an account number.
    pub async fn account_name(&self, id: i64) -> Result<Option<String>, StoreError> {
        self.readers().first("SELECT name FROM account WHERE id = $1", binds![id], |row| row.text(0)).await
    }

    /// Opens a session; the log-in's entry commits with it. Sessions that have ended are forgotten on the way.
    pub async fn open_session(
        &self,
        token: [u8; 32],
        account: i64,
        csrf: String,
        now: i64,
        expires: i64,
        entry: Encoded,
    ) -> Result<(), StoreError> {
        self.administer(Some(entry), move |session| {
            session.execute("DELETE FROM session WHERE expires < $1", binds![now])?;
            session.execute(
                "INSERT INTO session (token, account, csrf, expires) VALUES ($1, $2, $3, $4)",
                binds![&token[..], account, &csrf, expires],
            )?;
            Ok(())
        })
        .await
    }

    /// A session by its token's hash, unless it has ended.
    pub async fn session(&self, token: &[u8; 32], now: i64) -> Result<Option<Session>, StoreError> {
        let text = "SELECT account.id, login, name, password, actor, csrf, expires FROM session JOIN account ON account.id = session.account \
                    WHERE token = $1 AND expires >= $2 AND disabled = 0";
        let found = |row: &Row<'_>| Ok(Session { account: account(row)?, csrf: row.text(5)?, expires: row.integer(6)? });
        self.readers().first(text, binds![&token[..], now], found).await
    }

    /// Ends a session.
    pub async fn close_session(&self, token: [u8; 32]) -> Result<(), StoreError> {
        self.administer(None, move |session| session.execute("DELETE FROM session WHERE token = $1", binds![&token[..]]).map(drop)).await
    }
}
