//! Reads: what they follow, what they filter by, how much they ask for at once, and where they go on.

use std::sync::Arc;

use linli_model::{RecordNo, RegionChange, RegionCode, RegionSource, RegionTree};

use super::*;
use crate::plan::{Bounds, Reach};
use crate::position::Position;

/// A matter, what it concerns, and what those belong to.
const MATTERS: &str = r#"
    [[access]]
    purpose = "p"
    entity = "matter"
    operations = ["read", "link"]
    fields = { title = "plain", organisation = "plain", facility = "plain" }
    [[access]]
    purpose = "p"
    entity = "facility"
    operations = ["read", "link"]
    fields = { name = "plain", kind = "plain", organisation = "check" }
    [[access]]
    purpose = "p"
    entity = "organisation"
    operations = ["read"]
    fields = { name = "plain", type = "plain" }
"#;

fn of_matters(names: &[&str]) -> Ask {
    Ask { entity: "matter".into(), ..fields(names) }
}

fn read(accesses: &str, ask: &Ask) -> Result<crate::Authorized<crate::Read>, Denial> {
    scope_of(accesses, &[]).read(&caller(&actor(Classification::Sensitive)), ask)
}

#[test]
fn each_reference_is_followed_once_and_by_its_own_way() {
    let paths = ["organisation.name", "facility.name", "facility.organisation.name", "facility.organisation.type", "facility.kind"];
    let read = read(MATTERS, &of_matters(&paths)).unwrap();
    let links: Vec<_> = read.links.iter().map(|link| (link.from, link.path.as_str())).collect();
    assert_eq!(links, [(None, "organisation"), (None, "facility"), (Some(1), "facility.organisation")]);
}

#[test]
fn the_log_names_each_field_once_at_the_end_where_it_was_read() {
    let asked = ["organisation", "organisation.name", "organisation.name", "facility.organisation.name", "facility.organisation.type"];
    let read = read(MATTERS, &of_matters(&asked)).unwrap();
    let names = |fields: &[(String, String)]| fields.iter().map(|(name, how)| format!("{name} {how}")).collect::<Vec<_>>();
    assert_eq!(names(&read.fields), ["organisation plain", "facility plain"]);
    let ends: Vec<_> = read.links.iter().map(|link| names(&link.fields)).collect();
    assert_eq!(ends, [vec!["name plain"], vec!["organisation check"], vec!["name plain", "type plain"]]);
}

#[test]
fn a_reference_is_filtered_by_the_id_of_what_it_leads_to_and_by_nothing_else() {
    let scope = scope_of(MATTERS, &[]);
    let number = |name: &str| test_model::catalogue().entity(name).unwrap().number;
    let id = |name: &str| Value::Text(scope.tokens().token(number(name), RecordNo(7)));
    let filtered = |value| Ask { filter: vec![("organisation".into(), Operator::Equal, vec![value])], ..of_matters(&[]) };
    let found = read(MATTERS, &filtered(id("organisation"))).unwrap();
    assert_eq!(found.filter[0].operands, [crate::predicate::Operand::Value(Value::Reference(RecordNo(7)))]);
    for value in [id("facility"), Value::Text("7".into()), Value::Integer(7)] {
        let denial = read(MATTERS, &filtered(value)).unwrap_err();
        assert!(denial.kind == DenialKind::Invalid && denial.message.contains("is no id of a organisation"), "{denial}");
    }
}

/// Open matters of people with a low income, and where they happen.
const CONDITIONED: &str = r#"
    [[access]]
    purpose = "p"
    entity = "matter"
    operations = ["read", "check", "aggregate", "link"]
    fields = { kind = "plain", status = "plain", facility = "plain" }
    where = 'has(due)'
    checks = { closed = "has(closed)" }
    [[access.table]]
    name = "by-kind"
    title = "t"
    by = ["kind"]
    [[access]]
    purpose = "p"
    entity = "facility"
    operations = ["read"]
    fields = { name = "plain" }
    where = 'has(status)'
