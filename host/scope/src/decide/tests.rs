use linli_model::{Classification, Value};

use super::{Ask, Draft};
use crate::denial::{Denial, DenialKind};
use crate::scope::{Scope, Sources};
use crate::test_model::{actor, caller};
use crate::{Grant, Keyring, Narrowing, Operator, test_model};

const ACCESSES: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read", "create", "update"]
    fields = { name = "plain", phone = "masked", grid = "plain", birth_date = "plain", ethnicity = "plain" }
    [[access]]
    purpose = "p"
    entity = "dwelling"
    operations = ["read"]
    fields = { address = "check" }
"#;

/// A derived field, and not what it is derived from.
const AGE_ONLY: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read"]
    fields = { age = "plain" }
"#;

fn scope() -> Scope {
    scope_of(ACCESSES, &["resident.name"])
}

fn scope_of(accesses: &str, masked: &[&str]) -> Scope {
    let manifest = test_model::manifest(accesses);
    let mut grant = Grant::requested(5, &manifest, "d".into(), jiff::Timestamp::MAX);
    let mask_fields = masked.iter().map(|name| (*name).to_owned()).collect();
    grant.narrow(&Narrowing { mask_fields, ..Narrowing::default() }).unwrap();
    grant.approve(None).unwrap();
    let (catalogue, keyring) = (test_model::catalogue(), Keyring::new([7; 32]));
    let sources = Sources {
        manifest: &manifest,
        grant: Some(&grant),
        built_in: false,
        catalogue: &catalogue,
        keyring: &keyring,
        publisher: "x",
        sector: "y",
    };
    Scope::compile(&sources).unwrap()
}

fn denied(ask: Ask, clearance: Classification) -> Denial {
    scope().read(&caller(&actor(clearance)), &ask).unwrap_err()
}

/// Of residents.
fn fields(names: &[&str]) -> Ask {
    Ask { entity: "resident".into(), fields: names.iter().map(|name| (*name).to_owned()).collect(), ..Ask::default() }
}

fn sorted(name: &str) -> Ask {
    Ask { sort: vec![(name.to_owned(), false)], ..fields(&[]) }
}

#[test]
fn a_denial_says_which_mode_to_ask_for() {
    for (ask, kind, message) in [
        (
            fields(&["id_number"]),
            DenialKind::Field,
            "`id_number` of `resident` is not asked for: add `id_number = \"masked\"` (or \"plain\", if the mask hides what is needed) \
             to fields of [[access]] 1 in plugin.toml and have it granted",
        ),
        (
            fields(&["sex"]),
            DenialKind::Field,
            "`sex` of `resident` is not asked for: add `sex = \"plain\"` to fields of [[access]] 1 in plugin.toml and have it granted",
        ),
        (
            sorted("id_number"),
            DenialKind::Field,
            "`id_number` of `resident` is not asked for: add `id_number = \"plain\"` to fields of [[access]] 1 in plugin.toml and have it \
             granted",
        ),
        (
            sorted("phone"),
            DenialKind::FieldMode,
            "`phone` of `resident` is granted masked: it can be read so, but not sorted by; for that, ask for `phone = \"plain\"` in \
             fields of [[access]] 1 in plugin.toml",
        ),
        (
            sorted("name"),
            DenialKind::FieldMode,
            "`name` of `resident` is granted masked: it can be read so, but not sorted by; [[access]] 1 asks for it plain, the grant \
             narrows it; see grant 5: linli grant review 5",
        ),
        (
            Ask { entity: "dwelling".into(), ..fields(&["address"]) },
            DenialKind::FieldMode,
            "`address` of `dwelling` is granted check: checks may test it, but it can't be read; for that, ask for \
             `address = \"masked\"` (or \"plain\", if the mask hides what is needed) in fields of [[access]] 2 in plugin.toml",
        ),
    ] {
        let denial = denied(ask, Classification::Sensitive);
        assert_eq!((denial.kind, denial.message.as_str()), (kind, message));
    }
}

#[test]
fn what_an_actor_may_not_see_they_may_not_filter_or_sort_by_either() {
    let filtered = Ask { filter: vec![("birth_date".into(), Operator::Has, Vec::new())], ..fields(&[]) };
    for ask in [fields(&["birth_date"]), filtered, sorted("birth_date")] {
        let denial = denied(ask, Classification::Internal);
        assert_eq!((denial.kind, denial.field.as_deref()), (DenialKind::Clearance, Some("birth_date")));
    }
}

#[test]
fn a_derived_field_is_granted_without_what_it_is_derived_from() {
    let (scope, actor) = (scope_of(AGE_ONLY, &[]), actor(Classification::Sensitive));
    let filtered = |name: &str, value| Ask { filter: vec![(name.into(), Operator::GreaterOrEqual, vec![value])], ..fields(&[]) };
    for ask in [fields(&["age"]), sorted("age"), filtered("age", Value::Integer(80))] {
        assert!(scope.read(&caller(&actor), &ask).is_ok());
    }
    let date = Value::Date("1940-01-01".parse().unwrap());
    for ask in [fields(&["birth_date"]), sorted("birth_date"), filtered("birth_date", date), fields(&["id_number"])] {
        assert_eq!(scope.read(&caller(&actor), &ask).unwrap_err().kind, DenialKind::Field);
    }
}

#[test]
fn a_permission_is_for_its_fields_and_its_regions_only() {
    let (scope, actor) = (scope(), actor(Classification::Sensitive));
    let caller = caller(&actor);
    let set = |name: &str, value: &str| {
        let permission = scope.may_change(&caller, "resident", None, &["grid"]).unwrap();
        let values = vec![(name.to_owned(), Value::Text(value.to_owned()))];
        permission.change(Draft { values, evidence: None, label: None }).map(|change| change.target).map_err(|denial| denial.kind)
    };
    assert_eq!(set("grid", "440104022001001"), Ok(None));
    assert_eq!(set("grid", "440104022002001"), Err(DenialKind::Region));
    assert_eq!(set("ethnicity", "01"), Err(DenialKind::Field));
    let refused = |target, name: &str| scope.may_change(&caller, "resident", target, &[name]).unwrap_err().kind;
    assert_eq!(refused(None, "name"), DenialKind::FieldMode);
    assert_eq!(refused(None, "age"), DenialKind::Field);
    assert_eq!(refused(Some(("forged", 1)), "grid"), DenialKind::NotFound);
}
