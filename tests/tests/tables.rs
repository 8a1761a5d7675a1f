//! Declared tables against a naive count of the same records, on both databases: which groups are shown, and with what
//! figures.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on should stop loudly")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a naive count may round as a child would")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use linli_model::{Classification, CodeList, Date, Decimal, RecordNo, Value};
use linli_scope::decide::Draft;
use linli_scope::plan::Label;
use linli_scope::scope::{ScopeError, Sources};
use linli_scope::{Actor, Caller, Channel, Keyring, Manifest, Role, Scope, SmallestGroup};
use linli_store::model::Core;
use linli_store::{Database, Store, StoreError};
use linli_tests::{databases, entry};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

const PERSON: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false, "required": ["grid"],
    "x-linli": {"name": "person", "region": "grid", "subjects": ["self"], "steward": "s", "legal-basis": "l"},
    "properties": {
        "grid": {"type": "string", "x-linli": {"type": "region", "level": "grid", "classification": "internal"}},
        "sex": {"type": "string", "x-linli": {"type": "code", "codes": "sex", "classification": "personal"}},
        "poor": {"type": "boolean", "x-linli": {"classification": "personal"}},
        "born": {"type": "string", "format": "date", "x-linli": {"classification": "personal"}},
        "age": {"type": "integer", "minimum": 0, "maximum": 150, "readOnly": true, "x-linli": {"derived": {"age-of": "born"}, "classification": "personal"}},
        "income": {"type": "string", "x-linli": {"type": "decimal", "scale": 2, "classification": "personal"}}}}"#;

/// One person may have many.
const VISIT: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false, "required": ["person"],
    "x-linli": {"name": "visit", "region": "person.grid", "subjects": ["person"], "steward": "s", "legal-basis": "l"},
    "properties": {
        "person": {"type": "string", "x-linli": {"type": "reference", "entity": "person", "classification": "personal"}},
        "cost": {"type": "integer", "x-linli": {"classification": "personal"}}}}"#;

/// Concerns two people.
const MEETING: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false, "required": ["guest", "host"],
    "x-linli": {"name": "meeting", "region": "guest.grid", "subjects": ["guest", "host"], "steward": "s", "legal-basis": "l"},
    "properties": {
        "guest": {"type": "string", "x-linli": {"type": "reference", "entity": "person", "classification": "personal"}},
        "host": {"type": "string", "x-linli": {"type": "reference", "entity": "person", "classification": "personal"}}}}"#;

const CODES: &str = "# GB/T 2261.1-2003\ncode,zh,en\n0,未知,Unknown\n1,男,Male\n2,女,Female\n";
const TODAY: &str = "2026-02-28";
const GRIDS: [&str; 4] = ["440104022001001", "440104022001002", "440104022002001", "440105001001001"];
const BORN: [&str; 7] = ["1926-02-28", "1946-02-27", "1946-03-01", "1966-02-28", "1966-03-01", "2000-02-29", "2026-02-28"];
const FIELDS: &str = "grid = \"plain\", sex = \"aggregate\", poor = \"aggregate\", born = \"aggregate\", age = \"aggregate\", \
     income = \"aggregate\", community = \"aggregate\"";
const BANDS: &str = "bands.age = [1, 60, 80]";

#[derive(Clone, Debug)]
struct Person {
    grid: &'static str,
    sex: Option<&'static str>,
    poor: Option<bool>,
    born: Option<&'static str>,
    /// In hundredths.
    income: Option<i64>,
}

struct World {
    runtime: Runtime,
    store: Store,
    keyring: Keyring,
    people: Vec<Person>,
}

fn mix(number: usize, salt: usize) -> usize {
    (number + 1).wrapping_mul(2_654_435_761 + salt * 40_503).wrapping_shr(7 + salt as u32 % 3)
}

