use super::*;
use crate::decide::Ask;
use crate::{Caller, Grant, GrantState, Manifest, Narrowing, Role, test_model};
use linli_model::Classification;

const ACCESSES: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read"]
    fields = { name = "plain" }
    [[purpose]]
    id = "rescue"
    title = "t"
    legal-basis = "l"
    emergency = true
    [[access]]
    purpose = "rescue"
    entity = "resident"
    operations = ["read", "check", "aggregate", "update"]
    fields = { name = "plain", phone = "plain", sex = "aggregate" }
    checks = { lives_here = "status == \"living\"" }
    [[access.table]]
    name = "by-sex"
    title = "t"
    by = ["sex"]
    [[page]]
    path = "/rescue"
    title = "t"
    purpose = "rescue"
    roles = ["worker"]
"#;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn breaking(minutes: Option<i64>) -> Breaking {
    let (plugin, purpose) = ("a.b".into(), "rescue".into());
    Breaking { plugin, purpose, cause: Cause::Accident, reason: " 三栋燃气泄漏 ".into(), minutes }
}

/// Broken by the account 1 over the grant 5 at the first minute, for an hour.
fn broken() -> BreakGlass {
    BreakGlass { id: 9, ..BreakGlass::open(&breaking(None), 5, 1, at(0), &[]).unwrap() }
}

fn scope(glasses: Vec<BreakGlass>) -> Scope {
    test_model::granted(ACCESSES, &Narrowing::default()).unwrap().with_broken(glasses)
}

fn reads(scope: &Scope, actor: Option<&Actor>, purpose: &str, now: Timestamp) -> Result<(), DenialKind> {
    let ask = Ask { entity: "resident".into(), fields: vec!["name".into()], limit: 1, ..Ask::default() };
    let worker = test_model::actor(Classification::Sensitive);
    let caller = Caller { actor, purpose, now, ..test_model::caller(&worker) };
    scope.read(&caller, &ask).map(drop).map_err(|denial| denial.kind)
}

#[test]
fn an_emergency_purpose_gives_to_whom_the_glass_is_and_to_nobody_else_until_it_ends() {
    let worker = test_model::actor(Classification::Sensitive);
    let other = Actor { id: 2, ..worker.clone() };
    let denied = Err(DenialKind::BreakGlass);
    assert_eq!(reads(&scope(vec![]), Some(&worker), "rescue", at(1)), denied);
    let open = scope(vec![broken()]);
    assert_eq!(reads(&open, Some(&worker), "rescue", at(0)), Ok(()));
    assert_eq!(reads(&open, Some(&worker), "rescue", at(59)), Ok(()));
    assert_eq!(reads(&open, Some(&worker), "rescue", at(60)), denied);
    assert_eq!(reads(&open, Some(&other), "rescue", at(1)), denied);
    assert_eq!(reads(&open, None, "rescue", at(1)), denied);
    let mut nobody = Actor::unattended(worker.regions.clone(), Classification::Sensitive);
    nobody.id = 1;
    assert_eq!(reads(&open, Some(&nobody), "rescue", at(1)), denied);
    assert_eq!(reads(&open, Some(&other), "p", at(1)), Ok(()));
    for elsewhere in [BreakGlass { grant: 6, ..broken() }, BreakGlass { purpose: "p".into(), ..broken() }] {
        assert_eq!(reads(&scope(vec![elsewhere]), Some(&worker), "rescue", at(1)), denied);
    }
    let mut ended = broken();
    ended.end(1, at(5)).unwrap();
    assert_eq!(reads(&scope(vec![ended]), Some(&worker), "rescue", at(5)), denied);
}

#[test]
fn every_operation_waits_for_the_glass() {
    let worker = test_model::actor(Classification::Sensitive);
    let caller = Caller { purpose: "rescue", ..test_model::caller(&worker) };
    let shut = scope(vec![]);
    let denials = [
        shut.check(&caller, "resident", "x", "lives_here").map(drop),
        shut.aggregate(&caller, "resident", "by-sex", Default::default()).map(drop),
        shut.may_change(&caller, "resident", Some(("x", 1)), &["phone"]).map(drop),
        shut.lookup(&caller, "resident", "name", "x", &[]).map(drop),
    ];
    assert!(denials.iter().all(|denial| denial.as_ref().is_err_and(|denial| denial.kind == DenialKind::BreakGlass)));
    let open = scope(vec![broken()]);
    assert!(open.aggregate(&caller, "resident", "by-sex", Default::default()).is_ok());
    assert_eq!(open.stands(&caller), Ok(Some(9)));
    assert_eq!(open.stands(&Caller { purpose: "p", ..caller }), Ok(None));
}

