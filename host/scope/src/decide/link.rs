//! Links: fields of what a record's declared references lead to, each end under its own access.

use std::sync::Arc;

use linli_model::{EntityType, Field, FieldKind};

use super::field::{Use, about, add, told_by};
use crate::access::{Mode, Operation};
use crate::actor::Caller;
use crate::condition::RELATIONS_MAX;
use crate::denial::{Denial, DenialKind};
use crate::plan::{Link, Output};
use crate::scope::{Compiled, Scope};

/// The links of one read as its paths are decided. Paths with the same beginning share them.
pub(super) struct Links<'s, 'c> {
    scope: &'s Scope,
    near: &'s Compiled,
    caller: &'c Caller<'c>,
    found: Vec<(Link, &'s Compiled)>,
    /// What was used of the near record to follow them.
    references: Vec<(String, Mode)>,
    fields: Vec<&'s Field>,
}

/// What a read follows.
pub(super) struct Followed<'s> {
    pub found: Vec<Link>,
    /// Every field that was read for it or by it, at the far ends and on the way.
    pub fields: Vec<&'s Field>,
    /// The fewest that any access on the way gives.
    pub rows_per_call: u32,
}

impl<'s, 'c> Links<'s, 'c> {
    pub fn new(scope: &'s Scope, near: &'s Compiled, caller: &'c Caller<'c>) -> Self {
        Self { scope, near, caller, found: Vec::new(), references: Vec::new(), fields: Vec::new() }
    }

    /// Decides one path, `household.dwelling.address`.
    pub fn output(&mut self, path: &str) -> Result<Output, Denial> {
        let near = self.near;
        let too_long = || about(&near.entity, path, DenialKind::Invalid, format!("`{path}` follows more than {RELATIONS_MAX} references"));
        let names: Vec<&str> = path.split('.').collect();
        let (name, references) = names.split_last().filter(|(_, references)| references.len() <= RELATIONS_MAX).ok_or_else(too_long)?;
        let (mut from, mut access) = (None, near);
        for (at, reference) in references.iter().enumerate() {
            let next = match references.get(at + 1) {
                Some(reference) => (*reference, Use::Follow),
                None => (*name, Use::Read),
            };
            let (link, far) = self.follow(from, access, reference, next)?;
            (from, access) = (Some(link), far);
        }
        let Some(link) = from else { return Err(too_long()) };
        let (field, mode) = self.scope.usable(access, self.caller, name, Use::Read)?;
        self.note(from, access, name, mode);
        Ok(Output::Linked(link, field, mode))
    }

    /// One reference, under the access that reads what it leads to.
    fn follow(
        &mut self,
        from: Option<usize>,
        access: &'s Compiled,
        reference: &str,
        (next, wanted): (&str, Use),
    ) -> Result<(usize, &'s Compiled), Denial> {
        let entity = &access.entity;
        let (index, mode) = self.may_follow(access, reference)?;
        let kind = entity.fields.get_index(index).map(|(_, field)| &field.kind);
        let Some(FieldKind::Reference { entity: target }) = kind else {
            let message = format!("`{reference}` of `{}` holds no reference that could be followed", entity.name);
            return Err(about(entity, reference, DenialKind::Invalid, message));
        };
        self.note(from, access, reference, mode);
        let far = self.far(target, next, wanted)?;
        let same = |(link, under): &(Link, &Compiled)| link.from == from && link.reference == reference && under.request == far.request;
        if let Some(known) = self.found.iter().position(same) {
            return Ok((known, far));
        }
        let path = match from.and_then(|from| self.found.get(from)) {
            Some((before, _)) => format!("{}.{reference}", before.path),
            None => reference.to_owned(),
        };
        let bounds = self.scope.bounds(far, self.caller)?;
        let link = Link {
            from,
            reference: reference.to_owned(),
            path,
            entity: far.entity.clone(),
            bounds,
            fields: told_by(&far.condition).collect(),
        };
        self.fields.extend(far.condition.looks_at(&far.entity).into_iter().map(|(_, field)| field));
        self.found.push((link, far));
        Ok((self.found.len() - 1, far))
    }

    /// A reference's index and mode, if the access may follow it.
    fn may_follow(&self, access: &Compiled, reference: &str) -> Result<(usize, Mode), Denial> {
        if !access.operations.contains(&Operation::Link) {
            return Err(self.no_link(access, reference));
        }
        self.scope.usable(access, self.caller, reference, Use::Follow)
    }

    /// The first access that reads `next` of the far entity type for this purpose, or follows it where the path goes on;
    /// where none does, why the first does not.
    fn far(&self, target: &str, next: &str, wanted: Use) -> Result<&'s Compiled, Denial> {
        let purpose = self.caller.purpose;
        let readers = self
            .scope
            .accesses
            .iter()
            .filter(|access| access.entity.name == target && access.purpose == purpose && access.operations.contains(&Operation::Read));
        let mut denial = None;
        for access in readers {
            match self.admits(access, next, wanted) {
                Ok(()) => return Ok(access),
                Err(reason) => denial = denial.or(Some(reason)),
            }
        }
        Err(denial.unwrap_or_else(|| self.scope.nothing(self.caller, Operation::Read, target)))
    }

    fn admits(&self, access: &Compiled, next: &str, wanted: Use) -> Result<(), Denial> {
        let entity: &Arc<EntityType> = &access.entity;
        if entity.is_labelled() {
            let message = format!("`{}` is a plugin's own: its records are read by themselves, under their labels", entity.name);
            return Err(about(entity, next, DenialKind::Invalid, message));
        }
        self.scope.may_go(access, self.caller.channel)?;
        match wanted {
            Use::Follow => self.may_follow(access, next).map(drop),
            _ => self.scope.usable(access, self.caller, next, wanted).map(drop),
        }
    }

    fn no_link(&self, access: &Compiled, reference: &str) -> Denial {
        let (entity, number) = (&access.entity, access.request + 1);
        let asked = self.scope.requested.get(access.request).is_some_and(|asked| asked.operations.contains(&Operation::Link));
        let message = if asked {
            format!("to link `{}` is asked for in [[access]] {number} but not granted{}", entity.name, self.scope.grant_hint())
        } else {
            format!(
                "to follow `{reference}` of `{}`, add \"link\" to operations of [[access]] {number} in plugin.toml and have it granted",
                entity.name
            )
        };
        about(entity, reference, DenialKind::Operation, message)
    }

    /// Puts down for the log and the label that a field was read.
    fn note(&mut self, from: Option<usize>, access: &'s Compiled, name: &str, mode: Mode) {
        self.fields.extend(access.entity.field(name));
        match from.and_then(|from| self.found.get_mut(from)) {
            None => self.references.push((name.to_owned(), mode)),
            Some((link, _)) if link.fields.iter().any(|(known, _)| known == name) => {}
            Some((link, _)) => link.fields.push((name.to_owned(), mode.as_str().to_owned())),
        }
    }

    /// What is followed. The references that were read of the near record join its own `fields` for the log, each once.
    pub fn finish(self, fields: &mut Vec<(String, String)>) -> Followed<'s> {
        add(fields, self.references.into_iter().map(|(reference, mode)| (reference, mode.as_str().to_owned())));
        let rows = self.found.iter().map(|(_, access)| access.rows_per_call);
        Followed {
            rows_per_call: rows.fold(self.near.rows_per_call, u32::min),
            found: self.found.into_iter().map(|(link, _)| link).collect(),
            fields: self.fields,
        }
    }
}
