//! Whom records concern: those they refer to, those who lead to them, and whom their labels name.

use linli_model::{Classification, Extent, RecordNo, Value};
use linli_scope::decide::{Ask, Draft};
use linli_scope::plan::Label;
use linli_scope::{Keyring, Scope};
use linli_store::model::Core;
use linli_store::{Database, Store};
use linli_tests::{databases, entry};
use tokio::runtime::Runtime;

use super::{actor, caller, compile, manifest, serialized};

const HOUSE: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
    "x-linli": {"name": "house", "subjects": ["person.home.house"], "steward": "s", "legal-basis": "l"},
    "properties": {"number": {"type": "integer", "x-linli": {"classification": "public"}}}}"#;
const HOME: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
    "x-linli": {"name": "home", "subjects": ["person.home"], "steward": "s", "legal-basis": "l"},
    "properties": {"house": {"type": "string", "x-linli": {"type": "reference", "entity": "house", "classification": "public"}}}}"#;
const PERSON: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
    "x-linli": {"name": "person", "subjects": ["self"], "steward": "s", "legal-basis": "l"},
    "properties": {"home": {"type": "string", "x-linli": {"type": "reference", "entity": "home", "classification": "public"}}}}"#;
/// A plugin's own, from one person to another.
const LETTER: &str = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
    "x-linli": {"name": "letter", "subjects": ["sender", "receiver"], "steward": "s", "legal-basis": "l"},
    "properties": {
        "sender": {"type": "string", "x-linli": {"type": "reference", "entity": "person", "classification": "public"}},
        "receiver": {"type": "string", "x-linli": {"type": "reference", "entity": "person", "classification": "public"}},
        "sent": {"type": "string", "format": "date", "x-linli": {"classification": "public"}},
        "age": {"type": "integer", "readOnly": true, "x-linli": {"derived": {"age-of": "sent"}, "classification": "public"}}}}"#;

/// More than are asked for in one statement.
const HOUSES: i64 = 40;
/// Each house has two homes, and nobody lives in the second of the last one.
const HOMES: i64 = 2 * HOUSES;
/// Each home has three people but the last one.
const PEOPLE: i64 = 3 * (HOMES - 1);

struct Town {
    runtime: Runtime,
    store: Store,
    keyring: Keyring,
}

impl Town {
    fn on(database: &Database) -> Self {
        let runtime = Runtime::new().unwrap();
        let core = Core { codes: Vec::new(), schemas: &[HOUSE, HOME, PERSON] };
        let store = runtime.block_on(Store::open(database, core)).unwrap();
        runtime.block_on(store.add_entities("a.b", vec![LETTER.into()])).unwrap();
        let town = Self { runtime, store, keyring: Keyring::new([7; 32]) };
        let refers = |name: &str, to: i64| vec![(name.to_owned(), Value::Reference(RecordNo(to)))];
        town.make("house", "number", (1..=HOUSES).map(|number| vec![("number".to_owned(), Value::Integer(number))]).collect());
        town.make("home", "house", (0..HOMES).map(|home| refers("house", home / 2 + 1)).collect());
        town.make("person", "home", (0..PEOPLE).map(|person| refers("home", person / 3 + 1)).collect());
        town
    }

    fn make(&self, entity: &str, field: &str, records: Vec<Vec<(String, Value)>>) {
        let scope = self.scope(entity, "\"create\"", &format!("{field} = \"plain\""), "");
        let actor = actor(&["44"], Classification::Sensitive);
        let permission = scope.may_change(&caller(&actor), entity, None, &[field]).unwrap();
        let changes = records.into_iter().map(|values| permission.change(Draft { values, evidence: None, label: None }).unwrap());
        let made = self.runtime.block_on(self.store.apply(changes.collect(), entry())).unwrap();
        assert!(made.iter().zip(1..).all(|(made, number)| made.record == RecordNo(number)));
    }

    fn scope(&self, entity: &str, operations: &str, fields: &str, more: &str) -> Scope {
        compile(&self.store.catalogue(), &self.keyring, &manifest(entity, operations, fields, more))
    }

    /// Whom a page of records concerns, and what is written of them.
    fn read(&self, scope: &Scope, ask: &Ask) -> (Vec<u64>, Vec<serde_json::Value>) {
        let actor = actor(&["44"], Classification::Sensitive);
        let page = self.runtime.block_on(self.store.read(&scope.read(&caller(&actor), ask).unwrap())).unwrap();
        (page.subjects.iter().collect(), serde_json::from_str(&page.json).unwrap())
    }
}

fn asked(entity: &str, field: &str, limit: u32) -> Ask {
    Ask { entity: entity.into(), fields: vec![field.into()], limit, ..Ask::default() }
}