"#;

#[test]
fn what_conditions_look_at_counts_for_how_highly_an_answer_is_classified_and_other_records_fields_are_told() {
    let (near, far, further) = ("has(title)", "resident.low_income", "has(organisation.legal_representative.phone)");
    for (of_matters_, of_facilities, class, told, told_there) in [
        ("has(due)", "has(status)", Classification::Internal, vec![], vec![]),
        (near, "has(status)", Classification::Personal, vec![], vec![]),
        (far, "has(status)", Classification::Sensitive, vec!["resident.low_income where"], vec![]),
        ("has(due)", further, Classification::Personal, vec![], vec!["organisation.legal_representative.phone where"]),
    ] {
        let accesses = CONDITIONED.replace("has(due)", of_matters_).replace("has(status)", of_facilities);
        let names = |fields: &[(String, String)]| fields.iter().map(|(name, how)| format!("{name} {how}")).collect::<Vec<_>>();
        let read = read(&accesses, &of_matters(&["kind", "facility.name"])).unwrap();
        assert_eq!(read.classification, class);
        assert_eq!(names(&read.fields), [vec!["kind plain", "facility plain"], told].concat());
        assert_eq!(names(&read.links[0].fields), [told_there, vec!["name plain"]].concat());
        let (scope, actor) = (scope_of(&accesses, &[]), actor(Classification::Sensitive));
        let class = if of_facilities == further { Classification::Internal } else { class };
        let id = scope.tokens().token(scope.entity("matter").unwrap().number, RecordNo(1));
        assert_eq!(scope.check(&caller(&actor), "matter", &id, "closed").unwrap().classification, class);
        let table = scope.aggregate(&caller(&actor), "matter", "by-kind", crate::SmallestGroup::default()).unwrap();
        assert_eq!(table.classification, class);
    }
}

#[test]
fn a_read_asks_for_so_much_at_once_and_no_more() {
    let many = |name: &str, count: usize| vec![name.to_owned(); count];
    let titles = |count| Ask { fields: many("title", count), ..of_matters(&[]) };
    let filters = |count| Ask { filter: vec![("title".into(), Operator::Has, Vec::new()); count], ..of_matters(&[]) };
    let sorts = |count| Ask { sort: vec![("title".into(), false); count], ..of_matters(&[]) };
    for (most, more, what) in [
        (titles(256), titles(257), "at most 256 fields, this one has 257"),
        (filters(64), filters(65), "at most 64 filters, this one has 65"),
        (sorts(8), sorts(9), "at most 8 sort keys, this one has 9"),
    ] {
        assert!(read(MATTERS, &most).is_ok());
        let denial = read(MATTERS, &more).unwrap_err();
        assert!(denial.kind == DenialKind::Invalid && denial.message.contains(what), "{denial}");
    }
}

#[test]
fn a_read_goes_on_only_where_the_same_order_of_the_same_records_stopped() {
    let scope = scope_of(MATTERS, &[]);
    let sorted = |keys: &[(&str, bool)]| Ask {
        sort: keys.iter().map(|(name, descending)| ((*name).to_owned(), *descending)).collect(),
        ..of_matters(&["title"])
    };
    let shape = |ask: &Ask| read(MATTERS, ask).unwrap().shape.clone();
    let by_title = shape(&sorted(&[("title", false)]));
    let position = Position { values: vec![Value::Text("a".into())], record: RecordNo(7) };
    let after = scope.positions().seal(&position, &by_title, [1; 12]);
    assert_eq!(read(MATTERS, &Ask { after: after.clone(), ..sorted(&[("title", false)]) }).unwrap().after, Some(position));
    let others = Ask { entity: "organisation".into(), sort: vec![("name".into(), false)], ..fields(&["name"]) };
    for other in [sorted(&[]), sorted(&[("title", true)]), sorted(&[("title", false), ("title", false)]), others] {
        assert_ne!(shape(&other), by_title);
        assert_eq!(read(MATTERS, &Ask { after: after.clone(), ..other }).unwrap_err().kind, DenialKind::Invalid);
    }
}

