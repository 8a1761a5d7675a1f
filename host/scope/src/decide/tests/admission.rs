//! Who comes in, and under what grant.

use super::*;
use crate::Role;
use crate::grant::GrantState::{Active, AwaitingSecond, Requested, Revoked};
use crate::manifest::EntryKind;

const ACCESSES: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read"]
    fields = { name = "plain" }
    rows-per-day = 500
    [[access]]
    purpose = "p"
    entity = "organisation"
    operations = ["read"]
    own = true
    [[page]]
    path = "/officers"
    title = "t"
    purpose = "p"
    roles = ["officer"]
    [[page]]
    path = "/open"
    title = "t"
    purpose = "p"
    public = true
    [[action]]
    name = "officers"
    title = "t"
    purpose = "p"
    roles = ["worker"]
"#;

fn scope(grant: Option<(GrantState, &str)>) -> Scope {
    let manifest = test_model::manifest(ACCESSES);
    let grant = grant.map(|(state, expires)| {
        let requested = Grant::requested(5, &manifest, "d".into(), expires.parse().unwrap());
        Grant { state, ..requested }
    });
    test_model::compiled(&manifest, grant.as_ref()).unwrap()
}

const LATER: &str = "2027-01-01T00:00:00Z";

#[test]
fn a_page_is_open_to_its_roles_and_a_public_one_to_everybody() {
    let (scope, worker) = (scope(None), actor(Classification::Public));
    let officer = Actor { roles: vec![Role::Officer], ..worker.clone() };
    let admitted =
        |kind, name: &str, actor| scope.admit(kind, name, actor).map(|entry| entry.log_name.clone()).map_err(|denial| denial.kind);
    assert_eq!(admitted(EntryKind::Page, "/officers", Some(&officer)), Ok("page /officers".into()));
    assert_eq!(admitted(EntryKind::Page, "/officers", Some(&worker)), Err(DenialKind::Role));
    assert_eq!(admitted(EntryKind::Page, "/officers", None), Err(DenialKind::SignIn));
    assert_eq!(admitted(EntryKind::Action, "officers", Some(&worker)), Ok("action officers".into()));
    assert_eq!(admitted(EntryKind::Action, "/officers", Some(&officer)), Err(DenialKind::NotFound));
    for anybody in [Some(&worker), None] {
        assert_eq!(admitted(EntryKind::Page, "/open", anybody), Ok("page /open".into()));
    }
}

#[test]
fn only_a_grant_that_was_approved_and_has_not_ended_is_in_force() {
    let now = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let found = |grant, at: &str| scope(grant).in_force(now(at)).map_err(|denial| denial.kind);
    assert_eq!(found(Some((Active, LATER)), "2026-12-31T23:59:59Z"), Ok(()));
    assert_eq!(found(Some((Active, LATER)), LATER), Err(DenialKind::GrantExpired));
    assert_eq!(found(Some((Requested, LATER)), "2026-01-01T00:00:00Z"), Err(DenialKind::NoGrant));
    assert_eq!(found(Some((AwaitingSecond, LATER)), "2026-01-01T00:00:00Z"), Err(DenialKind::NoGrant));
    assert_eq!(found(Some((Revoked, LATER)), "2026-01-01T00:00:00Z"), Err(DenialKind::GrantRevoked));
    assert_eq!(found(None, "2026-01-01T00:00:00Z"), Err(DenialKind::NoGrant));
}

#[test]
fn without_a_grant_in_force_and_without_a_person_nothing_is_read() {
    let person = actor(Classification::Sensitive);
    let read =
        |scope: &Scope, actor| scope.read(&Caller { actor, ..caller(&person) }, &fields(&["name"])).map(drop).map_err(|denial| denial.kind);
    assert_eq!(read(&scope(Some((Active, LATER))), Some(&person)), Ok(()));
    assert_eq!(read(&scope(Some((Active, LATER))), None), Err(DenialKind::SignIn));
    assert_eq!(read(&scope(Some((Revoked, LATER))), Some(&person)), Err(DenialKind::GrantRevoked));
}

#[test]
fn rows_a_day_are_counted_for_each_grant_and_access_by_itself() {
    let person = actor(Classification::Sensitive);
    let read = scope(Some((Active, LATER))).read(&caller(&person), &fields(&["name"])).unwrap();
    let allowance = read.allowance.clone().unwrap();
    assert_eq!((allowance.what.as_str(), allowance.most), ("rows 5 1", 500));
}

#[test]
fn what_is_no_person_is_nobodys_own_record() {
    let resident = Actor { resident: Some(9), ..actor(Classification::Sensitive) };
    let ask = Ask { entity: "organisation".into(), ..fields(&[]) };
    assert_eq!(scope(Some((Active, LATER))).read(&caller(&resident), &ask).unwrap_err().kind, DenialKind::Invalid);
}

#[test]
fn a_page_has_no_more_rows_than_were_asked_for_and_a_later_one_no_more_than_the_first() {
    let person = actor(Classification::Sensitive);
    let read = scope(Some((Active, LATER))).read(&caller(&person), &Ask { limit: 30, ..fields(&["name"]) }).unwrap();
    let after = crate::position::Position { values: Vec::new(), record: linli_model::RecordNo(7) };
    let next = |limit| read.next(Some(after.clone()), limit);
    assert_eq!((read.limit, next(40).limit, next(20).limit), (30, 30, 20));
    assert_eq!((read.after.clone(), next(20).after.clone()), (None, Some(after.clone())));
}

#[test]
fn what_a_person_may_read_is_said_to_a_schedule_as_unmarked_only_where_it_was_granted() {
    let unattended =
        "[[access]]\npurpose = \"p\"\nentity = \"resident\"\noperations = [\"read\"]\nunattended = true\nfields = { name = \"plain\" }\n";
    let manifest = test_model::manifest(unattended);
    let mut grant = Grant::requested(5, &manifest, "d".into(), jiff::Timestamp::MAX);
    (grant.state, grant.accesses) = (Active, Vec::new());
    let scope = test_model::compiled(&manifest, Some(&grant)).unwrap();
    let person = actor(Classification::Sensitive);
    let schedule = Actor::unattended(person.regions.clone(), Classification::Sensitive);
    for somebody in [&person, &schedule] {
        let denial = scope.read(&caller(somebody), &fields(&["name"])).unwrap_err();
        assert_eq!(denial.message, "to read `resident` is asked for but not granted; see grant 5: linli grant review 5");
    }
}
