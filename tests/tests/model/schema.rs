//! Entity types: made at random and written as JSON Schema, or read from one.

use serde_json::{Map, Value as Json, json};

use crate::core::Core;
use crate::random::Random;
use crate::value::{Mask, Value};

/// The classifications, from the lowest up.
pub const CLASSES: [&str; 4] = ["public", "internal", "personal", "sensitive"];
/// Grid cells where a plugin's records lie.
pub const GRIDS: [&str; 5] = ["440104022001001", "440104022001002", "440104022002001", "440105001101001", "440103001101001"];

const TEXTS: [&str; 14] = [
    "瑶台社区三巷12号",
    "矿泉街道",
    "",
    "a",
    "ab",
    "aé",
    "b%_",
    "A",
    "王",
    "王小明",
    "欧阳修远",
    "13812341234",
    "say \"hi\"\\\n",
    "😀 11010519491231002X",
];
const DATES: [&str; 8] = ["1926-02-28", "1946-02-27", "1946-11-24", "1960-11-25", "2000-02-29", "2008-02-28", "2025-12-31", "2199-12-31"];
const REGIONS: [&str; 5] = ["44", "4401", "440104", "440104022", "440104022001"];
const INTEGERS: [i64; 10] = [-2, -1, 0, 1, 2, 3, 1 << 53, (1 << 53) + 1, i64::MIN + 1, i64::MAX];
const DECIMALS: [i64; 7] = [-150, -1, 0, 1, 50, 1234, 100_000_000_000];
const AGES: [i64; 10] = [-1, 0, 1, 18, 26, 65, 66, 80, 100, 200];
/// What a plugin's records may refer to.
const TARGETS: [&str; 5] = ["resident", "resident", "household", "dwelling", "organisation"];

/// An entity type.
#[derive(Clone, Debug)]
pub struct Schema {
    pub name: String,
    pub fields: Vec<Field>,
    /// `self`, or the references to people.
    pub subjects: Vec<String>,
    /// A field whose values are unique, and by which the public may look.
    pub key: Option<String>,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    /// Index in [`CLASSES`].
    pub class: usize,
    pub mask: Option<Mask>,
    pub required: bool,
    /// Values that it may have.
    pub samples: Vec<Value>,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Integer,
    Decimal,
    Text,
    Date,
    /// Of a list.
    Code(String),
    Region,
    /// Where the record lies.
    Grid,
    /// Where the record lies: where the one lies that this reference leads to.
    GridOf(String),
    /// The community of that; the host's to fill.
    Community,
    /// Completed years since the date in another field.
    AgeOf(String),
    /// To an entity type of the core.
    Reference(String),
}

impl Kind {
    /// Values of the kind, where nothing better is known.
    fn samples(&self, core: &Core) -> Vec<Value> {
        let texts = |texts: &[&str]| texts.iter().map(|text| Value::Text((*text).into())).collect();
        match self {
            Self::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
            Self::Integer => INTEGERS.map(Value::Integer).to_vec(),
            Self::Decimal => DECIMALS.map(Value::Decimal).to_vec(),
            Self::Text => texts(&TEXTS),
            Self::Date => DATES.map(|date| Value::Date(date.into())).to_vec(),
            Self::Code(list) => core.codes(list).into_iter().map(Value::Text).collect(),
            Self::Region => texts(&REGIONS),
            Self::Grid | Self::GridOf(_) => texts(&GRIDS),
            Self::Community => GRIDS.map(|grid| Value::Text(community(grid))).to_vec(),
            Self::AgeOf(_) => AGES.map(Value::Integer).to_vec(),
            Self::Reference(target) => core.references(target),
        }
    }
}

/// The community of a grid cell.
pub fn community(grid: &str) -> String {
    grid[..12].to_owned()
}

impl Field {
    pub fn known(&self, random: &mut Random) -> Value {
        random.pick(&self.samples).clone()
    }

    /// The beginning of a value.
    pub fn prefix(&self, random: &mut Random) -> Value {
        let Value::Text(text) = self.known(random) else { return Value::Null };
        let length = random.below(text.chars().count() + 1);
        Value::Text(text.chars().take(length).collect())
    }

