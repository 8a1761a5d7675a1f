//! Breaking the glass over an emergency purpose, ending it, and the review that closes it: each on the record, and in force at
//! once, for calls under way too.

use jiff::Timestamp;
use linli_audit::{Entry, Outcome};
use linli_scope::break_glass::{BreakGlassError, Breaking, Reviewing};
use linli_scope::{Actor, BreakGlass, Denial, DenialKind};
use linli_store::{Once, StoreError};

use crate::decision::DecisionError;
use crate::install::administration;
use crate::registry::Runtime;

/// The purpose of what is done about emergencies, one of the administration's.
const PURPOSE: &str = "emergency";

/// Why a glass stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum GlassError {
    /// This person may not, or the grant does not stand.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// Not so, or not now.
    #[error(transparent)]
    Glass(#[from] BreakGlassError),
    /// It did not take effect.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Runtime {
    /// Breaks the glass for a person. What is denied them is on the record too.
    pub async fn break_glass(&self, actor: &Actor, breaking: &Breaking, once: Once<BreakGlass>) -> Result<BreakGlass, GlassError> {
        let now = Timestamp::now();
        let grant = match self.may_break(actor, breaking, now) {
            Ok(grant) => grant,
            Err(denial) => {
                self.store().record(turned_away(actor, breaking, &denial).encode()).await?;
                return Err(denial.into());
            }
        };
        let before = self.store().unreviewed_of(actor.id).await?;
        let glass = BreakGlass::open(breaking, grant, actor.id, now, &before)?;
        let said = |glass: &BreakGlass| {
            let mut entry = about(actor, "open", glass);
            entry.entry_point = format!("{} for {}: {}, until {}", entry.entry_point, glass.purpose, glass.cause.as_str(), glass.expires);
            entry.encode()
        };
        let glass = self.store().add_break_glass(glass, said, once).await?;
        self.refresh(&glass.plugin).await?;
        Ok(glass)
    }

    fn may_break(&self, actor: &Actor, breaking: &Breaking, now: Timestamp) -> Result<i64, Denial> {
        // A plugin's name may be hostile text: it is not said again.
        let plugin = self.plugin(&breaking.plugin).ok_or_else(|| Denial::new(DenialKind::NotFound, "there is no such plugin"))?;
        plugin.scope().may_break(actor, &breaking.purpose, now)
    }

    /// Ends one before its time.
    pub async fn end_break_glass(&self, actor: &Actor, before: BreakGlass, once: Once<BreakGlass>) -> Result<BreakGlass, GlassError> {
        let mut glass = before.clone();
        glass.end(actor.id, Timestamp::now())?;
        let glass = self.store().put_break_glass(&before, glass, about(actor, "end", &before).encode(), once).await?;
        self.refresh(&glass.plugin).await?;
        Ok(glass)
    }

    /// Closes one with what an auditor found.
    pub async fn review_break_glass(
        &self,
        auditor: &Actor,
        before: BreakGlass,
        said: &Reviewing,
        once: Once<BreakGlass>,
    ) -> Result<BreakGlass, GlassError> {
        let mut glass = before.clone();
        glass.review(auditor.id, Timestamp::now(), said)?;
        let mut entry = about(auditor, "review", &before);
        entry.entry_point = format!("{}: {}", entry.entry_point, said.outcome.as_str());
        Ok(self.store().put_break_glass(&before, glass, entry.encode(), once).await?)
    }
}

/// An entry of the log about one. What people said in their own words stands in none: the log outlives what it is about.
fn about(actor: &Actor, what: &str, glass: &BreakGlass) -> Entry {
    let entry = administration(actor, &format!("{what} break-glass {} of", glass.id), &glass.plugin, "");
    let (grant, break_glass) = (Some(glass.grant.unsigned_abs()), Some(glass.id.unsigned_abs()));
    Entry { digest: None, grant, break_glass, purpose: PURPOSE.to_owned(), ..entry }
}

fn turned_away(actor: &Actor, breaking: &Breaking, denial: &Denial) -> Entry {
    let plugin = if denial.kind == DenialKind::NotFound { "unknown" } else { &breaking.plugin };
    let outcome = Outcome::Denied { code: denial.kind.as_str().to_owned(), detail: denial.message.clone() };
    Entry { digest: None, outcome, purpose: PURPOSE.to_owned(), ..administration(actor, "open break-glass of", plugin, "") }
}
