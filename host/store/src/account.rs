//! Accounts and sessions.

use linli_audit::Encoded;
use linli_scope::Actor;

use crate::Store;
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

impl Store {
    /// Adds an account, or changes the one with that log-in name. Returns its number.
    pub async fn put_account(&self, account: Account, entry: Option<Encoded>) -> Result<i64, StoreError> {
        let actor = serde_json::to_string(&account.actor).map_err(|reason| StoreError::damaged("an account's rights", reason))?;
        self.administer(entry, move |session| {
            session.number(
                "INSERT INTO account (id, login, name, password, actor) SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4 FROM account WHERE true \
                 ON CONFLICT (login) DO UPDATE SET name = excluded.name, password = excluded.password, actor = excluded.actor RETURNING id",
                binds![&account.login, &account.name, &account.password, &actor],
            )
        })
        .await
    }

    /// An account by its log-in name.
    pub async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        let text = "SELECT id, login, name, password, actor FROM account WHERE login = $1";
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
                    WHERE token = $1 AND expires >= $2";
        let found = |row: &Row<'_>| Ok(Session { account: account(row)?, csrf: row.text(5)?, expires: row.integer(6)? });
        self.readers().first(text, binds![&token[..], now], found).await
    }

    /// Ends a session.
    pub async fn close_session(&self, token: [u8; 32]) -> Result<(), StoreError> {
        self.administer(None, move |session| session.execute("DELETE FROM session WHERE token = $1", binds![&token[..]]).map(drop)).await
    }
}
