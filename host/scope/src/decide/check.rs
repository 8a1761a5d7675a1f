//! Checks: one named predicate of one record, answered with yes or no.

use super::field::{cleared, highest, told_by};
use crate::access::Operation;
use crate::actor::Caller;
use crate::denial::{Denial, DenialKind};
use crate::plan::{Authorized, Check};
use crate::scope::Scope;

impl Scope {
    /// One named predicate of one record.
    pub fn check(&self, caller: &Caller<'_>, entity: &str, id: &str, name: &str) -> Result<Authorized<Check>, Denial> {
        let mut candidates = self.candidates(caller, Operation::Check, entity)?;
        let found = candidates.find_map(|access| access.checks.get(name).map(|predicate| (access, predicate)));
        let (access, predicate) = found.ok_or_else(|| self.no_check(caller, entity, name))?;
        let fields = predicate.looks_at(&access.entity);
        fields.iter().try_for_each(|(entity, field)| cleared(entity, caller, field))?;
        let tested = predicate.fields().into_iter().map(|field| (field, "check".to_owned()));
        let mut told: Vec<_> = tested.chain(told_by(&access.condition)).collect();
        told.dedup();
        let all = fields.into_iter().chain(access.condition.looks_at(&access.entity));
        Ok(Authorized::new(Check {
            bounds: self.bounds(access, caller)?,
            record: self.open_id(&access.entity, id)?,
            entity: access.entity.clone(),
            name: name.to_owned(),
            predicate: predicate.clone(),
            today: caller.today,
            fields: told,
            classification: highest(all.map(|(_, field)| field)),
        }))
    }

    fn no_check(&self, caller: &Caller<'_>, entity: &str, name: &str) -> Denial {
        let asked =
            |access: &crate::Access| access.entity == entity && access.purpose == caller.purpose && access.checks.contains_key(name);
        let message = if self.requested.iter().any(asked) {
            format!("the check `{name}` of `{entity}` is asked for in plugin.toml but not granted{}", self.grant_hint())
        } else {
            format!(
                "the check `{name}` of `{entity}` is not asked for: add it to `checks` of an [[access]] for the purpose {} in plugin.toml",
                caller.purpose
            )
        };
        Denial::new(DenialKind::Predicate, message).entity(entity)
    }
}
