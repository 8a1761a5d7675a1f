//! Reads by the reference: pages, one record, one by a public key, and what links lead to.

use std::cmp::Ordering;

use serde_json::json;

use crate::condition::{Comparison, Facts};
use crate::domain::Record;
use crate::reference::{DENIED, Expected, INVALID, NOT_FOUND, Outcome, Reference, lies};
use crate::schema::{Kind, Schema};
use crate::scope::{Access, Mode};
use crate::value::Value;

/// The accesses under which a path's ends are read: the first is the record's own.
type Way<'a> = Vec<&'a Access>;

impl Reference<'_> {
    /// Which access decides a read, and how many rows it gives at once.
    pub fn reading(&self, schema: &Schema, fields: &[String], filter: &[Comparison], sort: &[(String, bool)]) -> Outcome<(usize, &Access)> {
        self.first(&schema.name, "read", |access| {
            let rows = self.shown(access, fields)?;
            filter.iter().try_for_each(|part| self.filters(access, schema, part))?;
            sort.iter().try_for_each(|(name, _)| self.plain(access, name))?;
            Ok(rows)
        })
    }

    pub fn read(&self, schema: &Schema, fields: &[String], filter: &[Comparison], sort: &[(String, bool)], pages: &[usize]) -> Outcome {
        let (rows, access) = self.reading(schema, fields, filter, sort)?;
        let mut found: Vec<&Record> = self.domain.records(&schema.name).values().filter(|record| self.reaches(access, record)).collect();
        found.retain(|record| {
            let value = |name: &str| self.value(schema, record, name);
            filter.iter().all(|part| part.holds(&Facts { value: &value, today: self.today }) == Some(true))
        });
        // The records stand in the order in which they were made, which is that of their numbers. Ties go the way of the
        // last key; that of an age is its date of birth, the other way round.
        let is_age = |name: &str| schema.field(name).is_some_and(|field| matches!(field.kind, Kind::AgeOf(_)));
        if sort.last().is_some_and(|(name, descending)| *descending != is_age(name)) {
            found.reverse();
        }
        found.sort_by(|left, right| {
            let each = sort.iter().map(|(name, descending)| self.compare(schema, left, right, name, *descending));
            each.fold(Ordering::Equal, Ordering::then)
        });
        let mut said = Vec::new();
        let mut rest = found.as_slice();
        for asked in pages {
            let (page, behind) = rest.split_at(rest.len().min(*asked).min(rows));
            let written: Vec<_> = page.iter().map(|record| self.row(access, record, fields)).collect();
            said.push(json!({"rows": format!("[{}]", written.join(",")), "more": !behind.is_empty()}));
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        Ok(Expected::Answer(json!({"pages": said})))
    }

    /// Whether a filter may be. A reference is compared with ids of what the manifest has an access to.
    fn filters(&self, access: &Access, schema: &Schema, part: &Comparison) -> Outcome<()> {
        self.plain(access, &part.field)?;
        let target = schema.field(&part.field).and_then(|field| field.target());
        let is_known = target.is_none_or(|target| self.accesses.iter().any(|access| access.entity == target));
        if is_known || part.operands.is_empty() { Ok(()) } else { Err(INVALID) }
    }

    fn value(&self, schema: &Schema, record: &Record, name: &str) -> Value {
        self.domain.value(schema, &record.values, name, self.today)
    }

    /// Unknown values last, whatever the direction; an age by its date of birth.
    fn compare(&self, schema: &Schema, left: &Record, right: &Record, name: &str, descending: bool) -> Ordering {
        let (source, descending) = match &schema.field(name).unwrap().kind {
            Kind::AgeOf(source) => (source.as_str(), !descending),
            _ => (name, descending),
        };
        match (self.value(schema, left, source), self.value(schema, right, source)) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Greater,
            (_, Value::Null) => Ordering::Less,
            (left, right) => {
                let order = left.order(&right).unwrap();
                if descending { order.reverse() } else { order }
            }
        }
    }

    pub fn get(&self, schema: &Schema, id: &str, fields: &[String]) -> Outcome {
        let (_, access) = self.first(&schema.name, "read", |access| {
            self.shown(access, fields)?;
            self.record(schema, id).map(|_| ())
        })?;
        let (_, record) = self.record(schema, id)?;
        if !self.reaches(access, record) {
            return Err(NOT_FOUND);
        }
        Ok(Expected::Answer(json!({"row": self.row(access, record, fields)})))
    }

    /// By a public key, of the fields that are granted to the public, whoever asks.
    pub fn lookup(&self, schema: &Schema, key: &str, value: &str, fields: &[String]) -> Outcome {
        let (_, access) = self.first(&schema.name, "public-lookup", |access| {
            let is_key = schema.key.as_deref() == Some(key) && access.fields.get(key) == Some(&Mode::Plain);
            let public = |name: &String| access.public.contains(name);
            if is_key && public(&key.to_owned()) && fields.iter().all(public) { Ok(()) } else { Err(DENIED) }
        })?;
        let near = |record: &&Record| match (record.values.get("grid"), &access.regions) {
            (Some(Value::Text(grid)), Some(regions)) => lies(grid, regions),
            _ => true,
        };
        let has_key = |record: &&Record| record.values.get(key) == Some(&Value::Text(value.to_owned()));
        let mut found = self.domain.records(&schema.name).values().filter(has_key).filter(near);
        let record = found.find(|record| self.satisfies(access, &record.values)).ok_or(NOT_FOUND)?;
        Ok(Expected::Answer(json!({"row": self.row(access, record, fields)})))
    }

    /// How many rows come at once, where all of the fields may be seen.
    fn shown(&self, access: &Access, fields: &[String]) -> Outcome<usize> {
        let mut rows = access.rows;
        for name in fields.iter().filter(|name| *name != "version") {
            if name.contains('.') {
                let way = self.way(access, name)?;
                rows = way.iter().map(|access| access.rows).fold(rows, usize::min);
            } else if self.mode(access, name)? < Mode::Masked {
                return Err(DENIED);
            }
        }
        Ok(rows)
    }

    /// How a path goes: what follows has `link` and the reference, what is at the end reads the field.
    fn way<'s>(&'s self, near: &'s Access, path: &str) -> Outcome<Way<'s>> {
        let names: Vec<&str> = path.split('.').collect();
        let mut way = vec![near];
        self.follows(near, names[0])?;
        for (at, name) in names.iter().enumerate().skip(1) {
            let before = way[way.len() - 1];
            let target = self.domain.schema(&before.entity).field(names[at - 1]).and_then(|field| field.target()).ok_or(INVALID)?;
            let (_, access) = self.first(target, "read", |access| match at + 1 < names.len() {
                true => self.follows(access, name),
                false if self.mode(access, name)? < Mode::Masked => Err(DENIED),
                false => Ok(()),
            })?;
            way.push(access);
        }
        Ok(way)
    }

    fn follows(&self, access: &Access, reference: &str) -> Outcome<()> {
        let mode = self.mode(access, reference)?;
        if access.operations.contains("link") && mode >= Mode::Check { Ok(()) } else { Err(DENIED) }
    }

    /// What a path leads to, null where anything on the way is out of reach: the value, and the access that shows it.
    fn led<'s>(&'s self, access: &'s Access, record: &Record, path: &str) -> Option<(Value, &'s Access)> {
        let way = self.way(access, path).ok()?;
        let mut record = record;
        let names: Vec<&str> = path.split('.').collect();
        for (far, reference) in way.iter().skip(1).zip(&names) {
            let Some(Value::Reference { number, .. }) = record.values.get(*reference) else { return None };
            record = &self.domain.records(&far.entity)[number];
            if !self.reaches(far, record) {
                return None;
            }
        }
        let far = way[way.len() - 1];
        Some((self.value(self.domain.schema(&far.entity), record, names[names.len() - 1]), far))
    }

    fn row(&self, access: &Access, record: &Record, fields: &[String]) -> String {
        let mut out = format!("{{\"id\":\"{}\"", record.id);
        for name in fields {
            let shown = match name.as_str() {
                "version" => record.version.to_string(),
                path if path.contains('.') => self
                    .led(access, record, path)
                    .map_or_else(|| "null".to_owned(), |(value, far)| self.masked(far, path.rsplit('.').next().unwrap(), &value)),
                name => self.masked(access, name, &self.value(self.domain.schema(&access.entity), record, name)),
            };
            out.push_str(&format!(",\"{name}\":{shown}"));
        }
        out.push('}');
        out
    }

    fn masked(&self, access: &Access, name: &str, value: &Value) -> String {
        let mask = self.domain.schema(&access.entity).field(name).and_then(|field| field.mask);
        match (access.fields[name], mask, value) {
            (Mode::Masked, Some(mask), Value::Text(text)) => Value::Text(mask.apply(text)).shown(),
            _ => value.shown(),
        }
    }
}
