//! Links against a reading by hand: each end within its own condition and the actor's regions, both ends accounted for.

use std::collections::BTreeSet;

use linli_model::{Classification, Extent, RecordNo, RegionCode, Value};
use linli_scope::decide::Ask;
use linli_scope::predicate::Facts;
use linli_scope::{DenialKind, Predicate, Scope, condition, predicate};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use linli_tests::databases;

use super::{CLASSES, TODAY, World, actor, caller, compile, manifest, text, world};

const PATHS: [&str; 6] = ["place.label", "place.count", "place.zone.label", "place.zone.age", "place.zone.grid", "place.zone.count"];
const FURTHER: [&str; 2] = ["zone.count < 3 || !has(zone.label)", "has(label) && !(zone.age >= 80)"];
const CONDITIONS: [&str; 5] = ["", "has(count) && count < 3", "!(grid in region(\"4453\"))", "age < 80 || !has(born)", "label != \"a\""];

#[derive(Clone, Debug)]
struct Case {
    regions: Vec<&'static str>,
    clearance: Classification,
    place: &'static str,
    zone: &'static str,
    paths: Vec<&'static str>,
    limit: u32,
}

fn case() -> impl Strategy<Value = Case> {
    let regions = subsequence(vec!["440104", "440104022001", "440105", "4453", "11"], 1..5);
    let regions = prop_oneof![1 => Just(vec!["44"]), 2 => regions];
    let clearance = prop_oneof![3 => Just(Classification::Sensitive), 1 => select(&CLASSES[..])];
    let place = prop_oneof![select(&CONDITIONS[..]), select(&FURTHER[..])];
    (regions, clearance, place, select(&CONDITIONS[..]), subsequence(PATHS.to_vec(), 1..5), 1_u32..40)
        .prop_map(|(regions, clearance, place, zone, paths, limit)| Case { regions, clearance, place, zone, paths, limit })
}

/// One more access, behind the condition of the one before it.
fn access(entity: &str, operations: &str, fields: &str, condition: &str) -> String {
    let condition = if condition.is_empty() { String::new() } else { format!("where = '{condition}'\n") };
    format!(
        "{condition}[[access]]\npurpose = \"p\"\nentity = \"{entity}\"\noperations = [{operations}]\nrows-per-call = 1000\nfields = {{ {fields} }}\n"
    )
}

fn scope(world: &World, place: &str, zone: &str) -> Scope {
    let far = [
        access("place", "\"read\", \"link\"", "label = \"plain\", count = \"plain\", zone = \"plain\"", ""),
        access("zone", "\"read\"", "label = \"plain\", count = \"plain\", age = \"plain\", grid = \"plain\"", place),
    ];
    let zone = if zone.is_empty() { String::new() } else { format!("where = '{zone}'\n") };
    let manifest = manifest("thing", "\"read\", \"link\"", "grid = \"plain\", place = \"plain\"", &format!("{}{zone}", far.concat()));
    compile(&world.store.catalogue(), &world.keyring, &manifest)
}

/// The record that a reference leads to, if it is within reach.
fn follow(world: &World, case: &Case, name: &str, condition: &str, reference: &Value) -> Option<RecordNo> {
    let Value::Reference(record) = reference else { return None };
    let catalogue = world.store.catalogue();
    let entity = catalogue.entity(name).unwrap();
    let value = |field: &str| world.places.value(entity, *record, field);
    let other = |entity: &linli_model::EntityType, record, field: &str| world.places.value(entity, record, field);
    let facts = Facts { record: &value, other: &other, today: TODAY.parse().unwrap() };
    let condition = if condition.is_empty() { Predicate::everything() } else { condition::parse(condition, entity, &catalogue).unwrap() };
    let regions: Vec<RegionCode> = case.regions.iter().map(|code| code.parse().unwrap()).collect();
    let near = regions.iter().any(|region| region.contains(text(&value("grid"))));
    (near && condition.holds(entity, &facts) == Some(true)).then_some(*record)
}

