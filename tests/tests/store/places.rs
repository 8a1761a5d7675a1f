//! Where things are: core records that references lead to.

use linli_model::{Classification, EntityType, RecordNo, Value};
use linli_scope::decide::{Ask, Draft};
use linli_store::StoreError;
use linli_tests::{databases, entry};

use super::{BORN, GRIDS, LABELS, Record, World, actor, caller, compile, manifest, mix, world};

/// A plugin's own, which lies where its place lies.
pub const VISIT: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
    "x-linli": {"name": "visit", "region": "place.grid", "subjects": [], "steward": "s", "legal-basis": "l"},
    "properties": {"place": {"type": "string", "x-linli": {"type": "reference", "entity": "place", "classification": "public"}}}}"#;

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

#[test]
fn what_lies_where_its_reference_does_moves_with_it() {
    databases().iter().map(world).for_each(move_a_visit);
}

fn move_a_visit(world: World) {
    let World { runtime, store, keyring, places, .. } = world;
    let scope = compile(&store.catalogue(), &keyring, &manifest("visit", "\"read\", \"create\", \"update\"", "place = \"plain\"", ""));
    let all = actor(&["44"], Classification::Sensitive);
    let in_cell = |cell: &str| {
        let at = places.places.iter().position(|place| place["grid"] == Value::Text(cell.into())).unwrap();
        Value::Reference(RecordNo(at as i64 + 1))
    };
    let put = |target, place: Value| {
        let permission = scope.may_change(&caller(&all), "visit", target, &["place"]).unwrap();
        let change = permission.change(Draft { values: vec![("place".to_owned(), place)], evidence: None, label: None }).unwrap();
        runtime.block_on(store.apply(vec![change], entry())).map(|mut made| made.remove(0))
    };
    let found_in = || {
        let found = |cell: &&&str| {
            let ask = Ask { entity: "visit".into(), limit: 10, ..Ask::default() };
            let near = actor(&[&cell[..12]], Classification::Sensitive);
            runtime.block_on(store.read(&scope.read(&caller(&near), &ask).unwrap())).unwrap().count == 1
        };
        [GRIDS[0], GRIDS[2]].iter().filter(found).copied().collect::<Vec<_>>()
    };
    let made = put(None, in_cell(GRIDS[0])).unwrap();
    assert_eq!(found_in(), [GRIDS[0]]);
    let id = scope.tokens().token(made.entity, made.record);
    let moved = put(Some((&*id, 1)), in_cell(GRIDS[2])).unwrap();
    assert_eq!((found_in(), moved.region.unwrap().as_str()), (vec![GRIDS[2]], GRIDS[2]));
    // It can't lie nowhere.
    assert!(matches!(put(Some((&*id, 2)), Value::Null), Err(StoreError::Reference { .. })));
}
