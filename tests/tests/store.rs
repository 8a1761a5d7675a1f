//! The store's SQL against the reference evaluator: what comes back, in what order, page by page, and what is denied.
//! The records are a plugin's, so that each carries a label.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on should stop loudly")]

#[path = "store/bytes.rs"]
mod bytes;
#[path = "store/conditions.rs"]
mod conditions;
#[path = "store/links.rs"]
mod links;
#[path = "store/people.rs"]
mod people;
#[path = "store/places.rs"]
mod places;
#[path = "store/ways.rs"]
mod ways;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use linli_model::{Catalogue, Classification, CodeList, Date, Decimal, EntityType, Extent, Origin, RecordNo, RegionCode, Value};
use linli_scope::decide::{Ask, Draft, Filter};
use linli_scope::plan::Label;
use linli_scope::predicate::Facts;
use linli_scope::scope::Sources;
use linli_scope::{Actor, Caller, Channel, Comparison, DenialKind, Keyring, Manifest, Predicate, Role, Scope, condition, predicate};
use linli_store::model::Core;
use linli_store::{Database, Store};
use linli_tests::{databases, entry};
use places::Places;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Runtime;
use ways::Concern;

const SCHEMA: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false, "required": ["grid"],
    "x-linli": {"name": "thing", "region": "grid", "subjects": [], "steward": "s", "legal-basis": "l"},
    "properties": {
        "grid": {"type": "string", "x-linli": {"type": "region", "level": "grid", "classification": "internal"}},
        "label": {"type": "string", "x-linli": {"classification": "public"}},
        "count": {"type": "integer", "x-linli": {"classification": "public"}},
        "amount": {"type": "string", "x-linli": {"type": "decimal", "scale": 2, "classification": "public"}},
        "flag": {"type": "boolean", "x-linli": {"classification": "public"}},
        "sex": {"type": "string", "x-linli": {"type": "code", "codes": "sex", "classification": "public"}},
        "born": {"type": "string", "format": "date", "x-linli": {"classification": "personal"}},
        "age": {"type": "integer", "readOnly": true, "x-linli": {"derived": {"age-of": "born"}, "classification": "personal"}},
        "shaded": {"type": "string", "x-linli": {"classification": "personal", "mask": "name"}},
        "checked": {"type": "integer", "x-linli": {"classification": "personal"}},
        "absent": {"type": "integer", "x-linli": {"classification": "personal"}},
        "place": {"type": "string", "x-linli": {"type": "reference", "entity": "place", "classification": "public"}}}}"#;

/// Lies in no region: only its label bounds it.
const NOTE: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
    "x-linli": {"name": "note", "subjects": [], "steward": "s", "legal-basis": "l"},
    "properties": {"count": {"type": "integer", "x-linli": {"classification": "public"}}}}"#;

const CODES: &str = "# GB/T 2261.1-2003\ncode,zh,en\n0,未知,Unknown\n1,男,Male\n2,女,Female\n";
const CLASSES: [Classification; 4] =
    [Classification::Public, Classification::Internal, Classification::Personal, Classification::Sensitive];
const TODAY: &str = "2026-02-28";
const STORED: [&str; 11] = ["grid", "label", "count", "amount", "flag", "sex", "born", "shaded", "checked", "absent", "place"];
/// Of a zone; a place has the last one too.
const STORED_ZONE: [&str; 5] = ["grid", "label", "count", "born", "zone"];
const PLAIN: [&str; 7] = ["grid", "label", "count", "amount", "flag", "sex", "age"];
const FIELDS: [&str; 10] = ["grid", "label", "count", "amount", "flag", "sex", "age", "shaded", "checked", "absent"];
const GRIDS: [&str; 5] = ["440104022001001", "440104022001002", "440104022002001", "440105001001001", "445381001001001"];
/// Where a label's invocation had read; the empty text for more than one province.
const READ_IN: [&str; 9] = ["44", "4401", "440104", "440104022", "440104022001", "440104022001002", "440105", "4453", ""];
/// None holds U+10FFFF, a noncharacter behind which the store's ranges for prefixes end.
const LABELS: [&str; 8] = ["", "a", "ab", "aé", "b%", "王", "王小", "王\u{10FFFF}"];
const BORN: [&str; 8] = ["1926-02-28", "1946-02-27", "1946-02-28", "1946-03-01", "2000-02-29", "2008-02-28", "2025-12-31", "2026-02-28"];
type Record = HashMap<&'static str, Value>;

