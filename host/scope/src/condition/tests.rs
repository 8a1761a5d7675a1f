use super::*;
use crate::predicate::{Comparison, Operator};
use crate::test_model;

fn read(source: &str) -> Result<Predicate, ConditionError> {
    let catalogue = test_model::catalogue();
    parse(source, catalogue.entity("resident").unwrap(), &catalogue)
}

#[test]
fn comparisons_are_joined() {
    let predicate = read(r#"age >= 80 && status == "living" && "440104" <= grid && low_income"#).unwrap();
    assert_eq!(predicate.fields(), ["age", "status", "grid", "low_income"]);
    let Predicate::All(parts) = predicate else { panic!() };
    assert!(matches!(&parts[2], Predicate::Compare(Comparison { operator: Operator::GreaterOrEqual, .. })));
}

#[test]
fn every_form_is_known() {
    for source in [
        r#"status in ["living", "away"] && grid.startsWith("440104022") && phone != null"#,
        r#"birth_date < "1946-03-01""#,
        r#"!(age >= 80) || !low_income && !has(phone)"#,
        "phone == null",
        "has(household.dwelling.room)",
        r#"birth_date <= today() - period("P80Y") && birth_date in [today(), today() + period("P1M")]"#,
        r#"today() - period("P18Y") < birth_date"#,
        r#"grid in region("440104", "440105001") || community in region("4401")"#,
        r#"household.dwelling.kind == "rented" || household.dwelling.grid in region("44")"#,
        "-1 < age",
    ] {
        if let Err(error) = read(source) {
            panic!("{source}: {error}");
        }
    }
}

#[test]
fn a_path_names_every_field_on_its_way() {
    let catalogue = test_model::catalogue();
    let resident = catalogue.entity("resident").unwrap();
    let predicate = parse("!has(household.dwelling.room)", resident, &catalogue).unwrap();
    assert_eq!(predicate.fields(), ["household.dwelling.room"]);
    let seen: Vec<_> = predicate.looks_at(resident).into_iter().map(|(entity, field)| format!("{}.{}", entity.name, field.name)).collect();
    assert_eq!(seen, ["resident.household", "household.dwelling", "dwelling.room"]);
}

#[test]
fn an_outline_keeps_the_shape_and_no_value_of_a_person() {
    let catalogue = test_model::catalogue();
    let source =
        r#"(name == "王小明" || age >= 80 && !has(phone)) && birth_date < today() - period("P1Y6M") && grid in region("4401", "44")"#;
    assert_eq!(
        outline(source, catalogue.entity("resident").unwrap(), &catalogue).unwrap(),
        "(name == … || (age >= 80 && !(has phone))) && birth_date < today -P1Y6M && (grid startsWith 4401 || grid startsWith 44)"
    );
}

#[test]
fn what_does_not_fit_is_refused_with_its_place_and_a_reason() {
    for (source, expected) in [
        ("age >= \"x\"", "line 1, column 1: `age` holds integer"),
        ("age > 1 &&\n  nobody == 1", "line 2, column 3: `resident` has no field `nobody`"),
        ("name == \"王\" && sex == \"7\"", "line 1, column 16: `sex`: the value is no code of the list"),
        ("status > \"living\"", "no order"),
        ("age >= 80 ||", "line 1, column"),
        ("age == age", "a name where a value must stand, line 1, column 8"),
        ("age + 1 == 2", "a comparison without a field"),
        ("age ? low_income : low_income", "`_?_:_`"),
        ("age < null", "can't be compared with null"),
        ("[1,2].all(x, x > 0)", "`all`"),
        ("", "line 1"),
        ("age >= 8.5", "floating-point"),
        ("has(1)", "a literal where a field must stand"),
        ("has(phone, name)", "`has`"),
        ("low_income == !true", "`!_` where a value"),
        ("name.grid == \"1\"", "`name` holds text, no reference"),
        ("household.nobody == 1", "`household` has no field `nobody`"),
        ("household.dwelling.kind.x == 1", "`kind` holds code, no reference"),
        ("phone in region(\"44\")", "`phone` holds text, which lies in no region"),
        ("grid in region(\"440\")", "line 1, column 16: a region code has"),
        ("grid in region()", "a list or region(…)"),
        ("age >= today()", "`age` holds integer, which can't be compared with a day"),
        ("birth_date < today() - period(\"80Y\")", "the period is no period"),
        ("birth_date < today() - 3", "other than period"),
        ("birth_date < now()", "`now` where a value"),
        ("birth_date < now() - period(\"P1Y\")", "`_-_` where a value or today()"),
        ("birth_date < today(1) + period(\"P1Y\")", "`_+_` where a value or today()"),
        ("age == -low_income", "`-_` where a value"),
    ] {
        let message = read(source).unwrap_err().to_string();
        assert!(message.contains(expected), "{source}: {message}");
    }
}

#[test]
fn hostile_texts_are_refused_before_the_parser_sees_them() {
    for source in ["(".repeat(10_000), "!".repeat(1_900), format!("age == {}", "1".repeat(3_000)), "[".repeat(17)] {
        assert_eq!(read(&source), Err(ConditionError::Size));
    }
    for sign in [" && ", " || "] {
        assert_eq!(read(&vec!["age == 1"; 100].join(sign)), Err(ConditionError::Size));
        assert!(read(&vec!["age == 1"; 64].join(sign)).is_ok());
    }
    assert_eq!(read(&format!("grid in region({})", vec!["\"44\""; 65].join(", "))), Err(ConditionError::Size));
    assert!(read(&format!("age in [{}]", vec!["1"; 101].join(", "))).unwrap_err().to_string().contains("1 to 100 values"));
}

#[test]
fn a_path_follows_three_references_and_no_fourth() {
    let catalogue = test_model::catalogue();
    let of = |entity: &str, source: &str| parse(source, catalogue.entity(entity).unwrap(), &catalogue);
    assert!(of("matter", "resident.household.dwelling.kind == \"rented\"").is_ok());
    let message = of("facility", "organisation.legal_representative.household.dwelling.kind == \"rented\"").unwrap_err().to_string();
    assert!(message.contains("at most 3 references"), "{message}");
}

#[test]
fn a_number_below_zero_is_written_with_its_sign() {
    for source in ["age > -1", "age > - 1", "age > -9223372036854775808"] {
        assert!(read(source).is_ok(), "{source}");
    }
}

#[test]
fn length_nesting_and_signs_are_counted_to_the_last() {
    let nested = |depth: usize| format!("{}low_income{}", "(".repeat(depth), ")".repeat(depth));
    assert!(read(&nested(16)).is_ok());
    assert_eq!(read(&nested(17)), Err(ConditionError::Size));
    // What is closed again nests no deeper.
    assert!(read(&vec!["(low_income)"; 20].join(" && ")).is_ok());
    assert!(read(&vec!["age in [1]"; 20].join(" && ")).is_ok());
    let long = |length: usize| format!("low_income{}", " ".repeat(length - "low_income".len()));
    assert!(read(&long(LENGTH_MAX)).is_ok());
    assert_eq!(read(&long(LENGTH_MAX + 1)), Err(ConditionError::Size));
}

#[test]
fn what_is_no_condition_is_found_by_line_and_column() {
    let place = |source: &str| match read(source) {
        Err(ConditionError::Syntax { place, .. }) => (place.line, place.column),
        other => panic!("{other:?}"),
    };
    assert_eq!(place("age >= 80 &&\n  ) low_income"), (2, 3));
}

#[test]
fn what_nests_without_parentheses_is_an_error_not_an_overflow() {
    assert_eq!(read(&format!("{}low_income", "!".repeat(129))), Err(ConditionError::Size));
    assert!(read(&format!("{}low_income", "! ".repeat(128))).is_ok());
    assert!(read(&format!("household{} == 1", ".household".repeat(180))).is_err());
    assert_eq!(read(&format!("age == {}1", "-".repeat(129))), Err(ConditionError::Size));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(source in "[ -~\\n]{0,60}") {
        let _ = read(&source);
    }

    #[test]
    fn no_near_condition_makes_the_parser_panic(parts in proptest::collection::vec(proptest::sample::select(vec!["age", ">=", "80", "&&", "||", "!", "has(", "today()", "period(\"P1Y\")", "region(", "(", ")", "\"x", "\"", "[", "]", "in", ".", "household", "-", "null", "0x", "1e9", "?", ":", "{", "}", ",", "王"]), 0..20)) {
        let _ = read(&parts.join(" "));
    }
}

#[test]
fn a_text_that_no_database_of_ours_holds_alike_is_compared_with_nothing() {
    let catalogue = test_model::catalogue();
    let resident = catalogue.entity("resident").unwrap();
    for (field, operator) in [
        ("name", Operator::Equal),
        ("name", Operator::Prefix),
        ("phone", Operator::In),
        ("status", Operator::NotEqual),
        ("grid", Operator::Less),
    ] {
        let misfit = Comparison::new(resident, field, operator, vec![linli_model::Value::Text("a\0b".into())]).unwrap_err();
        assert_eq!(misfit.0, format!("`{field}` can't be compared with a text that holds U+0000"));
    }
    let error = read(r#"name == "a\u0000b""#).unwrap_err().to_string();
    assert!(error.contains("U+0000") && error.contains("column"), "{error}");
}
