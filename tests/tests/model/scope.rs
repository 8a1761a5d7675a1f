//! What a plugin asks for and what an admin leaves of it: made at random, and written as manifest and narrowing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use linli_tests::CORE;
use serde_json::{Value as Json, json};

use crate::condition::Condition;

use crate::domain::Domain;
use crate::random::Random;
use crate::schema::{CLASSES, Field, Schema};
use crate::table::Table;

/// The plugin's own entity type.
pub const OWN: &str = "thing";
/// The purposes; each has a page of that name, and an open one.
pub const PURPOSES: [&str; 2] = ["p", "q"];
/// Regions that an admin may leave and an actor may act in.
pub const REGIONS: [&str; 7] = ["44", "4401", "440104", "440104022", "440104022001", "440104022001002", "440105"];

/// How a field is granted, from the least up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    Aggregate,
    Check,
    Masked,
    Plain,
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Aggregate => "aggregate",
            Self::Check => "check",
            Self::Masked => "masked",
            Self::Plain => "plain",
        }
    }
}

/// One access, as it is left.
#[derive(Clone, Debug)]
pub struct Access {
    pub purpose: &'static str,
    pub entity: String,
    pub operations: BTreeSet<&'static str>,
    pub fields: BTreeMap<String, Mode>,
    pub conditions: Vec<Condition>,
    pub checks: BTreeMap<String, Condition>,
    pub tables: Vec<Table>,
    /// What a public look-up shows.
    pub public: Vec<String>,
    pub rows: usize,
    /// None for all.
    pub regions: Option<Vec<&'static str>>,
}

/// Somebody who signs in.
#[derive(Clone, Debug)]
pub struct Actor {
    pub login: String,
    pub regions: Vec<&'static str>,
    /// Index in [`CLASSES`].
    pub clearance: usize,
}

impl Actor {
    pub fn random(random: &mut Random, at: usize) -> Self {
        let count = random.below(4);
        let regions = (0..count).map(|_| *random.pick(&REGIONS)).collect();
        // Half of them may know everything.
        Self { login: format!("model{at}"), regions, clearance: random.below(2 * CLASSES.len()).min(CLASSES.len() - 1) }
    }
}

/// The accesses of a manifest. The first of each purpose makes records with any value.
pub fn request(random: &mut Random, domain: &Domain<'_>) -> Vec<Access> {
    let all: BTreeMap<_, _> = domain.own.stored().map(|field| (field.name.clone(), Mode::Plain)).collect();
    let entering = |purpose| Access { operations: BTreeSet::from(["create"]), fields: all.clone(), ..Access::nothing(purpose, OWN) };
    let mut accesses: Vec<Access> = PURPOSES.into_iter().map(entering).collect();
    for _ in 0..2 + random.below(3) {
        accesses.push(access(random, domain, &domain.own));
    }
    // What references lead to, and what else there is.
    let targets = domain.own.fields.iter().filter_map(Field::target).chain(["household", "dwelling"]);
    let mut names: Vec<&str> = targets.collect();
    names.extend((0..1 + random.below(3)).map(|_| random.pick(&CORE).0));
    for name in names {
        accesses.push(access(random, domain, domain.schema(name)));
    }
    accesses
}

impl Access {
    fn nothing(purpose: &'static str, entity: &str) -> Self {
        Self {
            purpose,
            entity: entity.to_owned(),
            operations: BTreeSet::new(),
            fields: BTreeMap::new(),
            conditions: Vec::new(),
            checks: BTreeMap::new(),
            tables: Vec::new(),
            public: Vec::new(),
            rows: 100,
            regions: None,
        }
    }