struct World {
    runtime: Runtime,
    store: Store,
    keyring: Keyring,
    records: Vec<Record>,
    labels: Vec<Label>,
    places: Places,
}

fn actor(regions: &[&str], clearance: Classification) -> Actor {
    let regions = regions.iter().map(|code| code.parse().unwrap()).collect();
    Actor { id: 1, roles: vec![Role::Worker], regions, clearance, resident: None, publisher: None }
}

fn caller(actor: &Actor) -> Caller<'_> {
    Caller { actor: Some(actor), purpose: "p", channel: Channel::Guest, now: Timestamp::UNIX_EPOCH, today: TODAY.parse().unwrap() }
}

fn scope(catalogue: &Catalogue, keyring: &Keyring, operations: &str, fields: &str, condition: &str) -> Scope {
    let condition = if condition.is_empty() { String::new() } else { format!("where = '{condition}'\n") };
    compile(catalogue, keyring, &manifest("thing", operations, fields, &condition))
}

fn compile(catalogue: &Catalogue, keyring: &Keyring, manifest: &Manifest) -> Scope {
    Scope::compile(&Sources {
        manifest,
        grant: None,
        built_in: true,
        catalogue,
        keyring,
        publisher: "x",
        sector: "y",
        regions: Default::default(),
    })
    .unwrap()
}

fn manifest(entity: &str, operations: &str, fields: &str, more: &str) -> Manifest {
    let text = format!(
        "[plugin]\nid = \"a.b\"\nversion = \"1\"\nplatform = \"0.1\"\nname = \"n\"\n[[purpose]]\nid = \"p\"\ntitle = \"t\"\nlegal-basis = \"l\"\n\
         [[access]]\npurpose = \"p\"\nentity = \"{entity}\"\noperations = [{operations}]\nrows-per-call = 1000\nfields = {{ {fields} }}\n{more}\
         [[page]]\npath = \"/\"\ntitle = \"t\"\npurpose = \"p\"\nroles = [\"worker\"]\n"
    );
    Manifest::read(&text).unwrap()
}

fn world(database: &Database) -> World {
    let runtime = Runtime::new().unwrap();
    let core = Core { codes: vec![CodeList::read("sex", CODES).unwrap()], schemas: &[places::ZONE, &places::place()] };
    let store = runtime.block_on(Store::open(database, core)).unwrap();
    runtime.block_on(store.add_entities("a.b", vec![SCHEMA.into(), NOTE.into(), places::VISIT.into()])).unwrap();
    let keyring = Keyring::new([7; 32]);
    let places = Places::new();
    let records: Vec<Record> = (0..90).map(record).collect();
    let labels: Vec<Label> = (0..90).map(label).collect();
    let unlabelled = |records: &[Record]| records.iter().map(|record| (record.clone(), None)).collect::<Vec<_>>();
    let world = World { runtime, store, keyring, records, labels, places };
    world.fill("zone", &STORED_ZONE[..4], unlabelled(&world.places.zones));
    world.fill("place", &STORED_ZONE, unlabelled(&world.places.places));
    let things = world.records.iter().cloned().zip(world.labels.iter().cloned().map(Some)).collect();
    world.fill("thing", &STORED, things);
    world
}

impl World {
    /// Makes records of one entity type, numbered from 1.
    fn fill(&self, entity: &str, fields: &[&str], records: Vec<(Record, Option<Label>)>) {
        let granted: Vec<_> = fields.iter().map(|name| format!("{name} = \"plain\"")).collect();
        let manifest = manifest(entity, "\"create\"", &granted.join(", "), "");
        let writer = compile(&self.store.catalogue(), &self.keyring, &manifest);
        let everywhere = actor(&["44"], Classification::Sensitive);
        let permission = writer.may_change(&caller(&everywhere), entity, None, fields).unwrap();
        let changes = records.into_iter().map(|(record, label)| {
            let values =
                record.into_iter().filter(|(_, value)| *value != Value::Null).map(|(name, value)| (name.to_owned(), value)).collect();
            permission.change(Draft { values, evidence: None, label }).unwrap()
        });
        let made = self.runtime.block_on(self.store.apply(changes.collect(), entry())).unwrap();
        assert!(made.iter().zip(1..).all(|(made, number)| made.record == RecordNo(number)));
    }
}