#[test]
fn the_glass_gives_no_more_than_grant_and_person_have() {
    let open = scope(vec![broken()]);
    let ask = Ask { entity: "resident".into(), fields: vec!["phone".into()], limit: 1, ..Ask::default() };
    let worker = test_model::actor(Classification::Public);
    let kind = |field: &str, actor: &Actor| {
        let caller = Caller { purpose: "rescue", ..test_model::caller(actor) };
        open.read(&caller, &Ask { fields: vec![field.into()], ..ask.clone() }).map(drop).map_err(|denial| denial.kind)
    };
    assert_eq!(kind("phone", &worker), Err(DenialKind::Clearance));
    assert_eq!(kind("id_number", &test_model::actor(Classification::Sensitive)), Err(DenialKind::Field));
}

#[test]
fn a_person_of_its_roles_may_break_it_where_the_grant_stands_and_reaches_them() {
    let worker = test_model::actor(Classification::Sensitive);
    let may = |scope: &Scope, actor: &Actor, purpose| scope.may_break(actor, purpose, at(0)).map_err(|denial| denial.kind);
    let scope = scope(vec![]);
    assert_eq!(may(&scope, &worker, "rescue"), Ok(5));
    assert_eq!(may(&scope, &worker, "p"), Err(DenialKind::NotFound));
    assert_eq!(may(&scope, &Actor { roles: vec![Role::Officer], ..worker.clone() }, "rescue"), Err(DenialKind::Role));
    assert_eq!(may(&scope, &Actor { regions: vec![], ..worker.clone() }, "rescue"), Err(DenialKind::Region));
    let elsewhere = Narrowing { regions: Some(vec!["440104022002".parse().unwrap()]), ..Narrowing::default() };
    let elsewhere = test_model::granted(ACCESSES, &elsewhere).unwrap();
    assert_eq!(may(&elsewhere, &worker, "rescue"), Err(DenialKind::Region));
    let manifest = test_model::manifest(ACCESSES);
    let requested = Grant::requested(5, &manifest, "d".into(), Timestamp::MAX);
    for (state, kind) in [(GrantState::Requested, DenialKind::NoGrant), (GrantState::Revoked, DenialKind::GrantRevoked)] {
        let scope = test_model::compiled(&manifest, Some(&Grant { state, ..requested.clone() })).unwrap();
        assert_eq!(may(&scope, &worker, "rescue"), Err(kind));
    }
}

#[test]
fn neither_an_entry_point_nor_an_access_of_another_purpose_lets_a_person_break_it() {
    let kind = |scope: &Scope, role| {
        let person = Actor { roles: vec![role], ..test_model::actor(Classification::Sensitive) };
        scope.may_break(&person, "rescue", at(0)).map_err(|denial| denial.kind)
    };
    let for_officers = ACCESSES.replace("[\"worker\"]", "[\"officer\"]");
    let for_officers = test_model::granted(&for_officers, &Narrowing::default()).unwrap();
    assert_eq!((kind(&for_officers, Role::Officer), kind(&for_officers, Role::Worker)), (Ok(5), Err(DenialKind::Role)));
    let manifest = test_model::manifest(ACCESSES);
    let requested = Grant::requested(5, &manifest, "d".into(), Timestamp::MAX);
    let near = |request: usize| {
        let mut grant = Grant { state: GrantState::Active, ..requested.clone() };
        for granted in &mut grant.accesses {
            let code = if granted.request == request { "440104022001" } else { "440104022002" };
            granted.access.regions = Some(vec![code.parse().unwrap()]);
        }
        kind(&test_model::compiled(&manifest, Some(&grant)).unwrap(), Role::Worker)
    };
    assert_eq!((near(1), near(0)), (Ok(5), Err(DenialKind::Region)));
}

#[test]
fn a_glass_is_broken_for_a_reason_and_a_time() {
    let open = |breaking: &Breaking| BreakGlass::open(breaking, 5, 1, at(0), &[]).map(|glass| (glass.reason, glass.expires));
    assert_eq!(open(&breaking(None)), Ok(("三栋燃气泄漏".into(), at(60))));
    assert_eq!(open(&breaking(Some(240))).unwrap().1, at(240));
    for minutes in [-1, 0, 241, 300, i64::MAX, i64::MIN] {
        assert_eq!(open(&breaking(Some(minutes))), Err(BreakGlassError::Minutes), "{minutes}");
    }
    for reason in [String::new(), " \n　".into(), "长".repeat(WORDS + 1)] {
        assert_eq!(open(&Breaking { reason, ..breaking(None) }), Err(BreakGlassError::Words("reason")));
    }
    assert!(open(&Breaking { reason: "长".repeat(WORDS), ..breaking(None) }).is_ok());
}

