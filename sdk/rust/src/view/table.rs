use serde::Serialize;

use super::{Params, Text, block, owned, sealed, target};
use crate::json::Members;
use crate::records::{Cursor, Query, Rows};
use crate::{Id, Result, Value};

/// How a column shows its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As they are.
    Text,
    /// As a date.
    Date,
    /// A region code by its name.
    Region,
    /// A code by its name in a code list.
    Code(&'static str),
}

#[derive(Debug, Clone)]
struct Column {
    key: &'static str,
    title: Text,
    format: Format,
}

#[inline(never)]
fn push(columns: &mut Vec<Column>, format: Format, key: &'static str, title: Text) {
    columns.push(Column { key, title, format });
}

#[inline(never)]
fn write_columns(out: &mut String, columns: &[Column]) {
    let mut array = Members::array(out);
    for column in columns {
        let mut c = Members::object(array.element());
        c.text("key", column.key);
        column.title.write(c.member("title"));
        match column.format {
            Format::Text => {}
            Format::Date => c.text("format", "date"),
            Format::Region => c.text("format", "region"),
            Format::Code(list) => c.text("format", &["code:", list].concat()),
        }
    }
}

macro_rules! columns {
    ($name:ty) => {
        impl $name {
            /// Adds a column that shows a field as text.
            pub fn column(self, key: &'static str, title: impl Into<Text>) -> Self {
                self.column_as(Format::Text, key, title)
            }

            /// Adds a column with a format.
            pub fn column_as(mut self, format: Format, key: &'static str, title: impl Into<Text>) -> Self {
                push(&mut self.columns, format, key, title.into());
                self
            }

            /// Puts a title above.
            pub fn title(mut self, title: impl Into<Text>) -> Self {
                self.title = Some(title.into());
                self
            }
        }
    };
}

