//! Before the first world: the core's records are made at both hosts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use linli_tests::CORE;
use serde_json::{Map, Value as Json, json};

use crate::core::Core;
use crate::domain::Values;
use crate::host::Hosts;
use crate::random::Random;
use crate::schema::{Field, Kind, Schema};
use crate::value::Value;

const PLUGIN: &str = "tests.model-core";
/// How many records are made of each, in the order of the core.
const RECORDS: [usize; 6] = [60, 90, 300, 40, 40, 120];
/// How many of them at once.
const BATCH: usize = 10;

const DATES: [&str; 12] = [
    "1926-02-28",
    "1936-02-29",
    "1944-11-24",
    "1946-11-25",
    "1958-07-01",
    "1966-12-31",
    "1980-02-29",
    "1995-05-05",
    "2000-02-29",
    "2008-11-24",
    "2019-05-01",
    "2025-12-31",
];
const TEXTS: [&str; 9] = ["瑶台社区三巷12号", "矿泉街道", "a", "aé", "b%_", "王小明", "欧阳修远", "say \"hi\"\\\n", "😀"];
const PHONES: [&str; 3] = ["13812341234", "13912340000", "18600000001"];

/// Makes the core.
pub fn core(hosts: &Hosts<'_>, seed: u64) -> Core {
    let mut random = Random::new(seed ^ 0xC04E);
    let mut core = Core::default();
    let schemas = CORE.map(|(_, schema)| schema);
    hosts.install(&manifest(), BTreeMap::new(), None).unwrap();
    for (schema, count) in schemas.into_iter().zip(RECORDS) {
        let schema = core.add(schema);
        let records: Vec<Values> = (0..count).map(|number| values(&mut random, &schema, number)).collect();
        let ids: Vec<String> = records.chunks(BATCH).flat_map(|batch| made(hosts, &schema, batch)).collect();
        core.fill(&schema.name, ids.into_iter().zip(records).collect());
    }
    core
}

fn made(hosts: &Hosts<'_>, schema: &Schema, records: &[Values]) -> Vec<String> {
    let entered = |values: &Values| values.iter().map(|(name, value)| (name.clone(), value.entered())).collect::<Map<_, _>>();
    let values: Vec<_> = records.iter().map(entered).collect();
    let [one, other] = hosts.say(0, PLUGIN, "p", &json!({"do": "create", "entity": schema.name, "values": values}));
    assert_eq!(one, other, "the two hosts differ: {values:?}");
    let ids = one["ids"].as_array().unwrap_or_else(|| panic!("{values:?}: {one}"));
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// A plugin that may make all of them.
fn manifest() -> String {
    let mut out = format!(
        "[plugin]\nid = \"{PLUGIN}\"\nversion = \"1.0.0\"\nplatform = \"0.1\"\nname = \"模型\"\n\
         [[purpose]]\nid = \"p\"\ntitle = \"测试\"\nlegal-basis = \"测试\"\n\
         [[page]]\npath = \"/p\"\ntitle = \"测试\"\npurpose = \"p\"\nroles = [\"worker\"]\n"
    );
    for (name, schema) in CORE {
        let schema: Json = serde_json::from_str(schema).unwrap();
        let properties = schema["properties"].as_object().unwrap().iter();
        let fields = properties.filter(|(_, property)| property["readOnly"] != true).map(|(name, _)| format!("{name} = \"plain\""));
        let fields: Vec<_> = fields.collect();
        let _ = write!(
            out,
            "[[access]]\npurpose = \"p\"\nentity = \"{name}\"\noperations = [\"create\"]\nfields = {{ {} }}\n",
            fields.join(", ")
        );
    }
    out
}

/// A record of the core. Its fields agree with each other where they must.
fn values(random: &mut Random, schema: &Schema, number: usize) -> Values {
    let mut values = Values::new();
    for field in schema.stored() {
        if field.required || random.percent(75) {
            let value = if field.name == "credit_code" { Value::Text(credit_code(number)) } else { value(random, field) };
            values.insert(field.name.clone(), value);
        }
    }
    if schema.name == "resident" {
        let (Value::Date(born), male) = (values["birth_date"].clone(), random.percent(50)) else { return values };
        values.insert("sex".into(), Value::Text(if male { "1" } else { "2" }.into()));
        values.insert("id_number".into(), Value::Text(id_number(&born, number, male)));
    }
    values
}

fn value(random: &mut Random, field: &Field) -> Value {
    let text = |text: &str| Value::Text(text.to_owned());
    match &field.kind {
        Kind::Text if field.name.ends_with("phone") => text(PHONES[random.below(PHONES.len())]),
        Kind::Text => text(TEXTS[random.below(TEXTS.len())]),
        Kind::Integer => Value::Integer(random.below(60) as i64),
        Kind::Decimal => Value::Decimal(random.below(100_000) as i64),
        Kind::Date => Value::Date((*random.pick(&DATES)).to_owned()),
        // Most of those of a kind are alike, so that there are many of a group.
        Kind::Code(_) if random.percent(70) => field.samples[0].clone(),
        _ => field.known(random),
    }
}

/// A citizen's number (GB 11643): an odd last number is a man's, and the last sign is made from all others.
fn id_number(born: &str, number: usize, male: bool) -> String {
    let sequence = 2 * (number % 500) + usize::from(male);
    let body = format!("440104{}{sequence:03}", born.replace('-', ""));
    // The weights are powers of two, from the last sign up.
    let sum: u32 = body.bytes().zip((1..=17).rev()).map(|(digit, power)| u32::from(digit - b'0') * (1 << power) % 11).sum();
    let last = (12 - sum % 11) % 11;
    if last == 10 { format!("{body}X") } else { format!("{body}{last}") }
}

/// A unified social credit code (GB 32100): weights are powers of three.
fn credit_code(number: usize) -> String {
    const SIGNS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("91440104MA{number:07}");
    let sum = body.chars().zip(0..).map(|(sign, power)| SIGNS.find(sign).unwrap() * 3_usize.pow(power)).sum::<usize>();
    format!("{body}{}", SIGNS.chars().nth((31 - sum % 31) % 31).unwrap())
}
