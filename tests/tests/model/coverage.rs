//! What the cases have met: a proof that meets nothing proves nothing.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::condition::{Comparison, Condition, Operand};
use crate::reference::{Expected, Reference};
use crate::request::{Ask, Request};
use crate::schema::{Kind, Schema};
use crate::scope::{Access, Mode};
use crate::table::Measure;

/// Counts by what was met.
#[derive(Default)]
pub struct Coverage(BTreeMap<String, u64>);

/// Each must be met at least once in a run of any length worth the name.
const WANTED: [&str; 96] = [
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
    "aggregate rows",
    "aggregate empty",
    "aggregate denied",
    "lookup row",
    "lookup not-found",
    "lookup denied",
    "create made",
    "create denied",
    "create invalid",
    "create conflict",
    "create not-found",
    "update changed",
    "update conflict",
    "update denied",
    "update not-found",
    "read by nobody",
    "lookup by nobody",
    "link value",
    "link null",
    "link over 1",
    "link over 2",
    "link denied",
    "rows of thing",
    "rows of resident",
    "rows of household",
    "rows of dwelling",
    "rows of organisation",
    "rows of facility",
    "rows of matter",
    "table of thing",
    "table of resident",
    "table of matter",
    "table count",
    "table distribution",
    "table sum",
    "table average",
    "table with where",
    "table by 0",
    "table by 1",
    "table by 2",
    "table of bands",
    "table with null",
    "shown plain",
    "shown masked",
    "shown null",
    "shown reference",
    "filter eq",
    "filter ne",
    "filter lt",
    "filter le",
    "filter gt",
    "filter ge",
    "filter in",
    "filter prefix",
    "filter has",
    "filter reference",
    "sort up",
    "sort down",
    "sort age",
    "where",
    "and-where",
    "where eq",
    "where ne",
    "where lt",
    "where le",
    "where gt",
    "where ge",
    "where in",
    "where prefix",
    "where has",
    "where region",
    "where today",
    "where over 1",
    "where over 2",
    "where over 3",
    "check over 1",
    "check region",
    "check today",
    "regions of the grant",
    "own regions: none",
    "granted aggregate, asked for",
    "granted check, asked for",
    "made where a reference lies",
    "moved to where a reference lies",
    "table by 3",
];

