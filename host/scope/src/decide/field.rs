//! What a field may be used for, and what to say where it may not.

use linli_model::{Classification, EntityType, Field};

use crate::access::Mode;
use crate::actor::Caller;
use crate::denial::{Denial, DenialKind};
use crate::predicate::Predicate;
use crate::scope::{Compiled, Scope};

/// What a field is wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Filter,
    Sort,
    Count,
    Set,
    /// Of a reference: read what it leads to.
    Follow,
}

impl Use {
    fn done(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Filter => "filtered by",
            Self::Sort => "sorted by",
            Self::Count => "counted by",
            Self::Set => "set",
            Self::Follow => "followed",
        }
    }

    /// Filters and sorts use only fields granted plain: a masked or checked one would be an oracle. To follow a reference
    /// shows nothing of it: what it leads to stands under an access of its own.
    fn allowed(self, mode: Mode) -> bool {
        match mode {
            Mode::Plain => true,
            Mode::Masked => matches!(self, Self::Read | Self::Follow | Self::Count),
            Mode::Check => matches!(self, Self::Follow | Self::Count),
            Mode::Aggregate => self == Self::Count,
        }
    }

    /// What to write into the manifest: a mask where one is enough.
    fn request(self, field: &Field) -> String {
        let name = &field.name;
        match self {
            Self::Read if field.mask.is_some() => format!("`{name} = \"masked\"` (or \"plain\", if the mask hides what is needed)"),
            Self::Follow => format!("`{name} = \"check\"` (or \"plain\", if the reference itself is needed too)"),
            Self::Count => format!("`{name} = \"aggregate\"`"),
            Self::Read | Self::Filter | Self::Sort | Self::Set => format!("`{name} = \"plain\"`"),
        }
    }
}

impl Scope {
    /// A field's index and mode, if it may be used so.
    pub(super) fn usable(&self, access: &Compiled, caller: &Caller<'_>, name: &str, wanted: Use) -> Result<(usize, Mode), Denial> {
        let entity = &access.entity;
        let Some((index, _, field)) = entity.fields.get_full(name) else {
            return Err(no_field(access, name, wanted));
        };
        let mode = access.fields.get(name).copied().ok_or_else(|| self.missing(access, field, wanted))?;
        if !wanted.allowed(mode) {
            return Err(self.otherwise(access, field, mode, wanted));
        }
        cleared(entity, caller, field)?;
        Ok((index, mode))
    }

    fn missing(&self, access: &Compiled, field: &Field, wanted: Use) -> Denial {
        let (name, entity, number) = (&field.name, &access.entity, access.request + 1);
        let message = match self.asked(access, name) {
            Some(_) => format!("`{name}` of `{}` is asked for in [[access]] {number} but not granted{}", entity.name, self.grant_hint()),
            None => format!(
                "`{name}` of `{}` is not asked for: add {} to fields of [[access]] {number} in plugin.toml and have it granted",
                entity.name,
                wanted.request(field)
            ),
        };
        about(entity, name, DenialKind::Field, message)
    }

    /// Granted, but not for this use.
    fn otherwise(&self, access: &Compiled, field: &Field, mode: Mode, wanted: Use) -> Denial {
        let (name, entity, number) = (&field.name, &access.entity, access.request + 1);
        let can = match mode {
            Mode::Aggregate => "tables may count by it, but it can't be",
            Mode::Check => "checks may test it, but it can't be",
            Mode::Masked | Mode::Plain => "it can be read so, but not",
        };
        let todo = match self.asked(access, name) {
            Some(asked) if wanted.allowed(asked) => {
                format!("; [[access]] {number} asks for it {}, the grant narrows it{}", asked.as_str(), self.grant_hint())
            }
            _ => format!("; for that, ask for {} in fields of [[access]] {number} in plugin.toml", wanted.request(field)),
        };
        let message = format!("`{name}` of `{}` is granted {}: {can} {}{todo}", entity.name, mode.as_str(), wanted.done());
        about(entity, name, DenialKind::FieldMode, message)
    }

    fn asked(&self, access: &Compiled, name: &str) -> Option<Mode> {
        self.requested.get(access.request).and_then(|asked| asked.fields.get(name)).copied()
    }
}

fn no_field(access: &Compiled, name: &str, wanted: Use) -> Denial {
    let (entity, number) = (&access.entity, access.request + 1);
    let message = if name.contains('.') && wanted != Use::Read {
        format!(
            "`{name}` is no field of `{}` itself: what a reference leads to can't be {} here; a condition on it belongs into `where` of \
             [[access]] {number} in plugin.toml",
            entity.name,
            wanted.done()
        )
    } else {
        format!("`{}` has no field `{name}`; [[access]] {number} in plugin.toml can only ask for fields of the schema", entity.name)
    };
    about(entity, name, DenialKind::Field, message)
}

/// Whether the actor may know what is classified so.
pub(super) fn cleared(entity: &EntityType, caller: &Caller<'_>, field: &Field) -> Result<(), Denial> {
    if caller.actor.is_some_and(|actor| actor.clearance >= field.classification) {
        return Ok(());
    }
    let message = format!("`{}` of `{}` is {}, above the actor's clearance", field.name, entity.name, field.classification.as_str());
    Err(about(entity, &field.name, DenialKind::Clearance, message))
}

/// A denial about one field.
pub(super) fn about(entity: &EntityType, field: &str, kind: DenialKind, message: impl Into<String>) -> Denial {
    Denial::new(kind, message).entity(&entity.name).field(field)
}

/// What a condition looks at of other records, for the log: whom those concern finds it there.
pub(super) fn told_by(condition: &Predicate) -> impl Iterator<Item = (String, String)> {
    condition.far_fields().into_iter().map(|path| (path, "where".to_owned()))
}

/// Adds what is not among the fields of the log's entry yet.
pub(super) fn add(fields: &mut Vec<(String, String)>, more: impl Iterator<Item = (String, String)>) {
    for (name, how) in more {
        if fields.iter().all(|(known, _)| *known != name) {
            fields.push((name, how));
        }
    }
}

/// The highest classification of some fields.
pub(super) fn highest<'f>(fields: impl Iterator<Item = &'f Field>) -> Classification {
    fields.map(|field| field.classification).max().unwrap_or(Classification::Public)
}
