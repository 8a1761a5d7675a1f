//! Tables: one that the manifest declares and the grant approves, asked for by its name. A caller chooses nothing of it:
//! neither a group nor a comparison, or differences of what it chooses would tell of one person.

use linli_model::Field;

use super::field::{Use, cleared, highest};
use crate::access::Operation;
use crate::actor::Caller;
use crate::denial::{Denial, DenialKind};
use crate::disclosure::SmallestGroup;
use crate::plan::{Aggregate, Authorized};
use crate::scope::{Compiled, Scope};
use crate::table::Tabulation;

impl Scope {
    /// One declared table. No group of fewer than `fewest` people will be in it.
    pub fn aggregate(
        &self,
        caller: &Caller<'_>,
        entity: &str,
        table: &str,
        fewest: SmallestGroup,
    ) -> Result<Authorized<Aggregate>, Denial> {
        let mut candidates = self.candidates(caller, Operation::Aggregate, entity)?;
        let found = candidates.find_map(|access| access.tables.get(table).map(|tabulation| (access, tabulation)));
        let (access, tabulation) = found.ok_or_else(|| self.no_table(caller, entity, table))?;
        self.may_go(access, caller.channel)?;
        let fields = self.counted(access, caller, tabulation)?;
        let told = [&access.condition, &tabulation.condition].into_iter().flat_map(|condition| condition.looks_at(&access.entity));
        Ok(Authorized::new(Aggregate {
            bounds: self.bounds(access, caller)?,
            entity: access.entity.clone(),
            name: table.to_owned(),
            table: tabulation.clone(),
            fewest,
            today: caller.today,
            classification: highest(fields.iter().copied().chain(told.map(|(_, field)| field))),
            fields: fields.iter().map(|field| field.name.clone()).collect(),
        }))
    }

    /// The fields of a table, each granted at least to be counted by and within the actor's clearance; those that its
    /// condition looks at need no grant of their own, as those of an access do not.
    fn counted<'s>(&'s self, access: &'s Compiled, caller: &Caller<'_>, table: &'s Tabulation) -> Result<Vec<&'s Field>, Denial> {
        let entity = &access.entity;
        let mut fields = Vec::new();
        for (name, field) in table.fields().filter_map(|index| entity.fields.get_index(index)) {
            self.usable(access, caller, name, Use::Count)?;
            fields.push(field);
        }
        for (owner, field) in table.condition.looks_at(entity) {
            cleared(owner, caller, field)?;
            if !fields.iter().any(|known| known.name == field.name) {
                fields.push(field);
            }
        }
        Ok(fields)
    }

    fn no_table(&self, caller: &Caller<'_>, entity: &str, table: &str) -> Denial {
        let asked = |access: &crate::Access| {
            access.entity == entity && access.purpose == caller.purpose && access.tables.iter().any(|asked| asked.name == table)
        };
        let message = if self.requested.iter().any(asked) {
            format!("the table `{table}` of `{entity}` is asked for in plugin.toml but not granted{}", self.grant_hint())
        } else {
            format!(
                "the table `{table}` of `{entity}` is not asked for: declare it as an [[access.table]] of an [[access]] for the purpose {} \
                 in plugin.toml",
                caller.purpose
            )
        };
        Denial::new(DenialKind::Table, message).entity(entity)
    }
}

#[cfg(test)]
mod tests;