fn person(number: usize) -> Person {
    let mix = |salt: usize| mix(number, salt);
    // One of a hundred is unknown, so that a group of the unknown is small.
    let known = |salt: usize| mix(salt) % 100 != 0;
    Person {
        grid: GRIDS[mix(1) % 10 % GRIDS.len()],
        sex: known(2).then(|| ["1", "2"][mix(3) % 2]),
        poor: known(4).then(|| mix(5) % 20 == 0),
        born: known(6).then(|| BORN[mix(7) % BORN.len()]),
        income: known(8).then(|| (mix(9) % 900_000) as i64 - 100_000),
    }
}

impl Person {
    fn values(&self) -> Vec<(String, Value)> {
        let text = |name: &str, text: Option<&str>| text.map(|text| (name.to_owned(), Value::Text(text.to_owned())));
        let born = self.born.map(|born| ("born".to_owned(), Value::Date(born.parse().unwrap())));
        let income = self.income.map(|units| ("income".to_owned(), Value::Decimal(Decimal { units, scale: 2 })));
        let poor = self.poor.map(|poor| ("poor".to_owned(), Value::Boolean(poor)));
        [text("grid", Some(self.grid)), text("sex", self.sex), poor, born, income].into_iter().flatten().collect()
    }

    fn age(&self) -> Option<i64> {
        self.born.map(|born| born.parse::<Date>().unwrap().age_on(TODAY.parse().unwrap()))
    }

    /// What a table shows of the person in a column.
    fn shown(&self, by: &str) -> Json {
        match by {
            "grid" => json!(self.grid),
            "community" => json!(self.grid[..12]),
            "sex" => json!(self.sex),
            "poor" => json!(self.poor),
            "born" => json!(self.born.map(|born| born[..4].parse::<i64>().unwrap())),
            _ => json!(self.age().map(|age| match age {
                ..1 => "<1",
                1..60 => "1-59",
                60..80 => "60-79",
                80.. => "80+",
            })),
        }
    }

    fn meets(&self, condition: &str) -> bool {
        match condition {
            "" => true,
            "age >= 60" => self.age().is_some_and(|age| age >= 60),
            _ => self.poor == Some(true),
        }
    }
}

fn actor(regions: &[&str]) -> Actor {
    let regions = regions.iter().map(|code| code.parse().unwrap()).collect();
    Actor { id: 1, roles: vec![Role::Worker], regions, clearance: Classification::Personal, resident: None, publisher: None }
}

fn caller(actor: &Actor) -> Caller<'_> {
    Caller { actor: Some(actor), purpose: "p", channel: Channel::Guest, now: Timestamp::UNIX_EPOCH, today: TODAY.parse().unwrap() }
}

/// Of a plugin whose manifest is its grant.
fn scope(store: &Store, keyring: &Keyring, accesses: &str) -> Result<Scope, ScopeError> {
    let text = format!(
        "[plugin]\nid = \"a.b\"\nversion = \"1\"\nplatform = \"0.1\"\nname = \"n\"\n[[purpose]]\nid = \"p\"\ntitle = \"t\"\nlegal-basis = \"l\"\n\
         {accesses}\n[[page]]\npath = \"/\"\ntitle = \"t\"\npurpose = \"p\"\nroles = [\"worker\"]\n"
    );
    let (manifest, catalogue) = (Manifest::read(&text).unwrap(), store.catalogue());
    Scope::compile(&Sources {
        manifest: &manifest,
        grant: None,
        built_in: true,
        catalogue: &catalogue,
        keyring,
        publisher: "x",
        sector: "y",
        regions: Default::default(),
    })
}

fn world(database: &Database, people: usize) -> World {
    let runtime = Runtime::new().unwrap();
    let core = Core { codes: vec![CodeList::read("sex", CODES).unwrap()], schemas: &[PERSON, VISIT, MEETING] };
    let store = runtime.block_on(Store::open(database, core)).unwrap();
    let world = World { runtime, store, keyring: Keyring::new([7; 32]), people: (0..people).map(person).collect() };
    world.enter("person", world.people.iter().map(Person::values).collect());
    world
}