/// A member and its JSON text: `rows` or `query`, `row` or `query`.
type Source = (&'static str, String);

/// A table of rows (`table`).
#[derive(Debug, Clone)]
pub struct Table {
    title: Option<Text>,
    columns: Vec<Column>,
    source: Source,
    actions: Vec<RowAction>,
    next: Option<(String, Params)>,
}

columns!(Table);

impl Table {
    /// Shows rows as they came, or those of [`Rows::of`].
    pub fn rows(rows: Rows) -> Self {
        Self::new(("rows", rows.json))
    }

    /// Leaves the rows to the host, `limit` a page: they never enter the plugin, and paging is the host's.
    pub fn bound(query: &Query<'_>, limit: u32) -> Self {
        let mut json = String::new();
        query.write(&mut json, limit);
        Self::new(("query", json))
    }

    /// Leaves a table that the manifest declares (`[[access.table]]`) to the host: columns are the fields that it is grouped by,
    /// `count`, and `sum` or `average`.
    pub fn counted(entity: &str, table: &str) -> Self {
        let mut json = String::new();
        {
            let mut query = Members::object(&mut json);
            query.text("entity", entity);
            query.text("table", table);
        }
        Self::new(("query", json))
    }

    fn new(source: Source) -> Self {
        Self { title: None, columns: Vec::new(), source, actions: Vec::new(), next: None }
    }

    /// Adds a button to every row.
    pub fn action(mut self, action: RowAction) -> Self {
        self.actions.push(action);
        self
    }

    /// Links the page that goes on where the cursor stands, as parameter `after`; no link after the last row.
    /// A bound table gets its own.
    pub fn next_page(self, page: &str, cursor: &Cursor) -> Self {
        let next = cursor.position().map(|after| (page.to_owned(), vec![("after".to_owned(), after)]));
        Self { next, ..self }
    }

    /// Links the next page with other parameters.
    pub fn next(self, page: &str, params: &[(&str, &str)]) -> Self {
        Self { next: Some((page.to_owned(), owned(params))), ..self }
    }
}

impl sealed::Block for Table {
    #[inline(never)]
    fn write(&self, out: &mut String) {
        let mut b = block(out, "table");
        if let Some(title) = &self.title {
            title.write(b.member("title"));
        }
        write_columns(b.member("columns"), &self.columns);
        b.member(self.source.0).push_str(&self.source.1);
        if !self.actions.is_empty() {
            let mut actions = Members::array(b.member("actions"));
            for action in &self.actions {
                action.write(actions.element());
            }
        }
        if let Some((page, params)) = &self.next {
            target(b.member("next"), page, params);
        }
    }
}

/// A button in every row of a [`Table`].
#[derive(Debug, Clone)]
pub struct RowAction {
    action: &'static str,
    title: Text,
    input: Vec<(&'static str, &'static str)>,
    with: Vec<(&'static str, Value<'static>)>,
}

impl RowAction {
    /// Calls an action.
    pub fn new(action: &'static str, title: impl Into<Text>) -> Self {
        Self { action, title: title.into(), input: Vec::new(), with: Vec::new() }
    }

    /// Fills an input from a field of the row. Read the field: `id` and `version` too.
    pub fn input(mut self, input: &'static str, key: &'static str) -> Self {
        self.input.push((input, key));
        self
    }

    /// Fills an input with a constant.
    pub fn with(mut self, input: &'static str, value: impl Into<Value<'static>>) -> Self {
        self.with.push((input, value.into()));
        self
    }

    fn write(&self, out: &mut String) {
        let mut action = Members::object(out);
        action.text("action", self.action);
        self.title.write(action.member("title"));
        {
            let mut input = Members::object(action.member("input"));
            for (name, key) in &self.input {
                input.text(name, key);
            }
        }
        if !self.with.is_empty() {
            let mut with = Members::object(action.member("with"));
            for (name, value) in &self.with {
                value.write(with.member(name));
            }
        }
    }
}

/// One record as names and values (`record`).
#[derive(Debug, Clone)]
pub struct Record {
    title: Option<Text>,
    columns: Vec<Column>,
    source: Source,
}

columns!(Record);

impl Record {
    /// Shows a row of the plugin's.
    ///
    /// # Errors
    ///
    /// `internal` where the row is no JSON object.
    pub fn row(row: &impl Serialize) -> Result<Self> {
        Ok(Self { title: None, columns: Vec::new(), source: ("row", serde_json::to_string(row)?) })
    }

    /// Leaves the record to the host: its fields never enter the plugin.
    pub fn bound(entity: &str, id: &Id, fields: &[&str]) -> Self {
        let mut json = String::new();
        {
            let mut query = Members::object(&mut json);
            query.text("entity", entity);
            query.text("id", id.as_str());
            query.strings("fields", fields.iter().copied());
        }
        Self { title: None, columns: Vec::new(), source: ("query", json) }
    }
}

impl sealed::Block for Record {
    #[inline(never)]
    fn write(&self, out: &mut String) {
        let mut b = block(out, "record");
        if let Some(title) = &self.title {
            title.write(b.member("title"));
        }
        write_columns(b.member("columns"), &self.columns);
        b.member(self.source.0).push_str(&self.source.1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;
    use crate::records::query;

    #[test]
    fn tables_are_what_view_md_says() {
        #[derive(Serialize)]
        struct Row {
            name: &'static str,
        }
        let table = Table::rows(Rows::of(&[Row { name: "张" }]).unwrap())
            .title("名单")
            .column("name", ("姓名", "Name"))
            .column_as(Format::Code("sex"), "sex", "性别")
            .action(RowAction::new("decide", "批准").input("resident", "id").with("outcome", "approved"))
            .next("/eligible", &[("after", "p")]);
        assert_eq!(
            json(table),
            r#"{"type":"table","title":"名单","columns":[{"key":"name","title":{"zh":"姓名","en":"Name"}},{"key":"sex","title":"性别","format":"code:sex"}],"rows":[{"name":"张"}],"actions":[{"action":"decide","title":"批准","input":{"resident":"id"},"with":{"outcome":"approved"}}],"next":{"page":"/eligible","params":{"after":"p"}}}"#
        );
        assert_eq!(
            json(Table::bound(&query("resident").fields(["name"]), 20).column_as(Format::Region, "grid", "网格")),
            r#"{"type":"table","columns":[{"key":"grid","title":"网格","format":"region"}],"query":{"entity":"resident","fields":["name"],"limit":20}}"#
        );
    }

    #[test]
    fn counted_tables_are_what_view_md_says() {
        assert_eq!(
            json(Table::counted("resident", "elders").column("count", ("人数", "People"))),
            r#"{"type":"table","columns":[{"key":"count","title":{"zh":"人数","en":"People"}}],"query":{"entity":"resident","table":"elders"}}"#
        );
    }

    #[test]
    fn records_are_what_view_md_says() {
        assert_eq!(
            json(Record::bound("resident", &Id::new("t"), &["name"]).column_as(Format::Date, "born", "出生")),
            r#"{"type":"record","columns":[{"key":"born","title":"出生","format":"date"}],"query":{"entity":"resident","id":"t","fields":["name"]}}"#
        );
    }
}
