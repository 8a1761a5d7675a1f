mod admission;
mod reading;

use linli_model::{Classification, EntityType, Value};

use super::{Ask, Draft};
use crate::denial::{Denial, DenialKind};
use crate::scope::{Scope, ScopeError, Sources};
use crate::test_model::{actor, caller};
use crate::{Actor, Caller, Grant, GrantState, Keyring, Narrowing, Operator, Role, test_model};

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
    let mask_fields = masked.iter().map(|name| (*name).to_owned()).collect();
    test_model::granted(accesses, &Narrowing { mask_fields, ..Narrowing::default() }).unwrap()
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
fn the_log_has_what_was_filtered_or_sorted_by_even_where_it_is_not_shown() {
    let filter = vec![("ethnicity".into(), Operator::Has, Vec::new()), ("grid".into(), Operator::Has, Vec::new())];
    let ask = Ask { filter, sort: vec![("birth_date".to_owned(), true), ("grid".to_owned(), false)], ..fields(&["grid"]) };
    let read = scope().read(&caller(&actor(Classification::Sensitive)), &ask).unwrap();
    let told: Vec<_> = read.fields.iter().map(|(name, how)| (name.as_str(), how.as_str())).collect();
    assert_eq!(told, [("grid", "plain"), ("ethnicity", "filter"), ("birth_date", "sort")]);
}

const UNATTENDED: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read"]
    fields = { name = "plain" }
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read"]
    fields = { grid = "plain" }
    unattended = true
    [[access]]
    purpose = "p"
    entity = "household"
    operations = ["read"]
    fields = { kind = "plain" }
"#;

#[test]
fn without_a_person_only_what_is_marked_unattended_is_given() {
    let scope = scope_of(UNATTENDED, &[]);
    let nobody = Actor::unattended(vec!["440104022001".parse().unwrap()], Classification::Sensitive);
    let person = actor(Classification::Sensitive);
    let household = || Ask { entity: "household".into(), ..fields(&["kind"]) };
    assert!(scope.read(&caller(&nobody), &fields(&["grid"])).is_ok());
    assert_eq!(scope.read(&caller(&nobody), &fields(&["name"])).unwrap_err().kind, DenialKind::Field);
    let denial = scope.read(&caller(&nobody), &household()).unwrap_err();
    assert!(denial.kind == DenialKind::Operation && denial.message.contains("unattended = true"), "{denial}");
    for ask in [fields(&["grid"]), fields(&["name"]), household()] {
        assert!(scope.read(&caller(&person), &ask).is_ok());
    }
    assert_eq!(nobody.log_name(), "unattended");
}

#[test]
fn a_grant_without_the_mark_takes_it_from_the_request() {
    let manifest = test_model::manifest(UNATTENDED);
    let mut grant = Grant::requested(5, &manifest, "d".into(), jiff::Timestamp::MAX);
    grant.state = GrantState::Active;
    let attended = Narrowing { drop_unattended: vec!["resident".into()], ..Narrowing::default() };
    grant.narrow(&attended).unwrap();
    let again = grant.narrow(&attended).unwrap_err().to_string();
    assert_eq!(again, "drop-unattended: `resident` is not granted unattended");
    let nobody = Actor::unattended(vec!["44".parse().unwrap()], Classification::Sensitive);
    assert!(test_model::compiled(&manifest, Some(&grant)).unwrap().read(&caller(&nobody), &fields(&["grid"])).is_err());
}

