//! Reads: pages of records, one record, one by a public key.

use std::sync::Arc;

use linli_model::{EntityType, Field, FieldKind, Value, entity};

use super::field::{Use, about, add, highest, told_by};
use super::link::Links;
use crate::access::{Mode, Operation};
use crate::actor::Caller;
use crate::denial::{Denial, DenialKind};
use crate::plan::{Authorized, Output, Read, Single, SortKey};
use crate::predicate::{self, Comparison, Operator};
use crate::scope::{Compiled, Scope};

/// The most fields that one read shows, …
const FIELDS_MAX: usize = 256;
/// … that it filters by, …
const FILTERS_MAX: usize = 64;
/// … and that it sorts by. A database has bounds too; it must never be what says no.
const SORTS_MAX: usize = 8;

/// A filter as a guest gives it.
pub type Filter = (String, Operator, Vec<Value>);

/// What a caller wants to read.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The entity type, as the application names it.
    pub entity: String,
    /// Fields by name.
    pub fields: Vec<String>,
    /// All of these must hold.
    pub filter: Vec<Filter>,
    /// Field and whether descending.
    pub sort: Vec<(String, bool)>,
    /// A sealed position.
    pub after: Option<String>,
    /// At most so many rows.
    pub limit: u32,
    /// Only the record of this token.
    pub id: Option<String>,
}

impl Scope {
    /// A read of records.
    pub fn read(&self, caller: &Caller<'_>, ask: &Ask) -> Result<Authorized<Read>, Denial> {
        within_bounds(ask)?;
        self.first(caller, Operation::Read, &ask.entity, |access| self.read_under(access, caller, ask))
    }

    fn read_under(&self, access: &Compiled, caller: &Caller<'_>, ask: &Ask) -> Result<Authorized<Read>, Denial> {
        self.may_go(access, caller.channel)?;
        let mut links = Links::new(self, access, caller);
        let mut outputs = Vec::with_capacity(ask.fields.len() + 1);
        let mut fields = Vec::with_capacity(ask.fields.len());
        outputs.push(Output::Id);
        for name in &ask.fields {
            match name.as_str() {
                entity::ID => {}
                entity::VERSION => outputs.push(Output::Version),
                path if path.contains('.') => outputs.push(links.output(path)?),
                name => {
                    let (index, mode) = self.usable(access, caller, name, Use::Read)?;
                    outputs.push(Output::Field(index, mode));
                    fields.push((name.to_owned(), mode.as_str().to_owned()));
                }
            }
        }
        let links = links.finish(&mut fields);
        let filter = ask.filter.iter().map(|filter| self.filter(access, caller, filter)).collect::<Result<Vec<_>, _>>()?;
        let sort = ask
            .sort
            .iter()
            .map(|(name, descending)| {
                let (field, _) = self.usable(access, caller, name, Use::Sort)?;
                Ok(SortKey { field, descending: *descending })
            })
            .collect::<Result<Vec<_>, Denial>>()?;
        // What is filtered or sorted by tells of itself, so the log has it even where it is not shown.
        let told = ask.filter.iter().map(|(name, ..)| (name, "filter")).chain(ask.sort.iter().map(|(name, _)| (name, "sort")));
        add(&mut fields, told.map(|(name, how)| (name.clone(), how.to_owned())));
        add(&mut fields, told_by(&access.condition));
        let single = ask.id.as_deref().map(|id| self.open_id(&access.entity, id)).transpose()?.map(Single::Record);
        let shape = shape(&self.application, &access.entity, &sort);
        let after = match &ask.after {
            Some(sealed) => Some(
                self.positions
                    .open(sealed, &shape)
                    .ok_or_else(|| Denial::new(DenialKind::Invalid, "`after` is no position of this query"))?,
            ),
            None => None,
        };
        Ok(Authorized::new(Read {
            bounds: self.bounds(access, caller)?,
            entity: access.entity.clone(),
            // A filter, a sort or a condition tells of its field, too.
            classification: highest(
                outputs
                    .iter()
                    .filter_map(|output| output_field(&access.entity, *output))
                    .chain(links.fields.iter().copied())
                    .chain(access.condition.looks_at(&access.entity).into_iter().map(|(_, field)| field))
                    .chain(filter.iter().filter_map(|part| access.entity.field(&part.field)))
                    .chain(sort.iter().filter_map(|key| access.entity.fields.get_index(key.field).map(|(_, field)| field))),
            ),
            outputs,
            filter,
            sort,
            after,
            limit: ask.limit.clamp(1, links.rows_per_call),
            links: links.found,
            single,
            tokens: self.tokens.clone(),
            today: caller.today,
            fields,
            shape,
            allowance: self.allowance(access),
        }))
    }