impl World {
    fn scope(&self, accesses: &str) -> Scope {
        scope(&self.store, &self.keyring, accesses).unwrap()
    }

    /// Enters records of a plugin that had read nothing before.
    fn enter(&self, entity: &str, records: Vec<Vec<(String, Value)>>) {
        let names = |record: &[(String, Value)]| record.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let fields: std::collections::BTreeSet<_> = records.iter().flat_map(|record| names(record)).collect();
        let fields: Vec<_> = fields.iter().map(String::as_str).collect();
        let granted: Vec<_> = fields.iter().map(|name| format!("{name} = \"plain\"")).collect();
        let writer = self.scope(&format!(
            "[[access]]\npurpose = \"p\"\nentity = \"{entity}\"\noperations = [\"create\"]\nfields = {{ {} }}",
            granted.join(", ")
        ));
        let everywhere = actor(&["44"]);
        let permission = writer.may_change(&caller(&everywhere), entity, None, &fields).unwrap();
        let label = Label { purpose: "p".into(), classification: Classification::Public, subjects: Vec::new(), region: Default::default() };
        let changes =
            records.into_iter().map(|values| permission.change(Draft { values, evidence: None, label: Some(label.clone()) }).unwrap());
        self.runtime.block_on(self.store.apply(changes.collect(), entry())).unwrap();
    }

    /// A table of people, or of visits.
    fn table(&self, entity: &str, fields: &str, table: &str, regions: &[&str], fewest: i64) -> Result<Vec<Json>, StoreError> {
        let scope = self.scope(&format!(
            "[[access]]\npurpose = \"p\"\nentity = \"{entity}\"\noperations = [\"aggregate\"]\nfields = {{ {fields} }}\n\
             [[access.table]]\nname = \"t\"\ntitle = \"t\"\n{table}"
        ));
        let actor = actor(regions);
        let aggregate = scope.aggregate(&caller(&actor), entity, "t", SmallestGroup::new(fewest).unwrap()).unwrap();
        let tabulated = self.runtime.block_on(self.store.aggregate(&aggregate))?;
        let rows: Vec<Json> = serde_json::from_str(&tabulated.json).unwrap();
        assert_eq!(rows.len() as u64, tabulated.groups);
        Ok(rows)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Measure {
    Count,
    Distribution,
    Sum,
    Average,
}

#[derive(Clone, Debug)]
struct Case {
    by: Vec<&'static str>,
    measure: Measure,
    condition: &'static str,
    regions: Vec<&'static str>,
    fewest: i64,
}

impl Case {
    fn toml(&self) -> String {
        let measure = match self.measure {
            Measure::Count => "\"count\"",
            Measure::Distribution => "{ distribution = \"age\" }",
            Measure::Sum => "{ sum = \"income\" }\nbetween = [0, \"4000.00\"]",
            Measure::Average => "{ average = \"age\" }\nbetween = [20, 90]",
        };
        let bands = if self.columns().contains(&"age") { BANDS } else { "" };
        format!("by = {:?}\nmeasure = {measure}\nwhere = '{}'\n{bands}\n", self.by, self.condition).replace("where = ''\n", "")
    }

    fn columns(&self) -> Vec<&'static str> {
        let distributed = (self.measure == Measure::Distribution).then_some("age");
        self.by.iter().copied().chain(distributed).collect()
    }

    /// What a person adds, in thousandths; none where they are not of the group.
    fn share(&self, person: &Person) -> Option<i64> {
        match self.measure {
            Measure::Count | Measure::Distribution => Some(0),
            Measure::Sum => person.income.map(|units| units.clamp(0, 400_000)),
            Measure::Average => person.age().map(|age| age.clamp(20, 90)),
        }
    }

    fn expected(&self, people: &[Person]) -> BTreeMap<String, Json> {
        let mut groups: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for person in people {
            let near = self.regions.iter().any(|region| person.grid.starts_with(region));
            let share = self.share(person).filter(|_| near && person.meets(self.condition));
            if let Some(share) = share {
                let key: Vec<_> = self.columns().iter().map(|by| person.shown(by)).collect();
                groups.entry(json!(key).to_string()).or_default().push(share);
            }
        }
        groups.retain(|_, shares| shares.len() as i64 >= self.fewest);
        groups.into_iter().map(|(key, shares)| (key, self.figures(&shares))).collect()
    }

    fn figures(&self, shares: &[i64]) -> Json {
        let count = (shares.len() as f64 / 5.0).round() * 5.0;
        let sum: i64 = shares.iter().sum();
        match self.measure {
            Measure::Count | Measure::Distribution => json!({"count": count as i64}),
            // Five times 4,000.00.
            Measure::Sum => json!({"count": count as i64, "sum": format!("{:.2}", (sum as f64 / 2_000_000.0).round() * 20_000.0)}),
            Measure::Average => {
                let wanted = 5.0 * 70.0 / count;
                let step = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0].into_iter().find(|step| *step >= wanted).unwrap();
                let average = ((sum as f64 / shares.len() as f64 / step).round() * step).clamp(20.0, 90.0);
                json!({"count": count as i64, "average": format!("{average:.3}")})
            }
        }
    }
}

