//! `records.aggregate`: declared tables. The host counts them for a guest and for bound blocks alike.

use linli_scope::{Channel, disclosure};
use linli_store::Tabulated;

use super::records::answer;
use crate::contract::Error;
use crate::invocation::{Refused, State};

impl State {
    /// A table for the guest, with what it needs to know of what is not in it.
    pub(super) async fn table(&mut self, entity: &str, table: &str) -> Result<String, Error> {
        self.enter()?;
        let tabulated = self.tabulate(Channel::Guest, entity, table).await;
        let tabulated = tabulated.map_err(|refused| self.refused("aggregate", refused))?;
        self.quota.take_rows(tabulated.groups, tabulated.json.len(), &self.limits).map_err(|exhausted| answer("limit", exhausted))?;
        let (fewest, step) = (self.limits.smallest_group.people(), disclosure::STEP);
        Ok(format!("{{\"smallest_group\":{fewest},\"rounded_to\":{step},\"rows\":{}}}", tabulated.json))
    }

    /// Decides on a table, counts it, and has it in the ledger before anybody sees it.
    pub(crate) async fn tabulate(&mut self, channel: Channel, entity: &str, table: &str) -> Result<Tabulated, Refused> {
        let scope = self.circumstances.scope.clone();
        let decided = scope.aggregate(&self.circumstances.caller(channel), entity, table, self.limits.smallest_group);
        let aggregate = decided.map_err(Refused::Denied)?;
        let tabulated = self.store.aggregate(&aggregate).await.map_err(Refused::Store)?;
        self.ledger.counted(&aggregate, &tabulated);
        Ok(tabulated)
    }
}
