//! What there is in a world: entity types, records, and what a field of a record holds.

use std::collections::BTreeMap;

use crate::core::Core;
use crate::schema::{Field, Kind, Schema, community};
use crate::value::{Value, age};

/// Fields by name; unknown ones are absent.
pub type Values = BTreeMap<String, Value>;
/// Records by the number that the platform gives them in the order of their making.
pub type Records = BTreeMap<i64, Record>;

/// A record as it was entered.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: String,
    pub version: i64,
    /// Under which purpose it was made: records of a plugin stay under theirs. None of the core's.
    pub purpose: Option<&'static str>,
    pub values: Values,
}

/// A plugin's own entity type beside those of the core.
pub struct Domain<'a> {
    pub core: &'a Core,
    pub own: Schema,
    pub things: Records,
}

impl<'a> Domain<'a> {
    pub fn schema(&self, name: &str) -> &Schema {
        if name == self.own.name { &self.own } else { self.core.schema(name).unwrap() }
    }

    pub fn records(&self, name: &str) -> &Records {
        if name == self.own.name { &self.things } else { self.core.records(name).unwrap() }
    }

    /// The fields along a path such as `household.dwelling.kind`, each with its entity type.
    pub fn along<'s>(&'s self, schema: &'s Schema, path: &str) -> Vec<(&'s Schema, &'s Field)> {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let Some(field) = schema.field(name) else { return Vec::new() };
        let behind = rest.zip(field.target()).map(|(rest, target)| self.along(self.schema(target), rest));
        std::iter::once((schema, field)).chain(behind.unwrap_or_default()).collect()
    }

    /// What a field holds of a record with these values, or of what its references lead to.
    pub fn value(&self, schema: &Schema, values: &Values, path: &str, today: &str) -> Value {
        if let Some((reference, rest)) = path.split_once('.') {
            let target = schema.field(reference).and_then(Field::target).unwrap();
            let Some(Value::Reference { number, .. }) = values.get(reference) else { return Value::Null };
            return self.value(self.schema(target), &self.records(target)[number].values, rest, today);
        }
        match (schema.field(path).map(|field| &field.kind), values.get("grid")) {
            (Some(Kind::AgeOf(source)), _) => match values.get(source) {
                Some(Value::Date(born)) => Value::Integer(age(born, today)),
                _ => Value::Null,
            },
            (Some(Kind::Community), Some(Value::Text(grid))) => Value::Text(community(grid)),
            _ => values.get(path).cloned().unwrap_or(Value::Null),
        }
    }
}