fn case() -> impl Strategy<Value = Case> {
    let by = subsequence(vec!["grid", "community", "sex", "poor", "born", "age"], 0..=3);
    let measure = select(&[Measure::Count, Measure::Distribution, Measure::Sum, Measure::Average][..]);
    let regions = prop_oneof![2 => Just(vec!["44"]), 3 => subsequence(vec!["440104022001", "440104022002001", "440105", "11"], 0..=4)];
    (by, measure, select(&["", "age >= 60", "poor"][..]), regions, select(&[5_i64, 8, 10, 50][..])).prop_map(
        |(mut by, measure, condition, regions, fewest)| {
            by.retain(|by| measure != Measure::Distribution || *by != "age");
            Case { by, measure, condition, regions, fewest }
        },
    )
}

fn check(world: &World, case: &Case) -> Result<(), TestCaseError> {
    let rows = world.table("person", FIELDS, &case.toml(), &case.regions, case.fewest).unwrap();
    let found = rows.into_iter().map(|row| {
        let Json::Object(mut row) = row else { panic!("a group is an object") };
        let key: Vec<_> = case.columns().iter().map(|by| row.remove(*by).unwrap()).collect();
        (json!(key).to_string(), Json::Object(row))
    });
    prop_assert_eq!(found.collect::<BTreeMap<_, _>>(), case.expected(&world.people));
    Ok(())
}

#[test]
fn a_table_shows_what_a_naive_count_shows_on_both_databases() {
    for database in databases() {
        let world = world(&database, 1_500);
        let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
        if let Err(failure) = runner.run(&case(), |case| check(&world, &case)) {
            panic!("{database}: {failure}");
        }
    }
}

#[test]
fn groups_come_in_the_order_of_their_values_with_the_unknown_last() {
    for database in databases() {
        let world = world(&database, 3_000);
        let rows = world.table("person", FIELDS, "by = [\"age\", \"sex\"]\nbands.age = [1, 60, 80]", &["44"], 5).unwrap();
        let shown: Vec<_> = rows.iter().map(|row| (row["age"].as_str(), row["sex"].as_str())).collect();
        let wanted: Vec<_> = [Some("<1"), Some("1-59"), Some("60-79"), Some("80+"), None]
            .into_iter()
            .flat_map(|age| [Some("1"), Some("2"), None].map(|sex| (age, sex)))
            .filter(|group| shown.contains(group))
            .collect();
        assert_eq!(shown, wanted);
        assert!(shown.contains(&(Some("80+"), Some("2"))) && shown.contains(&(None, Some("1"))), "{shown:?}");
        let rows = world.table("person", FIELDS, "by = [\"poor\"]", &["44"], 5).unwrap();
        assert_eq!(rows.iter().map(|row| row["poor"].as_bool()).collect::<Vec<_>>(), [Some(false), Some(true), None]);
    }
}

