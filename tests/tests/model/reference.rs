//! The reference: what must come back, worked out the slow way from the documents alone.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::condition::{Comparison, Condition};
use crate::request::Request;
use crate::schema::{Kind, Schema};
use crate::scope::{Access, Actor, Mode, is_derived};
use crate::value::{Value, age};

/// A record as it was entered.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: String,
    pub version: i64,
    /// Under which purpose it was made: records of a plugin stay under theirs.
    pub purpose: &'static str,
    pub values: BTreeMap<String, Value>,
}

/// What must come back.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// This, to the letter.
    Answer(Json),
    /// An error with this code.
    Error(&'static str),
    /// A new record: its id is the host's to choose.
    Made(BTreeMap<String, Value>),
    /// A changed one.
    Changed { record: usize, values: BTreeMap<String, Value> },
}

/// Everything that an answer depends on.
pub struct Reference<'a> {
    pub schema: &'a Schema,
    pub accesses: &'a [Access],
    pub records: &'a [Record],
    pub actor: &'a Actor,
    pub purpose: &'static str,
    pub today: &'a str,
}

const DENIED: &str = "denied";
const NOT_FOUND: &str = "not-found";

impl Reference<'_> {
    pub fn answer(&self, request: &Request) -> Expected {
        let done = match request {
            Request::Read { fields, filter, sort, pages } => self.read(fields, filter, sort, pages),
            Request::Get { id, fields } => self.get(id, fields),
            Request::Check { id, check } => self.check(id, check),
            Request::Create { values } => self.create(values),
            Request::Update { id, version, values } => self.update(id, *version, values),
        };
        done.unwrap_or_else(Expected::Error)
    }

    /// The first access that allows it decides; where none does, the first says why not.
    fn first<T>(&self, operation: &str, allow: impl Fn(&Access) -> Result<T, &'static str>) -> Result<(T, &Access), &'static str> {
        let mut refusal = None;
        for access in self.accesses.iter().filter(|access| access.purpose == self.purpose && access.operations.contains(operation)) {
            match allow(access) {
                Ok(allowed) => return Ok((allowed, access)),
                Err(reason) => refusal = refusal.or(Some(reason)),
            }
        }
        Err(refusal.unwrap_or(DENIED))
    }

    /// A field's mode, where the grant has it and the actor may know it.
    fn mode(&self, access: &Access, name: &str) -> Result<Mode, &'static str> {
        let mode = *access.fields.get(name).ok_or(DENIED)?;
        let field = self.schema.field(name).ok_or(DENIED)?;
        if field.class > self.actor.clearance { Err(DENIED) } else { Ok(mode) }
    }

    fn plain(&self, access: &Access, name: &str) -> Result<(), &'static str> {
        if self.mode(access, name)? == Mode::Plain { Ok(()) } else { Err(DENIED) }
    }

    fn shown(&self, access: &Access, fields: &[String]) -> Result<(), &'static str> {
        for name in fields.iter().filter(|name| *name != "version") {
            if self.mode(access, name)? == Mode::Check {
                return Err(DENIED);
            }
        }
        Ok(())
    }

    fn read(&self, fields: &[String], filter: &[Comparison], sort: &[(String, bool)], pages: &[usize]) -> Result<Expected, &'static str> {
        let ((), access) = self.first("read", |access| {
            self.shown(access, fields)?;
            filter.iter().try_for_each(|part| self.plain(access, &part.field))?;
            sort.iter().try_for_each(|(name, _)| self.plain(access, name))
        })?;
        let mut rows: Vec<&Record> = self.records.iter().filter(|record| self.reaches(access, record)).collect();
        rows.retain(|record| filter.iter().all(|part| part.holds(&|name| self.value(record, name)) == Some(true)));
        // The records stand in the order in which they were made, which is that of their numbers. Ties go the way of the
        // last key; that of an age is its date of birth, the other way round.
        if sort.last().is_some_and(|(name, descending)| *descending != is_derived(self.schema, name)) {
            rows.reverse();
        }
        rows.sort_by(|left, right| {
            let each = sort.iter().map(|(name, descending)| self.compare(left, right, name, *descending));
            each.fold(Ordering::Equal, Ordering::then)
        });
        let mut said = Vec::new();
        let mut rest = rows.as_slice();
        for asked in pages {
            let (page, behind) = rest.split_at(rest.len().min(*asked).min(access.rows));
            let written: Vec<_> = page.iter().map(|record| self.row(access, record, fields)).collect();
            said.push(json!({"rows": format!("[{}]", written.join(",")), "more": !behind.is_empty()}));
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        Ok(Expected::Answer(json!({"pages": said})))
    }

    /// Unknown values last, whatever the direction; an age by its date of birth.
    fn compare(&self, left: &Record, right: &Record, name: &str, descending: bool) -> Ordering {
        let field = self.schema.field(name).unwrap();
        let (source, descending) = match &field.kind {
            Kind::AgeOf(source) => (source.as_str(), !descending),
            _ => (name, descending),
        };
        match (self.value(left, source), self.value(right, source)) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Greater,
            (_, Value::Null) => Ordering::Less,
            (left, right) => {
                let order = left.order(&right).unwrap();
                if descending { order.reverse() } else { order }
            }
        }
    }

    fn get(&self, id: &str, fields: &[String]) -> Result<Expected, &'static str> {
        let ((), access) = self.first("read", |access| {
            self.shown(access, fields)?;
            self.record(id).map(|_| ())
        })?;
        let (_, record) = self.record(id)?;
        if !self.reaches(access, record) {
            return Err(NOT_FOUND);
        }
        Ok(Expected::Answer(json!({"row": self.row(access, record, fields)})))
    }

    fn check(&self, id: &str, name: &str) -> Result<Expected, &'static str> {
        let mut candidates = self.accesses.iter().filter(|access| access.purpose == self.purpose && access.operations.contains("check"));
        let (access, check) = candidates.find_map(|access| access.checks.get(name).map(|check| (access, check))).ok_or(DENIED)?;
        if check.fields().iter().any(|name| self.schema.field(name).is_some_and(|field| field.class > self.actor.clearance)) {
            return Err(DENIED);
        }
        let (_, record) = self.record(id)?;
        if !self.reaches(access, record) {
            return Err(NOT_FOUND);
        }
        let holds = check.holds(&|name| self.value(record, name)) == Some(true);
        Ok(Expected::Answer(json!({"holds": holds})))
    }

    fn settable(&self, access: &Access, values: &[(String, Value)]) -> Result<(), &'static str> {
        for (name, _) in values {
            self.plain(access, name)?;
            if is_derived(self.schema, name) {
                return Err("invalid");
            }
        }
        Ok(())
    }

    fn create(&self, values: &[(String, Value)]) -> Result<Expected, &'static str> {
        let ((), access) = self.first("create", |access| self.settable(access, values))?;
        let values: BTreeMap<String, Value> = values.iter().filter(|(_, value)| *value != Value::Null).cloned().collect();
        if self.schema.placed {
            let Some(Value::Text(grid)) = values.get("grid") else { return Err("invalid") };
            if !self.within(access, grid) {
                return Err(DENIED);
            }
        }
        if !self.satisfies(access, &values) {
            return Err(DENIED);
        }
        Ok(Expected::Made(values))
    }

    fn update(&self, id: &str, version: i64, values: &[(String, Value)]) -> Result<Expected, &'static str> {
        let ((), access) = self.first("update", |access| {
            self.settable(access, values)?;
            self.record(id).map(|_| ())
        })?;
        if values.is_empty() {
            return Err("invalid");
        }
        if let Some((_, Value::Text(grid))) = values.iter().find(|(name, _)| name == "grid")
            && !self.within(access, grid)
        {
            return Err(DENIED);
        }
        let (at, record) = self.record(id)?;
        if !self.reaches(access, record) {
            return Err(NOT_FOUND);
        }
        if record.version != version {
            return Err("conflict");
        }
        let mut changed = record.values.clone();
        for (name, value) in values {
            changed.insert(name.clone(), value.clone());
        }
        changed.retain(|_, value| *value != Value::Null);
        if !self.satisfies(access, &changed) {
            return Err(DENIED);
        }
        Ok(Expected::Changed { record: at, values: changed })
    }

    fn record(&self, id: &str) -> Result<(usize, &Record), &'static str> {
        self.records.iter().enumerate().find(|(_, record)| record.id == id).ok_or(NOT_FOUND)
    }

    fn value(&self, record: &Record, name: &str) -> Value {
        self.value_of(&record.values, name)
    }

    fn value_of(&self, values: &BTreeMap<String, Value>, name: &str) -> Value {
        let known = |name: &str| values.get(name).cloned().unwrap_or(Value::Null);
        match self.schema.field(name).map(|field| &field.kind) {
            Some(Kind::AgeOf(source)) => match known(source) {
                Value::Date(born) => Value::Integer(age(&born, self.today)),
                _ => Value::Null,
            },
            _ => known(name),
        }
    }

    fn satisfies(&self, access: &Access, values: &BTreeMap<String, Value>) -> bool {
        access.conditions.iter().all(|condition: &Condition| condition.holds(&|name| self.value_of(values, name)) == Some(true))
    }

    /// In a region of the actor's and, where the admin left some only, in one of those.
    fn within(&self, access: &Access, grid: &str) -> bool {
        let lies = |regions: &[&str]| regions.iter().any(|region| grid.starts_with(region));
        lies(&self.actor.regions) && access.regions.as_ref().is_none_or(|regions| lies(regions))
    }

    fn reaches(&self, access: &Access, record: &Record) -> bool {
        let placed = match record.values.get("grid") {
            Some(Value::Text(grid)) if self.schema.placed => self.within(access, grid),
            _ => true,
        };
        placed && record.purpose == self.purpose && self.satisfies(access, &record.values)
    }

    fn row(&self, access: &Access, record: &Record, fields: &[String]) -> String {
        let mut out = format!("{{\"id\":\"{}\"", record.id);
        for name in fields {
            if name == "version" {
                out.push_str(&format!(",\"version\":{}", record.version));
                continue;
            }
            let value = self.value(record, name);
            let mask = self.schema.field(name).and_then(|field| field.mask);
            let shown = match (access.fields[name], mask, &value) {
                (Mode::Masked, Some(mask), Value::Text(text)) => Value::Text(mask.apply(text)).shown(),
                _ => value.shown(),
            };
            out.push_str(&format!(",\"{name}\":{shown}"));
        }
        out.push('}');
        out
    }
}
