//! What the cases have met: a proof that meets nothing proves nothing.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::reference::Expected;
use crate::request::Request;
use crate::schema::Schema;
use crate::scope::{Access, Mode};

/// Counts by what was met.
#[derive(Default)]
pub struct Coverage(BTreeMap<String, u64>);

/// Each must be met at least once in a run of any length worth the name.
const WANTED: [&str; 37] = [
    "read rows",
    "read empty",
    "read denied",
    "read in pages",
    "get row",
    "get not-found",
    "get denied",
    "check true",
    "check false",
    "check not-found",
    "check denied",
    "create made",
    "create denied",
    "create invalid",
    "update changed",
    "update conflict",
    "update denied",
    "update not-found",
    "shown plain",
    "shown masked",
    "shown null",
    "filter eq",
    "filter ne",
    "filter lt",
    "filter le",
    "filter gt",
    "filter ge",
    "filter in",
    "filter prefix",
    "filter has",
    "sort up",
    "sort down",
    "sort age",
    "where",
    "and-where",
    "regions of the grant",
    "own regions: none",
];

impl Coverage {
    pub fn met(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// What a case met.
    pub fn add(&mut self, schema: &Schema, accesses: &[Access], request: &Request, expected: &Expected) {
        let operation = request.operation();
        match expected {
            Expected::Error(code) => return self.met(format!("{operation} {code}")),
            Expected::Made(_) => return self.met("create made"),
            Expected::Changed { .. } => return self.met("update changed"),
            Expected::Answer(answer) => self.answer(operation, answer),
        }
        let Request::Read { fields, filter, sort, .. } = request else { return };
        let Expected::Answer(answer) = expected else { return };
        let rows = answer["pages"][0]["rows"].as_str().unwrap_or("[]");
        if rows == "[]" {
            return;
        }
        filter.iter().for_each(|part| self.met(format!("filter {}", part.operator)));
        for (name, descending) in sort {
            self.met(if *descending { "sort down" } else { "sort up" });
            if crate::scope::is_derived(schema, name) {
                self.met("sort age");
            }
        }
        for access in accesses.iter().filter(|access| access.operations.contains("read")) {
            match access.conditions.len() {
                0 => {}
                1 => self.met("where"),
                _ => self.met("and-where"),
            }
            if access.regions.is_some() {
                self.met("regions of the grant");
            }
            for name in fields {
                match access.fields.get(name) {
                    Some(Mode::Plain) => self.met("shown plain"),
                    Some(Mode::Masked) => self.met("shown masked"),
                    _ => {}
                }
            }
        }
        if rows.contains(":null") {
            self.met("shown null");
        }
    }

    fn answer(&mut self, operation: &str, answer: &Json) {
        match operation {
            "read" => {
                let pages = answer["pages"].as_array().map_or(0, Vec::len);
                self.met(if answer["pages"][0]["rows"] == "[]" { "read empty" } else { "read rows" });
                if pages > 1 {
                    self.met("read in pages");
                }
            }
            "check" => self.met(format!("check {}", answer["holds"])),
            other => self.met(format!("{other} row")),
        }
    }

    pub fn join(&mut self, other: Self) {
        for (what, times) in other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// What was wanted and never met.
    pub fn missing(&self) -> Vec<&'static str> {
        WANTED.into_iter().filter(|wanted| !self.0.contains_key(*wanted)).collect()
    }
}

impl std::fmt::Display for Coverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(what, times)| writeln!(f, "{times:>9}  {what}"))
    }
}
