//! A block as it was written: every member that any block knows, before its type is looked at.
//!
//! serde's tagged enums would copy each block into a buffer first and could not keep raw JSON; one flat struct
//! is read in a single pass whatever the order of its members.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::block::{Block, Column, Content, Form, FormTarget, Input, Link, Prose, Qr, Record, RowAction, Stat, Table, Target, Tone};
use crate::bound::Bound;
use crate::error::ViewError;
use crate::limit;
use crate::rows;
use crate::scalar::{Pairs, Scalar, Str};
use crate::text::Text;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Text,
    Stat,
    Table,
    Record,
    Form,
    Qr,
    Link,
}

/// Null is absent, except in the members that filling writes (`rows`, `row`, `query`, `next`): there it would
/// leave the member in the answer twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft<'a> {
    #[serde(rename = "type", default)]
    kind: Option<Kind>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(default)]
    tone: Option<Tone>,
    #[serde(borrow, default, deserialize_with = "limit::optional_list::<_, _, { limit::STATS }>")]
    items: Option<Vec<Stat<'a>>>,
    #[serde(borrow, default)]
    title: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "limit::optional_list::<_, _, { limit::COLUMNS }>")]
    columns: Option<Vec<Column<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    rows: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    row: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    query: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "limit::optional_list::<_, _, { limit::ROW_ACTIONS }>")]
    actions: Option<Vec<RowAction<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    next: Option<Target<'a>>,
    #[serde(borrow, default)]
    action: Option<Str<'a>>,
    #[serde(borrow, default)]
    submit: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "limit::optional_list::<_, _, { limit::INPUTS }>")]
    fields: Option<Vec<Input<'a>>>,
    #[serde(borrow, default)]
    page: Option<Str<'a>>,
    #[serde(borrow, default)]
    params: Option<Pairs<'a, Scalar<'a>>>,
    #[serde(borrow, default)]
    caption: Option<Text<'a>>,
}

fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn need<T>(member: &str, value: Option<T>) -> Result<T, ViewError> {
    value.ok_or_else(|| ViewError::new(member, "this member is missing"))
}

impl<'a> Draft<'a> {
    /// The block that the draft's type says it is, with the members of that type and no others.
    pub(crate) fn finish(mut self) -> Result<Block<'a>, ViewError> {
        let block = match need("type", self.kind)? {
            Kind::Text => Block::Text(Prose { text: need("text", self.text.take())?, tone: self.tone.take() }),
            Kind::Stat => Block::Stat(need("items", self.items.take())?),
            Kind::Table => Block::Table(Box::new(self.table()?)),
            Kind::Record => Block::Record(self.record()?),
            Kind::Form => Block::Form(Form {
                to: self.form_target()?,
                submit: need("submit", self.submit.take())?,
                fields: need("fields", self.fields.take())?,
            }),
            Kind::Qr => Block::Qr(Qr { target: self.target()?, caption: self.caption.take() }),
            Kind::Link => Block::Link(Link { target: self.target()?, title: need("title", self.title.take())? }),
        };
        match self.left_over() {
            Some(member) => Err(ViewError::new(member, "a block of this type does not have this member")),
            None => Ok(block),
        }
    }

    fn table(&mut self) -> Result<Table<'a>, ViewError> {
        let content = match (self.rows.take(), self.query.take()) {
            (Some(rows), None) => {
                rows::check_table(rows.get())?;
                Content::Given(rows)
            }
            (None, Some(query)) => Content::Bound(Box::new(Bound::parse(query)?)),
            _ => return Err(ViewError::new("rows", "a table has either `rows` or `query`")),
        };
        if let Content::Bound(bound) = &content {
            if bound.id.is_some() {
                return Err(ViewError::new("query.id", "only the query of a `record` names one record"));
            }
            if self.next.is_some() {
                return Err(ViewError::new("next", "the host writes a bound table's `next`"));
            }
        }
        Ok(Table {
            title: self.title.take(),
            columns: need("columns", self.columns.take())?,
            content,
            actions: self.actions.take().unwrap_or_default(),
            next: self.next.take(),
        })
    }

    fn record(&mut self) -> Result<Record<'a>, ViewError> {
        let content = match (self.row.take(), self.query.take()) {
            (Some(row), None) => {
                rows::check_record(row.get())?;
                Content::Given(row)
            }
            (None, Some(query)) => Content::Bound(Box::new(Bound::parse(query)?)),
            _ => return Err(ViewError::new("row", "a record has either `row` or `query`")),
        };
        if matches!(&content, Content::Bound(bound) if bound.id.is_none()) {
            return Err(ViewError::new("query.id", "the query of a `record` names one record"));
        }
        Ok(Record { title: self.title.take(), columns: need("columns", self.columns.take())?, content })
    }

    fn form_target(&mut self) -> Result<FormTarget<'a>, ViewError> {
        match (self.action.take(), self.page.take()) {
            (Some(action), None) => Ok(FormTarget::Action(action)),
            (None, Some(page)) => Ok(FormTarget::Page(page)),
            _ => Err(ViewError::new("action", "a form has either `action` or `page`")),
        }
    }

    fn target(&mut self) -> Result<Target<'a>, ViewError> {
        Ok(Target { page: need("page", self.page.take())?, params: self.params.take().unwrap_or_default() })
    }

    /// The first member that the block's type did not take.
    fn left_over(&self) -> Option<&'static str> {
        let members = [
            ("text", self.text.is_some()),
            ("tone", self.tone.is_some()),
            ("items", self.items.is_some()),
            ("title", self.title.is_some()),
            ("columns", self.columns.is_some()),
            ("rows", self.rows.is_some()),
            ("row", self.row.is_some()),
            ("query", self.query.is_some()),
            ("actions", self.actions.is_some()),
            ("next", self.next.is_some()),
            ("action", self.action.is_some()),
            ("submit", self.submit.is_some()),
            ("fields", self.fields.is_some()),
            ("page", self.page.is_some()),
            ("params", self.params.is_some()),
            ("caption", self.caption.is_some()),
        ];
        members.into_iter().find(|(_, is_left)| *is_left).map(|(member, _)| member)
    }
}
