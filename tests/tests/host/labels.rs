//! What plugins keep is read only by those who may know what it was made from (invariant 4).

use linli_tests::{Host, Person};
use serde_json::json;

fn jurisdiction(person: &Person) -> String {
    person.get("/session").expect(200).text("/regions/0").to_owned()
}

/// Opens a page of the hostile plugin that keeps something.
fn keeps(person: &Person, page: &str) {
    assert_eq!(person.get(&format!("/plugins/tests.hostile/pages/{page}")).expect(200).text("/title"), "kept");
}

/// What somebody finds of all that was kept.
fn notes(person: &Person) -> Vec<String> {
    let kept = person.get("/plugins/tests.hostile/pages/kept").expect(200);
    kept.list("/blocks/0/rows").iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_was_made_from_a_regions_residents_is_found_where_that_region_may_be_seen_and_copying_it_changes_nothing() {
    let host = Host::fresh();
    host.with_guests(&["hostile"]);
    let (admin, worker, other) = (host.person("admin"), host.person("worker"), host.person("worker2"));
    keeps(&other, "copy?text=of-nothing");
    keeps(&worker, "keep?text=of-a-community");
    keeps(&admin, "keep?text=of-the-street");
    assert_eq!(notes(&admin), ["of-nothing", "of-a-community", "of-the-street"]);
    assert_eq!(notes(&worker), ["of-nothing", "of-a-community"]);
    assert_eq!(notes(&other), ["of-nothing"]);
    keeps(&worker, "copy?text=copied");
    assert_eq!(notes(&worker), ["of-nothing", "of-a-community", "copied"]);
    assert_eq!(notes(&other), ["of-nothing"]);
    // What the grant no longer reaches, nothing that was made from it may bring back.
    let narrowed = json!({"regions": [jurisdiction(&other)]});
    admin.decide(host.grant("tests.hostile"), "narrow", &narrowed).expect(200);
    assert_eq!(notes(&admin), ["of-nothing"]);
}

#[test]
fn a_decision_is_read_by_the_officers_of_its_region_only() {
    let host = Host::fresh();
    let (officer, other) = (host.person("officer"), host.person("officer2"));
    let near = jurisdiction(&other);
    let decisions = |person: &Person| {
        let page = person.get("/plugins/civil-affairs.elder-allowance/pages/decisions").expect(200);
        page.list("/blocks/0/rows").iter().map(|row| row["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let decide = |elsewhere: bool, reason: &str| {
        let mut page = "eligible".to_owned();
        loop {
            let eligible = officer.get(&format!("/plugins/civil-affairs.elder-allowance/pages/{page}")).expect(200);
            let rows = eligible.list("/blocks/0/rows");
            if let Some(row) = rows.iter().find(|row| row["grid"].as_str().unwrap().starts_with(&near) != elsewhere) {
                let input = json!({"resident": row["id"], "outcome": "approved", "reason": reason});
                officer.post("/plugins/civil-affairs.elder-allowance/actions/decide", &input).expect(200);
                return;
            }
            page = format!("eligible?after={}", eligible.text("/blocks/0/next/params/after"));
        }
    };
    decide(true, "elsewhere");
    assert_eq!(decisions(&officer), ["elsewhere"]);
    assert!(decisions(&other).is_empty());
    decide(false, "near");
    assert_eq!(decisions(&other), ["near"]);
    assert_eq!(decisions(&officer).len(), 2);
}
