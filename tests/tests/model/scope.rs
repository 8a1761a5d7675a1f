//! What a plugin asks for and what an admin leaves of it: made at random, and written as manifest and narrowing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::condition::Condition;
use crate::random::Random;
use crate::schema::{CLASSES, Kind, Schema};

/// The entity type's name.
pub const ENTITY: &str = "thing";
/// The purposes; each has a page of that name.
pub const PURPOSES: [&str; 2] = ["p", "q"];
/// Regions that an admin may leave and an actor may act in.
pub const REGIONS: [&str; 7] = ["44", "4401", "440104", "440104022", "440104022001", "440104022001002", "440105"];

/// How a field is granted, from the least up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    Check,
    Masked,
    Plain,
}

impl Mode {
    fn word(self) -> &'static str {
        match self {
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
    pub operations: BTreeSet<&'static str>,
    pub fields: BTreeMap<String, Mode>,
    pub conditions: Vec<Condition>,
    pub checks: BTreeMap<String, Condition>,
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
pub fn request(random: &mut Random, schema: &Schema) -> Vec<Access> {
    let all: BTreeMap<_, _> = schema.stored().map(|field| (field.name.clone(), Mode::Plain)).collect();
    let entering = |purpose| Access {
        purpose,
        operations: BTreeSet::from(["create"]),
        fields: all.clone(),
        conditions: Vec::new(),
        checks: BTreeMap::new(),
        rows: 100,
        regions: None,
    };
    let mut accesses: Vec<Access> = PURPOSES.into_iter().map(entering).collect();
    for _ in 0..2 + random.below(3) {
        accesses.push(access(random, schema));
    }
    accesses
}

fn access(random: &mut Random, schema: &Schema) -> Access {
    let mut operations: BTreeSet<_> = random.some(&["read", "update", "create"], 60).into_iter().copied().collect();
    operations.insert(*random.pick(&["read", "read", "check", "update"]));
    let mut checks = BTreeMap::new();
    if operations.contains("check") || random.percent(30) {
        operations.insert("check");
        let count = 1 + random.below(2);
        checks.extend((0..count).map(|at| (format!("c{at}"), Condition::random(random, schema, 2))));
    }
    let mut fields = BTreeMap::new();
    for field in random.some(&schema.fields, 75) {
        let modes: &[Mode] = if field.mask.is_some() { &[Mode::Plain, Mode::Masked] } else { &[Mode::Plain, Mode::Plain, Mode::Check] };
        fields.insert(field.name.clone(), *random.pick(modes));
    }
    let conditions = if random.percent(60) { vec![Condition::random(random, schema, 2)] } else { Vec::new() };
    let rows = *random.pick(&[1, 3, 5, 100]);
    Access { purpose: *random.pick(&PURPOSES), operations, fields, conditions, checks, rows, regions: None }
}

/// The manifest as TOML.
pub fn manifest(plugin: &str, accesses: &[Access]) -> String {
    let mut out = format!(
        "[plugin]\nid = \"{plugin}\"\nversion = \"1.0.0\"\nplatform = \"0.1\"\nname = {{ zh = \"模型\" }}\n\
         [[entity]]\nname = \"{ENTITY}\"\nschema = \"schemas/{ENTITY}.json\"\n"
    );
    for purpose in PURPOSES {
        let _ = write!(
            out,
            "[[purpose]]\nid = \"{purpose}\"\ntitle = {{ zh = \"测试\" }}\nlegal-basis = \"测试\"\n\
             [[page]]\npath = \"/{purpose}\"\ntitle = {{ zh = \"测试\" }}\npurpose = \"{purpose}\"\nroles = [\"worker\"]\n"
        );
    }
    for access in accesses {
        let fields: Vec<_> = access.fields.iter().map(|(name, mode)| format!("{name} = \"{}\"", mode.word())).collect();
        let _ = write!(
            out,
            "[[access]]\npurpose = \"{}\"\nentity = \"{ENTITY}\"\noperations = {}\nfields = {{ {} }}\nrows-per-call = {}\n",
            access.purpose,
            json!(access.operations),
            fields.join(", "),
            access.rows
        );
        if let [condition] = access.conditions.as_slice() {
            let _ = writeln!(out, "where = {}", json!(condition.text()));
        }
        if !access.checks.is_empty() {
            let checks: Vec<_> = access.checks.iter().map(|(name, check)| format!("{name} = {}", json!(check.text()))).collect();
            let _ = writeln!(out, "checks = {{ {} }}", checks.join(", "));
        }
    }
    out
}

/// A narrowing, applied to the accesses; returns what the admin sends.
pub fn narrow(random: &mut Random, schema: &Schema, accesses: &mut [Access]) -> Json {
    let mut sent = json!({});
    let granted: BTreeSet<String> = accesses.iter().flat_map(|access| access.fields.keys().cloned()).collect();
    let granted: Vec<String> = granted.into_iter().collect();
    if random.percent(40) {
        let name = random.pick(&granted).clone();
        accesses.iter_mut().for_each(|access| access.fields.retain(|field, _| *field != name));
        sent["drop-fields"] = json!([format!("{ENTITY}.{name}")]);
    }
    let masked = granted.iter().filter(|name| {
        let is_plain = accesses.iter().any(|access| access.fields.get(*name) == Some(&Mode::Plain));
        is_plain && schema.field(name).is_some_and(|field| field.mask.is_some())
    });
    let masked: Vec<_> = masked.cloned().collect();
    if !masked.is_empty() && random.percent(40) {
        let name = random.pick(&masked);
        accesses.iter_mut().filter_map(|access| access.fields.get_mut(name)).for_each(|mode| *mode = (*mode).min(Mode::Masked));
        sent["mask-fields"] = json!([format!("{ENTITY}.{name}")]);
    }
    let checks: BTreeSet<String> = accesses.iter().flat_map(|access| access.checks.keys().cloned()).collect();
    if let Some(name) = checks.first().filter(|_| random.percent(20)) {
        accesses.iter_mut().for_each(|access| drop(access.checks.remove(name)));
        sent["drop-checks"] = json!([format!("{ENTITY}.{name}")]);
    }
    if random.percent(40) {
        let regions: Vec<_> = (0..1 + random.below(2)).map(|_| *random.pick(&REGIONS)).collect();
        sent["regions"] = json!(regions);
        accesses.iter_mut().for_each(|access| access.regions = Some(regions.clone()));
    }
    if random.percent(30) {
        let condition = Condition::random(random, schema, 2);
        sent["and-where"] = json!({"entity": ENTITY, "condition": condition.text()});
        accesses.iter_mut().for_each(|access| access.conditions.push(condition.clone()));
    }
    if random.percent(20) {
        let rows = 1 + random.below(4);
        sent["rows-per-call"] = json!(rows);
        accesses.iter_mut().for_each(|access| access.rows = access.rows.min(rows));
    }
    sent
}

/// Whether a field is filled by the host.
pub fn is_derived(schema: &Schema, name: &str) -> bool {
    schema.field(name).is_some_and(|field| matches!(field.kind, Kind::AgeOf(_)))
}
