//! An admin's decision on a grant: checked, kept with its entry in the log, and in force at once.

use jiff::Timestamp;
use linli_model::RegionCode;
use linli_scope::alteration::alteration;
use linli_scope::approval::Approving;
use linli_scope::grant::GrantError;
use linli_scope::remit::{self, Excess};
use linli_scope::scope::ScopeError;
use linli_scope::{Actor, Grant, GrantState, Narrowing, Scope, standing};
use linli_store::{Once, StoreError};

use crate::install::administration;
use crate::registry::Runtime;

/// What an admin decides.
#[derive(Clone, Debug)]
pub enum Decision {
    /// To allow what is asked.
    Approve(Approving),
    /// To take something away.
    Narrow(Box<Narrowing>),
    /// To end it, for a reason.
    Revoke(String),
}

/// Why a grant stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// It is not in a state for that, needs other eyes or an assessment, or the narrowing names what is not granted.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// It reaches beyond what this admin may decide.
    #[error(transparent)]
    Remit(#[from] Excess),
    /// What it would be does not compile against the plugin's request.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// Nobody can say what a component reads that serves no more.
    #[error("grant {0} is for a component that another has replaced: upload that component again before approving it")]
    Superseded(i64),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Decision {
    /// The log's word for it.
    fn word(&self) -> &'static str {
        match self {
            Self::Approve(_) => "approve",
            Self::Narrow(_) => "narrow",
            Self::Revoke(_) => "revoke",
        }
    }
}

impl Runtime {
    /// Changes a grant. Returns it as it is now. That `admin` is an admin is asked before.
    pub async fn decide(&self, admin: &Actor, before: Grant, decision: &Decision, once: Once<Grant>) -> Result<Grant, DecisionError> {
        let grant = self.decided(admin, &before, decision)?;
        let mut entry = administration(admin, &format!("{} grant {} of", decision.word(), grant.id), &grant.plugin, &grant.digest);
        let altered = alteration(&before, &grant, &self.store().catalogue());
        if !altered.is_empty() {
            entry.entry_point = format!("{}: {altered}", entry.entry_point);
        }
        if grant.state == GrantState::AwaitingSecond && before.state != grant.state {
            entry.entry_point.push_str(", the first of two approvals");
        }
        let grant = self.store().put_grant(grant, Some(entry.encode()), once).await?;
        self.refresh(&grant.plugin).await?;
        Ok(grant)
    }

    /// The grant as it would be.
    fn decided(&self, admin: &Actor, before: &Grant, decision: &Decision) -> Result<Grant, DecisionError> {
        let mut grant = before.clone();
        match decision {
            Decision::Approve(approving) => {
                let scope = self.scope_of(&grant)?.ok_or(DecisionError::Superseded(grant.id))?;
                grant.other_eyes(admin.id)?;
                scope.within_remit(admin, &self.roots())?;
                grant.approve(admin.id, Timestamp::now(), approving, &scope.sensitive())?;
            }
            Decision::Narrow(narrowing) => {
                grant.narrow(narrowing)?;
                // A request is narrowed so that it fits; what is in force must have fitted before.
                let narrowed = self.scope_of(&grant)?;
                let fits = if before.state == GrantState::Active { self.scope_of(before)? } else { narrowed };
                self.remit(admin, before, fits)?;
            }
            Decision::Revoke(reason) => {
                grant.revoke(reason)?;
                self.remit(admin, before, self.scope_of(before)?)?;
            }
        }
        Ok(grant)
    }

    fn remit(&self, admin: &Actor, grant: &Grant, scope: Option<Scope>) -> Result<(), Excess> {
        match scope {
            Some(scope) => scope.within_remit(admin, &self.roots()),
            None => remit::whole(admin, grant, &self.roots()),
        }
    }

    /// The regions at the top of the tree.
    pub(crate) fn roots(&self) -> Vec<RegionCode> {
        let regions = self.store().regions();
        let is_root = |code: &RegionCode| code.parent().is_none_or(|parent| !regions.has(&parent));
        regions.within(None).map(|(code, _)| code).filter(|code| is_root(code)).cloned().collect()
    }

    /// A grant against its plugin's request; none where another component serves the plugin now.
    pub(crate) fn scope_of(&self, grant: &Grant) -> Result<Option<Scope>, ScopeError> {
        let plugin = self.plugin(&grant.plugin).filter(|plugin| plugin.digest == grant.digest);
        let compile = |plugin: std::sync::Arc<crate::Plugin>| {
            Scope::compile(&self.sources(&plugin.manifest, Some(grant), &self.store().catalogue(), &plugin.publisher))
        };
        plugin.map(compile).transpose()
    }

    /// The sensitive fields that a grant touches; none known where its component serves no more.
    pub fn sensitive(&self, grant: &Grant) -> Vec<String> {
        self.scope_of(grant).ok().flatten().map(|scope| scope.sensitive()).unwrap_or_default()
    }

    /// Lets a changed grant take effect, for calls under way too.
    pub(crate) async fn refresh(&self, id: &str) -> Result<(), DecisionError> {
        if let Some(plugin) = self.plugin(id) {
            let _turn = self.refreshing().await;
            let grants = self.store().grants().await?;
            let grant = standing::of_component(&grants, id, &plugin.digest, Timestamp::now());
            let scope = Scope::compile(&self.sources(&plugin.manifest, grant, &self.store().catalogue(), &plugin.publisher))?;
            plugin.set_scope(scope.with_broken(self.broken(grant).await?));
        }
        Ok(())
    }
}
