use super::*;
use crate::test_model;

const ACCESSES: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read", "check", "public-lookup"]
    fields = { name = "plain", phone = "plain" }
    checks = { adult = "age >= 18" }
    public = ["name", "phone"]
    rows-per-call = 50
    [[access]]
    purpose = "p"
    entity = "household"
    operations = ["read"]
    fields = { kind = "plain" }
"#;

fn grant() -> Grant {
    Grant::requested(5, &test_model::manifest(ACCESSES), "d".into(), "2027-01-01T00:00:00Z".parse().unwrap())
}

fn narrowed(narrowing: Narrowing) -> Result<Grant, String> {
    let mut grant = grant();
    grant.narrow(&narrowing).map_err(|reason| reason.to_string())?;
    Ok(grant)
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_revoked_grant_stays_so_and_says_why() {
    let mut grant = grant();
    grant.revoke("misused").unwrap();
    assert_eq!((grant.state, grant.reason.as_deref()), (GrantState::Revoked, Some("misused")));
    assert!(grant.revoke("again").unwrap_err().to_string().contains("grant 5 is revoked"));
    assert!(grant.narrow(&Narrowing::default()).unwrap_err().to_string().contains("grant 5 is revoked"));
}

#[test]
fn every_state_has_its_word() {
    let states = [GrantState::Requested, GrantState::AwaitingSecond, GrantState::Active, GrantState::Revoked];
    for state in states {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}

#[test]
fn a_field_that_is_dropped_goes_for_the_public_too() {
    let grant = narrowed(Narrowing { drop_fields: names(&["resident.phone"]), ..Narrowing::default() }).unwrap();
    let access = &grant.accesses[0].access;
    assert!(access.fields.keys().eq(["name"]) && access.public == ["name"]);
    assert!(grant.accesses[1].access.fields.keys().eq(["kind"]));
}

#[test]
fn a_grant_may_end_sooner_or_as_it_does_but_not_later() {
    let until =
        |text: &str| narrowed(Narrowing { expires: Some(text.parse().unwrap()), ..Narrowing::default() }).map(|grant| grant.expires);
    assert_eq!(until("2026-06-01T00:00:00Z").unwrap().to_string(), "2026-06-01T00:00:00Z");
    assert!(until("2027-01-01T00:00:00Z").is_ok());
    assert!(until("2027-01-01T00:00:01Z").unwrap_err().contains("expires: is later than"));
}

#[test]
fn rows_become_fewer_and_never_none() {
    let rows = |a_call, a_day| {
        let grant = narrowed(Narrowing { rows_per_call: a_call, rows_per_day: a_day, ..Narrowing::default() })?;
        Ok::<_, String>((grant.accesses[0].access.rows_per_call, grant.accesses[0].access.rows_per_day))
    };
    assert_eq!(rows(Some(10), Some(70)), Ok((10, Some(70))));
    assert_eq!(rows(Some(90), None), Ok((50, None)));
    assert!(rows(Some(0), None).unwrap_err().contains("rows-per-call"));
    assert!(rows(None, Some(0)).unwrap_err().contains("rows-per-day"));
}

#[test]
fn a_narrowing_that_names_what_is_not_granted_changes_nothing() {
    for narrowing in [
        Narrowing { drop_fields: names(&["resident.phone", "resident.sex"]), ..Narrowing::default() },
        Narrowing { drop_fields: names(&["phone"]), ..Narrowing::default() },
        Narrowing { mask_fields: names(&["household.name"]), ..Narrowing::default() },
        Narrowing { drop_checks: names(&["resident.minor"]), ..Narrowing::default() },
        Narrowing { drop_tables: names(&["resident.any"]), ..Narrowing::default() },
        Narrowing { regions: Some(Vec::new()), ..Narrowing::default() },
        Narrowing { and_where: Some(AndWhere { entity: "dwelling".into(), condition: "has(room)".into() }), ..Narrowing::default() },
    ] {
        let mut narrowed = grant();
        assert!(narrowed.narrow(&narrowing).is_err(), "{narrowing:?}");
        assert_eq!(serde_json::to_value(&narrowed).unwrap(), serde_json::to_value(grant()).unwrap());
    }
}

#[test]
fn narrowing_again_narrows_what_is_left() {
    let mut grant = grant();
    let regions = |codes: &[&str]| Some(codes.iter().map(|code| code.parse().unwrap()).collect());
    let condition = |condition: &str| Some(AndWhere { entity: "resident".into(), condition: condition.into() });
    grant.narrow(&Narrowing { regions: regions(&["4401", "440105"]), and_where: condition("age >= 18"), ..Narrowing::default() }).unwrap();
    grant.narrow(&Narrowing { regions: regions(&["440104022"]), and_where: condition("has(phone)"), ..Narrowing::default() }).unwrap();
    let access = &grant.accesses[0].access;
    assert_eq!(access.regions, regions(&["440104022"]));
    assert_eq!(access.and_where.as_deref(), Some("(age >= 18) && (has(phone))"));
    assert!(grant.narrow(&Narrowing { regions: regions(&["11"]), ..Narrowing::default() }).is_err());
}
