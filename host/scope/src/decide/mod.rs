//! The decision: what this caller may do now under a compiled scope.
//!
//! | module | decides |
//! |---|---|
//! | `read` | pages of records, one record, one by a public key |
//! | `check` | one named predicate of one record |
//! | `aggregate` | one declared table |
//! | `change` | making and changing records: first the fields, then the values |
//! | `field` | what a field may be used for |
//! | `link` | what references lead to |
//!
//! Here: entry points, whether the grant stands, which accesses come into question, and which records are in reach.

mod aggregate;
mod change;
mod check;
mod field;
mod link;
mod read;

use std::sync::Arc;

use linli_model::{EntityType, RecordNo, RegionCode, SubjectPath, region};

use crate::Actor;
use crate::access::Operation;
use crate::actor::{Caller, Channel, Role};
use crate::denial::{Denial, DenialKind};
use crate::grant::GrantState;
use crate::manifest::{EntryKind, EntryPoint};
use crate::plan::{Allowance, Bounds, LabelRule, Reach};
use crate::scope::{Compiled, GrantInForce, Scope};

pub use change::{Draft, Permission};
pub use read::{Ask, Filter};

impl Scope {
    /// Whether the actor may come in by this entry point.
    pub fn admit(&self, kind: EntryKind, name: &str, actor: Option<&Actor>) -> Result<Arc<EntryPoint>, Denial> {
        let log_name = match kind {
            EntryKind::Page => format!("page {name}"),
            EntryKind::Action => format!("action {name}"),
        };
        let entry = self
            .entry_points
            .get(&log_name)
            .cloned()
            .ok_or_else(|| Denial::new(DenialKind::NotFound, format!("{} has no {log_name}", self.application)))?;
        match actor {
            _ if entry.public => Ok(entry),
            None => Err(Denial::new(DenialKind::SignIn, format!("{log_name} asks for a log-in"))),
            Some(actor) if actor.roles.iter().any(|role| entry.roles.contains(role)) => Ok(entry),
            Some(_) => {
                let roles: Vec<_> = entry.roles.iter().map(|role| role.as_str()).collect();
                Err(Denial::new(
                    DenialKind::Role,
                    format!("{log_name} is for the roles {}; see its `roles` in plugin.toml", roles.join(", ")),
                ))
            }
        }
    }

    /// Whether the grant stands now.
    pub fn in_force(&self, now: jiff::Timestamp) -> Result<(), Denial> {
        let plugin = &self.application;
        match &self.grant {
            GrantInForce::BuiltIn => Ok(()),
            GrantInForce::Missing => Err(Denial::new(
                DenialKind::NoGrant,
                format!("{plugin} has no grant for this component; an admin must approve its request"),
            )),
            GrantInForce::Given { id, state: GrantState::Requested, .. } => Err(Denial::new(
                DenialKind::NoGrant,
                format!("grant {id} of {plugin} is requested, not approved: linli grant approve {id}"),
            )),
            GrantInForce::Given { id, state: GrantState::AwaitingSecond, .. } => Err(Denial::new(
                DenialKind::NoGrant,
                format!("grant {id} of {plugin} has one of the two approvals that it needs; another admin: linli grant approve {id}"),
            )),
            GrantInForce::Given { id, state: GrantState::Revoked, .. } => {
                Err(Denial::new(DenialKind::GrantRevoked, format!("grant {id} of {plugin} was revoked")))
            }
            GrantInForce::Given { id, expires, .. } if *expires <= now => {
                Err(Denial::new(DenialKind::GrantExpired, format!("grant {id} of {plugin} expired on {expires}")))
            }
            GrantInForce::Given { .. } => Ok(()),
        }
    }

    /// Whether anything stands for this caller now: the grant, and for an emergency a glass that this very person broke, whose
    /// number is given.
    pub fn stands(&self, caller: &Caller<'_>) -> Result<Option<i64>, Denial> {
        self.in_force(caller.now)?;
        self.broken(caller.actor, caller.purpose, caller.now)
    }

    /// What the first of the accesses decides that allows it; where none does, why the first of them does not.
    fn first<'s, T>(
        &'s self,
        caller: &Caller<'_>,
        operation: Operation,
        entity: &str,
        decide: impl Fn(&'s Compiled) -> Result<T, Denial>,
    ) -> Result<T, Denial> {
        let mut denial = None;
        for access in self.candidates(caller, operation, entity)? {
            match decide(access) {
                Ok(decided) => return Ok(decided),
                Err(reason) => denial = denial.or(Some(reason)),
            }
        }
        Err(denial.unwrap_or_else(|| self.nothing(caller, operation, entity)))
    }

