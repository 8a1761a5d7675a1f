//! What a guest asks of the host: made at random, and written as the probe takes it.

use serde_json::{Map, Value as Json, json};

use crate::condition::{Comparison, Operand, path};
use crate::domain::{Domain, Record};
use crate::random::Random;
use crate::schema::{Field, Schema};
use crate::scope::{Access, Mode, OWN};
use crate::value::Value;

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    pub entity: String,
    pub ask: Ask,
}

/// What is asked of an entity type.
#[derive(Clone, Debug)]
pub enum Ask {
    Read { fields: Vec<String>, filter: Vec<Comparison>, sort: Vec<(String, bool)>, pages: Vec<usize> },
    Get { id: String, fields: Vec<String> },
    Check { id: String, check: String },
    Aggregate { table: String },
    Lookup { key: String, value: String, fields: Vec<String> },
    Create { values: Vec<(String, Value)> },
    Update { id: String, version: i64, values: Vec<(String, Value)> },
}

/// What an asker may know.
pub struct Known<'a> {
    pub domain: &'a Domain<'a>,
    pub accesses: &'a [Access],
    pub clearance: usize,
    pub purpose: &'static str,
}

/// What may be asked of an entity type, most of the time by one access to it; else by any, to be turned away.
struct Pool<'a> {
    schema: &'a Schema,
    access: Option<&'a Access>,
    clearance: usize,
}

impl<'a> Pool<'a> {
    /// Fields that may be used so.
    fn fields(&self, least: Mode) -> Vec<&'a Field> {
        let granted = |field: &&Field| match self.access {
            Some(access) => access.fields.get(&field.name).is_some_and(|mode| *mode >= least) && field.class <= self.clearance,
            None => true,
        };
        self.schema.fields.iter().filter(granted).collect()
    }
}

impl<'a> Known<'a> {
    fn pool(&self, random: &mut Random, operation: &str) -> Pool<'a> {
        let granted = self.accesses.iter().filter(|access| access.purpose == self.purpose && access.operations.contains(operation));
        let granted: Vec<_> = granted.collect();
        let access = (!granted.is_empty() && random.percent(88)).then(|| *random.pick(&granted));
        let entity = access.map_or_else(|| random.pick(self.accesses).entity.as_str(), |access| access.entity.as_str());
        Pool { schema: self.domain.schema(entity), access, clearance: self.clearance }
    }

    /// A record, most of the time one made for this purpose.
    fn record(&self, random: &mut Random, entity: &str) -> (String, i64) {
        let here = |record: &&Record| record.purpose.is_none_or(|purpose| purpose == self.purpose);
        let near: Vec<_> = self.domain.records(entity).values().filter(here).collect();
        if near.is_empty() || random.percent(3) {
            return ("aaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(), 1);
        }
        let record = *random.pick(&near);
        (record.id.clone(), record.version)
    }

    /// Fields to see: the pool's, and such as links lead to.
    fn fields(&self, random: &mut Random, pool: &Pool<'_>) -> Vec<String> {
        let percent = *random.pick(&[20, 50, 90]);
        let shown = pool.fields(Mode::Masked);
        let mut fields: Vec<String> = random.some(&shown, percent).into_iter().map(|field| field.name.clone()).collect();
        let links = pool.access.is_some_and(|access| access.operations.contains("link"));
        for _ in 0..if random.percent(if links { 75 } else { 2 }) { 1 + random.below(3) } else { 0 } {
            fields.extend(self.link(random, pool, links));
        }
        for (name, percent) in [("version", 20), ("nowhere", 2)] {
            if random.percent(percent) {
                fields.push(name.into());
            }
        }
        random.shuffle(&mut fields);
        fields
    }

    /// A path over references, most of the time one that accesses allow.
    fn link(&self, random: &mut Random, pool: &Pool<'_>, allowed: bool) -> Option<String> {
        if !allowed || random.percent(8) {
            return Some(path(random, self.domain, pool.schema, 100).0).filter(|path| path.contains('.'));
        }
        let (mut names, mut access) = (Vec::new(), pool.access?);
        loop {
            let schema = self.domain.schema(&access.entity);
            let referring = |name: &&String| schema.field(name).is_some_and(|field| field.target().is_some());
            let references: Vec<&String> = access.fields.keys().filter(referring).collect();
            if references.is_empty() {
                return None;
            }
            let name = *random.pick(&references);
            names.push(name.as_str());
            let target = schema.field(name)?.target()?;
            let reads = |far: &&Access| far.entity == target && far.purpose == self.purpose && far.operations.contains("read");
            let readers: Vec<&Access> = self.accesses.iter().filter(reads).collect();
            if readers.is_empty() {
                return None;
            }
            access = *random.pick(&readers);
            if names.len() == 3 || !access.operations.contains("link") || random.percent(40) {
                break;
            }
        }
        let shown: Vec<&String> = access.fields.iter().filter(|(_, mode)| **mode >= Mode::Masked).map(|(name, _)| name).collect();
        (!shown.is_empty()).then(|| format!("{}.{}", names.join("."), random.pick(&shown)))
    }
}

