use crate::bindings::linli::platform::{records as host, types};
use crate::json::Members;
use crate::records::Cursor;
use crate::{Result, Value};

/// Which rows of an entity, which fields, in which order.
///
/// [`Query::open`] reads it into the plugin; [`Table::bound`](crate::view::Table::bound) leaves it to the host.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    entity: &'a str,
    fields: Vec<&'a str>,
    filter: Vec<Condition<'a>>,
    sort: Vec<(&'a str, bool)>,
    after: Option<&'a str>,
}

/// All rows in scope of one entity, `resident` or one of the plugin's own.
pub fn query(entity: &str) -> Query<'_> {
    Query { entity, fields: Vec::new(), filter: Vec::new(), sort: Vec::new(), after: None }
}

impl<'a> Query<'a> {
    /// The fields to read; `id` and `version` are always allowed. A path, `household.dwelling.address`, follows references
    /// where the grant lets the plugin link; its value stands in the row under the whole path, and is null where it leads
    /// out of scope or nowhere.
    pub fn fields(mut self, fields: impl IntoIterator<Item = &'a str>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// One more condition that must hold. Only fields granted `plain` can be asked for.
    pub fn filter(mut self, condition: Condition<'a>) -> Self {
        self.filter.push(condition);
        self
    }

    /// Sorts by a field, smallest first; later calls break ties.
    pub fn sort(mut self, field: &'a str) -> Self {
        self.sort.push((field, false));
        self
    }

    /// Sorts by a field, largest first.
    pub fn sort_desc(mut self, field: &'a str) -> Self {
        self.sort.push((field, true));
        self
    }

    /// Goes on behind a [`Cursor::position`] of the same query.
    pub fn after(mut self, position: Option<&'a str>) -> Self {
        self.after = position;
        self
    }

    /// Opens the query under the grant, the caller's rights and the page's purpose.
    ///
    /// # Errors
    ///
    /// `denied` where an entity or field is outside the grant; `invalid` where a condition or position does not fit.
    pub fn open(&self) -> Result<Cursor> {
        let values: Vec<Vec<_>> = self.filter.iter().map(|c| c.values.iter().map(Value::lower).collect()).collect();
        let filter: Vec<_> =
            (self.filter.iter().zip(&values)).map(|(c, values)| types::Condition { field: c.field, op: c.op, values }).collect();
        let sort: Vec<_> = self.sort.iter().map(|&(field, descending)| types::SortKey { field, descending }).collect();
        let cursor =
            host::open(host::Query { entity: self.entity, fields: &self.fields, filter: &filter, sort: &sort, after: self.after })?;
        Ok(Cursor::new(cursor))
    }

    /// As a bound block carries it.
    pub(crate) fn write(&self, out: &mut String, limit: u32) {
        let mut query = Members::object(out);
        query.text("entity", self.entity);
        query.strings("fields", self.fields.iter().copied());
        if !self.filter.is_empty() {
            let mut filter = Members::array(query.member("filter"));
            for condition in &self.filter {
                condition.write(filter.element());
            }
        }
        if !self.sort.is_empty() {
            let mut sort = Members::array(query.member("sort"));
            for (field, descending) in &self.sort {
                let mut key = Members::object(sort.element());
                key.text("field", field);
                key.member("descending").push_str(if *descending { "true" } else { "false" });
            }
        }
        crate::json::integer(query.member("limit"), limit.into());
        if let Some(after) = self.after {
            query.text("after", after);
        }
    }
}

/// One comparison of one field; made with [`field`].
#[derive(Debug, Clone)]
pub struct Condition<'a> {
    field: &'a str,
    op: types::Comparison,
    values: Vec<Value<'a>>,
}

impl Condition<'_> {
    fn write(&self, out: &mut String) {
        let mut condition = Members::object(out);
        condition.text("field", self.field);
        condition.text(
            "op",
            match self.op {
                types::Comparison::Eq => "eq",
                types::Comparison::Ne => "ne",
                types::Comparison::Lt => "lt",
                types::Comparison::Le => "le",
                types::Comparison::Gt => "gt",
                types::Comparison::Ge => "ge",
                types::Comparison::In => "in",
                types::Comparison::Prefix => "prefix",
                types::Comparison::Has => "has",
            },
        );
        let mut values = Members::array(condition.member("values"));
        for value in &self.values {
            value.write(values.element());
        }
    }
}

/// A field, about to be compared: `field("age").ge(80)`.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a>(&'a str);

/// Starts a [`Condition`].
pub fn field(name: &str) -> Field<'_> {
    Field(name)
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident $op:ident)*) => {
        impl<'a> Field<'a> {
            $($(#[$doc])*
            pub fn $name(self, value: impl Into<Value<'a>>) -> Condition<'a> {
                Condition { field: self.0, op: types::Comparison::$op, values: vec![value.into()] }
            })*
        }
    };
}

comparisons! {
    /// Equal.
    eq Eq
    /// Not equal; a field without a value is neither.
    ne Ne
    /// Less.
    lt Lt
    /// Less or equal.
    le Le
    /// Greater.
    gt Gt
    /// Greater or equal.
    ge Ge
    /// Begins with a text, such as a region code's first digits.
    prefix Prefix
}

impl<'a> Field<'a> {
    /// Equal to one of these.
    pub fn is_in<V: Into<Value<'a>>>(self, values: impl IntoIterator<Item = V>) -> Condition<'a> {
        let values = values.into_iter().map(Into::into).collect();
        Condition { field: self.0, op: types::Comparison::In, values }
    }

    /// Has a value.
    pub fn has(self) -> Condition<'a> {
        Condition { field: self.0, op: types::Comparison::Has, values: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_query_is_what_view_md_says() {
        let mut out = String::new();
        query("resident")
            .fields(["name", "age"])
            .filter(field("age").ge(90))
            .filter(field("grid").is_in(["a", "b"]))
            .filter(field("phone").has())
            .sort_desc("age")
            .after(Some("p"))
            .write(&mut out, 20);
        assert_eq!(
            out,
            r#"{"entity":"resident","fields":["name","age"],"filter":[{"field":"age","op":"ge","values":[90]},{"field":"grid","op":"in","values":["a","b"]},{"field":"phone","op":"has","values":[]}],"sort":[{"field":"age","descending":true}],"limit":20,"after":"p"}"#
        );
    }
}
