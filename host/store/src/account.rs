//! Accounts and sessions.

use linli_audit::Encoded;
use linli_scope::Actor;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::Store;
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

fn account(row: &SqliteRow) -> Result<Account, StoreError> {
    let actor: String = row.try_get(4)?;
    let mut actor: Actor = serde_json::from_str(&actor).map_err(|reason| StoreError::damaged("an account's rights", reason))?;
    actor.id = row.try_get(0)?;
    Ok(Account { login: row.try_get(1)?, name: row.try_get(2)?, password: row.try_get(3)?, actor })
}

impl Store {
    /// Adds an account, or changes the one with that log-in name. Returns its number.
    pub async fn put_account(&self, account: Account, entry: Option<Encoded>) -> Result<i64, StoreError> {
        let actor = serde_json::to_string(&account.actor).map_err(|reason| StoreError::damaged("an account's rights", reason))?;
        self.administer(entry, move |connection| {
            Box::pin(async move {
                let row = sqlx::query(
                    "INSERT INTO account (id, login, name, password, actor) SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4 FROM account WHERE true \
                     ON CONFLICT (login) DO UPDATE SET name = excluded.name, password = excluded.password, actor = excluded.actor RETURNING id",
                )
                .bind(account.login)
                .bind(account.name)
                .bind(account.password)
                .bind(actor)
                .fetch_one(connection)
                .await?;
                Ok(row.try_get(0)?)
            })
        })
        .await
    }

    /// An account by its log-in name.
    pub async fn account(&self, login: &str) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query("SELECT id, login, name, password, actor FROM account WHERE login = $1")
            .bind(login)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(account).transpose()
    }

    /// The person's name of an account number.
    pub async fn account_name(&self, id: i64) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT name FROM account WHERE id = $1").bind(id).fetch_optional(self.readers()).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
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
        self.administer(Some(entry), move |connection| {
            Box::pin(async move {
                sqlx::query("DELETE FROM session WHERE expires < $1").bind(now).execute(&mut *connection).await?;
                sqlx::query("INSERT INTO session (token, account, csrf, expires) VALUES ($1, $2, $3, $4)")
                    .bind(token.to_vec())
                    .bind(account)
                    .bind(csrf)
                    .bind(expires)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// A session by its token's hash, unless it has ended.
    pub async fn session(&self, token: &[u8; 32], now: i64) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query(
            "SELECT account.id, login, name, password, actor, csrf, expires FROM session JOIN account ON account.id = session.account WHERE token = $1 AND expires >= $2",
        )
        .bind(token.to_vec())
        .bind(now)
        .fetch_optional(self.readers())
        .await?;
        row.map(|row| Ok(Session { account: account(&row)?, csrf: row.try_get(5)?, expires: row.try_get(6)? })).transpose()
    }

    /// Ends a session.
    pub async fn close_session(&self, token: [u8; 32]) -> Result<(), StoreError> {
        self.administer(None, move |connection| {
            Box::pin(async move {
                sqlx::query("DELETE FROM session WHERE token = $1").bind(token.to_vec()).execute(connection).await?;
                Ok(())
            })
        })
        .await
    }
}