fn mix(number: usize, salt: usize) -> usize {
    (number + 1).wrapping_mul(2_654_435_761 + salt * 40_503).wrapping_shr(7 + salt as u32 % 3)
}

/// What the invocation that kept a record had read: about a person of the record's own, beside the record itself.
fn label(number: usize) -> Label {
    let region = match READ_IN[mix(number, 21) % READ_IN.len()] {
        "" => Extent::Everywhere,
        code => Extent::Within(code.parse().unwrap()),
    };
    Label {
        purpose: if mix(number, 22).is_multiple_of(6) { "q" } else { "p" }.into(),
        classification: CLASSES[mix(number, 23) % CLASSES.len()],
        subjects: serialized(1_000 + number as u64),
        region: if mix(number, 24).is_multiple_of(3) { Extent::Nowhere } else { region },
    }
}

fn serialized(subject: u64) -> Vec<u8> {
    let (mut set, mut bytes) = (entry().subjects, Vec::new());
    set.insert(subject);
    set.serialize_into(&mut bytes).unwrap();
    bytes
}

/// A record of few different values, each of them sometimes unknown, so that ties and gaps abound.
fn record(number: usize) -> Record {
    let mix = |salt: usize| mix(number, salt);
    let some = |salt: usize, value: Value| if mix(salt) % 5 == 0 { Value::Null } else { value };
    let text = |from: &[&str], salt: usize| Value::Text(from[mix(salt) % from.len()].to_owned());
    let small = |salt: usize| Value::Integer((mix(salt) % 5) as i64 - 1);
    HashMap::from([
        ("grid", text(&GRIDS, 1)),
        ("label", some(2, text(&LABELS, 3))),
        ("count", some(4, small(5))),
        ("amount", some(6, Value::Decimal(Decimal { units: (mix(7) % 7) as i64 * 50 - 100, scale: 2 }))),
        ("flag", some(8, Value::Boolean(mix(9) % 2 == 0))),
        ("sex", some(10, text(&["0", "1", "2"], 11))),
        ("born", some(12, Value::Date(BORN[mix(13) % BORN.len()].parse().unwrap()))),
        ("shaded", some(14, text(&["王小明", "李四"], 15))),
        ("checked", some(16, small(17))),
        ("absent", some(18, small(19))),
        ("place", places::reference(mix(26), places::PLACES)),
    ])
}

