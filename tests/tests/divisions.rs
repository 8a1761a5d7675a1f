//! What became of divisions, on the real changes of 2025 in Chongqing: a district merged into a new one, another split between
//! that one and a third, which gave five townships away. Who governs a place now reaches what was entered there before.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on should stop loudly")]

use std::collections::BTreeSet;

use jiff::Timestamp;
use linli_model::{Classification, Extent, RegionCode, RegionTree, Value, succession};
use linli_scope::decide::{Ask, Draft};
use linli_scope::plan::Label;
use linli_scope::scope::Sources;
use linli_scope::{Actor, Caller, Channel, Keyring, Manifest, Role, Scope};
use linli_store::model::Core;
use linli_store::{Database, Store};
use linli_tests::{databases, entry};
use tokio::runtime::Runtime;

const BEFORE: &str = include_str!("../data/chongqing-2023.csv");
const CHANGES: &str = include_str!("../../schemas/regions/changes-2025.csv");

const PLACE: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false, "required": ["grid"],
    "x-linli": {"name": "place", "region": "grid", "subjects": [], "steward": "s", "legal-basis": "l"},
    "properties": {"grid": {"type": "string", "x-linli": {"type": "region", "level": "grid", "classification": "internal"}}}}"#;
/// Lies in no region: only its label bounds it.
const NOTE: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
    "x-linli": {"name": "note", "subjects": [], "steward": "s", "legal-basis": "l"},
    "properties": {"place": {"type": "string", "x-linli": {"classification": "public"}}}}"#;
const MANIFEST: &str = r#"
    [plugin]
    id = "a.b"
    version = "1"
    platform = "0.1"
    name = "n"
    [[purpose]]
    id = "p"
    title = "t"
    legal-basis = "l"
    [[access]]
    purpose = "p"
    entity = "place"
    operations = ["create", "read"]
    rows-per-call = 1000
    fields = { grid = "plain" }
    [[access]]
    purpose = "p"
    entity = "note"
    operations = ["create", "read"]
    rows-per-call = 1000
    fields = { place = "plain" }
    [[page]]
    path = "/"
    title = "t"
    purpose = "p"
    roles = ["worker"]
"#;

struct World {
    runtime: Runtime,
    store: Store,
    scope: Scope,
}

fn official(regions: &[&str]) -> Actor {
    let regions = regions.iter().map(|code| code.parse().unwrap()).collect();
    Actor { id: 1, roles: vec![Role::Worker], regions, clearance: Classification::Sensitive, resident: None, publisher: None }
}

impl World {
    fn new(database: &Database) -> Self {
        let runtime = Runtime::new().unwrap();
        let store = runtime.block_on(Store::open(database, Core { codes: Vec::new(), schemas: &[] })).unwrap();
        runtime.block_on(store.add_entities("a.b", vec![PLACE.into(), NOTE.into()])).unwrap();
        let tree = RegionTree::read(BEFORE).unwrap();
        let all = tree.within(None).map(|(code, name)| (code.clone(), name.to_owned())).collect();
        runtime.block_on(store.add_regions(all)).unwrap();
        let (manifest, keyring) = (Manifest::read(MANIFEST).unwrap(), Keyring::new([7; 32]));
        let catalogue = store.catalogue();
        let sources = Sources {
            manifest: &manifest,
            grant: None,
            built_in: true,
            catalogue: &catalogue,
            keyring: &keyring,
            publisher: "x",
            sector: "y",
            regions: Default::default(),
        };
        let scope = Scope::compile(&sources).unwrap();
        Self { runtime, store, scope }
    }

    fn put(&self, entity: &str, field: &str, value: &str, read_in: &str) {
        let actor = official(&["50"]);
        let permission = self.scope.may_change(&self.caller(&actor), entity, None, &[field]).unwrap();
        let region = Extent::Within(read_in.parse().unwrap());
        let label = Label { purpose: "p".into(), classification: Classification::Internal, subjects: Vec::new(), region };
        let values = vec![(field.to_owned(), Value::Text(value.to_owned()))];
        let change = permission.change(Draft { values, evidence: None, label: Some(label) }).unwrap();
        self.runtime.block_on(self.store.apply(vec![change], entry())).unwrap();
    }

