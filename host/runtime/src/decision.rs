//! An admin's decision on a grant: checked, kept with its entry in the log, and in force at once.

use jiff::Timestamp;
use linli_scope::alteration::alteration;
use linli_scope::grant::GrantError;
use linli_scope::scope::ScopeError;
use linli_scope::{Actor, Grant, Scope, standing};
use linli_store::StoreError;

use crate::install::administration;
use crate::registry::Runtime;

/// Why a grant stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// It is not in a state for that, or the narrowing names what is not granted.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// What it would be does not compile against the plugin's request.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Runtime {
    /// Changes a grant. `what` is the log's word for it: `approve`, `narrow`, `revoke`. Returns the grant as it is now.
    ///
    /// Whether `admin` may decide is asked before.
    pub async fn decide(
        &self,
        admin: &Actor,
        before: Grant,
        what: &str,
        change: impl FnOnce(&mut Grant) -> Result<(), GrantError>,
    ) -> Result<Grant, DecisionError> {
        let mut grant = before.clone();
        change(&mut grant)?;
        self.try_grant(&grant)?;
        let mut entry = administration(admin, &format!("{what} grant {} of", grant.id), &grant.plugin, &grant.digest);
        let altered = alteration(&before, &grant, &self.store().catalogue());
        if !altered.is_empty() {
            entry.entry_point = format!("{}: {altered}", entry.entry_point);
        }
        let grant = self.store().put_grant(grant, Some(entry.encode())).await?;
        self.refresh(&grant.plugin).await?;
        Ok(grant)
    }

    /// Whether a grant as it would be compiles against the plugin's request, before it is kept.
    fn try_grant(&self, grant: &Grant) -> Result<(), ScopeError> {
        match self.plugin(&grant.plugin).filter(|plugin| plugin.digest == grant.digest) {
            Some(plugin) => {
                Scope::compile(&self.sources(&plugin.manifest, Some(grant), &self.store().catalogue(), &plugin.publisher)).map(|_| ())
            }
            None => Ok(()),
        }
    }

    /// Lets a changed grant take effect, for calls under way too.
    async fn refresh(&self, id: &str) -> Result<(), DecisionError> {
        if let Some(plugin) = self.plugin(id) {
            let grants = self.store().grants().await?;
            let grant = standing::of_component(&grants, id, &plugin.digest, Timestamp::now());
            let scope = Scope::compile(&self.sources(&plugin.manifest, grant, &self.store().catalogue(), &plugin.publisher))?;
            plugin.set_scope(scope);
        }
        Ok(())
    }
}
