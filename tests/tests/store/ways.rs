//! What conditions look at beside a record: where that lies and whom it concerns goes with what was decided by it.

use std::collections::BTreeSet;

use linli_model::{Classification, Extent, RecordNo, RegionCode, Value};
use linli_scope::predicate::Facts;
use linli_scope::{Predicate, SmallestGroup, condition};
use linli_tests::databases;

use super::places::Places;
use super::{Record, TODAY, World, actor, admits, caller, compile, manifest, text, world};

/// Where something lies, and whom it concerns.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Concern {
    pub region: Extent,
    pub subjects: BTreeSet<u64>,
}

impl Concern {
    pub fn lies(&mut self, record: &Record) {
        self.region.widen(Extent::Within(text(&record["grid"]).parse().unwrap()));
    }

    /// What a condition of something looks at, of which this is the place.
    pub fn look(&mut self, places: &Places, condition: &Predicate, place: &Value) {
        let Value::Reference(number) = place else { return };
        let (depth, place) = (depth(condition), &places.places[at(*number)]);
        if depth == 0 {
            return;
        }
        self.lies(place);
        // A place concerns its zone, whether or not anything looks at that.
        let Value::Reference(zone) = place["zone"] else { return };
        self.subjects.insert(zone.0.unsigned_abs());
        if depth > 1 {
            self.lies(&places.zones[at(zone)]);
        }
    }
}

fn at(number: RecordNo) -> usize {
    usize::try_from(number.0).unwrap() - 1
}

/// How many references the longest path of a condition follows: of a thing, first to its place, then to the place's zone.
fn depth(condition: &Predicate) -> usize {
    match condition {
        Predicate::Compare(_) => 0,
        Predicate::Along(steps, _) => steps.len(),
        Predicate::Not(part) => depth(part),
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().map(depth).max().unwrap_or(0),
    }
}

const CONDITIONS: [&str; 6] = [
    "count > 0",
    "place.count > 0",
    "has(place.zone)",
    "!(place.zone.age >= 80)",
    "flag || (has(place.label) && place.zone.count < 3)",
    "place.zone.grid in region(\"440104\")",
];

#[test]
fn a_check_carries_what_it_and_the_condition_of_its_records_look_at() {
    databases().iter().map(world).for_each(check_by_ways);
}

fn check_by_ways(world: World) {
    let catalogue = world.store.catalogue();
    let thing = catalogue.entity("a.b/thing").unwrap();
    let actor = actor(&["440104"], Classification::Sensitive);
    let mut answers = BTreeSet::new();
    for (number, asked) in CONDITIONS.iter().enumerate() {
        let within = CONDITIONS[(number + 2) % CONDITIONS.len()];
        let more = format!("where = '{within}'\nchecks = {{ asked = '{asked}' }}\n");
        let scope = compile(&catalogue, &world.keyring, &manifest("thing", "\"check\"", "grid = \"check\"", &more));
        let [within, asked] = [within, asked].map(|source| condition::parse(source, thing, &catalogue).unwrap());
        for (at, (record, label)) in world.records.iter().zip(&world.labels).enumerate() {
            let facts = Facts {
                record: &|name| record.get(name).cloned().unwrap_or(Value::Null),
                other: &|entity, record, name| world.places.value(entity, record, name),
                today: TODAY.parse().unwrap(),
            };
            let is_near = text(&record["grid"]).starts_with("440104") && admits(&["440104"], Classification::Sensitive, label);
            let expected = (is_near && within.holds(thing, &facts) == Some(true)).then(|| asked.holds(thing, &facts) == Some(true));
            let id = scope.tokens().token(thing.number, RecordNo(at as i64 + 1));
            let found = world.runtime.block_on(world.store.check(&scope.check(&caller(&actor), "thing", &id, "asked").unwrap())).unwrap();
            assert_eq!(found.as_ref().map(|found| found.holds), expected, "{asked:?} of {at}");
            let Some(found) = found else { continue };
            answers.insert((number, found.holds));
            let mut concern = Concern { region: label.region.clone(), subjects: [1_000 + at as u64].into() };
            concern.lies(record);
            [&within, &asked].iter().for_each(|condition| concern.look(&world.places, condition, &record["place"]));
            let told = Concern { region: found.region, subjects: found.subjects.iter().collect() };
            assert_eq!((told, found.label), (concern, Some(label.classification)), "{asked:?} of {at}");
        }
    }
    assert!(answers.len() > CONDITIONS.len(), "both answers were seen: {answers:?}");
}

#[test]
fn a_table_lies_where_its_conditions_looked_too() {
    databases().iter().map(world).for_each(count_by_ways);
}

fn count_by_ways(world: World) {
    let catalogue = world.store.catalogue();
    let place = catalogue.entity("place").unwrap();
    let (near, far): (RegionCode, _) = ("440104022001".parse().unwrap(), "zone.count < 3 || has(zone.label)");
    let actor = actor(&[near.as_str()], Classification::Sensitive);
    for (within, of_table) in [("has(grid)", "has(label)"), (far, "has(grid)"), ("has(grid)", far)] {
        let table = format!("where = '{within}'\n[[access.table]]\nname = \"all\"\ntitle = \"t\"\nwhere = '{of_table}'\n");
        let scope = compile(&catalogue, &world.keyring, &manifest("place", "\"aggregate\"", "count = \"aggregate\"", &table));
        let conditions = [within, of_table].map(|source| condition::parse(source, place, &catalogue).unwrap());
        let mut concern = Concern::default();
        for record in &world.places.places {
            let facts = Facts {
                record: &|name| record.get(name).cloned().unwrap_or(Value::Null),
                other: &|entity, record, name| world.places.value(entity, record, name),
                today: TODAY.parse().unwrap(),
            };
            let is_counted = near.contains(text(&record["grid"])) && conditions.iter().all(|it| it.holds(place, &facts) == Some(true));
            if let (true, Value::Reference(zone)) = (is_counted && (within == far || of_table == far), &record["zone"]) {
                concern.lies(&world.places.zones[at(*zone)]);
            }
        }
        let asked = scope.aggregate(&caller(&actor), "place", "all", SmallestGroup::default()).unwrap();
        let tabulated = world.runtime.block_on(world.store.aggregate(&asked)).unwrap();
        assert_eq!(tabulated.region, concern.region, "{within}, {of_table}");
        let leads_out = match &concern.region {
            Extent::Nowhere => false,
            Extent::Within(region) => !near.contains(region.as_str()),
            Extent::Everywhere => true,
        };
        assert_eq!(leads_out, within == far || of_table == far, "{within}, {of_table}");
    }
}
