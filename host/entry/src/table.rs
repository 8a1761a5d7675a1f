//! Rows of a table as records: what `linli import` sends and spreadsheets hold.

use linli_model::{EntityType, FieldKind, Origin};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::check::FieldError;

/// A table's head: the fields that its columns hold.
#[derive(Clone, Debug)]
pub struct Head {
    fields: Vec<String>,
}

/// One row, with its line in the file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// From 1, the head's line included.
    #[serde(deserialize_with = "linli_model::whole::required")]
    #[schema(maximum = 9007199254740991_i64)]
    pub line: u64,
    /// One cell a column.
    pub cells: Vec<String>,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineError {
    /// From 1, the head's line included.
    pub line: u64,
    /// From 1; none where it is about the line as a whole.
    pub column: Option<usize>,
    /// The column's name.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl Head {
    /// Checks a table's head against an entity type. Every wrong column is named.
    pub fn read(entity: &EntityType, names: &[String]) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let mut fail = |column: usize, field: &str, reason: String| {
            errors.push(LineError { line: 1, column: Some(column + 1), field: Some(field.to_owned()), reason })
        };
        for (column, name) in names.iter().enumerate() {
            match entity.field(name).map(|field| &field.origin) {
                Some(Origin::Stored) => {}
                Some(_) => fail(column, name, "is filled by the platform and can't be entered".into()),
                None => {
                    let fields: Vec<_> = entity.enterable().map(|field| field.name.as_str()).collect();
                    fail(column, name, format!("is no field of {}; its fields are {}", entity.name, fields.join(", ")));
                }
            }
            if names.iter().take(column).any(|before| before == name) {
                fail(column, name, "stands twice".into());
            }
        }
        for field in entity.enterable().filter(|field| field.required && !names.contains(&field.name)) {
            errors.push(LineError {
                line: 1,
                column: None,
                field: Some(field.name.clone()),
                reason: "is required, but the table has no such column".into(),
            });
        }
        if errors.is_empty() { Ok(Self { fields: names.to_vec() }) } else { Err(errors) }
    }

    /// A row as a record's JSON; empty cells are unknown values.
    pub fn record(&self, entity: &EntityType, row: &Row) -> Result<Map<String, Value>, LineError> {
        if row.cells.len() != self.fields.len() {
            return Err(LineError {
                line: row.line,
                column: None,
                field: None,
                reason: format!("has {} cells where the head has {}", row.cells.len(), self.fields.len()),
            });
        }
        let cells = self.fields.iter().zip(&row.cells).filter(|(_, cell)| !cell.trim().is_empty());
        Ok(cells.map(|(name, cell)| (name.clone(), self.value(entity, name, cell.trim()))).collect())
    }

    /// Tables have text only; truth values are read here, everything else reads text by itself.
    fn value(&self, entity: &EntityType, name: &str, cell: &str) -> Value {
        match (entity.field(name).map(|field| &field.kind), cell) {
            (Some(FieldKind::Boolean), "true" | "1" | "是") => Value::Bool(true),
            (Some(FieldKind::Boolean), "false" | "0" | "否") => Value::Bool(false),
            _ => Value::String(cell.to_owned()),
        }
    }

    /// A field's error at its line and column.
    pub fn error(&self, line: u64, error: FieldError) -> LineError {
        let column = self.fields.iter().position(|name| *name == error.field).map(|at| at + 1);
        LineError { line, column, field: Some(error.field).filter(|field| !field.is_empty()), reason: error.reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_model::{Catalogue, schema};

    fn entity() -> EntityType {
        let text = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false, "required": ["a"],
            "x-linli": {"name": "thing", "subjects": [], "steward": "s", "legal-basis": "l"},
            "properties": {"a": {"type": "string", "x-linli": {"classification": "public"}}, "b": {"type": "boolean", "x-linli": {"classification": "public"}}}}"#;
        schema::read(text, None, &Catalogue::default()).unwrap()
    }

    #[test]
    fn a_bad_head_is_refused_with_every_column() {
        let errors = Head::read(&entity(), &["b".into(), "c".into(), "b".into()]).unwrap_err();
        assert_eq!(
            errors.iter().map(|error| (error.column, error.field.clone().unwrap())).collect::<Vec<_>>(),
            [(Some(2), "c".into()), (Some(3), "b".into()), (None, "a".into())]
        );
    }

    #[test]
    fn a_row_becomes_a_record() {
        let head = Head::read(&entity(), &["a".into(), "b".into()]).unwrap();
        let row = |cells: &[&str]| Row { line: 7, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() };
        assert_eq!(Value::Object(head.record(&entity(), &row(&[" x ", "是"])).unwrap()), serde_json::json!({"a": "x", "b": true}));
        assert_eq!(head.record(&entity(), &row(&["", ""])).unwrap().len(), 0);
        assert_eq!(head.record(&entity(), &row(&["x"])).unwrap_err().line, 7);
        assert_eq!(head.error(7, FieldError { field: "b".into(), reason: "r".into() }).column, Some(2));
    }
}
