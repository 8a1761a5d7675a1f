//! Changes: first whether the fields may be set, then whether the values may.

use std::sync::Arc;

use linli_model::{Date, EntityType, Origin, RecordNo, Value};

use super::field::{Use, about};
use crate::Actor;
use crate::access::Operation;
use crate::actor::Caller;
use crate::denial::{Denial, DenialKind};
use crate::plan::{Authorized, Bounds, Change, Label, Source};
use crate::scope::{Compiled, Scope};

/// Leave to set some fields, of a new record or of a known one, before anything is said of their values. The one way to
/// an authorised [`Change`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Permission {
    entity: Arc<EntityType>,
    target: Option<(RecordNo, i64)>,
    /// By index in the entity type.
    fields: Vec<usize>,
    bounds: Bounds,
    today: Date,
    source: Source,
}

/// What is to be set, its values checked against the schema.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The fields that are set.
    pub values: Vec<(String, Value)>,
    /// On what evidence.
    pub evidence: Option<String>,
    /// What the invocation had read, where a plugin keeps it.
    pub label: Option<Label>,
}

impl Scope {
    /// Whether these fields may be set, of the record and version `target` or of a new one.
    pub fn may_change(
        &self,
        caller: &Caller<'_>,
        entity: &str,
        target: Option<(&str, i64)>,
        fields: &[&str],
    ) -> Result<Permission, Denial> {
        let operation = if target.is_some() { Operation::Update } else { Operation::Create };
        self.first(caller, operation, entity, |access| self.may_change_under(access, caller, target, fields))
    }

    fn may_change_under(
        &self,
        access: &Compiled,
        caller: &Caller<'_>,
        target: Option<(&str, i64)>,
        fields: &[&str],
    ) -> Result<Permission, Denial> {
        let entity = &access.entity;
        let fields = fields.iter().map(|name| self.settable(access, caller, name)).collect::<Result<_, _>>()?;
        let mut bounds = self.bounds(access, caller)?;
        // A record that is made carries its label; only what was there before must satisfy the rule.
        if target.is_none() {
            bounds.label = None;
        }
        let target = match target {
            Some((id, version)) => Some((self.open_id(entity, id)?, version)),
            None => None,
        };
        Ok(Permission {
            target,
            entity: entity.clone(),
            fields,
            bounds,
            today: caller.today,
            source: Source {
                actor: caller.actor.map_or_else(|| "public".to_owned(), Actor::log_name),
                application: self.application.clone(),
                purpose: caller.purpose.to_owned(),
                evidence: None,
            },
        })
    }

    fn settable(&self, access: &Compiled, caller: &Caller<'_>, name: &str) -> Result<usize, Denial> {
        let entity = &access.entity;
        let (index, _) = self.usable(access, caller, name, Use::Set)?;
        if entity.fields.get_index(index).is_some_and(|(_, field)| field.origin != Origin::Stored) {
            return Err(about(entity, name, DenialKind::Invalid, format!("`{name}` of `{}` is filled by the host", entity.name)));
        }
        Ok(index)
    }
}

impl Permission {
    /// The entity type.
    pub fn entity(&self) -> &Arc<EntityType> {
        &self.entity
    }

    /// The change with its values.
    pub fn change(&self, draft: Draft) -> Result<Authorized<Change>, Denial> {
        let entity = &self.entity;
        for (name, value) in &draft.values {
            if entity.fields.get_index_of(name.as_str()).is_none_or(|index| !self.fields.contains(&index)) {
                return Err(about(entity, name, DenialKind::Field, format!("`{name}` is not among the fields that may be set here")));
            }
            if Some(name.as_str()) == entity.region_column()
                && let Value::Text(grid) = value
                && !self.bounds.regions.holds(grid)
            {
                return Err(Denial::new(
                    DenialKind::Region,
                    format!("the region of this {} lies outside your jurisdiction or the grant's regions", entity.title.zh()),
                )
                .entity(&entity.name));
            }
        }
        Ok(Authorized::new(Change {
            entity: entity.clone(),
            target: self.target,
            values: draft.values,
            bounds: self.bounds.clone(),
            label: draft.label.filter(|_| entity.is_labelled()),
            today: self.today,
            source: Source { evidence: draft.evidence, ..self.source.clone() },
        }))
    }
}
