//! Who approves: two pairs of eyes, two approvals for sensitive fields, admins within their remit.

use linli_tests::{Host, Person};
use serde_json::{Value, json};

use crate::install::bare_with;

const BARE: &str = "/plugins/tests.bare/pages/";

/// The bare guest with one access more.
pub fn asking(access: &str) -> Vec<u8> {
    bare_with(|manifest| {
        format!("{manifest}\n[[access]]\npurpose = \"measure\"\nentity = \"resident\"\noperations = [\"read\"]\n{access}\n")
    })
}

/// Uploads it as the developer of the publisher `civil-affairs`. Returns the number of its request.
pub fn requested(host: &Host, access: &str) -> i64 {
    host.person("developer").upload(&asking(access), "civil-affairs").expect(201).json["grant"]["id"].as_i64().unwrap()
}

fn approve(admin: &Person, grant: i64, body: &Value) -> linli_tests::Answer {
    admin.decide(grant, "approve", body)
}

fn assessment() -> Value {
    json!({"assessment": {"text": "必要，影响可控", "reference": "评〔2026〕3号"}})
}

#[test]
fn whoever_uploads_does_not_approve() {
    let host = Host::fresh();
    let (admin, other) = (host.person("admin"), host.person("admin2"));
    let made = admin.upload(&asking("fields = { age = \"plain\" }"), "civil-affairs").expect(201);
    let grant = made.json["grant"]["id"].as_i64().unwrap();
    let refused = approve(&admin, grant, &json!({})).refused(403, "same-person");
    assert!(refused.detail().contains("uploaded"), "{}", refused.detail());
    host.person("worker").get(BARE).refused(403, "no-grant");
    let approved = approve(&other, grant, &json!({})).expect(200);
    assert_eq!((approved.text("/state"), approved.text("/requested_by")), ("active", "陈管理"));
    assert_eq!(approved.text("/approvals/0/by"), "吴复核");
    host.person("worker").get(BARE).expect(200);
}

#[test]
fn sensitive_fields_wait_for_a_second_approver_and_an_impact_assessment() {
    let host = Host::fresh();
    let (admin, other, worker) = (host.person("admin"), host.person("admin2"), host.person("worker"));
    for access in ["fields = { disability_level = \"plain\" }", "fields = { age = \"plain\" }\nwhere = \"low_income == true\""] {
        let grant = requested(&host, access);
        let refused = approve(&admin, grant, &json!({})).refused(422, "assessment");
        assert!(refused.detail().contains("resident."), "{}", refused.detail());
        approve(&admin, grant, &json!({"assessment": {"text": " ", "reference": "评"}})).refused(422, "assessment");
        assert_eq!(approve(&admin, grant, &assessment()).expect(200).text("/state"), "awaiting-second");
        worker.get(BARE).refused(403, "no-grant");
        approve(&admin, grant, &json!({})).refused(403, "same-person");
        let active = approve(&other, grant, &json!({})).expect(200);
        assert_eq!((active.text("/state"), active.text("/assessment/reference")), ("active", "评〔2026〕3号"));
        worker.get(BARE).expect(200);
    }
}

#[test]
fn a_request_without_its_sensitive_fields_needs_one_approver() {
    let host = Host::fresh();
    let grant = requested(&host, "fields = { age = \"plain\", disability_level = \"plain\" }");
    let admin = host.person("admin");
    admin.decide(grant, "narrow", &json!({"drop-fields": ["resident.disability_level"]})).expect(200);
    assert_eq!(approve(&admin, grant, &json!({})).expect(200).text("/state"), "active");
}

