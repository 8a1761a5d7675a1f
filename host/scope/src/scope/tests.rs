use super::*;
use crate::test_model::{self, compiled};

const ACCESSES: &str = r#"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read", "check", "public-lookup"]
    fields = { name = "plain", phone = "plain", age = "plain" }
    checks = { adult = "age >= 18", living = "status == \"living\"" }
    public = ["name", "phone"]
    rows-per-call = 50
    rows-per-day = 900
"#;

/// The one access under a grant that was altered so.
fn under(alter: impl Fn(&mut Access)) -> Compiled {
    let manifest = test_model::manifest(ACCESSES);
    let mut grant = Grant::requested(5, &manifest, "d".into(), Timestamp::MAX);
    grant.state = GrantState::Active;
    grant.accesses.iter_mut().for_each(|granted| alter(&mut granted.access));
    compiled(&manifest, Some(&grant)).unwrap().accesses.remove(0)
}

fn refused(accesses: &str) -> String {
    compiled(&test_model::manifest(accesses), None).unwrap_err().to_string()
}

#[test]
fn what_a_grant_takes_away_is_gone_and_what_it_adds_is_not_there() {
    let whole = under(|_| ());
    assert_eq!((whole.rows_per_call, whole.rows_per_day, whole.bound, whole.own), (50, Some(900), false, false));
    assert_eq!((whole.operations.len(), whole.fields.len(), whole.checks.len(), whole.public.len()), (3, 3, 2, 2));

    let less = under(|access| {
        access.operations.remove(&Operation::Read);
        access.fields.shift_remove("phone");
        access.fields.insert("name".into(), Mode::Masked);
        access.checks.shift_remove("adult");
        (access.rows_per_call, access.rows_per_day, access.bound, access.own) = (10, Some(100), true, true);
    });
    assert_eq!(less.operations, [Operation::Check, Operation::PublicLookup]);
    assert_eq!((less.fields.get("name"), less.fields.get("phone")), (Some(&Mode::Masked), None));
    assert!(less.checks.keys().eq(["living"]) && less.public == ["name"]);
    assert_eq!((less.rows_per_call, less.rows_per_day, less.bound, less.own), (10, Some(100), true, true));
    assert!(under(|access| access.public.clear()).public.is_empty());

    let more = under(|access| {
        access.operations.insert(Operation::Create);
        access.fields.insert("id_number".into(), Mode::Plain);
        access.checks.insert("minor".into(), "age < 18".into());
        access.public.push("age".into());
        (access.rows_per_call, access.rows_per_day) = (1_000, None);
    });
    assert_eq!((more.operations, more.fields), (whole.operations, whole.fields));
    assert!(more.checks.keys().eq(whole.checks.keys()) && more.public == whole.public);
    assert_eq!((more.rows_per_call, more.rows_per_day), (50, Some(900)));
}

#[test]
fn the_conditions_of_request_and_grant_hold_both() {
    let both = under(|access| access.and_where = Some("has(phone)".into()));
    assert_eq!(both.condition.fields(), ["phone"]);
    let manifest = test_model::manifest(&format!("{ACCESSES}\nwhere = \"age >= 80\"\n"));
    let mut grant = Grant::requested(5, &manifest, "d".into(), Timestamp::MAX);
    grant.accesses[0].access.and_where = Some("has(phone)".into());
    assert_eq!(compiled(&manifest, Some(&grant)).unwrap().accesses[0].condition.fields(), ["age", "phone"]);
}

#[test]
fn an_access_that_was_not_granted_is_none() {
    let manifest = test_model::manifest(ACCESSES);
    let grant = Grant { accesses: Vec::new(), ..Grant::requested(5, &manifest, "d".into(), Timestamp::MAX) };
    let scope = compiled(&manifest, Some(&grant)).unwrap();
    assert!(scope.accesses.is_empty());
    assert_eq!((scope.application(), scope.grant_id()), ("a.b", Some(5)));
    assert_eq!(compiled(&manifest, None).unwrap().grant_id(), None);
}

#[test]
fn a_request_for_what_there_is_not_says_which_access_asks_for_it() {
    let access =
        |entity: &str, more: &str| format!("[[access]]\npurpose = \"p\"\nentity = \"{entity}\"\noperations = [\"read\"]\n{more}\n");
    let second = |bad: String| refused(&format!("{}{bad}", access("resident", "")));
    assert_eq!(second(access("ghost", "")), "[[access]] 2: there is no entity type `ghost`");
    assert_eq!(second(access("resident", "fields = { ghost = \"plain\" }")), "[[access]] 2: `resident` has no field `ghost`");
    assert!(second(access("resident", "fields = { sex = \"masked\" }")).contains("`sex` has no mask in its schema"));
    assert!(second(access("resident", "where = \"ghost == 1\"")).starts_with("[[access]] 2, where: "));
    assert!(second(access("resident", "checks = { c = \"ghost == 1\" }")).starts_with("[[access]] 2, check c: "));
    assert!(
        second(access("resident", "fields = { age = \"aggregate\" }\nchecks = { c = \"age > 1\" }"))
            .starts_with("[[access]] 2: the check `c`")
    );
}

#[test]
fn an_entry_point_is_known_by_its_kind_and_its_name() {
    let scope = compiled(&test_model::manifest(ACCESSES), None).unwrap();
    let found = |kind, name: &str| scope.entry_point(kind, name).map(|entry| entry.log_name.clone());
    assert_eq!(found(EntryKind::Page, "/x"), Some("page /x".into()));
    assert_eq!((found(EntryKind::Action, "/x"), found(EntryKind::Page, "/y")), (None, None));
}