#[test]
fn no_manifest_and_no_account_can_say_that_it_is_nobody() {
    assert!(serde_json::from_str::<Role>("\"unattended\"").is_err());
    let nobody = Actor::unattended(Vec::new(), Classification::Public);
    assert!(serde_json::to_string(&nobody).is_err());
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

#[test]
fn what_is_changed_stands_on_who_said_so_and_on_what_evidence() {
    let (scope, actor) = (scope(), actor(Classification::Sensitive));
    let permission = scope.may_change(&caller(&actor), "resident", None, &["ethnicity"]).unwrap();
    let values = vec![("ethnicity".to_owned(), Value::Text("01".to_owned()))];
    let change = permission.change(Draft { values, evidence: Some("form 7".into()), label: None }).unwrap();
    let source = &change.source;
    assert_eq!((&*source.actor, &*source.application, &*source.purpose), ("user:1", "a.b", "p"));
    assert_eq!(source.evidence.as_deref(), Some("form 7"));
}

const CHECKED: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["check"]
    checks = { adult = "age >= 18", living = "status == \"living\"" }
    [[access]]
    purpose = "p"
    entity = "household"
    operations = ["check"]
    checks = { shared = "kind == \"collective\"" }
"#;

#[test]
fn a_check_is_granted_by_its_name_of_its_entity_type_for_its_purpose() {
    let scope = test_model::granted(CHECKED, &Narrowing { drop_checks: vec!["resident.living".into()], ..Narrowing::default() }).unwrap();
    let actor = actor(Classification::Sensitive);
    let refused = |purpose, entity: &str, check: &str| {
        scope
            .check(&Caller { purpose, ..caller(&actor) }, entity, "forged", check)
            .map(drop)
            .map_err(|denial| (denial.kind, denial.message))
            .unwrap_err()
    };
    let asked_for =
        |entity: &str, check: &str| refused("p", entity, check).1.contains("is asked for in plugin.toml but not granted; see grant 5");
    assert!(asked_for("resident", "living"));
    for (purpose, entity, check) in [("p", "resident", "shared"), ("p", "household", "living"), ("q", "resident", "living")] {
        let (kind, message) = refused(purpose, entity, check);
        assert!(kind == DenialKind::Predicate && message.contains("is not asked for"), "{message}");
    }
    assert_eq!(refused("p", "resident", "adult").0, DenialKind::NotFound);
}

/// A resident's household and its dwelling, each end with an access of its own.
const LINKED: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read", "link"]
    rows-per-call = 50
    fields = { birth_date = "plain", household = "plain" }
    [[access]]
    purpose = "p"
    entity = "household"
    operations = ["read", "link"]
    fields = { kind = "plain", dwelling = "check" }
    where = "kind != \"collective\""
    [[access]]
    purpose = "p"
    entity = "dwelling"
    operations = ["read"]
    rows-per-call = 20
    fields = { address = "masked", kind = "check" }
"#;

/// First-party, so that the manifest is the grant.
fn built_in(accesses: &str) -> Scope {
    compiled_in(accesses).unwrap()
}

fn compiled_in(accesses: &str) -> Result<Scope, ScopeError> {
    let (catalogue, keyring) = (test_model::catalogue(), Keyring::new([7; 32]));
    let manifest = test_model::manifest(accesses);
    let sources = Sources {
        manifest: &manifest,
        grant: None,
        built_in: true,
        catalogue: &catalogue,
        keyring: &keyring,
        publisher: "x",
        sector: "y",
        regions: Default::default(),
    };
    Scope::compile(&sources)
}

#[test]
fn a_link_reads_each_end_under_its_own_access() {
    let actor = actor(Classification::Sensitive);
    let ask = Ask { limit: 100, ..fields(&["household.dwelling.address", "household.kind"]) };
    let read = built_in(LINKED).read(&caller(&actor), &ask).unwrap();
    let links: Vec<_> = read.links.iter().map(|link| (link.from, link.path.as_str(), link.entity.name.as_str())).collect();
    assert_eq!(links, [(None, "household", "household"), (Some(0), "household.dwelling", "dwelling")]);
    assert_eq!(read.links[0].bounds.condition.fields(), ["kind"]);
    assert!(read.links.iter().all(|link| link.bounds.regions == crate::plan::Reach::Within(actor.regions.clone())));
    let pair = |name: &str, mode: &str| (name.to_owned(), mode.to_owned());
    assert_eq!(read.fields, [pair("household", "plain")]);
    assert_eq!(read.links[0].fields, [pair("dwelling", "check"), pair("kind", "plain")]);
    assert_eq!(read.links[1].fields, [pair("address", "masked")]);
    assert_eq!((read.classification, read.limit), (Classification::Personal, 20));
}

#[test]
fn a_link_goes_on_under_the_access_that_follows() {
    let reader = "[[access]]\npurpose = \"p\"\nentity = \"household\"\noperations = [\"read\"]\nfields = { dwelling = \"plain\" }\n";
    let actor = actor(Classification::Personal);
    let read = scope_of(&format!("{reader}{LINKED}"), &[]).read(&caller(&actor), &fields(&["household.dwelling.address"])).unwrap();
    assert_eq!(read.links[0].bounds.condition.fields(), ["kind"]);
}

#[test]
fn a_link_is_denied_where_any_end_lacks_something() {
    let no_operation = LINKED.replacen(r#"["read", "link"]"#, r#"["read"]"#, 1);
    let no_far_end = LINKED.replace("entity = \"dwelling\"", "entity = \"household\"").replace("address = \"masked\", ", "");
    for (accesses, path, kind, message) in [
        (
            LINKED,
            "household.dwelling.kind",
            DenialKind::FieldMode,
            "`kind` of `dwelling` is granted check: checks may test it, but it can't be read",
        ),
        (LINKED, "household.dwelling.room", DenialKind::Field, "add `room = \"plain\"` to fields of [[access]] 3 in plugin.toml"),
        (LINKED, "household.nobody", DenialKind::Field, "`household` has no field `nobody`; [[access]] 2 in plugin.toml"),
        (LINKED, "birth_date.year", DenialKind::Invalid, "`birth_date` of `resident` holds no reference"),
        (LINKED, "guardian.name", DenialKind::Field, "`resident` has no field `guardian`; [[access]] 1 in plugin.toml"),
        (LINKED, "household.dwelling.address.x", DenialKind::Operation, "add \"link\" to operations of [[access]] 3 in plugin.toml"),
        (LINKED, "a.b.c.d.e", DenialKind::Invalid, "follows more than 3 references"),
        (LINKED, ".", DenialKind::Field, "has no field ``"),
        (
            &no_operation,
            "household.kind",
            DenialKind::Operation,
            "to follow `household` of `resident`, add \"link\" to operations of [[access]] 1",
        ),
        (&no_far_end, "household.dwelling.address", DenialKind::Entity, "plugin.toml asks nothing of `dwelling` for the purpose p"),
    ] {
        let denial = built_in(accesses).read(&caller(&actor(Classification::Sensitive)), &fields(&[path])).unwrap_err();
        assert_eq!(denial.kind, kind, "{path}: {denial}");
        assert!(denial.message.contains(message), "{path}: {denial}");
    }
    let low = built_in(LINKED).read(&caller(&actor(Classification::Internal)), &fields(&["household.dwelling.address"])).unwrap_err();
    assert_eq!(low.kind, DenialKind::Clearance);
}

#[test]
fn a_link_needs_a_reference_to_follow() {
    let message = compiled_in(&LINKED.replace(", household = \"plain\"", "")).unwrap_err().to_string();
    assert_eq!(message, "[[access]] 1: has the operation link and no reference of the schema in fields");
}

#[test]
fn no_way_around_a_field_that_is_not_granted() {
    let scope = built_in(LINKED);
    let filtered = |name: &str| Ask { filter: vec![(name.into(), Operator::Has, Vec::new())], ..fields(&[]) };
    for name in ["household.kind", "household.dwelling.address"] {
        for (ask, done) in [(filtered(name), "filtered by"), (sorted(name), "sorted by")] {
            let denial = scope.read(&caller(&actor(Classification::Sensitive)), &ask).unwrap_err();
            let expected = format!(
                "what a reference leads to can't be {done} here; a condition on it belongs into `where` of [[access]] 1 in plugin.toml"
            );
            assert_eq!((denial.kind, denial.field.as_deref()), (DenialKind::Field, Some(name)));
            assert!(denial.message.contains(&expected), "{denial}");
        }
    }
    // A derived field is granted by itself: not by its source, nor its source by it.
    for name in ["age", "Birth_Date", "birth_date ", "resident.birth_date", "birth_date AS x", "rowid", "\"birth_date\""] {
        for ask in [fields(&[name]), filtered(name), sorted(name)] {
            let denial = scope.read(&caller(&actor(Classification::Sensitive)), &ask).unwrap_err();
            assert_eq!((denial.kind, denial.field.is_some()), (DenialKind::Field, true), "{name}: {denial}");
            assert!(denial.message.contains("[[access]] 1 in plugin.toml"), "{name}: {denial}");
        }
    }
    let derived = built_in(&LINKED.replace("birth_date", "age"));
    for ask in [fields(&["birth_date"]), filtered("birth_date"), sorted("birth_date")] {
        assert_eq!(derived.read(&caller(&actor(Classification::Sensitive)), &ask).unwrap_err().kind, DenialKind::Field);
    }
}

/// Organisations that anybody finds by their code.
const PUBLIC: &str = r#"
    [[access]]
    purpose = "p"
    entity = "organisation"
    operations = ["public-lookup"]
    fields = { credit_code = "plain", name = "plain", address = "plain", employees = "plain" }
    public = ["credit_code", "name", "address"]
"#;

/// An organisation with a public key, and a mask for each field.
fn open_organisation() -> EntityType {
    let mut organisation = test_model::catalogue().entity("organisation").unwrap().as_ref().clone();
    for (name, field) in &mut organisation.fields {
        field.public_key = name == "credit_code";
        field.mask = field.mask.or(Some(linli_model::Mask::Name));
    }
    organisation
}

fn look_up(masked: &[&str], key: &str, fields: &[&str]) -> Result<Vec<(String, String)>, Denial> {
    let mut catalogue = test_model::catalogue();
    catalogue.add_entity(open_organisation());
    let mask_fields = masked.iter().map(|name| (*name).to_owned()).collect();
    let scope = test_model::granted_of(&catalogue, PUBLIC, &Narrowing { mask_fields, ..Narrowing::default() }).unwrap();
    let fields: Vec<String> = fields.iter().map(|name| (*name).to_owned()).collect();
    let actor = actor(Classification::Public);
    let nobody = Caller { actor: None, ..caller(&actor) };
    scope.lookup(&nobody, "organisation", key, "91440101MA5XXXXX0X", &fields).map(|read| read.fields.clone())
}

#[test]
fn the_public_sees_what_the_grant_shows_it_and_as_it_shows_it() {
    let shown = |name: &str, mode: &str| (name.to_owned(), mode.to_owned());
    assert_eq!(look_up(&[], "credit_code", &["name", "address"]).unwrap(), [shown("name", "plain"), shown("address", "plain")]);
    assert_eq!(look_up(&["organisation.address"], "credit_code", &["address"]).unwrap(), [shown("address", "masked")]);
    for (masked, key, field) in [
        (&[][..], "credit_code", "employees"),
        (&[], "credit_code", "status"),
        (&[], "name", "name"),
        (&["organisation.credit_code"], "credit_code", "name"),
    ] {
        assert_eq!(look_up(masked, key, &[field]).unwrap_err().kind, DenialKind::Field, "{key} {field}");
    }
    let message = look_up(&[], "credit_code", &["employees"]).unwrap_err().message;
    assert_eq!(message, "`employees` of `organisation` is not public: add it to `public` of [[access]] 1 in plugin.toml");
}