impl Coverage {
    pub fn met(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// What a case met.
    pub fn add(&mut self, reference: &Reference<'_>, request: &Request, expected: &Expected) {
        let operation = request.operation();
        if reference.actor.is_none() {
            self.met(format!("{operation} by nobody"));
        }
        if reference.domain.schema(&request.entity).is_placed() && reference.actor.is_some_and(|actor| actor.regions.is_empty()) {
            self.met("own regions: none");
        }
        match expected {
            Expected::Error(code) => return self.refused(reference, request, code),
            Expected::Made(_) => {
                self.met("create made");
                if lies_with(reference, &request.ask) {
                    self.met("made where a reference lies");
                }
                return;
            }
            Expected::Changed { .. } => {
                self.met("update changed");
                if lies_with(reference, &request.ask) {
                    self.met("moved to where a reference lies");
                }
                return;
            }
            Expected::Answer(answer) => self.answer(operation, answer),
        }
        let Expected::Answer(answer) = expected else { return };
        match &request.ask {
            Ask::Read { fields, filter, sort, .. } if answer["pages"][0]["rows"] != "[]" => {
                self.met(format!("rows of {}", request.entity));
                filter.iter().for_each(|part| self.filter(reference, request, part));
                sort.iter().for_each(|(name, descending)| self.sort(reference, request, name, *descending));
                let schema = reference.domain.schema(&request.entity);
                if let Ok((_, access)) = reference.reading(schema, fields, filter, sort) {
                    self.access(access, fields);
                }
                self.rows(schema, fields, answer["pages"][0]["rows"].as_str().unwrap_or_default());
            }
            Ask::Aggregate { table } if !answer["table"].as_str().is_some_and(|table| table.ends_with("[]}")) => {
                self.table(reference, request, table, answer["table"].as_str().unwrap_or_default());
            }
            Ask::Check { check, .. } => {
                let mut asked = reference.giving(&request.entity, "check").filter_map(|access| access.checks.get(check));
                asked.next().into_iter().flat_map(Condition::comparisons).for_each(|part| self.compared("check", part));
            }
            _ => {}
        }
    }

    fn refused(&mut self, reference: &Reference<'_>, request: &Request, code: &str) {
        self.met(format!("{} {code}", request.operation()));
        let Ask::Read { fields, .. } = &request.ask else { return };
        if fields.iter().any(|name| name.contains('.')) {
            self.met(format!("link {code}"));
        }
        for mode in [Mode::Aggregate, Mode::Check] {
            let has = |access: &Access| fields.iter().any(|name| access.fields.get(name) == Some(&mode));
            if reference.giving(&request.entity, "read").any(has) {
                self.met(format!("granted {}, asked for", mode.word()));
            }
        }
    }

    fn filter(&mut self, reference: &Reference<'_>, request: &Request, part: &Comparison) {
        self.met(format!("filter {}", part.operator));
        let field = reference.domain.schema(&request.entity).field(&part.field);
        if field.is_some_and(|field| field.target().is_some()) && !part.operands.is_empty() {
            self.met("filter reference");
        }
    }

    fn sort(&mut self, reference: &Reference<'_>, request: &Request, name: &str, descending: bool) {
        self.met(if descending { "sort down" } else { "sort up" });
        let field = reference.domain.schema(&request.entity).field(name);
        if field.is_some_and(|field| matches!(field.kind, Kind::AgeOf(_))) {
            self.met("sort age");
        }
    }

    /// By way of what rows came.
    fn access(&mut self, access: &Access, fields: &[String]) {
        match access.conditions.len() {
            0 => {}
            1 => self.met("where"),
            _ => self.met("and-where"),
        }
        access.conditions.iter().flat_map(Condition::comparisons).for_each(|part| self.compared("where", part));
        if access.regions.is_some() {
            self.met("regions of the grant");
        }
        fields.iter().filter_map(|name| access.fields.get(name)).for_each(|mode| self.met(format!("shown {}", mode.word())));
    }

    fn rows(&mut self, schema: &Schema, fields: &[String], rows: &str) {
        for name in fields {
            let has = |value: &str| rows.contains(&format!("\"{name}\":{value}"));
            if name.contains('.') {
                self.met(format!("link over {}", name.matches('.').count()));
                if has("null") {
                    self.met("link null");
                }
                if has("\"") {
                    self.met("link value");
                }
            } else if has("null") {
                self.met("shown null");
            } else if schema.field(name).is_some_and(|field| field.target().is_some()) && has("\"") {
                self.met("shown reference");
            }
        }
    }

    fn compared(&mut self, place: &str, part: &Comparison) {
        self.met(format!("{place} {}", part.operator));
        if part.operands.iter().any(|operand| matches!(operand, Operand::Today(_))) {
            self.met(format!("{place} today"));
        }
        if part.field.contains('.') {
            self.met(format!("{place} over {}", part.field.matches('.').count()));
        }
    }

    fn table(&mut self, reference: &Reference<'_>, request: &Request, name: &str, shown: &str) {
        let mut tables = reference.giving(&request.entity, "aggregate").flat_map(|access| &access.tables);
        let Some(table) = tables.find(|table| table.name == name) else { return };
        self.met(format!("table of {}", request.entity));
        self.met(match table.measure {
            Measure::Count => "table count",
            Measure::Distribution(_) => "table distribution",
            Measure::Sum(..) => "table sum",
            Measure::Average(..) => "table average",
        });
        self.met(format!("table by {}", table.by.len()));
        let met = [
            ("table with where", table.condition.is_some()),
            ("table of bands", table.has_bands()),
            ("table with null", shown.contains(":null")),
        ];
        met.into_iter().filter(|(_, met)| *met).for_each(|(what, _)| self.met(what));
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
            "aggregate" => {
                let is_empty = answer["table"].as_str().is_some_and(|table| table.ends_with("[]}"));
                self.met(if is_empty { "aggregate empty" } else { "aggregate rows" });
            }
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

/// Whether values say, by a reference, where the record lies.
fn lies_with(reference: &Reference<'_>, ask: &Ask) -> bool {
    let (Ask::Create { values } | Ask::Update { values, .. }) = ask else { return false };
    reference.domain.own.lies_with().is_some_and(|lies_with| values.iter().any(|(name, _)| name == lies_with))
}

impl std::fmt::Display for Coverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(what, times)| writeln!(f, "{times:>9}  {what}"))
    }
}
