//! Organisations, facilities and matters: entered, listed and kept like residents, over the API and on screen.

use linli_tests::Host;
use serde_json::{Value, json};

use crate::entry::{grid, id_number, record};

const GOOD: &str = "9144030071526726XG";

fn organisation(grid: &str) -> Value {
    json!({"name": "测试小卖部", "credit_code": GOOD, "type": "91", "grid": grid, "status": "active",
        "contact_name": "欧阳测试", "contact_phone": "020-11234567", "address": "测试路1号"})
}

#[test]
fn a_credit_code_is_checked_and_kept_once() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let grid = grid(&worker);
    for wrong in ["9144030071526726XH", "9144030071526726xg", "91440300"] {
        let mut organisation = organisation(&grid);
        organisation["credit_code"] = wrong.into();
        let refused = worker.post("/records/organisation", &organisation).refused(422, "invalid");
        assert_eq!(refused.text("/errors/0/field"), "credit_code");
        assert!(!refused.json.to_string().contains(wrong));
    }
    let made = worker.post("/records/organisation", &organisation(&grid)).expect(201);
    let again = worker.post("/records/organisation", &organisation(&grid)).refused(409, "duplicate");
    assert!(again.text("/record").ends_with(made.text("/id")));
}

#[test]
fn a_matter_is_about_a_resident_who_sees_that_it_was_read() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let grid = grid(&worker);
    let resident = worker.post("/records/resident", &record(&grid, 41)).expect(201).text("/id").to_owned();
    let matter = json!({"title": "走访", "kind": "visit", "grid": grid, "status": "open", "reported": "2026-01-05", "due": "2026-01-20", "resident": resident});
    let id = worker.post("/records/matter", &matter).expect(201).text("/id").to_owned();
    let entries = host.log_entries();
    let shown = worker.get(&format!("/records/matter/{id}")).expect(200);
    assert_eq!((shown.text("/record/resident"), shown.text("/record/due")), (resident.as_str(), "2026-01-20"));
    let read = &host.person("auditor").get(&format!("/audit/entries?after={entries}")).expect(200).json["entries"][0];
    assert_eq!(read["entry"]["subjects"], json!(1), "{read}");
    assert!(host.person("worker2").get(&format!("/records/matter/{id}")).status == 404);
}

#[test]
fn what_is_done_to_a_record_concerns_whoever_it_is_about_though_it_is_not_said() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let grid = grid(&worker);
    let made = |entity: &str, values: Value| worker.post(&format!("/records/{entity}"), &values).expect(201).text("/id").to_owned();
    let dwelling = made("dwelling", json!({"grid": grid, "address": "测试路2号", "kind": "owned"}));
    let household = made("household", json!({"grid": grid, "kind": "family", "dwelling": dwelling}));
    let mut people: Vec<String> = Vec::new();
    for number in 51..54 {
        let mut person = record(&grid, number);
        person["household"] = household.as_str().into();
        people.push(made("resident", person));
    }
    let matter = made(
        "matter",
        json!({"title": "走访", "kind": "visit", "grid": grid, "status": "open", "reported": "2026-01-05", "resident": people[0]}),
    );
    let auditor = host.person("auditor");
    // How many people the entry of a request concerns.
    let concerned = |request: &dyn Fn()| {
        let before = host.log_entries();
        request();
        let log = auditor.get(&format!("/audit/entries?after={before}")).expect(200);
        log.list("/entries").iter().map(|entry| entry["entry"]["subjects"].as_u64().unwrap_or(0)).max().unwrap()
    };
    let read = |path: String| drop(worker.get(&path).expect(200));
    let change = |path: String, body: &str| {
        let headers = [("content-type", "application/json"), ("if-match", "\"1\"")];
        worker.send("PATCH", &path, &headers, body.as_bytes()).expect(200);
    };
    assert_eq!(concerned(&|| read(format!("/records/household/{household}"))), 3);
    assert_eq!(concerned(&|| read(format!("/records/dwelling/{dwelling}"))), 3);
    // Through one of them, all who live there.
    let linked = format!("/records/resident?fields=name,household.kind&filter=id_number:eq:{}", id_number(51));
    assert_eq!(concerned(&|| read(linked.clone())), 3);
    assert_eq!(concerned(&|| change(format!("/records/household/{household}"), r#"{"hukou_book_number": "4401"}"#)), 3);
    assert_eq!(concerned(&|| change(format!("/records/matter/{matter}"), r#"{"title": "再访"}"#)), 1);
}

#[test]
fn the_demonstration_has_some_of_each() {
    let host = Host::shared();
    let worker = host.person("worker");
    for entity in ["organisation", "facility", "matter"] {
        assert!(!worker.get(&format!("/records/{entity}?limit=5")).expect(200).list("/records").is_empty(), "{entity}");
    }
}

#[test]
fn the_console_lists_and_enters_what_is_no_person() {
    let host = Host::shared();
    let worker = host.person("worker");
    let lists = worker.page("/records");
    for entity in ["dwelling", "household", "organisation", "facility", "matter"] {
        assert!(lists.contains(&format!("href=\"/records/{entity}\"")), "{entity}");
        let form = worker.page(&format!("/entry/{entity}"));
        assert!(form.contains(&format!("action=\"/entry/{entity}\"")) && form.contains("name=\"grid\""), "{entity}");
        let list = worker.page(&format!("/records/{entity}"));
        let link = list.split(&format!("href=\"/records/{entity}/")).nth(1).and_then(|rest| rest.split('"').next());
        let shown = worker.page(&format!("/records/{entity}/{}", link.unwrap()));
        assert!(shown.contains("所在网格"), "{entity}");
    }
    assert!(!lists.contains("href=\"/records/resident\"><"), "people are found, not listed");
}

#[test]
fn a_form_enters_an_organisation_or_says_what_is_wrong() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let grid = grid(&worker);
    let fields = |code| {
        [("name", "测试小卖部"), ("type", "91"), ("status", "active"), ("grid", grid.as_str()), ("credit_code", code), ("employees", "3")]
    };
    let (status, page) = worker.submit("/entry/organisation", &fields("9144030071526726XH"));
    assert!(status == 422 && page.contains("9144030071526726XH") && page.contains("id=\"field-credit_code-error\""), "{page}");
    // What is typed in small letters and with spaces is the same code.
    let (status, address) = worker.submit("/entry/organisation", &fields("9144 0300 7152 6726 xg"));
    assert!(status == 303 && worker.page(&address).contains(GOOD), "{address}");
    let (status, page) = worker.submit("/entry/organisation", &fields(GOOD));
    assert!(status == 409 && page.contains("/records/organisation/"), "{page}");
}
