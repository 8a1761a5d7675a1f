use serde::Serialize;

use super::to_json;
use crate::bindings::linli::platform::records as host;
use crate::{Id, Result, Version};

/// A record to create or update, for [`apply`].
#[derive(Debug, Clone)]
pub struct Change<'a> {
    entity: &'a str,
    at: Option<(&'a Id, Version)>,
    values: String,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The record's id.
    pub id: Id,
    /// Its version from now on.
    pub version: Version,
}

impl<'a> Change<'a> {
    /// A new record.
    ///
    /// # Errors
    ///
    /// `internal` where `values` is nothing that JSON can say.
    pub fn create(entity: &'a str, values: &impl Serialize) -> Result<Self> {
        Ok(Self { entity, at: None, values: to_json(values)? })
    }

    /// New values for some fields of a record; the others stay.
    ///
    /// # Errors
    ///
    /// As [`Change::create`].
    pub fn update(entity: &'a str, id: &'a Id, version: Version, values: &impl Serialize) -> Result<Self> {
        Ok(Self { entity, at: Some((id, version)), values: to_json(values)? })
    }
}

/// Makes all of the changes or none.
///
/// # Errors
///
/// `conflict` where a record is not at its version any more or a key exists; `invalid` where values do not
/// fit the schema; `denied` outside the grant.
pub fn apply(changes: &[Change<'_>]) -> Result<Vec<Outcome>> {
    let changes: Vec<_> = (changes.iter())
        .map(|c| host::Change {
            entity: c.entity,
            id: c.at.map(|(id, _)| id.as_str()),
            version: c.at.map(|(_, version)| version.0),
            values: &c.values,
        })
        .collect();
    let outcomes = host::apply(&changes)?;
    Ok(outcomes.into_iter().map(|o| Outcome { id: Id::new(o.id), version: Version(o.version) }).collect())
}

/// Creates one record.
///
/// # Errors
///
/// As [`apply`].
pub fn create(entity: &str, values: &impl Serialize) -> Result<Outcome> {
    one(Change::create(entity, values)?)
}

/// Gives some fields of one record new values.
///
/// # Errors
///
/// As [`apply`].
pub fn update(entity: &str, id: &Id, version: Version, values: &impl Serialize) -> Result<Outcome> {
    one(Change::update(entity, id, version, values)?)
}

fn one(change: Change<'_>) -> Result<Outcome> {
    let outcome = apply(&[change])?.pop();
    outcome.ok_or_else(|| crate::Error::new(crate::code::INTERNAL, "the host answered a change with no outcome"))
}