#[test]
fn a_read_is_as_high_as_the_highest_field_that_it_shows_filters_or_sorts_by() {
    let class = |accesses: &str, ask: &Ask| read(accesses, ask).unwrap().classification;
    assert_eq!(class(MATTERS, &of_matters(&[])), Classification::Public);
    assert_eq!(class(MATTERS, &of_matters(&["organisation"])), Classification::Internal);
    assert_eq!(class(MATTERS, &of_matters(&["title"])), Classification::Personal);
    assert_eq!(class(MATTERS, &Ask { sort: vec![("title".into(), false)], ..of_matters(&[]) }), Classification::Personal);
    assert_eq!(class(MATTERS, &of_matters(&["facility.name"])), Classification::Internal);
}

/// The bounds of a public look-up of organisations under a grant for some regions, or for all.
fn bounds(regions: &[&str], region: RegionSource) -> Bounds {
    let mut organisation = open_organisation();
    organisation.region = region;
    let mut catalogue = test_model::catalogue();
    catalogue.add_entity(organisation);
    let regions = (!regions.is_empty()).then(|| regions.iter().map(|code| code.parse().unwrap()).collect());
    let scope = test_model::granted_of(&catalogue, PUBLIC, &Narrowing { regions, ..Narrowing::default() }).unwrap();
    let actor = actor(Classification::Public);
    let nobody = Caller { actor: None, ..caller(&actor) };
    scope.lookup(&nobody, "organisation", "credit_code", "x", &["address".to_owned()]).unwrap().bounds.clone()
}

#[test]
fn the_public_looks_within_the_grants_regions_where_there_are_such() {
    let placed = || RegionSource::Field("grid".into());
    assert_eq!(bounds(&[], placed()).regions, Reach::Everywhere);
    assert_eq!(bounds(&["440104022"], placed()).regions, Reach::Within(vec!["440104022".parse().unwrap()]));
    assert_eq!(bounds(&["440104022"], RegionSource::None).regions, Reach::Everywhere);
}

/// 440104022 joined 440105001, with one community that nobody has mapped.
fn merged() -> RegionTree {
    let mut tree = RegionTree::default();
    for code in ["44", "4401", "440104", "440104022", "440104022001", "440105", "440105001"] {
        tree.insert(code.parse().unwrap(), code.to_owned());
    }
    let line = RegionChange::from_cells(["2026-01-01", "merged", "440104022", "440104022", "440105001", "440105001"]).unwrap();
    tree.change(&vec![(1, line)]).unwrap();
    tree
}

#[test]
fn who_governs_a_place_now_reaches_what_was_granted_of_it_before_and_who_governed_it_then_no_more() {
    let regions: Vec<RegionCode> = vec!["440104022".parse().unwrap()];
    let mut scope = test_model::granted(MATTERS, &Narrowing { regions: Some(regions.clone()), ..Narrowing::default() }).unwrap();
    let reach = |scope: &Scope, region: &str| {
        let actor = Actor { regions: vec![region.parse().unwrap()], ..actor(Classification::Sensitive) };
        scope.read(&caller(&actor), &of_matters(&[])).unwrap().bounds.regions.clone()
    };
    let granted = Reach::Within(regions);
    assert_eq!((reach(&scope, "440104"), reach(&scope, "440105")), (granted.clone(), Reach::Within(Vec::new())));
    scope.regions = Arc::new(merged());
    assert_eq!((reach(&scope, "440104"), reach(&scope, "440105")), (Reach::Within(Vec::new()), granted.clone()));
    assert_eq!((reach(&scope, "440105001"), reach(&scope, "44")), (granted.clone(), granted));
}
