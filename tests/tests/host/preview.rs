//! What a reviewer learns of a grant: numbers, made-up rows, what is new, what is used.

use std::collections::HashMap;

use linli_tests::{Host, Person};
use serde_json::{Value, json};

use crate::approval::{asking, requested};

const ALLOWANCE: &str = "civil-affairs.elder-allowance";

fn preview(person: &Person, grant: i64) -> Value {
    person.get(&format!("/grants/{grant}/preview")).expect(200).json
}

/// All rows of the street's officer, page by page.
fn eligible(officer: &Person) -> Vec<Value> {
    let (mut rows, mut page) = (Vec::new(), "eligible".to_owned());
    loop {
        let answer = officer.get(&format!("/plugins/{ALLOWANCE}/pages/{page}")).expect(200);
        rows.extend(answer.list("/blocks/0/rows").iter().cloned());
        match answer.text("/blocks/0/next/params/after") {
            "" => return rows,
            after => page = format!("eligible?after={after}"),
        }
    }
}

fn about(exact: usize) -> Value {
    if exact < 8 { json!({"fewer_than": 8}) } else { json!({"about": (exact + 2) / 5 * 5}) }
}

#[test]
fn the_numbers_are_those_of_the_store_in_fives_and_the_rows_are_made_up() {
    let host = Host::fresh();
    let rows = eligible(&host.person("officer"));
    let seen = &preview(&host.person("admin"), host.grant(ALLOWANCE))["accesses"][0];
    assert_eq!((&seen["records"], &seen["of_people"]), (&about(rows.len()), &json!(true)));
    let mut communities: HashMap<&str, usize> = HashMap::new();
    for row in &rows {
        *communities.entry(&row["grid"].as_str().unwrap()[..12]).or_default() += 1;
    }
    let told = seen["communities"].as_array().unwrap();
    assert_eq!(told.len(), communities.len());
    assert!(told.iter().all(|place| place["records"] == about(communities[place["code"].as_str().unwrap()]) && place["name"].is_string()));

    // Told apart by what is seen: name, age, grid cell and the ends of the ID number.
    let key = |row: &Value, fields: &[&str]| fields.iter().map(|field| row[*field].to_string()).collect::<Vec<_>>();
    let alone = |fields: &[&str]| {
        let mut groups: HashMap<Vec<String>, usize> = HashMap::new();
        rows.iter().for_each(|row| *groups.entry(key(row, fields)).or_default() += 1);
        groups.values().filter(|people| **people == 1).count()
    };
    assert_eq!(seen["alike"]["unique"], about(alone(&["name", "age", "grid", "id_number"])));
    let together: Vec<_> = seen["alike"]["together"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
    assert!(!together.is_empty() && alone(&together) * 2 + rows.len() / 20 >= rows.len(), "{together:?}");

    let examples = seen["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 10);
    for example in examples {
        assert_eq!(example.as_object().unwrap().len(), 4);
        assert!(example["age"].as_i64().unwrap() >= 80 && example["id_number"].as_str().unwrap().matches('*').count() == 16, "{example}");
    }
    let real: Vec<_> = rows.iter().map(|row| key(row, &["name", "age", "grid", "id_number"])).collect();
    assert!(examples.iter().all(|example| !real.contains(&key(example, &["name", "age", "grid", "id_number"]))));
}

#[test]
fn few_people_are_not_told_from_none() {
    let host = Host::fresh();
    let admin = host.person("admin");
    for condition in ["age >= 150", "age >= 101"] {
        let grant = requested(&host, &format!("fields = {{ age = \"plain\" }}\nwhere = \"{condition}\""));
        let seen = &preview(&admin, grant)["accesses"][0];
        assert_eq!((&seen["records"], &seen["alike"]["unique_percent"]), (&json!({"fewer_than": 8}), &Value::Null), "{condition}");
        assert!(seen["communities"].as_array().unwrap().iter().all(|place| place["records"] == json!({"fewer_than": 8})));
    }
}

#[test]
fn a_field_that_no_two_people_share_identifies_alone() {
    let host = Host::fresh();
    let grant = requested(&host, "fields = { id_number = \"plain\", phone = \"masked\", sex = \"plain\" }");
    let preview = preview(&host.person("admin"), grant);
    assert_eq!(preview["accesses"][0]["alike"]["identifiers"], json!(["id_number"]));
}

#[test]
fn a_preview_is_for_those_cleared_for_what_the_condition_tests_and_is_on_the_record() {
    let host = Host::fresh();
    let (grant, before) = (host.grant(ALLOWANCE), host.log_entries());
    host.person("worker").get(&format!("/grants/{grant}/preview")).refused(403, "role");
    let seen = &preview(&host.person("auditor"), grant)["accesses"][0];
    assert!(seen["withheld"].as_str().unwrap().contains("`age`") && seen["records"].is_null(), "{seen}");
    preview(&host.person("admin"), grant);
    let log = host.person("auditor").get(&format!("/audit/entries?after={before}")).expect(200);
    let expected = format!("preview grant {grant} of {ALLOWANCE}");
    let entries: Vec<_> = log.list("/entries").iter().filter(|entry| entry["entry"]["entry_point"] == expected.as_str()).collect();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1]["entry"]["accesses"][0]["operation"], "survey");
}