#[test]
fn a_record_that_refers_to_nobody_concerns_all_who_lead_to_it() {
    for database in databases() {
        let town = Town::on(&database);
        let houses = town.scope("house", "\"read\", \"check\", \"update\"", "number = \"plain\"", "checks = { first = \"number == 1\" }\n");
        let concerned = |limit| town.read(&houses, &asked("house", "number", limit)).0;
        assert_eq!(concerned(1), [1, 2, 3, 4, 5, 6]);
        assert_eq!(concerned(33), (1..=33 * 6).collect::<Vec<_>>());
        assert_eq!(concerned(1_000), (1..=PEOPLE.unsigned_abs()).collect::<Vec<_>>());
        let actor = actor(&["44"], Classification::Sensitive);
        let house = houses.tokens().token(houses.entity("house").unwrap().number, RecordNo(HOUSES));
        let last: Vec<_> = (PEOPLE - 2..=PEOPLE).map(i64::unsigned_abs).collect();
        let check = houses.check(&caller(&actor), "house", &house, "first").unwrap();
        let checked = town.runtime.block_on(town.store.check(&check)).unwrap().unwrap();
        assert_eq!((checked.holds, checked.subjects.iter().collect::<Vec<_>>()), (false, last.clone()));
        let permission = houses.may_change(&caller(&actor), "house", Some((&house, 1)), &["number"]).unwrap();
        let values = vec![("number".to_owned(), Value::Integer(0))];
        let change = permission.change(Draft { values, evidence: None, label: None }).unwrap();
        let made = town.runtime.block_on(town.store.apply(vec![change], entry())).unwrap().remove(0);
        assert_eq!(made.subjects.iter().collect::<Vec<_>>(), last);
    }
}

#[test]
fn what_a_link_leads_to_concerns_all_who_lead_there() {
    for database in databases() {
        let town = Town::on(&database);
        let house = "[[access]]\npurpose = \"p\"\nentity = \"house\"\noperations = [\"read\"]\nfields = { number = \"plain\" }\n";
        let homes = town.scope("home", "\"read\", \"link\"", "house = \"plain\"", house);
        // Three live in the first home, and three more in its house.
        assert_eq!(town.read(&homes, &asked("home", "house", 1)).0, [1, 2, 3]);
        assert_eq!(town.read(&homes, &asked("home", "house.number", 1)).0, [1, 2, 3, 4, 5, 6]);
    }
}

#[test]
fn a_record_that_is_kept_concerns_whom_it_refers_to_and_whom_its_label_names() {
    for database in databases() {
        let town = Town::on(&database);
        let fields = ["sender", "receiver", "sent"];
        let granted = "sender = \"plain\", receiver = \"plain\", sent = \"plain\", age = \"plain\"";
        let letters = town.scope("letter", "\"create\", \"read\", \"check\"", granted, "checks = { old = \"age >= 26\" }\n");
        let actor = actor(&["44"], Classification::Sensitive);
        let permission = letters.may_change(&caller(&actor), "letter", None, &fields).unwrap();
        let person = |name: &str, number| (name.to_owned(), Value::Reference(RecordNo(number)));
        let values = vec![person("sender", 5), person("receiver", 9), ("sent".to_owned(), Value::Date("2000-02-28".parse().unwrap()))];
        let region = Extent::Within("4401".parse().unwrap());
        let label =
            Label { purpose: "p".into(), classification: Classification::Internal, subjects: serialized(77), region: region.clone() };
        let change = permission.change(Draft { values, evidence: None, label: Some(label) }).unwrap();
        let made = town.runtime.block_on(town.store.apply(vec![change], entry())).unwrap().remove(0);
        let id = letters.tokens().token(made.entity, made.record);
        let check = letters.check(&caller(&actor), "letter", &id, "old").unwrap();
        let checked = town.runtime.block_on(town.store.check(&check)).unwrap().unwrap();
        assert_eq!((checked.holds, checked.label, checked.region), (true, Some(Classification::Internal), region));
        assert_eq!(checked.subjects.iter().collect::<Vec<_>>(), [5, 9, 77]);
        let ask = Ask { fields: ["sender", "receiver", "sent", "age"].map(Into::into).into(), ..asked("letter", "", 5) };
        let (concerned, rows) = town.read(&letters, &ask);
        assert_eq!(concerned, [5, 9, 77]);
        // What it refers to is told by its token among people.
        let people = town.store.catalogue().entity("person").unwrap().number;
        let token = |number| letters.tokens().token(people, RecordNo(number));
        let row = serde_json::json!({"id": id, "sender": token(5), "receiver": token(9), "sent": "2000-02-28", "age": 26});
        assert_eq!(rows, [row]);
    }
}
