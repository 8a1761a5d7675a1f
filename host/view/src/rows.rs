//! Rows as raw JSON: checked to be flat without being read into memory.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::ViewError;
use crate::limit::{self, Checked};

/// `json` is an array of at most [`limit::ROWS`] flat objects.
pub(crate) fn check_table(json: &str) -> Checked {
    serde_json::from_str::<FlatRows>(json).map(drop).map_err(|error| ViewError::from_json("rows", &error))
}

/// `json` is one flat object.
pub(crate) fn check_record(json: &str) -> Checked {
    serde_json::from_str::<FlatRow>(json).map(drop).map_err(|error| ViewError::from_json("row", &error))
}

/// A row read for an HTML page.
pub(crate) type Row = Map<String, Value>;

/// Rows for an HTML page. They were checked, or come from the store; a text that is neither shows no rows.
pub(crate) fn read_table(json: &str) -> Vec<Row> {
    serde_json::from_str(json).unwrap_or_default()
}

/// One row for an HTML page; none where there is no record.
pub(crate) fn read_record(json: &str) -> Option<Row> {
    serde_json::from_str(json).ok()
}

/// A value in words.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) => "是 Yes".to_owned(),
        Value::Bool(false) => "否 No".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join("、"),
        other => sent(other),
    }
}

/// A value as a form sends it.
pub(crate) fn sent(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

struct FlatRows;
struct FlatRow;
struct FlatCell;

impl<'de> Deserialize<'de> for FlatRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self)
    }
}

impl<'de> Visitor<'de> for FlatRows {
    type Value = Self;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        let mut count = 0_usize;
        while let Some(FlatRow) = seq.next_element()? {
            count = count.saturating_add(1);
            if count > limit::ROWS {
                return Err(limit::too_many(limit::ROWS));
            }
        }
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for FlatRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for FlatRow {
    type Value = Self;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while let Some((IgnoredAny, FlatCell)) = map.next_entry()? {}
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for FlatCell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for FlatCell {
    type Value = Self;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number, boolean or null in each member of a row")
    }
    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Self, E> {
        if value.len() > limit::VALUE && value.chars().count() > limit::VALUE {
            return Err(E::custom(format_args!("a value has at most {} characters", limit::VALUE)));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_rows_pass_and_others_say_what_is_wrong() {
        assert!(check_table(r#"[{"a":1,"b":"x","c":null,"d":true,"e":1.5,"f":-2}, {}]"#).is_ok());
        let nested = check_table(r#"[{"a":[1]}]"#).unwrap_err();
        assert_eq!(nested.reason, "invalid type: sequence, expected a string, number, boolean or null in each member of a row");
        assert!(check_table(r#"[{"a":{}}]"#).is_err());
        assert!(check_table(r#"{"a":1}"#).is_err());
        assert!(check_table("[1]").is_err());
        assert!(check_record(r#"{"a":1}"#).is_ok());
        assert!(check_record("[]").is_err());
    }

    #[test]
    fn rows_and_cells_are_capped() {
        let rows = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert!(check_table(&rows(limit::ROWS)).is_ok());
        assert_eq!(check_table(&rows(limit::ROWS + 1)).unwrap_err().reason, "at most 1000 are allowed");
        let cell = format!(r#"{{"a":"{}"}}"#, "邻".repeat(limit::VALUE + 1));
        assert!(check_record(&cell).is_err());
    }
}