    /// The accesses that give this operation for this purpose; a denial where the grant or the actor's standing rules all out.
    fn candidates<'s>(
        &'s self,
        caller: &Caller<'_>,
        operation: Operation,
        entity: &str,
    ) -> Result<impl Iterator<Item = &'s Compiled>, Denial> {
        self.stands(caller)?;
        if caller.actor.is_none() && operation != Operation::PublicLookup {
            return Err(Denial::new(
                DenialKind::SignIn,
                format!("without a log-in only public-lookup is possible, not {} of `{entity}`", operation.as_str()),
            )
            .entity(entity));
        }
        let named = self.entities.get(entity).map(|entity| entity.name.as_str());
        let purpose = caller.purpose;
        let unattended = is_unattended(caller);
        Ok(self.accesses.iter().filter(move |access| {
            Some(access.entity.name.as_str()) == named
                && access.purpose == purpose
                && access.operations.contains(&operation)
                && (access.unattended || !unattended)
        }))
    }

    /// What to say where no access gives the operation.
    fn nothing(&self, caller: &Caller<'_>, operation: Operation, entity: &str) -> Denial {
        let word = operation.as_str();
        let asked: Vec<_> = self.requested.iter().filter(|access| access.entity == entity && access.purpose == caller.purpose).collect();
        let (kind, message) = if asked.is_empty() {
            (DenialKind::Entity, format!("plugin.toml asks nothing of `{entity}` for the purpose {}: add an [[access]]", caller.purpose))
        } else if asked.iter().all(|access| !access.operations.contains(&operation)) {
            (
                DenialKind::Operation,
                format!("plugin.toml does not ask to {word} `{entity}` for the purpose {}: add it to `operations`", caller.purpose),
            )
        } else if is_unattended(caller) && asked.iter().all(|access| !access.unattended) {
            let message = format!("to {word} `{entity}` without a person, as a schedule does, needs unattended = true in its [[access]]");
            (DenialKind::Operation, message)
        } else {
            (DenialKind::Operation, format!("to {word} `{entity}` is asked for but not granted{}", self.grant_hint()))
        };
        Denial::new(kind, message).entity(entity)
    }

    fn grant_hint(&self) -> String {
        match self.grant {
            GrantInForce::Given { id, .. } => format!("; see grant {id}: linli grant review {id}"),
            GrantInForce::BuiltIn | GrantInForce::Missing => String::new(),
        }
    }

    /// A token's record; what does not open is not found, as if it lay out of scope.
    fn open_id(&self, entity: &EntityType, id: &str) -> Result<RecordNo, Denial> {
        self.tokens.open(entity.number, id).ok_or_else(|| not_found(entity))
    }

    /// What is granted for bound blocks only does not go into the plugin.
    fn may_go(&self, access: &Compiled, channel: Channel) -> Result<(), Denial> {
        if !access.bound || channel == Channel::Bound {
            return Ok(());
        }
        let name = &access.entity.name;
        let message =
            format!("[[access]] {} has bound = true: `{name}` may be read in bound blocks only, not by the plugin", access.request + 1);
        Err(Denial::new(DenialKind::BoundOnly, message).entity(name))
    }

    /// The rows that the grant allows a day of an access, if it says how many. A new grant begins anew.
    fn allowance(&self, access: &Compiled) -> Option<Allowance> {
        let grant = self.grant_id().map_or_else(|| self.application.clone(), |id| id.to_string());
        access.rows_per_day.map(|most| Allowance { what: format!("rows {grant} {}", access.request + 1), most })
    }

    /// Where both the actor may act and the access gives something, as the divisions are now.
    pub(crate) fn within(&self, actor: &Actor, access: &Compiled) -> Vec<RegionCode> {
        match &access.regions {
            Some(granted) => self.regions.shared(&actor.regions, granted),
            None => region::minimal(actor.regions.clone()),
        }
    }

    /// Which records are in reach: condition, regions of actor and grant, own record, label.
    fn bounds(&self, access: &Compiled, caller: &Caller<'_>) -> Result<Bounds, Denial> {
        let actor = caller.actor.ok_or_else(|| Denial::new(DenialKind::SignIn, "asks for a log-in"))?;
        let within = self.within(actor, access);
        // What was derived from a region may be seen where the region itself may: by this actor, under this grant.
        let label = access.entity.is_labelled().then(|| LabelRule {
            purpose: caller.purpose.to_owned(),
            clearance: actor.clearance,
            regions: within.clone(),
        });
        let mut bounds = Bounds { condition: access.condition.clone(), regions: Reach::Everywhere, own: None, label };
        if access.own {
            let own = actor.own_record().ok_or_else(|| Denial::new(DenialKind::Region, "this account has no record of its own"))?;
            if access.entity.subjects != [SubjectPath::Own] {
                return Err(Denial::new(DenialKind::Invalid, format!("`{}` has no own record", access.entity.name)));
            }
            bounds.own = Some(own);
        } else if access.entity.region_column().is_some() {
            bounds.regions = Reach::Within(within);
        }
        Ok(bounds)
    }
}

/// Whether a schedule or an event calls, behind which there is no person.
fn is_unattended(caller: &Caller<'_>) -> bool {
    caller.actor.is_some_and(|actor| actor.has(Role::Unattended))
}

/// The answer to a record that is not there, or not for this caller: the same for both.
pub fn not_found(entity: &EntityType) -> Denial {
    Denial::new(DenialKind::NotFound, format!("there is no such {} for this caller", entity.name)).entity(&entity.name)
}

#[cfg(test)]
mod tests;
