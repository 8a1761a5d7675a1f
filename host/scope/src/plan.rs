//! Authorised work: what the store accepts, and nothing else.

use std::sync::Arc;

use linli_model::{Classification, Date, EntityType, Extent, RecordNo, RegionCode, Value};

use crate::access::Mode;
use crate::disclosure::SmallestGroup;
use crate::position::Position;
use crate::predicate::{Comparison, Predicate};
use crate::table::Tabulation;
use crate::token::TokenKey;

/// The proof that a [`Scope`](crate::Scope) allowed this work. Only this crate can make one.
#[derive(Debug)]
pub struct Authorized<T>(T);

impl<T> Authorized<T> {
    pub(crate) fn new(work: T) -> Self {
        Self(work)
    }
}

impl<T> std::ops::Deref for Authorized<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Authorized<Read> {
    /// The same read for its next page: at most `limit` further rows behind `after`. Never more than was authorised.
    pub fn next(&self, after: Option<Position>, limit: u32) -> Self {
        let limit = limit.min(self.limit);
        Self(Read { after, limit, ..self.0.clone() })
    }
}

/// The records within reach: every predicate, in the query itself.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The condition of request and grant.
    pub condition: Arc<Predicate>,
    /// Where.
    pub regions: Reach,
    /// Only this person's own record.
    pub own: Option<RecordNo>,
    /// For records that plugins keep: only what carries a label that this caller may see.
    pub label: Option<LabelRule>,
}

/// Regions within reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No bound by region: the entity type has none, or another bound applies.
    Everywhere,
    /// In one of these, none of which lies in another. Empty: nowhere.
    Within(Vec<RegionCode>),
}

impl Reach {
    /// The smallest region that holds all that may be found.
    pub fn extent(&self) -> Extent {
        let mut extent = Extent::Nowhere;
        if let Self::Within(regions) = self {
            regions.iter().for_each(|region| extent.widen(Extent::Within(region.clone())));
        }
        extent
    }

    /// Whether a region lies within.
    pub fn holds(&self, region: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Within(regions) => regions.iter().any(|within| within.contains(region)),
        }
    }
}

/// What a stored label must satisfy (invariant 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRule {
    /// Kept under this purpose.
    pub purpose: String,
    /// Read from nothing above this.
    pub clearance: Classification,
    /// Read from nothing outside these, none of which lies in another. Empty: from nothing that lies in any region.
    pub regions: Vec<RegionCode>,
}

/// What a record that a plugin keeps carries on from what its invocation had read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The purpose of the invocation.
    pub purpose: String,
    /// The highest classification that it had read.
    pub classification: Classification,
    /// Whom it had read about: a serialised bitmap of inner numbers.
    pub subjects: Vec<u8>,
    /// The smallest region that holds all that it had read.
    pub region: Extent,
}

/// One column of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// The record's token.
    Id,
    /// The record's version.
    Version,
    /// A field, by its index in the entity type, and how it is shown.
    Field(usize, Mode),
    /// A field of the record at the end of a link, by the link's index in the read and its own in that entity type.
    Linked(usize, usize, Mode),
}

/// A reference that a read follows. What is at its end is read within that end's own bounds; what lies outside is as if
/// the reference led nowhere.
#[derive(Clone, Debug)]
pub struct Link {
    /// The link at whose end the reference stands; none for the record that is read.
    pub from: Option<usize>,
    /// The reference.
    pub reference: String,
    /// The references so far, as callers write them: `household.dwelling`.
    pub path: String,
    /// What it leads to.
    pub entity: Arc<EntityType>,
    /// Which of those are within reach.
    pub bounds: Bounds,
    /// For the log: the fields that are read at its end, and how.
    pub fields: Vec<(String, String)>,
}

/// One sort key: a field by index, descending or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortKey {
    /// The field's index in the entity type.
    pub field: usize,
    /// From the highest down. Unknown values come last either way.
    pub descending: bool,
}

/// Which one record, where it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Single {
    /// By its number.
    Record(RecordNo),
    /// By a public key: field and value.
    Key(String, Value),
}

/// A page of records, or one.
#[derive(Clone, Debug)]
pub struct Read {
    /// Of this entity type.
    pub entity: Arc<EntityType>,
    /// These columns.
    pub outputs: Vec<Output>,
    /// By way of these references, each behind the one that it goes on from.
    pub links: Vec<Link>,
    /// Of the records within reach.
    pub bounds: Bounds,
    /// That the caller filters for.
    pub filter: Vec<Comparison>,
    /// In this order, then by number.
    pub sort: Vec<SortKey>,
    /// Behind this row.
    pub after: Option<Position>,
    /// At most so many.
    pub limit: u32,
    /// Only this one.
    pub single: Option<Single>,
    /// For ids.
    pub tokens: Arc<TokenKey>,
    /// For derived fields.
    pub today: Date,
    /// For the log: field and mode.
    pub fields: Vec<(String, String)>,
    /// The highest classification among the fields that it shows, filters and sorts by, and that conditions look at.
    pub classification: Classification,
    /// For sealing positions: what a position is good for.
    pub shape: String,
    /// Within what all calls of a day may read together.
    pub allowance: Option<Allowance>,
}

/// What all calls of a day may use of something together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What it is counted under, the same for all that share it.
    pub what: String,
    /// At most so much.
    pub most: u64,
}

/// One named predicate of one record.
#[derive(Clone, Debug)]
pub struct Check {
    /// Of this entity type.
    pub entity: Arc<EntityType>,
    /// Within reach.
    pub bounds: Bounds,
    /// This record.
    pub record: RecordNo,
    /// Its name in the manifest.
    pub name: String,
    /// What is asked.
    pub predicate: Arc<Predicate>,
    /// For derived fields.
    pub today: Date,
    /// For the log: what it tests, and what the condition of its records looks at elsewhere.
    pub fields: Vec<(String, String)>,
    /// The highest classification among the fields that it and the condition of its records look at.
    pub classification: Classification,
}

/// A declared table.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Of this entity type.
    pub entity: Arc<EntityType>,
    /// Of the records within reach.
    pub bounds: Bounds,
    /// Its name in the manifest.
    pub name: String,
    /// What is counted.
    pub table: Arc<Tabulation>,
    /// No group of fewer people is shown.
    pub fewest: SmallestGroup,
    /// For derived fields.
    pub today: Date,
    /// For the log: the fields that it counts by, adds up or chooses by.
    pub fields: Vec<String>,
    /// The highest classification among them and the fields that conditions look at.
    pub classification: Classification,
}

/// A record to make or change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Of this entity type.
    pub entity: Arc<EntityType>,
    /// Which record and version; none to make one.
    pub target: Option<(RecordNo, i64)>,
    /// The fields that are set, checked against the schema.
    pub values: Vec<(String, Value)>,
    /// What must hold of the record, before (of a changed one) and after.
    pub bounds: Bounds,
    /// What a plugin's record carries on.
    pub label: Option<Label>,
    /// For predicates over derived fields.
    pub today: Date,
    /// Who says so.
    pub source: Source,
}

/// Where values come from, for provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The actor, as the log names them.
    pub actor: String,
    /// The plugin or first-party application.
    pub application: String,
    /// For what purpose.
    pub purpose: String,
    /// On what evidence, where there is some.
    pub evidence: Option<String>,
}