#[test]
fn what_is_new_since_the_grant_before_is_named() {
    let host = Host::fresh();
    let first = requested(&host, "fields = { age = \"plain\" }\nwhere = \"age >= 80\"");
    let admin = host.person("admin");
    assert!(preview(&admin, first)["compared_with"].is_null());
    admin.decide(first, "approve", &json!({})).expect(200);
    let second = requested(&host, "fields = { age = \"plain\", phone = \"masked\" }\nwhere = \"age >= 60\"");
    let preview = preview(&admin, second);
    assert_eq!(preview["compared_with"], json!(first));
    assert_eq!(preview["differences"][0]["added"], json!(["field phone masked", "where age >= 60"]));
    assert_eq!(preview["differences"][0]["removed"], json!(["where age >= 80"]));
}

#[test]
fn a_grant_is_narrowed_to_what_the_plugin_really_read() {
    let host = Host::fresh();
    let (admin, grant) = (host.person("admin"), host.grant(ALLOWANCE));
    let narrow = || admin.decide(grant, "narrow-to-used", &json!({}));
    narrow().refused(422, "narrowing");
    host.person("worker").get(&format!("/plugins/{ALLOWANCE}/pages/eligible")).expect(200);
    let before = preview(&admin, grant);
    let unused = ["decision.decided_on", "decision.outcome", "decision.reason", "decision.resident", "resident.sex"];
    assert_eq!(before["unused"], json!(unused));
    assert!(before["accesses"][0]["fields"].as_array().unwrap().iter().all(|field| field["last_used"].is_string()));
    narrow().expect(200);
    host.person("worker").get(&format!("/plugins/{ALLOWANCE}/pages/eligible")).expect(200);
    assert_eq!(preview(&admin, grant)["unused"], json!([]));
    narrow().refused(422, "narrowing");
}

#[test]
fn the_command_line_shows_a_preview_and_narrows_to_what_is_used() {
    let host = Host::fresh();
    let grant = host.grant(ALLOWANCE).to_string();
    host.person("worker").get(&format!("/plugins/{ALLOWANCE}/pages/eligible")).expect(200);
    let said = String::from_utf8(host.run("admin", &["grant", "preview", &grant]).stdout).unwrap();
    for part in ["人数 people: ≈", "id_number", "made up: {", "not used within 90 days: decision.decided_on"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(host.run("admin", &["grant", "narrow", &grant, "--to-used"]).status.success());
    assert!(!host.run("admin", &["grant", "narrow", &grant, "--to-used", "--rows-per-call", "5"]).status.success());
}

#[test]
fn a_replaced_components_grant_has_no_preview() {
    let host = Host::fresh();
    let first = requested(&host, "fields = { age = \"plain\" }");
    host.person("developer").upload(&asking("fields = { sex = \"plain\" }"), "civil-affairs").expect(201);
    host.person("admin").get(&format!("/grants/{first}/preview")).refused(409, "grant-state");
}

#[test]
fn the_page_draws_a_preview_for_admins() {
    let host = Host::fresh();
    let grant = host.grant(ALLOWANCE);
    let page = |login: &str| {
        let cookie = format!("linli_session={}", host.person(login).token());
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.get(format!("{}/admin/grants/{grant}", host.url())).header("cookie", cookie).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    let (status, text) = page("admin");
    assert_eq!(status, 200);
    for part in ["<meter", "全部虚构", "公民身份号码", "narrow-to-used"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(page("worker").0, 403);
}