    fn filter(&self, access: &Compiled, caller: &Caller<'_>, (name, operator, values): &Filter) -> Result<Comparison, Denial> {
        self.usable(access, caller, name, Use::Filter)?;
        let invalid = |reason: String| about(&access.entity, name, DenialKind::Invalid, format!("filter on `{name}`: {reason}"));
        let mut values = values.clone();
        if let Some(FieldKind::Reference { entity }) = access.entity.field(name).map(|field| &field.kind) {
            let target = self.entities.values().find(|known| known.name == *entity);
            for value in &mut values {
                let record = match (&value, target) {
                    (Value::Text(token), Some(target)) => self.tokens.open(target.number, token),
                    _ => None,
                };
                *value = Value::Reference(record.ok_or_else(|| invalid(format!("is no id of a {entity}")))?);
            }
        }
        Comparison::new(&access.entity, name, *operator, values).map_err(|misfit| invalid(misfit.0))
    }

    /// One record by a public key, without a log-in.
    pub fn lookup(&self, caller: &Caller<'_>, entity: &str, key: &str, value: &str, fields: &[String]) -> Result<Authorized<Read>, Denial> {
        self.first(caller, Operation::PublicLookup, entity, |access| self.lookup_under(access, caller, key, value, fields))
    }

    fn lookup_under(
        &self,
        access: &Compiled,
        caller: &Caller<'_>,
        key: &str,
        value: &str,
        fields: &[String],
    ) -> Result<Authorized<Read>, Denial> {
        let entity = &access.entity;
        // By a key that the grant masks, the public could still find out what the mask hides.
        let shown_plain = public(access, key) == Some(Mode::Plain);
        let Some(field) = entity.field(key).filter(|field| field.public_key && shown_plain) else {
            let message = format!(
                "`{key}` is no public key of `{}` that the grant shows plain: it needs public-key in the schema and a place in `public`",
                entity.name
            );
            return Err(about(entity, key, DenialKind::Field, message));
        };
        let value = predicate::fit(Value::Text(value.to_owned()), field)
            .map_err(|misfit| about(entity, key, DenialKind::Invalid, format!("public-lookup by `{key}`: {misfit}")))?;
        let mut outputs = vec![Output::Id];
        let mut shown = Vec::with_capacity(fields.len());
        for name in fields {
            let (index, mode) = entity.fields.get_index_of(name.as_str()).zip(public(access, name)).ok_or_else(|| {
                let number = access.request + 1;
                let message =
                    format!("`{name}` of `{}` is not public: add it to `public` of [[access]] {number} in plugin.toml", entity.name);
                about(entity, name, DenialKind::Field, message)
            })?;
            outputs.push(Output::Field(index, mode));
            shown.push((name.clone(), mode.as_str().to_owned()));
        }
        add(&mut shown, told_by(&access.condition));
        Ok(Authorized::new(Read {
            // The grant itself opens these fields to everybody, so no actor's rights and no label bound it.
            bounds: access.granted_bounds(),
            classification: highest(
                outputs
                    .iter()
                    .filter_map(|output| output_field(entity, *output))
                    .chain(access.condition.looks_at(entity).into_iter().map(|(_, field)| field)),
            ),
            outputs,
            links: Vec::new(),
            filter: Vec::new(),
            sort: Vec::new(),
            after: None,
            limit: 1,
            single: Some(Single::Key(key.to_owned(), value)),
            tokens: self.tokens.clone(),
            today: caller.today,
            fields: shown,
            shape: shape(&self.application, entity, &[]),
            allowance: self.allowance(access),
            entity: entity.clone(),
        }))
    }
}

/// How a field is shown to the public, if it is.
fn public(access: &Compiled, name: &str) -> Option<Mode> {
    access.fields.get(name).copied().filter(|_| access.public.iter().any(|public| public == name))
}

fn output_field(entity: &EntityType, output: Output) -> Option<&Field> {
    match output {
        Output::Field(index, _) => entity.fields.get_index(index).map(|(_, field)| field),
        Output::Id | Output::Version | Output::Linked(..) => None,
    }
}

fn within_bounds(ask: &Ask) -> Result<(), Denial> {
    for (what, count, most) in
        [("fields", ask.fields.len(), FIELDS_MAX), ("filters", ask.filter.len(), FILTERS_MAX), ("sort keys", ask.sort.len(), SORTS_MAX)]
    {
        if count > most {
            return Err(Denial::new(DenialKind::Invalid, format!("a read has at most {most} {what}, this one has {count}")));
        }
    }
    Ok(())
}

fn shape(application: &str, entity: &Arc<EntityType>, sort: &[SortKey]) -> String {
    let mut shape = format!("{application}|{}", entity.name);
    for key in sort {
        shape.push(if key.descending { '-' } else { '+' });
        shape.push_str(entity.fields.get_index(key.field).map_or("", |(name, _)| name));
    }
    shape
}