fn check(world: &World, case: &Case) -> Result<(), TestCaseError> {
    let catalogue = world.store.catalogue();
    let (thing, place, zone) = ["a.b/thing", "place", "zone"].map(|name| catalogue.entity(name).unwrap().clone()).into();
    let scope = scope(world, case.place, case.zone);
    let actor = actor(&case.regions, case.clearance);
    let fields = case.paths.iter().map(|path| (*path).to_owned()).collect();
    let ask = Ask { entity: "thing".into(), fields, limit: case.limit, ..Ask::default() };
    let end = |path: &str| if path.starts_with("place.zone.") { &zone } else { &place };
    let name = |path: &'static str| path.rsplit('.').next().unwrap();
    if case.paths.iter().any(|path| end(path).field(name(path)).unwrap().classification > case.clearance) {
        prop_assert_eq!(scope.read(&caller(&actor), &ask).unwrap_err().kind, DenialKind::Clearance);
        return Ok(());
    }
    let read = scope.read(&caller(&actor), &ask).map_err(|denial| TestCaseError::fail(denial.message))?;
    let page = world.runtime.block_on(world.store.read(&read)).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&page.json).unwrap();
    let (mut region, mut subjects) = (Extent::Nowhere, BTreeSet::new());
    let mut reached = (BTreeSet::new(), BTreeSet::new());
    let goes_on = case.paths.iter().any(|path| path.starts_with("place.zone."));
    for row in &rows {
        let RecordNo(number) = scope.tokens().open(thing.number, row["id"].as_str().unwrap()).unwrap();
        let at = usize::try_from(number).unwrap() - 1;
        let at_place = follow(world, case, "place", case.place, &world.records[at]["place"]);
        let at_zone = at_place.and_then(|record| follow(world, case, "zone", case.zone, &world.places.value(&place, record, "zone")));
        for path in &case.paths {
            let (entity, record) = if path.starts_with("place.zone.") { (&zone, at_zone) } else { (&place, at_place) };
            let value = record.map_or(Value::Null, |record| {
                predicate::value_of(entity, name(path), &|field| world.places.value(entity, record, field), TODAY.parse().unwrap())
            });
            let mut expected = String::new();
            value.write_json(&mut expected);
            prop_assert_eq!(&row[*path], &serde_json::from_str::<serde_json::Value>(&expected).unwrap(), "{} of {}", path, number);
        }
        let mut lies = |grid: &Value| region.widen(Extent::Within(text(grid).parse().unwrap()));
        lies(&world.records[at]["grid"]);
        subjects.insert(1_000 + at as u64);
        at_place.iter().for_each(|record| lies(&world.places.value(&place, *record, "grid")));
        // A place concerns its zone, whether or not that is within reach.
        if let Some(Value::Reference(at)) = at_place.map(|record| world.places.value(&place, record, "zone")) {
            subjects.insert(at.0.unsigned_abs());
            if FURTHER.contains(&case.place) {
                lies(&world.places.value(&zone, at, "grid"));
            }
        }
        reached.0.extend(at_place.map(|record| record.0.unsigned_abs()));
        if goes_on && let Some(record) = at_zone {
            lies(&world.places.value(&zone, record, "grid"));
            subjects.insert(record.0.unsigned_abs());
            reached.1.insert(record.0.unsigned_abs());
        }
        region.widen(world.labels[at].region.clone());
    }
    prop_assert_eq!(page.subjects.iter().collect::<BTreeSet<_>>(), subjects);
    prop_assert_eq!(&page.region, &region);
    let linked: Vec<BTreeSet<u64>> = page.linked.iter().map(|found| found.iter().collect()).collect();
    prop_assert_eq!(linked, if goes_on { vec![reached.0, reached.1] } else { vec![reached.0] });
    Ok(())
}

#[test]
fn what_links_lead_to_is_read_within_its_own_scope() {
    for database in databases() {
        let world = world(&database);
        let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
        if let Err(failure) = runner.run(&case(), |case| check(&world, &case)) {
            panic!("{database}: {failure}");
        }
    }
}