    fn caller<'a>(&self, actor: &'a Actor) -> Caller<'a> {
        let today = "2026-02-28".parse().unwrap();
        Caller { actor: Some(actor), purpose: "p", channel: Channel::Guest, now: Timestamp::UNIX_EPOCH, today }
    }

    fn seen(&self, entity: &str, field: &str, regions: &[&str]) -> BTreeSet<String> {
        let actor = official(regions);
        let ask = Ask { entity: entity.into(), fields: vec![field.into()], limit: 1_000, ..Ask::default() };
        let read = self.scope.read(&self.caller(&actor), &ask).unwrap();
        let page = self.runtime.block_on(self.store.read(&read)).unwrap();
        let rows: Vec<serde_json::Value> = serde_json::from_str(&page.json).unwrap();
        rows.iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
    }

    fn apply(&self) {
        let lines = succession::read(CHANGES).unwrap();
        self.runtime.block_on(self.store.change_regions(&lines, entry().encode())).unwrap();
    }
}

fn cells() -> Vec<String> {
    let tree = RegionTree::read(BEFORE).unwrap();
    tree.within(None).map(|(code, _)| code.to_string()).filter(|code| code.len() == 15).collect()
}

/// The district in which a cell of 2023 lies now, read from the file of changes line by line.
fn district(cell: &str) -> &str {
    let moved = CHANGES.lines().find_map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells.len() == 6 && cells[1] == "moved" && cell.starts_with(cells[2])).then(|| cells[4].get(..6).unwrap())
    });
    moved.unwrap_or(&cell[..6])
}

#[test]
fn who_governs_a_place_now_sees_what_was_entered_before() {
    for database in databases() {
        let world = World::new(&database);
        let cells = cells();
        cells.iter().for_each(|cell| world.put("place", "grid", cell, cell));
        let seen = |region: &str| world.seen("place", "grid", &[region]);
        let of = |districts: fn(&str) -> &str, wanted: &str| -> BTreeSet<String> {
            cells.iter().filter(|cell| districts(cell) == wanted).cloned().collect()
        };
        assert_eq!(seen("500112"), of(|cell| &cell[..6], "500112"));
        world.apply();
        for now in ["500157", "500109", "500103"] {
            assert_eq!(seen(now), of(district, now), "{database}: {now}");
        }
        assert!(seen("500157").len() > 40 && seen("500109").len() > 10 && seen("500105").is_empty() && seen("500112").is_empty());
        // A community by its new code; its neighbour's official sees nothing of it.
        let (new, old) = ("500157001", cells.iter().find(|cell| cell.starts_with("500112009")).unwrap());
        assert_eq!(seen(&format!("{new}{}", &old[9..12])), BTreeSet::from([old.clone()]));
        assert!(!seen("500157002").contains(old) && seen("5001").len() == cells.len());
    }
}

#[test]
fn a_jurisdiction_over_a_district_that_ended_keeps_what_it_had_and_gains_nothing() {
    for database in databases() {
        let world = World::new(&database);
        let cells = cells();
        cells.iter().for_each(|cell| world.put("place", "grid", cell, cell));
        world.apply();
        let followed = world.store.regions().follow(&["500112".parse().unwrap()]);
        let followed: Vec<&str> = followed.iter().map(RegionCode::as_str).collect();
        let expected: BTreeSet<String> = cells.iter().filter(|cell| cell.starts_with("500112")).cloned().collect();
        assert_eq!(world.seen("place", "grid", &followed), expected, "{database}");
    }
}

#[test]
fn a_label_is_followed_where_all_of_it_is_governed_by_one() {
    for database in databases() {
        let world = World::new(&database);
        for read_in in ["500112009", "500112133", "500105", "500112", "500109", "500103"] {
            world.put("note", "place", read_in, read_in);
        }
        world.apply();
        let seen = |region: &str| world.seen("note", "place", &[region]);
        let set = |places: &[&str]| places.iter().map(|place| (*place).to_owned()).collect::<BTreeSet<_>>();
        // What was made from all of a district that was split is nobody's below the city, nor is what was made from a district
        // that gave townships away.
        assert_eq!(seen("500157"), set(&["500112009", "500105"]), "{database}");
        assert_eq!(seen("500109"), set(&["500112133"]), "{database}");
        assert_eq!(seen("500103"), set(&["500103"]), "{database}");
        assert_eq!(seen("5001").len(), 6, "{database}");
    }
}

#[test]
fn the_tree_and_its_history_outlive_the_host() {
    for database in databases() {
        let world = World::new(&database);
        world.apply();
        let tree = world.store.regions();
        world.runtime.block_on(world.store.close());
        let core = Core { codes: Vec::new(), schemas: &[] };
        let store = world.runtime.block_on(Store::open(&database, core)).unwrap();
        let again = store.regions();
        assert_eq!((again.changes(), again.len()), (tree.changes(), tree.len()));
        assert_eq!(again.unmapped().count(), 0, "every township of the two districts has its successor");
        assert_eq!(again.current("500105001"), "500157020");
        world.runtime.block_on(store.close());
    }
}
