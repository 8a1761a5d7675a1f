//! A resident's account, with which they see their own record and who read it. The worker in whose care the record is opens it
//! over the community's counter, under the console's manifest, and the resident finds that in their log like everything else.

use linli_audit::{Access, Entry, Outcome};
use linli_entry::Desk;
use linli_model::{Classification, RecordNo};
use linli_scope::decide::{Ask, not_found};
use linli_scope::{Actor, Role};
use linli_store::account::{Account, Kept};
use linli_store::{Once, StoreError};
use serde_json::Value;

use crate::accounts::{self, AccountError, Made};
use crate::app::App;
use crate::auth::SignedIn;
use crate::desk::{self, RESIDENT};
use crate::problem::Problem;

/// A resident at the counter.
pub(crate) struct Counter<'a> {
    desk: Desk<'a>,
    resident: RecordNo,
    /// Masked: admins, who have no business with residents' records, see it among the accounts.
    name: String,
}

impl<'a> Counter<'a> {
    /// The resident of a token, where they are in the worker's care; that they were looked up is on the record.
    pub async fn serve(app: &'a App, signed_in: &'a SignedIn, id: &str) -> Result<Self, Problem> {
        let desk = desk::opening_accounts(app, signed_in).await?;
        let entity = desk::resident(&desk)?;
        let ask = Ask { entity: RESIDENT.into(), fields: vec!["name".into()], limit: 1, id: Some(id.to_owned()), ..Ask::default() };
        let found: Value = serde_json::from_str(&desk.record(&ask).await?.json).map_err(|error| Problem::internal(&error))?;
        let resident = desk.scope.tokens().open(entity.number, id).ok_or_else(|| not_found(&entity))?;
        let name = found.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { desk, resident, name })
    }

    /// Their account, where they have one.
    pub async fn account(&self) -> Result<Option<Kept>, StoreError> {
        self.desk.store.account_of(self.resident).await
    }

    /// Opens an account of this log-in name. Its password is made up, and said once.
    pub async fn open(&self, login: String, once: Once<Kept>) -> Result<Made, AccountError> {
        accounts::check_login(&login)?;
        if let Some(kept) = self.account().await? {
            return Err(AccountError::HasOne(kept.account.login));
        }
        let actor = Actor {
            id: 0,
            roles: vec![Role::Resident],
            regions: Vec::new(),
            // Of their own record, which is all that they reach, nothing is kept back.
            clearance: Classification::Sensitive,
            resident: Some(self.resident.0),
            publisher: None,
        };
        let account = Account { login, name: self.name.clone(), password: String::new(), actor };
        let kept = Kept { account, disabled: false, version: 1, pending: None };
        let (kept, password) = accounts::with_password(kept, None).await?;
        let said = |kept: &Kept| self.entry("open", kept).encode();
        Ok(Made { kept: self.desk.store.add_account(kept, said, once).await?, password })
    }

    /// Gives their account another password, which ends its sessions.
    pub async fn reset(&self, before: &Kept, once: Once<Kept>) -> Result<Made, AccountError> {
        let (after, password) = accounts::with_password(before.clone(), None).await?;
        let said = self.entry("new password for", before).encode();
        Ok(Made { kept: self.desk.store.change_account(before, after, said, once).await?, password })
    }

    fn entry(&self, what: &str, kept: &Kept) -> Entry {
        let mut entry = self.desk.entry(Outcome::Allowed);
        entry.entry_point = format!("{what} account {}", kept.account.actor.id);
        let access = Access { entity: RESIDENT.into(), operation: "account".into(), fields: Vec::new(), records: 1, denied: None };
        entry.accesses.push(access);
        entry.subjects.insert(self.resident.0.unsigned_abs());
        entry
    }
}