#[test]
fn few_people_are_few_however_many_records_concern_them() {
    for database in databases() {
        let world = world(&database, 12);
        let visit = |person: i64| vec![("person".to_owned(), Value::Reference(RecordNo(person)))];
        // A hundred visits to seven people.
        world.enter("visit", (0..100).map(|number| visit(number % 7 + 1)).collect());
        let counted = |fewest| world.table("visit", "grid = \"plain\"", "", &["44"], fewest).unwrap();
        assert_eq!(counted(8), [] as [Json; 0]);
        assert_eq!(counted(6), [json!({"count": 5})], "people are counted, not visits");
        world.enter("visit", vec![visit(8)]);
        assert_eq!(counted(8), [json!({"count": 10})]);
    }
}

#[test]
fn a_group_has_no_more_people_than_the_fewest_whom_its_records_concern_in_one_way() {
    for database in databases() {
        let world = world(&database, 20);
        let meeting = |guest: usize, host: usize| {
            [("guest", guest), ("host", host)].map(|(name, person)| (name.to_owned(), Value::Reference(RecordNo(person as i64)))).to_vec()
        };
        let counted = || world.table("meeting", "grid = \"plain\"", "", &["44"], 8).unwrap();
        // Many guests of few hosts.
        world.enter("meeting", (0..20).map(|number| meeting(number + 1, number % 7 + 1)).collect());
        assert_eq!(counted(), [] as [Json; 0]);
        world.enter("meeting", vec![meeting(1, 8)]);
        assert_eq!(counted(), [json!({"count": 10})]);
    }
}

#[test]
fn a_table_of_ten_thousand_groups_is_shown_and_one_of_more_is_refused() {
    let [database, _] = databases();
    let Database::Sqlite(file) = &database else { panic!("the first is a file") };
    let world = world(&database, 1);
    // Five people in each cell from here on.
    let fill = |first: usize, cells: usize| {
        let text = format!(
            "INSERT INTO e_person (version, provenance, grid, community) WITH RECURSIVE person(number) AS \
             (SELECT 0 UNION ALL SELECT number + 1 FROM person WHERE number + 1 < 5 * {cells}) \
             SELECT 1, '{{}}', '44010402' || ({first} + number / 5), '440104022001' FROM person"
        );
        rusqlite::Connection::open(file).unwrap().execute_batch(&text).unwrap();
    };
    fill(1_000_000, 10_000);
    let table = || world.table("person", FIELDS, "by = [\"grid\"]", &["44"], 5);
    assert_eq!(table().unwrap().len(), 10_000);
    fill(2_000_000, 1);
    assert!(matches!(table(), Err(StoreError::TooManyGroups { most: 10_000, .. })));
    fill(2_000_001, 1);
    assert!(matches!(table(), Err(StoreError::TooManyGroups { .. })));
}

#[test]
fn what_one_person_may_have_many_of_is_not_added_up() {
    let [database, _] = databases();
    let world = world(&database, 1);
    let access = "[[access]]\npurpose = \"p\"\nentity = \"visit\"\noperations = [\"aggregate\"]\nfields.cost = \"aggregate\"\n\
         [[access.table]]\nname = \"t\"\ntitle = \"t\"\nmeasure.sum = \"cost\"\nbetween = [0, 10]";
    let refused = scope(&world.store, &world.keyring, access).unwrap_err().to_string();
    assert!(refused.contains("of which one person may have many"), "{refused}");
}

#[test]
fn a_table_of_one_small_cell_is_as_empty_as_one_of_nobody() {
    for database in databases() {
        let world = world(&database, 7);
        assert_eq!(world.table("person", FIELDS, "measure.average = \"age\"", &["44"], 8).unwrap(), [] as [Json; 0]);
        assert_eq!(world.table("person", FIELDS, "", &["44"], 8).unwrap(), [] as [Json; 0]);
        assert_eq!(world.table("person", FIELDS, "", &["11"], 8).unwrap(), [] as [Json; 0]);
    }
}
