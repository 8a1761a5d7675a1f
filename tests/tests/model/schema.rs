//! Entity types: made at random, and written as JSON Schema.

use serde_json::{Map, Value as Json, json};

use crate::random::Random;
use crate::value::{Mask, Value};

/// The classifications, from the lowest up.
pub const CLASSES: [&str; 4] = ["public", "internal", "personal", "sensitive"];
/// Grid cells where records lie.
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

/// An entity type.
#[derive(Clone, Debug)]
pub struct Schema {
    pub fields: Vec<Field>,
    /// Whether a record lies in a region.
    pub placed: bool,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    /// Index in [`CLASSES`].
    pub class: usize,
    pub mask: Option<Mask>,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Integer,
    Decimal,
    Text,
    Date,
    Code,
    Region,
    /// Where the record lies.
    Grid,
    /// Completed years since the date in another field.
    AgeOf(String),
}

impl Kind {
    /// A value that is known.
    pub fn known(&self, random: &mut Random) -> Value {
        match self {
            Self::Boolean => Value::Boolean(random.percent(50)),
            Self::Integer => Value::Integer(*random.pick(&[-2, -1, 0, 1, 2, 3, 1 << 53, (1 << 53) + 1, i64::MIN + 1, i64::MAX])),
            Self::Decimal => Value::Decimal(*random.pick(&[-150, -1, 0, 1, 50, 1234, 100_000_000_000])),
            Self::Text => Value::Text((*random.pick(&TEXTS)).into()),
            Self::Date => Value::Date((*random.pick(&DATES)).into()),
            Self::Code => Value::Text((*random.pick(&["0", "1", "2", "9"])).into()),
            Self::Region => Value::Text((*random.pick(&REGIONS)).into()),
            Self::Grid => Value::Text((*random.pick(&GRIDS)).into()),
            Self::AgeOf(_) => Value::Integer(*random.pick(&[-1, 0, 1, 18, 26, 65, 66, 80, 100, 200])),
        }
    }

    /// The beginning of one.
    pub fn prefix(&self, random: &mut Random) -> Value {
        let Value::Text(text) = self.known(random) else { return Value::Null };
        let length = random.below(text.chars().count() + 1);
        Value::Text(text.chars().take(length).collect())
    }
}

impl Schema {
    pub fn random(random: &mut Random) -> Self {
        let placed = random.percent(75);
        let mut fields = Vec::new();
        let mut add = |random: &mut Random, name: String, kind: Kind| {
            let mask = (kind == Kind::Text && random.percent(60)).then(|| *random.pick(&Mask::ALL));
            fields.push(Field { name, kind, class: random.below(CLASSES.len()), mask });
        };
        for at in 0..3 + random.below(5) {
            let kinds =
                [Kind::Boolean, Kind::Integer, Kind::Decimal, Kind::Text, Kind::Text, Kind::Date, Kind::Date, Kind::Code, Kind::Region];
            let kind = random.pick(&kinds).clone();
            let name = format!("f{at}");
            if kind == Kind::Date && random.percent(60) {
                add(random, format!("age{at}"), Kind::AgeOf(name.clone()));
            }
            add(random, name, kind);
        }
        if placed {
            add(random, "grid".into(), Kind::Grid);
        }
        random.shuffle(&mut fields);
        Self { fields, placed }
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Those that a record keeps.
    pub fn stored(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !matches!(field.kind, Kind::AgeOf(_)))
    }

    /// As JSON Schema.
    pub fn text(&self, name: &str) -> String {
        let properties: Map<String, Json> = self.fields.iter().map(|field| (field.name.clone(), property(field))).collect();
        let mut linli = json!({"name": name, "subjects": [], "steward": "s", "legal-basis": "l"});
        if self.placed {
            linli["region"] = json!("grid");
        }
        let required: &[&str] = if self.placed { &["grid"] } else { &[] };
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
        Kind::Code => ("string", json!({"type": "code", "codes": "sex"})),
        Kind::Region => ("string", json!({"type": "region", "level": "any"})),
        Kind::Grid => ("string", json!({"type": "region", "level": "grid"})),
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
