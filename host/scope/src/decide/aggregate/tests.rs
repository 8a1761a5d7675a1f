use linli_model::{Classification, Extent};

use crate::decide::Ask;
use crate::denial::{Denial, DenialKind};
use crate::scope::{Scope, ScopeError};
use crate::{Aggregate, Authorized, Caller, Channel, Grant, Narrowing, Operator, SmallestGroup, test_model};

const ACCESSES: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read", "update", "aggregate"]
    fields = { name = "plain", sex = "aggregate", grid = "aggregate", low_income = "aggregate" }
    [[access.table]]
    name = "elders"
    title = "t"
    by = ["grid", "sex"]
    where = "age >= 80"
    [[access.table]]
    name = "poor"
    title = "t"
    by = ["low_income"]
    [[access]]
    purpose = "p"
    entity = "dwelling"
    operations = ["aggregate"]
    bound = true
    [[access.table]]
    name = "all"
    title = "t"
"#;

fn compile(accesses: &str, narrowing: Narrowing) -> Result<Scope, ScopeError> {
    test_model::granted(accesses, &narrowing)
}

fn asked(scope: &Scope, clearance: Classification, entity: &str, table: &str) -> Result<Authorized<Aggregate>, Denial> {
    let actor = test_model::actor(clearance);
    scope.aggregate(&test_model::caller(&actor), entity, table, SmallestGroup::default())
}

#[test]
fn a_table_is_what_the_manifest_says_within_grant_and_jurisdiction() {
    let narrowing = Narrowing { regions: Some(vec!["440104022001001".parse().unwrap()]), ..Narrowing::default() };
    let table = asked(&compile(ACCESSES, narrowing).unwrap(), Classification::Sensitive, "resident", "elders").unwrap();
    assert_eq!(table.fields, ["grid", "sex", "age"]);
    assert_eq!((table.table.groups.len(), table.classification), (2, Classification::Personal));
    assert_eq!(table.bounds.regions.extent(), Extent::Within("440104022001001".parse().unwrap()));
}

#[test]
fn a_table_that_was_not_declared_or_not_granted_is_denied_by_name() {
    let dropped = |name: &str| Narrowing { drop_tables: vec![name.into()], ..Narrowing::default() };
    for (narrowing, table, kind, message) in [
        (
            Narrowing::default(),
            "age >= 90",
            DenialKind::Table,
            "the table `age >= 90` of `resident` is not asked for: declare it as an [[access.table]] of an [[access]] for the purpose p in \
             plugin.toml",
        ),
        (
            dropped("resident.poor"),
            "poor",
            DenialKind::Table,
            "the table `poor` of `resident` is asked for in plugin.toml but not granted; see grant 5: linli grant review 5",
        ),
        (
            Narrowing { drop_fields: vec!["resident.sex".into()], ..Narrowing::default() },
            "elders",
            DenialKind::Field,
            "`sex` of `resident` is asked for in [[access]] 1 but not granted; see grant 5: linli grant review 5",
        ),
    ] {
        let denial = asked(&compile(ACCESSES, narrowing).unwrap(), Classification::Sensitive, "resident", table).unwrap_err();
        assert_eq!((denial.kind, denial.message.as_str()), (kind, message));
    }
    assert!(Grant::requested(1, &test_model::manifest(ACCESSES), "d".into(), jiff::Timestamp::MAX).narrow(&dropped("resident.x")).is_err());
}

#[test]
fn who_may_not_see_a_field_may_not_have_it_counted() {
    let scope = compile(ACCESSES, Narrowing::default()).unwrap();
    let denied = |clearance, table: &str| asked(&scope, clearance, "resident", table).unwrap_err();
    assert_eq!(denied(Classification::Personal, "poor").field.as_deref(), Some("low_income"));
    assert_eq!(denied(Classification::Internal, "elders").kind, DenialKind::Clearance);
}

#[test]
fn what_is_bound_is_counted_past_the_plugin_only() {
    let scope = compile(ACCESSES, Narrowing::default()).unwrap();
    assert_eq!(asked(&scope, Classification::Sensitive, "dwelling", "all").unwrap_err().kind, DenialKind::BoundOnly);
    let actor = test_model::actor(Classification::Sensitive);
    let caller = Caller { channel: Channel::Bound, ..test_model::caller(&actor) };
    assert!(scope.aggregate(&caller, "dwelling", "all", SmallestGroup::default()).is_ok());
}

#[test]
fn a_field_that_is_counted_is_neither_read_nor_filtered_sorted_or_set() {
    let scope = compile(ACCESSES, Narrowing::default()).unwrap();
    let actor = test_model::actor(Classification::Sensitive);
    let caller = test_model::caller(&actor);
    let ask = |name: &str| Ask { entity: "resident".into(), fields: vec![name.to_owned()], ..Ask::default() };
    let filtered = Ask { filter: vec![("sex".into(), Operator::Has, Vec::new())], ..ask("name") };
    let sorted = Ask { sort: vec![("sex".into(), false)], ..ask("name") };
    for ask in [ask("sex"), filtered, sorted] {
        let denial = scope.read(&caller, &ask).unwrap_err();
        assert_eq!((denial.kind, denial.field.as_deref()), (DenialKind::FieldMode, Some("sex")));
        assert!(denial.message.contains("granted aggregate: tables may count by it, but it can't be"), "{}", denial.message);
    }
    assert_eq!(scope.may_change(&caller, "resident", None, &["sex"]).unwrap_err().kind, DenialKind::Operation);
    let id = scope.tokens().token(scope.entity("resident").unwrap().number, linli_model::RecordNo(1));
    assert_eq!(scope.may_change(&caller, "resident", Some((&id, 1)), &["sex"]).unwrap_err().kind, DenialKind::FieldMode);
}

#[test]
fn requests_that_would_tell_more_are_refused() {
    for (fields, table, expected) in [
        (
            "sex = \"aggregate\"\n[access.checks]\nman = \"sex == \\\"1\\\"\"",
            "",
            "the check `man` tests `sex`, which is to be counted only",
        ),
        ("grid = \"aggregate\"", "by = [\"sex\"]", "table t: counts by `sex`: add `sex = \"aggregate\"` to fields"),
        ("sex = \"aggregate\"", "by = [\"age\"]", "table t: can be grouped by `age` in bands only"),
    ] {
        let operations = "[\"aggregate\", \"check\"]";
        let checks = if fields.contains("checks") { "" } else { "[access.checks]\nold = \"age >= 80\"\n" };
        let accesses = format!(
            "[[access]]\npurpose = \"p\"\nentity = \"resident\"\noperations = {operations}\nfields.{fields}\n{checks}\
             [[access.table]]\nname = \"t\"\ntitle = \"t\"\n{table}\n"
        );
        let error = compile(&accesses, Narrowing::default()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