    /// As a manifest writes it.
    fn text(&self, schema: &Schema) -> String {
        let fields: Vec<_> = self.fields.iter().map(|(name, mode)| format!("{name} = \"{}\"", mode.word())).collect();
        let mut out = format!(
            "[[access]]\npurpose = \"{}\"\nentity = \"{}\"\noperations = {}\nfields = {{ {} }}\nrows-per-call = {}\npublic = {}\n",
            self.purpose,
            self.entity,
            json!(self.operations),
            fields.join(", "),
            self.rows,
            json!(self.public)
        );
        if let [condition] = self.conditions.as_slice() {
            let _ = writeln!(out, "where = {}", json!(condition.text()));
        }
        let checks: Vec<_> = self.checks.iter().map(|(name, check)| format!("{name} = {}", json!(check.text()))).collect();
        let _ = writeln!(out, "checks = {{ {} }}", checks.join(", "));
        self.tables.iter().for_each(|table| out.push_str(&table.text(schema)));
        out
    }
}

fn access(random: &mut Random, domain: &Domain<'_>, schema: &Schema) -> Access {
    let purpose = *random.pick(&PURPOSES);
    let mut access = Access::nothing(purpose, &schema.name);
    let possible: &[&str] = if schema.name == OWN { &["read", "update", "create"] } else { &["read"] };
    access.operations = random.some(possible, 60).into_iter().copied().collect();
    access.operations.insert(*random.pick(&["read", "read", "check"]));
    if access.operations.contains("check") || random.percent(30) {
        access.operations.insert("check");
        let count = 1 + random.below(2);
        access.checks.extend((0..count).map(|at| (format!("c{at}"), Condition::random(random, domain, schema, 2))));
    }
    let tested: Vec<String> = access.checks.values().flat_map(Condition::comparisons).map(|part| part.field.clone()).collect();
    for field in random.some(&schema.fields, 75) {
        access.fields.insert(field.name.clone(), mode(random, field, tested.contains(&field.name)));
    }
    if random.percent(60) && access.fields.keys().any(|name| schema.field(name).unwrap().target().is_some()) {
        access.operations.insert("link");
    }
    if random.percent(40) {
        let granted: Vec<String> = access.fields.keys().cloned().collect();
        let tables = ["t0", "t1"].into_iter().filter_map(|name| Table::random(random, domain, schema, &granted, name));
        access.tables = tables.collect();
    }
    if !access.tables.is_empty() {
        access.operations.insert("aggregate");
    }
    if let Some(key) = schema.key.as_ref().filter(|_| random.percent(70)) {
        access.fields.insert(key.clone(), Mode::Plain);
        access.operations.insert("public-lookup");
        let plain = access.fields.iter().filter(|(name, mode)| **mode == Mode::Plain && (*name == key || random.percent(70)));
        access.public = plain.map(|(name, _)| name.clone()).collect();
    }
    if random.percent(60) {
        access.conditions.push(Condition::random(random, domain, schema, 2));
    }
    access.rows = *random.pick(&[1, 3, 5, 100]);
    access
}

/// A mode that the field can have: what a check tests is not to be counted only.
fn mode(random: &mut Random, field: &Field, is_tested: bool) -> Mode {
    let hidden = if is_tested { Mode::Check } else { Mode::Aggregate };
    let modes: &[Mode] = match (field.mask.is_some(), field.target().is_some()) {
        (true, _) => &[Mode::Plain, Mode::Masked],
        (false, true) => &[Mode::Plain, Mode::Check],
        (false, false) => &[Mode::Plain, Mode::Plain, Mode::Check, hidden],
    };
    *random.pick(modes)
}

/// The manifest as TOML.
pub fn manifest(plugin: &str, domain: &Domain<'_>, accesses: &[Access]) -> String {
    let mut out = format!(
        "[plugin]\nid = \"{plugin}\"\nversion = \"1.0.0\"\nplatform = \"0.1\"\nname = {{ zh = \"模型\" }}\n\
         [[entity]]\nname = \"{OWN}\"\nschema = \"schemas/{OWN}.json\"\n"
    );
    for purpose in PURPOSES {
        let _ = write!(
            out,
            "[[purpose]]\nid = \"{purpose}\"\ntitle = {{ zh = \"测试\" }}\nlegal-basis = \"测试\"\n\
             [[page]]\npath = \"/{purpose}\"\ntitle = {{ zh = \"测试\" }}\npurpose = \"{purpose}\"\nroles = [\"worker\"]\n\
             [[page]]\npath = \"/open-{purpose}\"\ntitle = {{ zh = \"测试\" }}\npurpose = \"{purpose}\"\npublic = true\n"
        );
    }
    accesses.iter().for_each(|access| out.push_str(&access.text(domain.schema(&access.entity))));
    out
}

