//! Bound blocks: a query that the host runs, so that the rows never enter the plugin.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::ViewError;
use crate::limit::{self, Checked};
use crate::scalar::{Scalar, Str};

/// Rows that a bound table shows when its query sets no limit.
pub const DEFAULT_ROWS: u32 = 50;

/// The query of a bound block. It asks; what it gets is for the grant and the actor's rights to decide.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound<'a> {
    /// Entity type.
    #[serde(borrow)]
    pub entity: Str<'a>,
    /// A declared table by name, instead of records.
    #[serde(borrow, default)]
    pub table: Option<Str<'a>>,
    /// Token of the one record that a `record` block shows; none in a table.
    #[serde(borrow, default)]
    pub id: Option<Str<'a>>,
    /// Fields by name.
    #[serde(borrow, default, deserialize_with = "limit::list::<_, _, { limit::FIELDS }>")]
    pub fields: Vec<Str<'a>>,
    /// Conditions, all of which must hold.
    #[serde(borrow, default, deserialize_with = "limit::list::<_, _, { limit::CONDITIONS }>")]
    pub filter: Vec<Condition<'a>>,
    /// Sort keys, the first one first.
    #[serde(borrow, default, deserialize_with = "limit::list::<_, _, { limit::SORT_KEYS }>")]
    pub sort: Vec<SortKey<'a>>,
    /// Rows at most, 1 to [`limit::ROWS`].
    #[serde(default = "default_rows")]
    pub limit: u32,
    /// Cursor of an earlier page of the same query.
    #[serde(borrow, default)]
    pub after: Option<Str<'a>>,
    /// The query's own text in the view, which the rows replace.
    #[serde(skip)]
    raw: Option<&'a RawValue>,
}

/// One comparison of one field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition<'a> {
    /// Field by name.
    #[serde(borrow)]
    pub field: Str<'a>,
    /// How it is compared.
    pub op: Comparison,
    /// `in` takes any number of values, `has` none, every other comparison one.
    #[serde(borrow, default, deserialize_with = "limit::list::<_, _, { limit::VALUES }>")]
    pub values: Vec<Scalar<'a>>,
}

/// The comparisons of the plugin contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// One of the values.
    In,
    /// Text that begins with the value.
    Prefix,
    /// Has a value at all.
    Has,
}

/// One key of the order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SortKey<'a> {
    /// Field by name.
    #[serde(borrow)]
    pub field: Str<'a>,
    /// Greatest first.
    #[serde(default)]
    pub descending: bool,
}

fn default_rows() -> u32 {
    DEFAULT_ROWS
}

impl<'a> Bound<'a> {
    pub(crate) fn parse(raw: &'a RawValue) -> Result<Self, ViewError> {
        let mut bound: Self = serde_json::from_str(raw.get()).map_err(|error| ViewError::from_json("query", &error))?;
        bound.raw = Some(raw);
        bound.check()?;
        Ok(bound)
    }

    pub(crate) fn raw(&self) -> Option<&'a RawValue> {
        self.raw
    }

    fn check(&self) -> Checked {
        limit::length("query.entity", &self.entity, limit::NAME)?;
        if let Some(table) = &self.table {
            limit::length("query.table", table, limit::NAME)?;
            let chosen = !self.fields.is_empty() || !self.filter.is_empty() || !self.sort.is_empty() || self.after.is_some();
            if chosen || self.id.is_some() {
                return Err(ViewError::new("query.table", "a declared table is asked for by `entity` and `table` alone"));
            }
        }
        for field in &self.fields {
            limit::length("query.fields", field, limit::NAME)?;
        }
        for condition in &self.filter {
            condition.check()?;
        }
        for key in &self.sort {
            limit::length("query.sort", &key.field, limit::NAME)?;
        }
        if self.limit == 0 || usize::try_from(self.limit).is_ok_and(|rows| rows > limit::ROWS) {
            return Err(ViewError::new("query.limit", format!("must be from 1 to {}", limit::ROWS)));
        }
        for token in self.id.iter().chain(&self.after) {
            limit::length("query", token, limit::VALUE)?;
        }
        Ok(())
    }
}

impl Condition<'_> {
    fn check(&self) -> Checked {
        limit::length("query.filter", &self.field, limit::NAME)?;
        let (fits, wanted) = match self.op {
            Comparison::In => (true, ""),
            Comparison::Has => (self.values.is_empty(), "`has` takes no value"),
            _ => (self.values.len() == 1, "this comparison takes exactly one value"),
        };
        if fits { Ok(()) } else { Err(ViewError::new("query.filter", wanted)) }
    }
}