    /// Whether the host fills it.
    pub fn is_derived(&self) -> bool {
        matches!(self.kind, Kind::AgeOf(_) | Kind::Community | Kind::GridOf(_))
    }

    /// What it refers to.
    pub fn target(&self) -> Option<&str> {
        match &self.kind {
            Kind::Reference(target) => Some(target),
            _ => None,
        }
    }
}

impl Schema {
    /// An entity type of a plugin.
    pub fn random(random: &mut Random, core: &Core, name: &str) -> Self {
        let mut schema = Self { name: name.to_owned(), fields: Vec::new(), subjects: Vec::new(), key: None };
        for at in 0..3 + random.below(5) {
            let sex = || Kind::Code("sex".to_owned());
            let kinds =
                [Kind::Boolean, Kind::Integer, Kind::Decimal, Kind::Text, Kind::Text, Kind::Date, Kind::Date, sex(), sex(), Kind::Region];
            let kind = random.pick(&kinds).clone();
            let name = format!("f{at}");
            if kind == Kind::Date && random.percent(60) {
                schema.add(random, core, format!("age{at}"), Kind::AgeOf(name.clone()));
            }
            schema.add(random, core, name, kind);
        }
        for at in 0..random.below(3) {
            let (name, target) = (format!("r{at}"), *random.pick(&TARGETS));
            if target == "resident" {
                schema.subjects.push(name.clone());
            }
            schema.add(random, core, name, Kind::Reference(target.to_owned()));
        }
        let reference = schema.fields.iter().find(|field| field.target().is_some()).map(|field| field.name.clone());
        match reference.filter(|_| random.percent(40)) {
            Some(reference) => schema.add(random, core, "grid".into(), Kind::GridOf(reference)),
            None if random.percent(75) => schema.add(random, core, "grid".into(), Kind::Grid),
            None => {}
        }
        if random.percent(30) {
            schema.add(random, core, "code".into(), Kind::Text);
            schema.key = Some("code".into());
            schema.fields.last_mut().unwrap().samples = (0..400).map(|at| Value::Text(format!("K{at}"))).collect();
        }
        random.shuffle(&mut schema.fields);
        schema.place();
        schema
    }

    fn add(&mut self, random: &mut Random, core: &Core, name: String, kind: Kind) {
        let mask = (kind == Kind::Text && random.percent(60)).then(|| *random.pick(&Mask::ALL));
        let samples = kind.samples(core);
        let required = kind == Kind::Grid;
        let class = if matches!(kind, Kind::GridOf(_)) { 1 } else { random.below(CLASSES.len()) };
        self.fields.push(Field { name, kind, class, mask, required, samples });
    }

    /// A record that lies somewhere has a community.
    fn place(&mut self) {
        if let Some(grid) = self.field("grid").cloned() {
            let communities = grid.samples.iter().filter_map(|sample| match sample {
                Value::Text(grid) => Some(Value::Text(community(grid))),
                _ => None,
            });
            let samples = communities.collect();
            self.fields.push(Field { name: "community".into(), kind: Kind::Community, class: 1, required: false, samples, ..grid });
        }
    }

