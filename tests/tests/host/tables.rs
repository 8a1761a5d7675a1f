//! Declared tables over HTTP: what they show of the records that the same person may see, and what they never show.

use std::collections::BTreeMap;

use linli_tests::{Answer, Host, Person};
use serde_json::{Value, json};

use crate::entry::{grid, id_number_of, record};

const ALLOWANCE: &str = "civil-affairs.elder-allowance";
const PLANNING: &str = "/plugins/civil-affairs.elder-allowance/pages/planning";

fn jurisdiction(person: &Person) -> String {
    person.get("/session").expect(200).text("/regions/0").to_owned()
}

/// The residents of a worker's community who live there, as the console shows them.
fn residents(worker: &Person, filter: &str) -> Vec<Value> {
    let list = worker.get(&format!("/records/resident?fields=grid,sex,age&limit=1000&filter=status:eq:living{filter}")).expect(200);
    assert!(list.json["next"].is_null(), "the test counts one page");
    list.list("/records").to_vec()
}

/// People by key, none of fewer than so many, in fives.
fn counted<'r>(people: impl Iterator<Item = &'r Value>, fewest: i64, key: impl Fn(&Value) -> Value) -> BTreeMap<String, i64> {
    let mut groups = BTreeMap::new();
    people.for_each(|person| *groups.entry(key(person).to_string()).or_insert(0) += 1);
    groups.retain(|_, people| *people >= fewest);
    groups.into_iter().map(|(key, people)| (key, (people + 2) / 5 * 5)).collect()
}

fn shown(page: &Answer, block: usize, columns: [&str; 2]) -> BTreeMap<String, i64> {
    let rows = page.list(&format!("/blocks/{block}/rows")).iter();
    rows.map(|row| (json!([row[columns[0]], row[columns[1]]]).to_string(), row["count"].as_i64().unwrap())).collect()
}

fn by_age(person: &Value) -> Value {
    let band = match person["age"].as_i64().unwrap() {
        ..65 => "<65",
        65..70 => "65-69",
        70..75 => "70-74",
        75..80 => "75-79",
        80..85 => "80-84",
        85..90 => "85-89",
        90.. => "90+",
    };
    json!([band, person["sex"]])
}

/// Enters men of ninety and more into one grid cell.
fn enter_elders(worker: &Person, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let born = json!({"birth_date": "1930-01-01", "id_number": id_number_of("19300101", number)});
        let mut record = record(&grid(worker), number);
        record.as_object_mut().unwrap().extend(born.as_object().unwrap().clone());
        worker.post("/records/resident", &record).expect(201);
    }
}

#[test]
fn a_group_of_seven_is_as_absent_as_one_of_nobody_and_one_of_eight_reads_as_ten() {
    let host = Host::fresh();
    let (worker, other) = (host.person("worker"), host.person("worker2"));
    let elders = |person: &Person| {
        let page = person.get(PLANNING).expect(200);
        let group = json!(["90+", "1"]).to_string();
        (shown(&page, 0, ["age", "sex"]).get(&group).copied(), shown(&page, 1, ["grid", "sex"]))
    };
    let before = residents(&worker, "&filter=age:ge:90&filter=sex:eq:1").len();
    assert!(before < 7, "the street has few of them: {before}");
    assert_eq!(elders(&worker), (None, BTreeMap::new()));
    let seventh = 8 - u32::try_from(before).unwrap();
    enter_elders(&worker, 1..seventh);
    assert_eq!(elders(&worker).0, None);
    enter_elders(&worker, seventh..seventh + 1);
    assert_eq!(elders(&worker).0, Some(10));
    enter_elders(&worker, seventh + 1..13);
    let seniors = residents(&worker, "&filter=age:ge:60");
    let entitled = seniors.iter().filter(|person| person["age"].as_i64() >= Some(80));
    let by_grid = counted(entitled, 8, |person| json!([person["grid"], person["sex"]]));
    assert_eq!(elders(&worker).1, by_grid);
    assert_eq!(by_grid.len(), 1);
    assert_eq!(shown(&worker.get(PLANNING).expect(200), 0, ["age", "sex"]), counted(seniors.iter(), 8, by_age));
    assert_eq!(elders(&other).1, BTreeMap::new(), "another community has none of them");
}