/// What an admin sends.
type Sent = Json;

/// A narrowing, applied to the accesses; returns what the admin sends.
pub fn narrow(random: &mut Random, domain: &Domain<'_>, accesses: &mut [Access]) -> Sent {
    let mut sent = json!({});
    narrow_fields(random, domain, accesses, &mut sent);
    let checks: BTreeSet<(String, String)> =
        accesses.iter().flat_map(|access| access.checks.keys().map(|name| (access.entity.clone(), name.clone()))).collect();
    if let Some((entity, name)) = checks.first().filter(|_| random.percent(20)) {
        of(accesses, entity).for_each(|access| drop(access.checks.remove(name)));
        sent["drop-checks"] = json!([format!("{entity}.{name}")]);
    }
    let counting = accesses.iter().find(|access| !access.tables.is_empty()).map(|access| access.entity.clone());
    if let Some(entity) = counting.filter(|_| random.percent(20)) {
        of(accesses, &entity).for_each(|access| access.tables.retain(|table| table.name != "t0"));
        sent["drop-tables"] = json!([format!("{entity}.t0")]);
    }
    if random.percent(40) {
        let regions: Vec<_> = (0..1 + random.below(2)).map(|_| *random.pick(&REGIONS)).collect();
        sent["regions"] = json!(regions);
        accesses.iter_mut().for_each(|access| access.regions = Some(regions.clone()));
    }
    if random.percent(30) {
        let entity = random.pick(accesses).entity.clone();
        let condition = Condition::random(random, domain, domain.schema(&entity), 2);
        sent["and-where"] = json!({"entity": entity, "condition": condition.text()});
        of(accesses, &entity).for_each(|access| access.conditions.push(condition.clone()));
    }
    if random.percent(20) {
        let rows = 1 + random.below(4);
        sent["rows-per-call"] = json!(rows);
        accesses.iter_mut().for_each(|access| access.rows = access.rows.min(rows));
    }
    sent
}

fn narrow_fields(random: &mut Random, domain: &Domain<'_>, accesses: &mut [Access], sent: &mut Sent) {
    let granted = |accesses: &[Access], wanted: &dyn Fn(&Access, &str) -> bool| -> Vec<(String, String)> {
        let each =
            accesses.iter().flat_map(|access| access.fields.keys().filter(|name| wanted(access, name)).map(move |name| (access, name)));
        each.map(|(access, name)| (access.entity.clone(), name.clone())).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let all = granted(accesses, &|_, _| true);
    if random.percent(40) {
        let (entity, name) = random.pick(&all).clone();
        for access in of(accesses, &entity) {
            access.fields.remove(&name);
            access.public.retain(|public| *public != name);
        }
        sent["drop-fields"] = json!([format!("{entity}.{name}")]);
    }
    let masked = granted(accesses, &|access, name| {
        access.fields[name] == Mode::Plain && domain.schema(&access.entity).field(name).unwrap().mask.is_some()
    });
    if !masked.is_empty() && random.percent(50) {
        let (entity, name) = random.pick(&masked);
        for access in of(accesses, entity) {
            access.fields.entry(name.clone()).and_modify(|mode| *mode = (*mode).min(Mode::Masked));
        }
        sent["mask-fields"] = json!([format!("{entity}.{name}")]);
    }
}

/// The accesses to an entity type.
fn of<'a>(accesses: &'a mut [Access], entity: &str) -> impl Iterator<Item = &'a mut Access> {
    accesses.iter_mut().filter(move |access| access.entity == entity)
}