/// What is asked, for one case.
#[derive(Clone, Debug)]
struct Case {
    regions: Vec<&'static str>,
    clearance: Classification,
    condition: String,
    select: Vec<&'static str>,
    filter: Vec<Filter>,
    sort: Vec<(&'static str, bool)>,
    limit: u32,
}

fn case() -> impl Strategy<Value = Case> {
    let regions = subsequence(vec!["440104", "440104022001", "440104022001002", "440105", "4453", "440104022002001", "11"], 0..5);
    let regions = prop_oneof![1 => Just(vec!["44"]), 2 => regions];
    let select_ = prop::collection::vec(prop_oneof![6 => conditions::field(), 1 => Just("shaded")], 1..4);
    let sort = prop::collection::vec((conditions::field(), any::<bool>()), 0..4);
    let clearance = prop_oneof![3 => Just(Classification::Sensitive), 1 => select(&CLASSES[..])];
    (regions, clearance, conditions::condition(), select_, prop::collection::vec(conditions::filter(), 0..3), sort, 1_u32..40).prop_map(
        |(regions, clearance, condition, select, filter, sort, limit)| Case { regions, clearance, condition, select, filter, sort, limit },
    )
}

fn condition_of(case: &Case, entity: &EntityType, catalogue: &Catalogue) -> Predicate {
    if case.condition.is_empty() { Predicate::everything() } else { condition::parse(&case.condition, entity, catalogue).unwrap() }
}

/// The record numbers that should come back, in order.
fn expected(world: &World, entity: &EntityType, catalogue: &Catalogue, case: &Case) -> Vec<i64> {
    let today: Date = TODAY.parse().unwrap();
    let condition = condition_of(case, entity, catalogue);
    let filters: Vec<_> =
        case.filter.iter().map(|(name, operator, values)| Comparison::new(entity, name, *operator, values.clone()).unwrap()).collect();
    let regions: Vec<RegionCode> = case.regions.iter().map(|code| code.parse().unwrap()).collect();
    let mut found: Vec<(i64, &Record)> = (1..)
        .zip(&world.records)
        .zip(&world.labels)
        .filter(|(_, label)| admits(&case.regions, case.clearance, label))
        .map(|(found, _)| found)
        .collect();
    found.retain(|(_, record)| {
        let facts = Facts {
            record: &|name| record.get(name).cloned().unwrap_or(Value::Null),
            other: &|entity, record, name| world.places.value(entity, record, name),
            today,
        };
        let near = regions.iter().any(|region| region.contains(text(&record["grid"])));
        near && condition.holds(entity, &facts) == Some(true) && filters.iter().all(|filter| filter.holds(entity, &facts) == Some(true))
    });
    found.sort_by(|left, right| order(entity, &case.sort, left, right));
    found.into_iter().map(|(number, _)| number).collect()
}

/// Whether what a record was made from may be known: for this purpose, so highly classified, in this jurisdiction.
fn admits(regions: &[&str], clearance: Classification, label: &Label) -> bool {
    let near = match &label.region {
        Extent::Nowhere => true,
        Extent::Within(region) => regions.iter().any(|within| region.as_str().starts_with(within)),
        Extent::Everywhere => false,
    };
    near && label.purpose == "p" && label.classification <= clearance
}

/// By the keys, unknown values last either way, ages by their birth dates; then by number, as the last column goes.
fn order(entity: &EntityType, sort: &[(&'static str, bool)], left: &(i64, &Record), right: &(i64, &Record)) -> Ordering {
    let mut descends = false;
    for (name, descending) in sort {
        let (column, descending) = match &entity.field(name).unwrap().origin {
            Origin::AgeOf(source) => (source.as_str(), !descending),
            _ => (*name, *descending),
        };
        descends = descending;
        let compared = match (&left.1[column], &right.1[column]) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => return Ordering::Greater,
            (_, Value::Null) => return Ordering::Less,
            (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
            (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
            (Value::Decimal(left), Value::Decimal(right)) => left.units.cmp(&right.units),
            (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
            (Value::Date(left), Value::Date(right)) => left.cmp(right),
            (left, right) => panic!("{left:?} and {right:?} in one column"),
        };
        if compared != Ordering::Equal {
            return if descending { compared.reverse() } else { compared };
        }
    }
    if descends { right.0.cmp(&left.0) } else { left.0.cmp(&right.0) }
}

/// Whether anything that is asked is not for this use: selected unless plain or masked, filtered or sorted by unless plain;
/// or not for this actor.
fn is_denied(case: &Case, entity: &EntityType) -> bool {
    let cleared = |name: &str| entity.field(name).unwrap().classification <= case.clearance;
    let plain = |name: &str| PLAIN.contains(&name) && cleared(name);
    !case.select.iter().all(|name| plain(name) || *name == "shaded" && cleared(name))
        || !case.filter.iter().all(|(name, ..)| plain(name))
        || !case.sort.iter().all(|(name, _)| plain(name))
}

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        other => panic!("{other:?} is no text"),
    }
}

fn shown(entity: &EntityType, record: &Record, name: &str) -> serde_json::Value {
    let value = predicate::value_of(entity, name, &|field| record.get(field).cloned().unwrap_or(Value::Null), TODAY.parse().unwrap());
    let mut text = String::new();
    match value {
        Value::Text(name) if name == "王小明" => text.push_str("\"王**\""),
        Value::Text(name) if name == "李四" => text.push_str("\"李*\""),
        value => value.write_json(&mut text),
    }
    serde_json::from_str(&text).unwrap()
}

fn check(world: &World, case: &Case) -> Result<(), TestCaseError> {
    let catalogue = world.store.catalogue();
    let entity = catalogue.entity("a.b/thing").unwrap();
    let fields: Vec<_> = PLAIN.iter().map(|name| format!("{name} = \"plain\"")).collect();
    let fields = format!("{}, shaded = \"masked\", checked = \"check\"", fields.join(", "));
    let scope = scope(&catalogue, &world.keyring, "\"read\"", &fields, &case.condition);
    let actor = actor(&case.regions, case.clearance);
    let mut ask = Ask {
        entity: "thing".into(),
        fields: case.select.iter().map(|name| (*name).to_owned()).collect(),
        filter: case.filter.clone(),
        sort: case.sort.iter().map(|(name, descending)| ((*name).to_owned(), *descending)).collect(),
        limit: case.limit,
        ..Ask::default()
    };
    if is_denied(case, entity) {
        let denial = scope.read(&caller(&actor), &ask).err();
        let expected = [DenialKind::Field, DenialKind::FieldMode, DenialKind::Clearance];
        prop_assert!(denial.is_some_and(|denial| expected.contains(&denial.kind) && denial.field.is_some()));
        return Ok(());
    }
    let (expected, condition) = (expected(world, entity, &catalogue, case), condition_of(case, entity, &catalogue));
    let mut found = Vec::new();
    loop {
        let read = scope.read(&caller(&actor), &ask).map_err(|denial| TestCaseError::fail(denial.message))?;
        let page = world.runtime.block_on(world.store.read(&read)).unwrap();
        let rows: Vec<serde_json::Value> = serde_json::from_str(&page.json).unwrap();
        prop_assert!(rows.len() as u64 == page.count && rows.len() <= case.limit as usize);
        let (mut class, mut concern) = (None, Concern::default());
        for row in &rows {
            let RecordNo(number) = scope.tokens().open(entity.number, row["id"].as_str().unwrap()).unwrap();
            let at = usize::try_from(number).unwrap() - 1;
            let (record, label) = (&world.records[at], &world.labels[at]);
            for name in &case.select {
                prop_assert_eq!(&row[*name], &shown(entity, record, name));
            }
            class = class.max(Some(label.classification));
            concern.subjects.insert(1_000 + at as u64);
            concern.region.widen(label.region.clone());
            concern.lies(record);
            concern.look(&world.places, &condition, &record["place"]);
            found.push(number);
        }
        let told = Concern { region: page.region.clone(), subjects: page.subjects.iter().collect::<BTreeSet<_>>() };
        prop_assert_eq!((&page.label, told), (&class, concern));
        prop_assert!(found.len() <= expected.len());
        if !page.more {
            break;
        }
        prop_assert_eq!(page.count, u64::from(case.limit));
        ask.after = scope.positions().seal(page.last.as_ref().unwrap(), &read.shape, [9; 12]);
    }
    prop_assert_eq!(found, expected);
    Ok(())
}

#[test]
fn the_stores_sql_gives_what_the_reference_evaluator_gives() {
    for database in databases() {
        let world = world(&database);
        let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
        if let Err(failure) = runner.run(&case(), |case| check(&world, &case)) {
            panic!("{database}: {failure}");
        }
    }
}

#[test]
fn a_change_lets_a_label_hold_what_its_invocation_had_read_too() {
    databases().iter().map(world).for_each(widen_a_label);
}

fn widen_a_label(world: World) {
    let World { runtime, store, keyring, .. } = world;
    let scope = scope(&store.catalogue(), &keyring, "\"create\", \"update\", \"read\"", "grid = \"plain\", label = \"plain\"", "");
    let near = actor(&["440104022001"], Classification::Personal);
    let label = |class, code: &str, subject| Label {
        purpose: "p".into(),
        classification: class,
        subjects: serialized(subject),
        region: Extent::Within(code.parse().unwrap()),
    };
    let put = |target, name: &str, value: &str, label| {
        let permission = scope.may_change(&caller(&near), "thing", target, &[name]).unwrap();
        let values = vec![(name.to_owned(), Value::Text(value.into()))];
        let change = permission.change(Draft { values, evidence: None, label: Some(label) }).unwrap();
        runtime.block_on(store.apply(vec![change], entry())).unwrap().remove(0)
    };
    let made = put(None, "grid", "440104022001001", label(Classification::Internal, "440104022001001", 7));
    let id = scope.tokens().token(made.entity, made.record);
    let read = |actor: &Actor| {
        let ask = Ask { entity: "thing".into(), fields: vec!["grid".into()], id: Some(id.clone()), limit: 1, ..Ask::default() };
        runtime.block_on(store.read(&scope.read(&caller(actor), &ask).unwrap())).unwrap()
    };
    assert_eq!(read(&actor(&["440104022001"], Classification::Internal)).count, 1);
    put(Some((&*id, 1)), "label", "a", label(Classification::Personal, "440104022002", 8));
    assert_eq!(read(&near).count, 0);
    assert_eq!(read(&actor(&["440104022"], Classification::Internal)).count, 0);
    let rows = read(&actor(&["440104022"], Classification::Personal));
    assert_eq!((rows.count, rows.label, rows.region), (1, Some(Classification::Personal), Extent::Within("440104022".parse().unwrap())));
    assert!(rows.subjects.contains(7) && rows.subjects.contains(8));
}

#[test]
fn each_jurisdiction_finds_what_was_made_from_its_own_regions_under_one_scope() {
    databases().iter().map(world).for_each(find_by_jurisdiction);
}

fn find_by_jurisdiction(world: World) {
    let World { runtime, store, keyring, labels, .. } = world;
    let scope = compile(&store.catalogue(), &keyring, &manifest("note", "\"create\", \"read\"", "count = \"plain\"", ""));
    let writer = actor(&["44"], Classification::Sensitive);
    let permission = scope.may_change(&caller(&writer), "note", None, &["count"]).unwrap();
    let changes = labels.iter().zip(0..).map(|(label, count)| {
        let values = vec![("count".to_owned(), Value::Integer(count))];
        permission.change(Draft { values, evidence: None, label: Some(label.clone()) }).unwrap()
    });
    runtime.block_on(store.apply(changes.collect(), entry())).unwrap();
    let ask = Ask { entity: "note".into(), fields: vec!["count".into()], limit: 1_000, ..Ask::default() };
    for regions in [&[][..], &["440104022"], &["440104022002"], &["440104", "4453"], &["440105", "440104022001", "11"], &["44"], &["11"]] {
        let actor = actor(regions, Classification::Personal);
        let page = runtime.block_on(store.read(&scope.read(&caller(&actor), &ask).unwrap())).unwrap();
        let rows: Vec<serde_json::Value> = serde_json::from_str(&page.json).unwrap();
        let found: Vec<_> = rows.iter().map(|row| row["count"].as_i64().unwrap()).collect();
        let expected: Vec<_> = (0..).zip(&labels).filter(|(_, label)| admits(regions, actor.clearance, label)).map(|(at, _)| at).collect();
        assert_eq!(found, expected, "{regions:?}");
    }
}

#[test]
fn a_check_of_a_plugins_record_is_a_read_of_what_its_label_says() {
    databases().iter().map(world).for_each(check_a_record);
}

fn check_a_record(world: World) {
    let World { runtime, store, keyring, .. } = world;
    let manifest = manifest("thing", "\"create\", \"check\"", "grid = \"plain\"", "checks = { flagged = \"flag\" }\n");
    let scope = compile(&store.catalogue(), &keyring, &manifest);
    let actor = actor(&["44"], Classification::Sensitive);
    let region = Extent::Within("4401".parse().unwrap());
    let label = Label { purpose: "p".into(), classification: Classification::Personal, subjects: serialized(7), region: region.clone() };
    let values = vec![("grid".to_owned(), Value::Text(GRIDS[0].into()))];
    let permission = scope.may_change(&caller(&actor), "thing", None, &["grid"]).unwrap();
    let change = permission.change(Draft { values, evidence: None, label: Some(label) }).unwrap();
    let made = runtime.block_on(store.apply(vec![change], entry())).unwrap().remove(0);
    let id = scope.tokens().token(made.entity, made.record);
    let check = scope.check(&caller(&actor), "thing", &id, "flagged").unwrap();
    let checked = runtime.block_on(store.check(&check)).unwrap().unwrap();
    assert_eq!((checked.holds, checked.label, &checked.region), (false, Some(Classification::Personal), &region));
    assert!(checked.subjects.contains(7));
}

#[test]
fn an_allowance_is_taken_whole_or_not_at_all_and_begins_anew_each_day() {
    for database in databases() {
        let World { runtime, store, .. } = world(&database);
        let take = |day: &str, what: &str, amount| runtime.block_on(store.take(day.parse().unwrap(), what.into(), amount, 100)).unwrap();
        assert!(!take("2026-02-28", "a", 101));
        assert!(take("2026-02-28", "a", 60));
        assert!(!take("2026-02-28", "a", 41));
        assert!(take("2026-02-28", "a", 40));
        assert!(!take("2026-02-28", "a", 1));
        assert!(take("2026-02-28", "b", 100));
        assert!(take("2026-03-01", "a", 100));
    }
}
