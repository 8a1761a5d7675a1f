//! Where things are: core records that references lead to.

use linli_model::{EntityType, RecordNo, Value};

use super::{BORN, GRIDS, LABELS, Record, mix};

pub const ZONE: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false, "required": ["grid"],
    "x-linli": {"name": "zone", "region": "grid", "subjects": ["self"], "steward": "s", "legal-basis": "l"},
    "properties": {
        "grid": {"type": "string", "x-linli": {"type": "region", "level": "grid", "classification": "internal"}},
        "label": {"type": "string", "x-linli": {"classification": "personal"}},
        "count": {"type": "integer", "x-linli": {"classification": "public"}},
        "born": {"type": "string", "format": "date", "x-linli": {"classification": "personal"}},
        "age": {"type": "integer", "readOnly": true, "x-linli": {"derived": {"age-of": "born"}, "classification": "personal"}}}}"#;

/// As a zone, and in one.
pub fn place() -> String {
    let reference = r#""zone": {"type": "string", "x-linli": {"type": "reference", "entity": "zone", "classification": "public"}},"#;
    ZONE.replace("\"name\": \"zone\"", "\"name\": \"place\"")
        .replace("[\"self\"]", "[\"zone\"]")
        .replace("\"properties\": {", &format!("\"properties\": {{ {reference}"))
}

pub const ZONES: usize = 12;
pub const PLACES: usize = 30;

fn zone(number: usize, salt: usize) -> Record {
    let mix = |more: usize| mix(number, salt + more);
    let some = |more: usize, value: Value| if mix(more) % 4 == 0 { Value::Null } else { value };
    Record::from([
        ("grid", Value::Text(GRIDS[mix(1) % GRIDS.len()].into())),
        ("label", some(2, Value::Text(LABELS[mix(3) % LABELS.len()].into()))),
        ("count", some(4, Value::Integer((mix(5) % 5) as i64 - 1))),
        ("born", some(6, Value::Date(BORN[mix(7) % BORN.len()].parse().unwrap()))),
    ])
}

/// A reference to one of so many records, or to none.
pub fn reference(mixed: usize, records: usize) -> Value {
    let number = mixed % (records + 3);
    if number < records { Value::Reference(RecordNo(number as i64 + 1)) } else { Value::Null }
}

/// Zones and places, each by its number less one.
pub struct Places {
    pub zones: Vec<Record>,
    pub places: Vec<Record>,
}

impl Places {
    pub fn new() -> Self {
        let zones = (0..ZONES).map(|number| zone(number, 40)).collect();
        let place = |number| {
            let mut place = zone(number, 50);
            place.insert("zone", reference(mix(number, 58), ZONES));
            place
        };
        Self { zones, places: (0..PLACES).map(place).collect() }
    }

    /// A stored field of one of them.
    pub fn value(&self, entity: &EntityType, record: RecordNo, field: &str) -> Value {
        let records = if entity.name == "zone" { &self.zones } else { &self.places };
        let record = &records[usize::try_from(record.0).unwrap() - 1];
        record.get(field).cloned().unwrap_or(Value::Null)
    }
}
