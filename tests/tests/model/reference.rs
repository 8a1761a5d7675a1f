//! The reference: what must come back, worked out the slow way from the documents alone.

use serde_json::{Value as Json, json};

use crate::condition::{Condition, Facts};
use crate::domain::{Domain, Record, Values};
use crate::request::{Ask, Request};
use crate::schema::Schema;
use crate::scope::{Access, Actor, Mode};
use crate::table::{SMALLEST, STEP};
use crate::value::Value;

/// What must come back.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// This, to the letter.
    Answer(Json),
    /// An error with this code.
    Error(&'static str),
    /// A new record of the plugin's: its id is the host's to choose.
    Made(Values),
    /// A changed one.
    Changed { number: i64, values: Values },
}

/// Everything that an answer depends on.
pub struct Reference<'a> {
    pub domain: &'a Domain<'a>,
    pub accesses: &'a [Access],
    /// None where nobody is signed in.
    pub actor: Option<&'a Actor>,
    pub purpose: &'static str,
    pub today: &'a str,
}

pub const DENIED: &str = "denied";
pub const INVALID: &str = "invalid";
pub const NOT_FOUND: &str = "not-found";

/// What comes back, or the code of an error.
pub type Outcome<T = Expected> = Result<T, &'static str>;

impl Reference<'_> {
    pub fn answer(&self, request: &Request) -> Expected {
        let schema = self.domain.schema(&request.entity);
        let done = match &request.ask {
            Ask::Lookup { key, value, fields } => self.lookup(schema, key, value, fields),
            _ if self.actor.is_none() => Err(DENIED),
            Ask::Read { fields, filter, sort, pages } => self.read(schema, fields, filter, sort, pages),
            Ask::Get { id, fields } => self.get(schema, id, fields),
            Ask::Check { id, check } => self.check(schema, id, check),
            Ask::Aggregate { table } => self.aggregate(schema, table),
            Ask::Create { values } => self.create(schema, values),
            Ask::Update { id, version, values } => self.update(schema, id, *version, values),
        };
        done.unwrap_or_else(Expected::Error)
    }

    /// The accesses that give the operation for the purpose.
    pub fn giving(&self, entity: &str, operation: &str) -> impl Iterator<Item = &Access> {
        let gives =
            move |access: &&Access| access.entity == entity && access.purpose == self.purpose && access.operations.contains(operation);
        self.accesses.iter().filter(gives)
    }

    /// The first access that allows it decides; where none does, the first says why not.
    pub fn first<T>(&self, entity: &str, operation: &str, allow: impl Fn(&Access) -> Outcome<T>) -> Outcome<(T, &Access)> {
        let mut refusal = None;
        for access in self.giving(entity, operation) {
            match allow(access) {
                Ok(allowed) => return Ok((allowed, access)),
                Err(reason) => refusal = refusal.or(Some(reason)),
            }
        }
        Err(refusal.unwrap_or(DENIED))
    }

    fn clearance(&self) -> usize {
        self.actor.map_or(0, |actor| actor.clearance)
    }

    /// A field's mode, where the grant has it and the actor may know it.
    pub fn mode(&self, access: &Access, name: &str) -> Outcome<Mode> {
        let mode = *access.fields.get(name).ok_or(DENIED)?;
        let field = self.domain.schema(&access.entity).field(name).ok_or(DENIED)?;
        if field.class > self.clearance() { Err(DENIED) } else { Ok(mode) }
    }

    pub fn plain(&self, access: &Access, name: &str) -> Outcome<()> {
        if self.mode(access, name)? == Mode::Plain { Ok(()) } else { Err(DENIED) }
    }

    /// Whether the actor may know every field that a condition looks at, on its ways too.
    fn cleared(&self, schema: &Schema, condition: &Condition) -> Outcome<()> {
        let mut fields = condition.comparisons().into_iter().flat_map(|part| self.domain.along(schema, &part.field));
        if fields.any(|(_, field)| field.class > self.clearance()) { Err(DENIED) } else { Ok(()) }
    }

    fn check(&self, schema: &Schema, id: &str, name: &str) -> Outcome {
        let mut candidates = self.giving(&schema.name, "check");
        let (access, check) = candidates.find_map(|access| access.checks.get(name).map(|check| (access, check))).ok_or(DENIED)?;
        self.cleared(schema, check)?;
        let (_, record) = self.record(schema, id)?;
        if !self.reaches(access, record) {
            return Err(NOT_FOUND);
        }
        Ok(Expected::Answer(json!({"holds": self.holds(schema, &record.values, check)})))
    }

    fn aggregate(&self, schema: &Schema, name: &str) -> Outcome {
        let mut candidates = self.giving(&schema.name, "aggregate");
        let found = candidates.find_map(|access| access.tables.iter().find(|table| table.name == name).map(|table| (access, table)));
        let (access, table) = found.ok_or(DENIED)?;
        table.fields().try_for_each(|field| self.mode(access, field).map(drop))?;
        table.condition.iter().try_for_each(|condition| self.cleared(schema, condition))?;
        let records = self.domain.records(&schema.name).values();
        let reached = records.filter(|record| self.reaches(access, record)).map(|record| &record.values);
        let rows = table.rows(self.domain, schema, reached, self.today);
        Ok(Expected::Answer(json!({"table": format!("{{\"smallest_group\":{SMALLEST},\"rounded_to\":{STEP},\"rows\":{rows}}}")})))
    }

    fn settable(&self, access: &Access, values: &[(String, Value)]) -> Outcome<()> {
        for (name, _) in values {
            self.plain(access, name)?;
            if self.domain.schema(&access.entity).field(name).is_some_and(|field| field.is_derived()) {
                return Err(INVALID);
            }
        }
        Ok(())
    }

    fn create(&self, schema: &Schema, values: &[(String, Value)]) -> Outcome {
        let ((), access) = self.first(&schema.name, "create", |access| self.settable(access, values))?;
        let mut values: Values = values.iter().filter(|(_, value)| *value != Value::Null).cloned().collect();
        if schema.lies_with().is_none() && schema.is_placed() {
            let Some(Value::Text(grid)) = values.get("grid") else { return Err(INVALID) };
            if !self.within(access, grid) {
                return Err(DENIED);
            }
        }
        self.refers_within(access, schema, &values)?;
        if let Some(reference) = schema.lies_with() {
            values.insert("grid".into(), self.place_of(schema, reference, values.get(reference))?);
        }
        self.is_alone(schema, None, &values)?;
        if !self.satisfies(access, &values) {
            return Err(DENIED);
        }
        Ok(Expected::Made(values))
    }

    fn update(&self, schema: &Schema, id: &str, version: i64, values: &[(String, Value)]) -> Outcome {
        let ((), access) = self.first(&schema.name, "update", |access| {
            self.settable(access, values)?;
            self.record(schema, id).map(|_| ())
        })?;
        if values.is_empty() {
            return Err(INVALID);
        }
        let set: Values = values.iter().cloned().collect();
        if let Some(Value::Text(grid)) = set.get("grid")
            && !self.within(access, grid)
        {
            return Err(DENIED);
        }
        self.refers_within(access, schema, &set)?;
        let moved = match schema.lies_with() {
            Some(reference) if set.contains_key(reference) => Some(self.place_of(schema, reference, set.get(reference))?),
            _ => None,
        };
        let (number, record) = self.record(schema, id)?;
        if !self.reaches(access, record) {
            return Err(NOT_FOUND);
        }
        if record.version != version {
            return Err("conflict");
        }
        let mut changed = record.values.clone();
        changed.extend(set);
        changed.extend(moved.map(|grid| ("grid".to_owned(), grid)));
        changed.retain(|_, value| *value != Value::Null);
        self.is_alone(schema, Some(number), &changed)?;
        if !self.satisfies(access, &changed) {
            return Err(DENIED);
        }
        Ok(Expected::Changed { number, values: changed })
    }

    /// Where something lies that lies where its reference does.
    fn place_of(&self, schema: &Schema, reference: &str, value: Option<&Value>) -> Outcome<Value> {
        let target = schema.field(reference).and_then(|field| field.target()).ok_or(INVALID)?;
        let Some(Value::Reference { number, .. }) = value else { return Err(NOT_FOUND) };
        self.domain.records(target)[number].values.get("grid").cloned().ok_or(NOT_FOUND)
    }

    /// A record that lies somewhere refers to such only as lie where it might.
    fn refers_within(&self, access: &Access, schema: &Schema, values: &Values) -> Outcome<()> {
        for field in schema.fields.iter().filter(|_| schema.is_placed()) {
            let (Some(target), Some(Value::Reference { number, .. })) = (field.target(), values.get(&field.name)) else { continue };
            match self.domain.records(target)[number].values.get("grid") {
                Some(Value::Text(grid)) if !self.within(access, grid) => return Err(NOT_FOUND),
                _ => {}
            }
        }
        Ok(())
    }

    /// No other record has the same key, whoever may see it.
    fn is_alone(&self, schema: &Schema, number: Option<i64>, values: &Values) -> Outcome<()> {
        let Some((key, value)) = schema.key.as_ref().and_then(|key| values.get_key_value(key)) else { return Ok(()) };
        let mut others = self.domain.records(&schema.name).iter().filter(|(other, _)| Some(**other) != number);
        if others.any(|(_, other)| other.values.get(key) == Some(value)) { Err("conflict") } else { Ok(()) }
    }

    pub fn record(&self, schema: &Schema, id: &str) -> Outcome<(i64, &Record)> {
        let mut records = self.domain.records(&schema.name).iter();
        records.find(|(_, record)| record.id == id).map(|(number, record)| (*number, record)).ok_or(NOT_FOUND)
    }

    pub fn holds(&self, schema: &Schema, values: &Values, condition: &Condition) -> bool {
        let value = |path: &str| self.domain.value(schema, values, path, self.today);
        condition.holds(&Facts { value: &value, today: self.today }) == Some(true)
    }

    pub fn satisfies(&self, access: &Access, values: &Values) -> bool {
        let schema = self.domain.schema(&access.entity);
        access.conditions.iter().all(|condition| self.holds(schema, values, condition))
    }

    /// In a region of the actor's and, where the admin left some only, in one of those.
    fn within(&self, access: &Access, grid: &str) -> bool {
        self.actor.is_some_and(|actor| lies(grid, &actor.regions)) && access.regions.as_ref().is_none_or(|regions| lies(grid, regions))
    }

    pub fn reaches(&self, access: &Access, record: &Record) -> bool {
        let placed = match record.values.get("grid") {
            Some(Value::Text(grid)) => self.within(access, grid),
            _ => true,
        };
        placed && record.purpose.is_none_or(|purpose| purpose == self.purpose) && self.satisfies(access, &record.values)
    }
}

pub fn lies(grid: &str, regions: &[&str]) -> bool {
    regions.iter().any(|region| grid.starts_with(region))
}
