use std::collections::HashMap;

use linli_model::Decimal;

use super::*;
use crate::condition;
use crate::test_model;

/// Each comparison, as the plugin contract and as conditions write it.
const WORDS: [(Operator, &str, &str); 9] = [
    (Operator::Equal, "eq", "=="),
    (Operator::NotEqual, "ne", "!="),
    (Operator::Less, "lt", "<"),
    (Operator::LessOrEqual, "le", "<="),
    (Operator::Greater, "gt", ">"),
    (Operator::GreaterOrEqual, "ge", ">="),
    (Operator::In, "in", "in"),
    (Operator::Prefix, "prefix", "startsWith"),
    (Operator::Has, "has", "has"),
];

fn today() -> Date {
    "2026-02-28".parse().unwrap()
}

fn date(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Records by entity type and number, their fields by name.
type Records = HashMap<(&'static str, i64), Vec<(&'static str, Value)>>;

/// Whether a condition holds of the first resident.
fn holds(source: &str, records: &Records) -> Option<bool> {
    let catalogue = test_model::catalogue();
    let resident = catalogue.entity("resident").unwrap();
    let value = |entity: &str, number: i64, name: &str| {
        let known = records.iter().find(|((of, at), _)| *of == entity && *at == number).map(|(_, fields)| fields);
        known.and_then(|fields| fields.iter().find(|(field, _)| *field == name)).map_or(Value::Null, |(_, value)| value.clone())
    };
    let facts = Facts {
        record: &|name| value("resident", 1, name),
        other: &|entity, record, name| value(&entity.name, record.0, name),
        today: today(),
    };
    condition::parse(source, resident, &catalogue).unwrap().holds(resident, &facts)
}

fn of_one(source: &str, field: &'static str, value: Value) -> Option<bool> {
    holds(source, &HashMap::from([(("resident", 1), vec![(field, value)])]))
}

#[test]
fn the_ways_of_a_condition_are_told_once_each_with_their_beginnings() {
    let catalogue = test_model::catalogue();
    let ways = |source: &str| {
        let condition = condition::parse(source, catalogue.entity("resident").unwrap(), &catalogue).unwrap();
        let ways = Predicate::ways(&[&condition, &condition])
            .into_iter()
            .map(|way| way.iter().map(|step| step.field.clone()).collect::<Vec<_>>().join("."));
        (ways.collect::<Vec<_>>(), condition.far_fields())
    };
    assert_eq!(ways("age >= 80 && has(household)"), (vec![], vec![]));
    let (found, fields) =
        ways("has(household.dwelling) || !(household.dwelling.kind == \"owned\" && age < 8) || household.kind == \"family\"");
    assert_eq!(found, ["household", "household.dwelling"]);
    assert_eq!(fields, ["household.dwelling", "household.dwelling.kind", "household.kind"]);
}

#[test]
fn every_comparison_has_its_word_and_its_sign() {
    for (operator, word, sign) in WORDS {
        assert_eq!((Operator::from_word(word), operator.sign()), (Some(operator), sign));
    }
    assert_eq!(Operator::from_word("like"), None);
}

#[test]
fn a_number_compares_as_its_sign_says_with_what_is_below_equal_and_above() {
    let catalogue = test_model::catalogue();
    let matter = catalogue.entity("organisation").unwrap();
    let found = |operator, employees| {
        let compared = Comparison::new(matter, "employees", operator, vec![Value::Integer(5)]).unwrap();
        let facts = Facts { record: &|_| Value::Integer(employees), other: &|_, _, _| Value::Null, today: today() };
        compared.holds(matter, &facts).unwrap()
    };
    for (operator, below, equal, above) in [
        (Operator::Equal, false, true, false),
        (Operator::NotEqual, true, false, true),
        (Operator::Less, true, false, false),
        (Operator::LessOrEqual, true, true, false),
        (Operator::Greater, false, false, true),
        (Operator::GreaterOrEqual, false, true, true),
        (Operator::In, false, true, false),
    ] {
        assert_eq!([4, 5, 6].map(|employees| found(operator, employees)), [below, equal, above], "{operator:?}");
    }
}

#[test]
fn every_kind_that_has_an_order_is_compared_by_it() {
    for (source, field, below, at) in [
        ("birth_date < \"2000-03-01\"", "birth_date", date("2000-02-29"), date("2000-03-01")),
        ("name < \"王\"", "name", text("欧阳"), text("王")),
        ("grid < \"440104022002001\"", "grid", text("440104022001002"), text("440104022002001")),
    ] {
        assert_eq!((of_one(source, field, below), of_one(source, field, at)), (Some(true), Some(false)), "{source}");
    }
    let catalogue = test_model::catalogue();
    let dwelling = catalogue.entity("dwelling").unwrap();
    let area = |units| Value::Decimal(Decimal { units, scale: 2 });
    let larger = Comparison::new(dwelling, "area", Operator::Greater, vec![text("60.50")]).unwrap();
    for (units, expected) in [(6_050, false), (6_051, true)] {
        let facts = Facts { record: &|_| area(units), other: &|_, _, _| Value::Null, today: today() };
        assert_eq!(larger.holds(dwelling, &facts), Some(expected));
    }
}

#[test]
fn a_prefix_a_list_a_region_and_a_day_are_what_they_say() {
    assert_eq!(of_one("name.startsWith(\"王\")", "name", text("王小明")), Some(true));
    assert_eq!(of_one("name.startsWith(\"王\")", "name", text("小王")), Some(false));
    assert_eq!(of_one("status in [\"living\", \"away\"]", "status", text("away")), Some(true));
    assert_eq!(of_one("status in [\"living\", \"away\"]", "status", text("deceased")), Some(false));
    assert_eq!(of_one("grid in region(\"440104\")", "grid", text("440104022001001")), Some(true));
    assert_eq!(of_one("birth_date <= today() - period(\"P80Y\")", "birth_date", date("1946-02-28")), Some(true));
    assert_eq!(of_one("birth_date <= today() - period(\"P80Y\")", "birth_date", date("1946-03-01")), Some(false));
    assert_eq!(of_one("age == 80", "birth_date", date("1946-02-28")), Some(true));
}

#[test]
fn logic_is_three_valued_as_the_documents_tables_have_it() {
    let (yes, no, unknown) = ("has(name)", "!has(name)", "phone == \"13812341234\"");
    let record = || HashMap::from([(("resident", 1), vec![("name", text("王"))])]);
    let each = [(yes, Some(true)), (unknown, None), (no, Some(false))];
    let both = [[Some(true), None, Some(false)], [None, None, Some(false)], [Some(false); 3]];
    let either = [[Some(true); 3], [Some(true), None, None], [Some(true), None, Some(false)]];
    for (row, (left, value)) in each.into_iter().enumerate() {
        assert_eq!(holds(&format!("!({left})"), &record()), value.map(|holds| !holds));
        for (column, (right, _)) in each.into_iter().enumerate() {
            assert_eq!(holds(&format!("({left}) && ({right})"), &record()), both[row][column], "{left} && {right}");
            assert_eq!(holds(&format!("({left}) || ({right})"), &record()), either[row][column], "{left} || {right}");
        }
    }
}

#[test]
fn a_field_along_references_is_unknown_where_one_of_them_leads_nowhere() {
    let reference = |number| Value::Reference(RecordNo(number));
    let whole: Records = HashMap::from([
        (("resident", 1), vec![("household", reference(7))]),
        (("household", 7), vec![("dwelling", reference(9)), ("kind", text("family"))]),
        (("dwelling", 9), vec![("room", text("402"))]),
    ]);
    let mut broken = whole.clone();
    broken.insert(("household", 7), Vec::new());
    for (source, along, nowhere) in [
        ("household.dwelling.room == \"402\"", Some(true), None),
        ("household.dwelling.room == \"403\"", Some(false), None),
        ("has(household.dwelling.room)", Some(true), Some(false)),
        ("has(household.dwelling)", Some(true), Some(false)),
    ] {
        assert_eq!((holds(source, &whole), holds(source, &broken)), (along, nowhere), "{source}");
        assert_eq!(holds(source, &HashMap::new()), nowhere, "{source}");
    }
}

#[test]
fn conditions_along_different_references_are_different() {
    let catalogue = test_model::catalogue();
    let matter = catalogue.entity("matter").unwrap();
    let parsed = |source: &str| condition::parse(source, matter, &catalogue).unwrap();
    assert_eq!(parsed("facility.organisation.name == \"a\""), parsed("facility.organisation.name == \"a\""));
    assert_ne!(parsed("organisation.name == \"a\""), parsed("facility.name == \"a\""));
}

#[test]
fn what_everything_is_joined_with_is_what_remains() {
    let catalogue = test_model::catalogue();
    let resident = catalogue.entity("resident").unwrap();
    let parsed = |source: &str| condition::parse(source, resident, &catalogue).unwrap();
    let adult = || parsed("age >= 18");
    assert_eq!(Predicate::everything().and(adult()), adult());
    assert_eq!(adult().and(Predicate::everything()), adult());
    assert_eq!(adult().and(parsed("has(phone)")).fields(), ["age", "phone"]);
    let both = || parsed("age >= 18 && has(phone)");
    assert_eq!(both().and(parsed("has(name)")).fields(), ["age", "phone", "name"]);
    assert_eq!(parsed("has(name)").and(both()).fields(), ["name", "age", "phone"]);
    assert_eq!(adult().and(parsed("!has(phone) || has(household.dwelling)")).size(), 3);
}

#[test]
fn a_comparison_takes_as_many_values_as_it_can_use_and_of_the_fields_kind() {
    let catalogue = test_model::catalogue();
    let resident = catalogue.entity("resident").unwrap();
    let fits = |field: &str, operator, values: Vec<Value>| Comparison::new(resident, field, operator, values).is_ok();
    let codes = |count: usize| vec![text("living"); count];
    assert!(
        !fits("status", Operator::In, codes(0)) && fits("status", Operator::In, codes(100)) && !fits("status", Operator::In, codes(101))
    );
    assert!(fits("status", Operator::Has, Vec::new()) && !fits("status", Operator::Has, codes(1)));
    assert!(!fits("status", Operator::Equal, codes(2)) && !fits("status", Operator::Equal, Vec::new()));
    for (field, operator, value) in [
        ("status", Operator::Less, text("living")),
        ("low_income", Operator::Less, Value::Boolean(true)),
        ("household", Operator::Less, Value::Reference(RecordNo(1))),
        ("age", Operator::Prefix, Value::Integer(8)),
        ("low_income", Operator::Equal, text("true")),
        ("age", Operator::Equal, text("80")),
        ("household", Operator::Equal, text("token")),
        ("birth_date", Operator::Equal, text("1946-02-30")),
        ("name", Operator::Equal, Value::Integer(1)),
        ("name", Operator::Equal, Value::Null),
        ("nobody", Operator::Equal, text("x")),
    ] {
        assert!(!fits(field, operator, vec![value.clone()]), "{field} {} {value:?}", operator.sign());
    }
    assert!(fits("low_income", Operator::Equal, vec![Value::Boolean(true)]));
    assert!(fits("household", Operator::Equal, vec![Value::Reference(RecordNo(1))]));
    assert!(fits("birth_date", Operator::Equal, vec![date("1946-02-28")]));
}

#[test]
fn a_decimal_is_written_whole_as_text_or_exact() {
    let catalogue = test_model::catalogue();
    let dwelling = catalogue.entity("dwelling").unwrap();
    let operand = |value| Comparison::new(dwelling, "area", Operator::Equal, vec![value]).map(|compared| compared.operands).ok();
    let area = |units| Some(vec![Operand::Value(Value::Decimal(Decimal { units, scale: 2 }))]);
    assert_eq!(operand(Value::Integer(60)), area(6_000));
    assert_eq!(operand(text("60.5")), area(6_050));
    assert_eq!(operand(Value::Decimal(Decimal { units: 605, scale: 1 })), area(6_050));
    assert_eq!(operand(text("60.555")), None);
}