#[test]
fn a_delegated_admin_decides_within_their_regions_and_clearance_and_is_told_what_exceeds() {
    let host = Host::fresh();
    let local = host.person("localadmin");
    let own = local.get("/session").expect(200).text("/regions/0").to_owned();
    let grant = requested(&host, "fields = { age = \"plain\", disability_level = \"plain\" }");
    let refused = approve(&local, grant, &assessment()).refused(403, "remit");
    for part in ["every region", own.as_str(), "resident.disability_level", "personal"] {
        assert!(refused.detail().contains(part), "{}", refused.detail());
    }
    let narrowed = json!({"regions": [own], "drop-fields": ["resident.disability_level"]});
    local.decide(grant, "narrow", &narrowed).expect(200);
    assert_eq!(approve(&local, grant, &json!({})).expect(200).text("/state"), "active");
    // What reaches further is for admins who reach as far.
    let allowance = host.grant("civil-affairs.elder-allowance");
    local.decide(allowance, "revoke", &json!({"reason": "r"})).refused(403, "remit");
    local.decide(allowance, "narrow", &json!({"regions": [own]})).refused(403, "remit");
    local.decide(grant, "revoke", &json!({"reason": "r"})).expect(200);
}

#[test]
fn a_publishers_people_see_its_own_grants_only() {
    let host = Host::fresh();
    let seen = |login: &str| {
        let grants = host.person(login).get("/grants").expect(200);
        grants.list("/grants").iter().map(|grant| grant["plugin"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(seen("developer"), ["civil-affairs.elder-allowance"]);
    assert_eq!(seen("integrator"), ["community.residence-certificate"]);
    let theirs = host.grant("community.residence-certificate");
    host.person("developer").get(&format!("/grants/{theirs}")).refused(404, "not-found");
    host.person("worker").get("/grants").refused(403, "role");
}

#[test]
fn a_purpose_without_a_name_or_a_law_is_refused() {
    let host = Host::shared();
    for (line, blank) in
        [("title = { zh = \"测量\", en = \"Measure\" }", "title = \" \""), ("legal-basis = \"测试\"", "legal-basis = \"　\"")]
    {
        let package = bare_with(|manifest| {
            assert!(manifest.contains(line));
            manifest.replacen(line, blank, 1)
        });
        let refused = host.person("admin").upload(&package, "civil-affairs").refused(422, "manifest");
        assert!(refused.detail().contains("[[purpose]] measure"), "{}", refused.detail());
    }
}

#[test]
fn an_admin_takes_away_what_is_given_without_a_person_by_api_command_line_and_console() {
    let host = Host::fresh();
    let admin = host.person("admin");
    let is_unattended = |grant: i64| admin.get(&format!("/grants/{grant}")).expect(200).json["accesses"][0]["unattended"].as_bool();
    let ask = |field: &str| requested(&host, &format!("unattended = true\nfields = {{ {field} = \"plain\" }}"));
    let narrowing = json!({"drop-unattended": ["resident"]});

    let grant = ask("age");
    assert_eq!(is_unattended(grant), Some(true));
    assert_eq!(admin.get(&format!("/grants/{grant}/preview")).expect(200).json["accesses"][0]["unattended"], true);
    admin.decide(grant, "narrow", &json!({"drop-unattended": ["household"]})).refused(422, "narrowing");
    let behind = host.log_entries();
    admin.decide(grant, "narrow", &narrowing).expect(200);
    assert_eq!(is_unattended(grant), Some(false));
    let refused = admin.decide(grant, "narrow", &narrowing).refused(422, "narrowing");
    assert!(refused.detail().contains("`resident` is not granted unattended"), "{}", refused.detail());
    let log = host.person("auditor").get(&format!("/audit/entries?after={behind}")).expect(200);
    assert_eq!(log.text("/entries/0/entry/entry_point"), format!("narrow grant {grant} of tests.bare: [[access]] 1: never unattended"));

    let grant = ask("name");
    let review = String::from_utf8(host.run("admin", &["grant", "review", &grant.to_string()]).stdout).unwrap();
    assert!(review.contains("unattended too"), "{review}");
    assert!(host.run("admin", &["grant", "narrow", &grant.to_string(), "--drop-unattended", "resident"]).status.success());
    assert_eq!(is_unattended(grant), Some(false));

    let grant = ask("sex");
    let page = format!("/admin/grants/{grant}");
    assert!(admin.page(&page).contains("无人操作时也提供"));
    assert_eq!(admin.submit(&format!("{page}/drop-unattended"), &[("entity", "resident"), ("_version", "1")]), (303, page.clone()));
    assert!(!admin.page(&page).contains("无人操作时也提供"));
    assert_eq!(is_unattended(grant), Some(false));
}