impl Request {
    pub fn random(random: &mut Random, known: &Known<'_>) -> Self {
        match random.below(28) {
            0..=10 => read(random, known),
            11..=12 => {
                let pool = known.pool(random, "read");
                let id = known.record(random, &pool.schema.name).0;
                pool.ask(Ask::Get { id, fields: known.fields(random, &pool) })
            }
            13..=15 => {
                let pool = known.pool(random, "check");
                let id = known.record(random, &pool.schema.name).0;
                pool.ask(Ask::Check { id, check: (*random.pick(&["c0", "c0", "c1"])).to_owned() })
            }
            16..=19 => known.pool(random, "aggregate").ask(Ask::Aggregate { table: (*random.pick(&["t0", "t0", "t1"])).to_owned() }),
            20..=21 => lookup(random, known),
            22..=23 => {
                let pool = known.pool(random, "create");
                let values = values(random, &pool, 85);
                pool.ask(Ask::Create { values })
            }
            _ => {
                let pool = known.pool(random, "update");
                let (id, version) = known.record(random, &pool.schema.name);
                let version = if random.percent(10) { version + 1 } else { version };
                let values = values(random, &pool, 35);
                pool.ask(Ask::Update { id, version, values })
            }
        }
    }

    /// A record as the worlds begin with, of any values.
    pub fn random_create(random: &mut Random, schema: &Schema) -> Self {
        let pool = Pool { schema, access: None, clearance: usize::MAX };
        let values = values(random, &pool, 85);
        pool.ask(Ask::Create { values })
    }

    /// As the probe takes it.
    pub fn written(&self) -> Json {
        let mut written = match &self.ask {
            Ask::Read { fields, filter, sort, pages } => {
                let filter: Vec<_> = filter.iter().map(filtered).collect();
                json!({"do": "read", "fields": fields, "filter": filter, "sort": sort, "pages": pages})
            }
            Ask::Get { id, fields } => json!({"do": "get", "id": id, "fields": fields}),
            Ask::Check { id, check } => json!({"do": "check", "id": id, "check": check}),
            Ask::Aggregate { table } => json!({"do": "aggregate", "table": table}),
            Ask::Lookup { key, value, fields } => json!({"do": "lookup", "key": key, "value": value, "fields": fields}),
            Ask::Create { values } => json!({"do": "create", "values": [object(values)]}),
            Ask::Update { id, version, values } => json!({"do": "update", "id": id, "version": version, "values": object(values)}),
        };
        written["entity"] = json!(self.entity);
        written
    }

    /// What is asked for, in a word.
    pub fn operation(&self) -> &'static str {
        match &self.ask {
            Ask::Read { .. } => "read",
            Ask::Get { .. } => "get",
            Ask::Check { .. } => "check",
            Ask::Aggregate { .. } => "aggregate",
            Ask::Lookup { .. } => "lookup",
            Ask::Create { .. } => "create",
            Ask::Update { .. } => "update",
        }
    }
}

impl Pool<'_> {
    fn ask(&self, ask: Ask) -> Request {
        Request { entity: self.schema.name.clone(), ask }
    }
}

fn filtered(part: &Comparison) -> Json {
    let values = part.operands.iter().filter_map(|operand| match operand {
        Operand::Value(value) => Some(value.typed()),
        Operand::Today(_) => None,
    });
    json!({"field": part.field, "op": part.operator, "values": values.collect::<Vec<_>>()})
}

fn object(values: &[(String, Value)]) -> Map<String, Json> {
    values.iter().map(|(name, value)| (name.clone(), value.entered())).collect()
}

fn read(random: &mut Random, known: &Known<'_>) -> Request {
    let pool = known.pool(random, "read");
    let plain = pool.fields(Mode::Plain);
    let (mut filter, mut sort) = (Vec::new(), Vec::<(String, bool)>::new());
    if !plain.is_empty() {
        for _ in 0..random.below(3) {
            let field = *random.pick(&plain);
            filter.push(Comparison::of(random, field, field.name.clone()));
        }
        for _ in 0..random.below(3) {
            let name = &random.pick(&plain).name;
            if !sort.iter().any(|(known, _)| known == name) {
                sort.push((name.clone(), random.percent(50)));
            }
        }
    }
    let count = 1 + random.below(4);
    let pages = (0..count).map(|_| *random.pick(&[1, 2, 4, 1_000])).collect();
    pool.ask(Ask::Read { fields: known.fields(random, &pool), filter, sort, pages })
}

/// A look-up by the key of the plugin's records, most of the time.
fn lookup(random: &mut Random, known: &Known<'_>) -> Request {
    let own = &known.domain.own;
    let grants = |access: &&Access| access.purpose == known.purpose && !access.public.is_empty();
    let public = known.accesses.iter().find(grants).map_or_else(Vec::new, |access| access.public.clone());
    let key = own.key.clone().filter(|_| random.percent(95)).unwrap_or_else(|| random.pick(&own.fields).name.clone());
    let holders: Vec<&Record> = known.domain.things.values().filter(|record| record.values.contains_key(&key)).collect();
    let value = match holders.len() {
        0 => "K".to_owned(),
        _ => match &random.pick(&holders).values[&key] {
            Value::Text(text) if random.percent(90) => text.clone(),
            _ => "K".to_owned(),
        },
    };
    let mut fields: Vec<String> = random.some(&public, 60).into_iter().cloned().collect();
    if random.percent(8) {
        fields.push(random.pick(&own.fields).name.clone());
    }
    Request { entity: OWN.to_owned(), ask: Ask::Lookup { key, value, fields } }
}

/// Values that fit their fields, and where a record lies most of the time.
fn values(random: &mut Random, pool: &Pool<'_>, percent: usize) -> Vec<(String, Value)> {
    let mut values = Vec::new();
    for field in pool.fields(Mode::Plain) {
        if !field.is_derived() && !field.samples.is_empty() && random.percent(percent) {
            let is_unknown = !field.required && random.percent(15);
            let value = if is_unknown { Value::Null } else { field.known(random) };
            values.push((field.name.clone(), value));
        }
    }
    values
}