#[test]
fn a_person_explains_three_before_a_fourth_and_breaks_none_twice_at_once() {
    let again = |now, before: &[BreakGlass]| BreakGlass::open(&breaking(None), 5, 1, now, before).map(drop);
    assert_eq!(again(at(1), &[broken()]), Err(BreakGlassError::InForce(9)));
    assert_eq!(again(at(60), &[broken()]), Ok(()));
    assert_eq!(again(at(1), &[BreakGlass { purpose: "other".into(), ..broken() }]), Ok(()));
    assert_eq!(again(at(60), &vec![broken(); 2]), Ok(()));
    assert_eq!(again(at(60), &vec![broken(); 3]), Err(BreakGlassError::Unreviewed));
}

#[test]
fn a_review_is_another_auditors_once_and_after_the_end() {
    let reviewing = |note: &str| Reviewing { outcome: Finding::Unjustified, note: note.into() };
    let mut glass = broken();
    assert_eq!((glass.state(at(59)), glass.state(at(60))), (State::InForce, State::AwaitingReview));
    assert_eq!(glass.review(2, at(59), &reviewing("n")), Err(BreakGlassError::NotEnded(9)));
    assert_eq!(glass.review(1, at(60), &reviewing("n")), Err(BreakGlassError::Own(9)));
    assert_eq!(glass.review(2, at(60), &reviewing(" ")), Err(BreakGlassError::Words("note")));
    assert_eq!(glass.review(2, at(60), &reviewing(&"长".repeat(WORDS + 1))), Err(BreakGlassError::Words("note")));
    glass.review(2, at(60), &reviewing(" n ")).unwrap();
    let found = Review { by: 2, at: at(60), outcome: Finding::Unjustified, note: "n".into() };
    assert_eq!((glass.state(at(61)), glass.review.as_ref()), (State::Reviewed, Some(&found)));
    assert_eq!(glass.review(3, at(61), &reviewing("n")), Err(BreakGlassError::Reviewed(9)));
    assert_eq!(glass.end(1, at(61)), Err(BreakGlassError::Ended(9)));
}

#[test]
fn an_end_before_the_time_holds_once() {
    let mut glass = broken();
    glass.end(4, at(5)).unwrap();
    assert_eq!((glass.state(at(5)), glass.ended), (State::AwaitingReview, Some(Ended { by: 4, at: at(5) })));
    assert_eq!(glass.end(1, at(6)), Err(BreakGlassError::Ended(9)));
}

#[test]
fn an_emergency_is_neither_public_nor_unattended() {
    let refused = |accesses: &str| {
        let head = "[plugin]\nid = \"a.b\"\nversion = \"1\"\nplatform = \"0.1\"\nname = \"n\"\n[[purpose]]\nid = \"p\"\ntitle = \"t\"\nlegal-basis = \"l\"\nemergency = true\n";
        Manifest::read(&format!("{head}{accesses}")).unwrap_err().to_string()
    };
    let page = "[[page]]\npath = \"/x\"\ntitle = \"t\"\npurpose = \"p\"\n";
    let access = "[[access]]\npurpose = \"p\"\nentity = \"resident\"\n";
    let said = refused(&format!("{page}public = true\n"));
    assert!(said.contains("[[page]] /x") && said.contains("emergency"), "{said}");
    for more in [
        "operations = [\"read\"]\nunattended = true\n",
        "operations = [\"public-lookup\"]\nfields = { name = \"plain\" }\npublic = [\"name\"]\n",
    ] {
        let said = refused(&format!("{access}{more}{page}roles = [\"worker\"]\n"));
        assert!(said.contains("[[access]] 1") && said.contains("emergency"), "{said}");
    }
}

#[test]
fn causes_and_findings_have_one_word_over_the_api_and_in_the_log() {
    let words = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    for cause in [Cause::LifeAndHealth, Cause::NaturalDisaster, Cause::Accident, Cause::PublicHealth, Cause::PublicSafety] {
        assert_eq!(words(serde_json::to_value(cause).unwrap()), cause.as_str());
    }
    for finding in [Finding::Justified, Finding::Unjustified] {
        assert_eq!(words(serde_json::to_value(finding).unwrap()), finding.as_str());
    }
}

#[test]
fn who_has_broken_it_before_is_told_which_has_ended() {
    let worker = test_model::actor(Classification::Sensitive);
    let caller = Caller { purpose: "rescue", now: at(90), ..test_model::caller(&worker) };
    let said = |glasses| scope(glasses).stands(&caller).unwrap_err().message;
    assert!(!said(vec![]).contains("has ended") && !said(vec![BreakGlass { by: 2, ..broken() }]).contains("has ended"));
    assert!(
        said(vec![BreakGlass { id: 7, ..broken() }, broken()])
            .contains("; break-glass 9 has ended: linli break-glass open --plugin a.b --purpose rescue")
    );
}
