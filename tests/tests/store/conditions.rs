//! Conditions of any shape over a thing, its place and the place's zone, as a manifest writes them; filters as a guest gives them.

use linli_model::{Decimal, Value};
use linli_scope::Operator;
use linli_scope::condition::LENGTH_MAX;
use linli_scope::decide::Filter;
use proptest::prelude::*;
use proptest::sample::select;

use super::{BORN, FIELDS, GRIDS, LABELS, PLAIN};

/// Every form of a comparison; `path` goes before each field.
fn comparison(path: &'static str) -> impl Strategy<Value = String> {
    let order = || select(&["==", "!=", "<", "<=", ">", ">="][..]);
    let small = || -2_i64..5;
    let age = || select(&[-1_i64, 0, 17, 18, 25, 26, 79, 80, 81, 100, i64::MAX][..]);
    let day = || {
        let period = (select(&["+", "-"][..]), select(&["P80Y", "P18Y", "P1Y2M", "P2M", "P26Y", "P8W", "P0D"][..]));
        let moved = period.prop_map(|(sign, period)| format!("today() {sign} period(\"{period}\")"));
        prop_oneof![select(&BORN[..]).prop_map(|day| format!("{day:?}")), Just("today()".to_owned()), moved]
    };
    let grid = || select(&["4401", "440104022", "440104022001", "440104022001002", "4453", "11"][..]);
    let known = select(&["grid", "label", "count", "born", "age"][..]);
    prop_oneof![
        (order(), small()).prop_map(move |(sign, number)| format!("{path}count {sign} {number}")),
        (small(), order()).prop_map(move |(number, sign)| format!("{number} {sign} {path}count")),
        prop::collection::vec(small(), 1..4).prop_map(move |numbers| format!("{path}count in {numbers:?}")),
        (order(), age()).prop_map(move |(sign, age)| format!("{path}age {sign} {age}")),
        prop::collection::vec(age(), 1..4).prop_map(move |ages| format!("{path}age in {ages:?}")),
        (order(), day()).prop_map(move |(sign, day)| format!("{path}born {sign} {day}")),
        prop::collection::vec(day(), 1..4).prop_map(move |days| format!("{path}born in [{}]", days.join(", "))),
        (order(), select(&LABELS[..])).prop_map(move |(sign, text)| format!("{path}label {sign} \"{text}\"")),
        select(&["", "a", "王", "b%"][..]).prop_map(move |text| format!("{path}label.startsWith(\"{text}\")")),
        (order(), select(&GRIDS[..])).prop_map(move |(sign, code)| format!("{path}grid {sign} \"{code}\"")),
        (grid(), grid()).prop_map(move |(one, other)| format!("{path}grid in region(\"{one}\", \"{other}\")")),
        known.clone().prop_map(move |name| format!("has({path}{name})")),
        (known, select(&["==", "!="][..])).prop_map(move |(name, sign)| format!("{path}{name} {sign} null")),
    ]
}

/// What only a thing has.
fn own() -> impl Strategy<Value = String> {
    let fixed = select(&["flag", "flag == false", "sex == \"1\"", "sex in [\"0\", \"2\"]", "has(place)", "has(place.zone)"][..]);
    prop_oneof![
        fixed.prop_map(str::to_owned),
        (select(&["==", "<", ">="][..]), select(&["-1", "\"0.50\"", "\"1.50\""][..]))
            .prop_map(|(sign, value)| format!("amount {sign} {value}")),
        (-2_i64..5).prop_map(|number| format!("absent >= {number} && checked != {number}")),
    ]
}

/// A tree of comparisons, or nothing.
pub fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![3 => comparison(""), 1 => own(), 2 => comparison("place."), 2 => comparison("place.zone.")];
    let tree = leaf.prop_recursive(3, 10, 3, |part| {
        let joined =
            |sign: &'static str| prop::collection::vec(part.clone(), 2..4).prop_map(move |parts| format!("({})", parts.join(sign)));
        prop_oneof![joined(" && "), joined(" || "), part.clone().prop_map(|part| format!("!({part})"))]
    });
    prop_oneof![1 => Just(String::new()), 9 => tree].prop_filter("longer than a condition may be", |text| text.len() <= LENGTH_MAX)
}

/// A field, mostly one granted plain.
pub fn field() -> impl Strategy<Value = &'static str> {
    prop_oneof![14 => select(&PLAIN[..]), 1 => select(&FIELDS[..])]
}

/// One filter of a guest.
pub fn filter() -> impl Strategy<Value = Filter> {
    field().prop_flat_map(|name| {
        let value = match name {
            "grid" => select(&GRIDS[..]).prop_map(|code| Value::Text(code.into())).boxed(),
            "label" | "shaded" => select(&LABELS[..]).prop_map(|text| Value::Text(text.into())).boxed(),
            "sex" => select(&["0", "1", "2"][..]).prop_map(|code| Value::Text(code.into())).boxed(),
            "flag" => any::<bool>().prop_map(Value::Boolean).boxed(),
            "amount" => (-3_i64..5).prop_map(|half| Value::Decimal(Decimal { units: half * 50, scale: 2 })).boxed(),
            "age" => prop_oneof![select(&[-1_i64, 0, 1, 17, 18, 25, 26, 79, 80, 81, 100, 9_999, i64::MAX][..]), any::<i64>()]
                .prop_map(Value::Integer)
                .boxed(),
            _ => (-2_i64..5).prop_map(Value::Integer).boxed(),
        };
        let mut operators = vec![Operator::Equal, Operator::NotEqual, Operator::In, Operator::Has];
        if matches!(name, "grid" | "label" | "shaded" | "sex") {
            operators.push(Operator::Prefix);
        }
        if !matches!(name, "flag" | "sex") {
            operators.extend([Operator::Less, Operator::LessOrEqual, Operator::Greater, Operator::GreaterOrEqual]);
        }
        (Just(name), select(operators), prop::collection::vec(value, 1..4)).prop_map(|(name, operator, mut values)| {
            values.truncate(match operator {
                Operator::In => 3,
                Operator::Has => 0,
                _ => 1,
            });
            (name.to_owned(), operator, values)
        })
    })
}