    /// An entity type of the core, as its schema says. What values its fields have, its records know.
    pub fn read(document: &Json, core: &Core) -> Self {
        let head = &document["x-linli"];
        let texts =
            |list: &Json| -> Vec<String> { list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect() };
        let required = texts(&document["required"]);
        let fields = document["properties"].as_object().unwrap().iter().map(|(name, property)| {
            let more = &property["x-linli"];
            let kind = kind(property);
            let within = |sample: &Value| match sample {
                Value::Integer(number) => {
                    (property["minimum"].as_i64().unwrap_or(*number)..=property["maximum"].as_i64().unwrap_or(*number)).contains(number)
                }
                _ => true,
            };
            Field {
                samples: kind.samples(core).into_iter().filter(within).collect(),
                kind,
                class: CLASSES.iter().position(|class| more["classification"] == *class).unwrap(),
                mask: Mask::ALL.into_iter().find(|mask| more["mask"] == mask.word()),
                required: required.contains(name),
                name: name.clone(),
            }
        });
        let mut schema = Self {
            name: head["name"].as_str().unwrap().to_owned(),
            fields: fields.collect(),
            subjects: texts(&head["subjects"]),
            key: None,
        };
        schema.place();
        schema
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether a record lies in a region.
    pub fn is_placed(&self) -> bool {
        self.field("grid").is_some()
    }

    /// The reference that says where a record lies.
    pub fn lies_with(&self) -> Option<&str> {
        match &self.field("grid")?.kind {
            Kind::GridOf(reference) => Some(reference),
            _ => None,
        }
    }

    /// The references to the people whom a record is about.
    pub fn referred(&self) -> impl Iterator<Item = &String> {
        self.subjects.iter().filter(|subject| *subject != "self" && !subject.contains('.'))
    }

    /// Whether one person may have several records.
    pub fn has_many_a_person(&self) -> bool {
        self.referred().next().is_some()
    }

    /// Those that a record keeps.
    pub fn stored(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.is_derived())
    }

    /// As JSON Schema.
    pub fn text(&self) -> String {
        let fields = self.fields.iter().filter(|field| !matches!(field.kind, Kind::Community | Kind::GridOf(_)));
        let mut properties: Map<String, Json> = fields.map(|field| (field.name.clone(), property(field))).collect();
        let mut linli = json!({"name": self.name, "subjects": self.subjects, "steward": "s", "legal-basis": "l"});
        match self.lies_with() {
            Some(reference) => linli["region"] = json!(format!("{reference}.grid")),
            None if self.is_placed() => linli["region"] = json!("grid"),
            None => {}
        }
        if let Some(key) = &self.key {
            linli["keys"] = json!([key]);
            properties[key]["x-linli"]["public-key"] = json!(true);
        }
        let required: Vec<&str> = self.fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
            "required": required, "x-linli": linli, "properties": properties})
        .to_string()
    }
}

fn property(field: &Field) -> Json {
    let (kind, more) = match &field.kind {
        Kind::Boolean => ("boolean", json!({})),
        Kind::Integer | Kind::AgeOf(_) => ("integer", json!({})),
        Kind::Decimal => ("string", json!({"type": "decimal", "scale": 2})),
        Kind::Text | Kind::Date => ("string", json!({})),
        Kind::Code(list) => ("string", json!({"type": "code", "codes": list})),
        Kind::Region | Kind::Community => ("string", json!({"type": "region", "level": "any"})),
        Kind::Grid | Kind::GridOf(_) => ("string", json!({"type": "region", "level": "grid"})),
        Kind::Reference(target) => ("string", json!({"type": "reference", "entity": target})),
    };
    let mut property = json!({"type": kind, "x-linli": more});
    property["x-linli"]["classification"] = json!(CLASSES[field.class]);
    if let Some(mask) = field.mask {
        property["x-linli"]["mask"] = json!(mask.word());
    }
    if field.kind == Kind::Date {
        property["format"] = json!("date");
    }
    if let Kind::AgeOf(source) = &field.kind {
        property["readOnly"] = json!(true);
        property["x-linli"]["derived"] = json!({"age-of": source});
    }
    property
}

fn kind(property: &Json) -> Kind {
    let more = &property["x-linli"];
    let word = |name: &str| more[name].as_str().unwrap().to_owned();
    if let Some(source) = more["derived"]["age-of"].as_str() {
        return Kind::AgeOf(source.to_owned());
    }
    match (more["type"].as_str(), property["type"].as_str().unwrap()) {
        (Some("code"), _) => Kind::Code(word("codes")),
        (Some("region"), _) if more["level"] == "grid" => Kind::Grid,
        (Some("region"), _) => Kind::Region,
        (Some("reference"), _) => Kind::Reference(word("entity")),
        (Some("decimal"), _) => Kind::Decimal,
        (_, "boolean") => Kind::Boolean,
        (_, "integer") => Kind::Integer,
        _ if property["format"] == "date" => Kind::Date,
        _ => Kind::Text,
    }
}