#[test]
fn an_operator_sets_how_small_a_group_may_be() {
    let host = Host::limited("smallest-group = 50\n");
    let worker = host.person("worker");
    let elders = || shown(&worker.get(PLANNING).expect(200), 1, ["grid", "sex"]);
    enter_elders(&worker, 1..40);
    assert_eq!(elders(), BTreeMap::new());
    enter_elders(&worker, 40..51);
    assert!(elders().into_values().all(|people| people >= 50) && elders().len() == 1, "{:?}", elders());
}

#[test]
fn a_guest_is_told_what_is_left_out_and_gets_no_group_of_its_own_choice() {
    let host = Host::fresh();
    host.with_guests(&["hostile"]);
    let worker = host.person("worker");
    let open = |page: &str| worker.get(&format!("/plugins/tests.hostile/pages/{page}"));
    let table = open("table").expect(200);
    let all = worker.get("/records/resident?fields=grid,sex&limit=1000").expect(200);
    let expected = counted(all.list("/records").iter(), 8, |person| json!([person["grid"], person["sex"]]));
    assert_eq!(shown(&table, 0, ["grid", "sex"]), expected);
    assert!(!expected.is_empty());
    assert_eq!((table.text("/blocks/1/items/0/value"), table.text("/blocks/1/items/1/value")), ("8", "5"));
    // Fewer than eight, whether one or nobody.
    let small = open("small-table").expect(200);
    assert!(small.list("/blocks/0/rows").is_empty() && small.text("/title") == "counted", "{}", small.json);
    let denied = open("denied-table").refused(403, "denied");
    assert!(denied.detail().contains("`age == 93`") && denied.detail().contains("[[access.table]]"), "{}", denied.detail());
    for (page, field) in [("counted-select", "`sex`"), ("counted-filter", "`sex`"), ("counted-sort", "`grid`")] {
        let denied = open(page).refused(403, "denied");
        assert!(denied.detail().contains(field) && denied.detail().contains("granted aggregate"), "{page}: {}", denied.detail());
    }
}

#[test]
fn a_grant_may_drop_a_table_or_count_in_fewer_regions() {
    let host = Host::fresh();
    let (admin, officer, other) = (host.person("admin"), host.person("officer"), host.person("worker2"));
    let narrow = |body: &Value| admin.decide(host.grant(ALLOWANCE), "narrow", body);
    let street = shown(&officer.get(PLANNING).expect(200), 0, ["age", "sex"]);
    narrow(&json!({"regions": [jurisdiction(&other)]})).expect(200);
    let community = shown(&officer.get(PLANNING).expect(200), 0, ["age", "sex"]);
    assert_ne!(street, community);
    assert_eq!(community, counted(residents(&other, "&filter=age:ge:60").iter(), 8, by_age));
    narrow(&json!({"drop-tables": ["resident.nobody"]})).refused(422, "narrowing");
    let review = narrow(&json!({"drop-tables": ["resident.seniors-by-age"]})).expect(200);
    assert!(!review.json["accesses"].to_string().contains("seniors-by-age"));
    let denied = officer.get(PLANNING).refused(403, "table-not-granted");
    assert!(denied.detail().contains("`seniors-by-age`"), "{}", denied.detail());
}

#[test]
fn the_log_says_which_table_of_which_region_and_names_nobody() {
    let host = Host::fresh();
    let (worker, auditor) = (host.person("worker"), host.person("auditor"));
    let before = host.log_entries();
    worker.get(PLANNING).expect(200);
    let entries = auditor.get(&format!("/audit/entries?after={before}&limit=10")).expect(200);
    let planned = entries.list("/entries").iter().find(|entry| entry["entry"]["entry_point"] == "page /planning").unwrap();
    let accesses = planned["entry"]["accesses"].as_array().unwrap();
    let operations: Vec<_> = accesses.iter().map(|access| access["operation"].as_str().unwrap()).collect();
    let community = jurisdiction(&worker);
    let counted = ["seniors-by-age", "entitled-by-grid"].map(|table| format!("aggregate {table} in {community}"));
    assert_eq!(operations, counted);
    assert_eq!(accesses[0]["fields"], json!([["sex", "aggregate"], ["age", "aggregate"]]));
    assert_eq!(planned["subjects"], "", "a table concerns nobody in particular");
}
