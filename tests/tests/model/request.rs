//! What a guest asks of the host: made at random, and written as the probe takes it.

use serde_json::{Map, Value as Json, json};

use crate::condition::Comparison;
use crate::random::Random;
use crate::reference::Record;
use crate::schema::{Kind, Schema};
use crate::scope::{Access, Actor, ENTITY, Mode};
use crate::value::Value;

/// One request.
#[derive(Clone, Debug)]
pub enum Request {
    Read { fields: Vec<String>, filter: Vec<Comparison>, sort: Vec<(String, bool)>, pages: Vec<usize> },
    Get { id: String, fields: Vec<String> },
    Check { id: String, check: String },
    Create { values: Vec<(String, Value)> },
    Update { id: String, version: i64, values: Vec<(String, Value)> },
}

/// What an asker may know.
pub struct Known<'a> {
    pub schema: &'a Schema,
    pub accesses: &'a [Access],
    pub records: &'a [Record],
    pub actor: &'a Actor,
    pub purpose: &'static str,
}

/// Fields by what they may be used for.
struct Pool<'a> {
    shown: Vec<&'a str>,
    plain: Vec<&'a str>,
}

impl Known<'_> {
    /// Most of the time those of an access that may be used; else any, to be turned away.
    fn pool(&self, random: &mut Random, operation: &str) -> Pool<'_> {
        let granted = self.accesses.iter().filter(|access| access.purpose == self.purpose && access.operations.contains(operation));
        let granted: Vec<_> = granted.collect();
        if granted.is_empty() || random.percent(15) {
            let all: Vec<&str> = self.schema.fields.iter().map(|field| field.name.as_str()).collect();
            return Pool { shown: all.clone(), plain: all };
        }
        let access = *random.pick(&granted);
        let cleared = |name: &str| self.schema.field(name).is_some_and(|field| field.class <= self.actor.clearance);
        let least = |mode: Mode| {
            let fields = access.fields.iter().filter(move |(name, granted)| **granted >= mode && cleared(name));
            fields.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        };
        Pool { shown: least(Mode::Masked), plain: least(Mode::Plain) }
    }

    /// The id and version of a record, most of the time of one made for this purpose.
    fn record(&self, random: &mut Random) -> (String, i64) {
        let near: Vec<_> = self.records.iter().filter(|record| record.purpose == self.purpose || random.percent(10)).collect();
        if near.is_empty() || random.percent(3) {
            return ("aaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(), 1);
        }
        let record = *random.pick(&near);
        (record.id.clone(), record.version)
    }
}

impl Request {
    pub fn random(random: &mut Random, known: &Known<'_>) -> Self {
        match random.below(20) {
            0..=9 => read(random, known),
            10..=11 => {
                let pool = known.pool(random, "read");
                Self::Get { id: known.record(random).0, fields: fields(random, &pool) }
            }
            12..=14 => Self::Check { id: known.record(random).0, check: (*random.pick(&["c0", "c0", "c1"])).to_owned() },
            15..=16 => {
                let pool = known.pool(random, "create");
                Self::Create { values: values(random, known.schema, &pool, 85) }
            }
            _ => {
                let pool = known.pool(random, "update");
                let (id, version) = known.record(random);
                let version = if random.percent(10) { version + 1 } else { version };
                Self::Update { id, version, values: values(random, known.schema, &pool, 35) }
            }
        }
    }

    /// A record as the worlds begin with, of the fields that the first access lets anybody set.
    pub fn random_create(random: &mut Random, schema: &Schema, accesses: &[Access]) -> Self {
        let plain = accesses[0].fields.iter().filter(|(_, mode)| **mode == Mode::Plain).map(|(name, _)| name.as_str()).collect();
        Self::Create { values: values(random, schema, &Pool { shown: Vec::new(), plain }, 85) }
    }

    /// As the probe takes it.
    pub fn written(&self) -> Json {
        match self {
            Self::Read { fields, filter, sort, pages } => {
                let filter: Vec<_> = filter
                    .iter()
                    .map(|part| {
                        let values: Vec<_> = part.values.iter().map(Value::typed).collect();
                        json!({"field": part.field, "op": part.operator, "values": values})
                    })
                    .collect();
                json!({"do": "read", "entity": ENTITY, "fields": fields, "filter": filter, "sort": sort, "pages": pages})
            }
            Self::Get { id, fields } => json!({"do": "get", "entity": ENTITY, "id": id, "fields": fields}),
            Self::Check { id, check } => json!({"do": "check", "entity": ENTITY, "id": id, "check": check}),
            Self::Create { values } => json!({"do": "create", "entity": ENTITY, "values": [object(values)]}),
            Self::Update { id, version, values } => {
                json!({"do": "update", "entity": ENTITY, "id": id, "version": version, "values": object(values)})
            }
        }
    }

    /// What is asked for, in a word.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Get { .. } => "get",
            Self::Check { .. } => "check",
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
        }
    }
}

fn object(values: &[(String, Value)]) -> Map<String, Json> {
    values.iter().map(|(name, value)| (name.clone(), value.entered())).collect()
}

fn read(random: &mut Random, known: &Known<'_>) -> Request {
    let pool = known.pool(random, "read");
    let (mut filter, mut sort) = (Vec::new(), Vec::<(String, bool)>::new());
    if !pool.plain.is_empty() {
        for _ in 0..random.below(3) {
            filter.push({
                let field = *random.pick(&pool.plain);
                Comparison::random(random, known.schema, field)
            });
        }
        for _ in 0..random.below(3) {
            let name = *random.pick(&pool.plain);
            if !sort.iter().any(|(known, _)| known == name) {
                sort.push((name.to_owned(), random.percent(50)));
            }
        }
    }
    let count = 1 + random.below(4);
    let pages = (0..count).map(|_| *random.pick(&[1, 2, 4, 1_000])).collect();
    Request::Read { fields: fields(random, &pool), filter, sort, pages }
}

fn fields(random: &mut Random, pool: &Pool<'_>) -> Vec<String> {
    let percent = *random.pick(&[20, 50, 90]);
    let mut fields: Vec<String> = random.some(&pool.shown, percent).into_iter().map(|name| (*name).to_owned()).collect();
    if random.percent(20) {
        fields.push("version".into());
    }
    if random.percent(3) {
        fields.push("nowhere".into());
    }
    random.shuffle(&mut fields);
    fields
}

/// Values that fit their fields, and where a record lies most of the time.
fn values(random: &mut Random, schema: &Schema, pool: &Pool<'_>, percent: usize) -> Vec<(String, Value)> {
    let mut values = Vec::new();
    for field in schema.stored().filter(|field| pool.plain.contains(&field.name.as_str())) {
        if random.percent(percent) {
            let is_unknown = field.kind != Kind::Grid && random.percent(15);
            let value = if is_unknown { Value::Null } else { field.kind.known(random) };
            values.push((field.name.clone(), value));
        }
    }
    values
}
