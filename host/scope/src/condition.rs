//! Conditions as people write them: a subset of CEL, type-checked into a [`Predicate`].
//!
//! `age >= 80 && status == "living"`: comparisons of a field with a literal, joined by `&&`; also
//! `field in ["a", "b"]`, `field.startsWith("4401")`, `field != null`. Length and nesting are capped before the
//! parser sees the text.

use cel::IdedExpr;
use cel::common::ast::operators;
use cel::common::ast::{CallExpr, Expr, LiteralValue};
use cel::parser::Parser;
use linli_model::{Catalogue, EntityType, FieldKind, Misfit, Value};

use crate::predicate::{Comparison, Operator, Predicate};

/// The longest condition, in bytes.
pub const LENGTH_MAX: usize = 2_000;
/// The deepest nesting of parentheses and brackets.
pub const NESTING_MAX: usize = 16;
/// The most comparisons.
pub const COMPARISONS_MAX: usize = 64;

/// Why a condition can't be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConditionError {
    /// Refused before parsing.
    #[error("the condition is too long or too deep: at most {LENGTH_MAX} bytes, {NESTING_MAX} levels, {COMPARISONS_MAX} comparisons")]
    Size,
    /// No CEL.
    #[error("the condition can't be read, line {line}, column {column}: {reason}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// CEL, but outside the subset.
    #[error("the condition uses {0}; known are comparisons of a field with a literal, `in`, `startsWith`, `!= null` and `&&`")]
    Unknown(String),
    /// Does not fit the schema.
    #[error("the condition does not fit the schema: {0}")]
    Type(String),
}

impl From<Misfit> for ConditionError {
    fn from(misfit: Misfit) -> Self {
        Self::Type(misfit.0)
    }
}

/// Reads a condition over an entity type.
pub fn parse(source: &str, entity: &EntityType, catalogue: &Catalogue) -> Result<Predicate, ConditionError> {
    refuse_hostile(source)?;
    let expression = Parser::new().max_recursion_depth(64).error_recovery_limit(4).parse(source).map_err(|errors| syntax(&errors))?;
    let mut parts = Vec::new();
    conjunction(&expression, entity, catalogue, &mut parts)?;
    if parts.len() > COMPARISONS_MAX {
        return Err(ConditionError::Size);
    }
    Ok(Predicate::All(parts))
}

/// A condition in words that may go on the record: of what could be one person's value, only that it is compared.
pub fn outline(source: &str, entity: &EntityType, catalogue: &Catalogue) -> Result<String, ConditionError> {
    let mut parts = Vec::new();
    outline_parts(&parse(source, entity, catalogue)?, entity, &mut parts);
    Ok(parts.join(" && "))
}

fn outline_parts(condition: &Predicate, entity: &EntityType, parts: &mut Vec<String>) {
    match condition {
        Predicate::All(all) => all.iter().for_each(|part| outline_parts(part, entity, parts)),
        Predicate::Compare(Comparison { field, operator: Operator::Has, .. }) => parts.push(format!("has {field}")),
        Predicate::Compare(compared) => {
            let kind = entity.field(&compared.field).map(|field| &field.kind);
            let values: Vec<_> = compared.values.iter().map(|value| outlined(value, kind)).collect();
            parts.push(format!("{} {} {}", compared.field, compared.operator.sign(), values.join(" ")));
        }
    }
}

fn outlined(value: &Value, kind: Option<&FieldKind>) -> String {
    match (value, kind) {
        (Value::Boolean(flag), _) => flag.to_string(),
        (Value::Integer(number), _) => number.to_string(),
        (Value::Text(code), Some(FieldKind::Code { .. } | FieldKind::Region { .. })) => code.clone(),
        _ => "…".to_owned(),
    }
}

fn refuse_hostile(source: &str) -> Result<(), ConditionError> {
    let mut depth = 0usize;
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING_MAX {
            return Err(ConditionError::Size);
        }
    }
    let signs = source.bytes().filter(|byte| matches!(byte, b'!' | b'-' | b'?')).count();
    if source.len() > LENGTH_MAX || signs > COMPARISONS_MAX * 2 {
        return Err(ConditionError::Size);
    }
    Ok(())
}

fn syntax(errors: &cel::ParseErrors) -> ConditionError {
    let first = errors.errors.first();
    let place = |part: Option<isize>| part.and_then(|part| usize::try_from(part).ok()).unwrap_or(1).max(1);
    ConditionError::Syntax {
        line: place(first.map(|error| error.pos.0)),
        column: place(first.map(|error| error.pos.1 + 1)),
        reason: first.map(|error| error.msg.clone()).unwrap_or_default(),
    }
}

fn conjunction(
    expression: &IdedExpr,
    entity: &EntityType,
    catalogue: &Catalogue,
    parts: &mut Vec<Predicate>,
) -> Result<(), ConditionError> {
    match &expression.expr {
        Expr::Call(call) if call.func_name == operators::LOGICAL_AND => {
            call.args.iter().try_for_each(|part| conjunction(part, entity, catalogue, parts))
        }
        Expr::Call(call) => {
            parts.push(Predicate::Compare(comparison(call, entity, catalogue)?));
            Ok(())
        }
        Expr::Ident(name) => {
            let field = Comparison::new(entity, name, Operator::Equal, vec![Value::Boolean(true)])?;
            parts.push(Predicate::Compare(field));
            Ok(())
        }
        other => Err(ConditionError::Unknown(word(other).into())),
    }
}

fn comparison(call: &CallExpr, entity: &EntityType, catalogue: &Catalogue) -> Result<Comparison, ConditionError> {
    let (field, operator, values) = match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
        ("startsWith", Some(target), [argument]) => (field(target)?, Operator::Prefix, vec![literal(argument)?]),
        (operators::NOT_EQUALS, None, [left, right]) if literal(right) == Ok(Value::Null) => (field(left)?, Operator::Has, Vec::new()),
        (operators::IN, None, [left, right]) => (field(left)?, Operator::In, list(right)?),
        (name, None, [left, right]) => {
            let operator = order(name).ok_or_else(|| ConditionError::Unknown(format!("`{name}`")))?;
            match (&left.expr, &right.expr) {
                (Expr::Ident(name), _) => (name.clone(), operator, vec![literal(right)?]),
                (_, Expr::Ident(name)) => (name.clone(), mirrored(operator), vec![literal(left)?]),
                _ => return Err(ConditionError::Unknown("a comparison without a field".into())),
            }
        }
        (name, ..) => return Err(ConditionError::Unknown(format!("`{name}`"))),
    };
    let comparison = Comparison::new(entity, &field, operator, values)?;
    if let (Some(known), Operator::Equal | Operator::NotEqual | Operator::In) = (entity.field(&field), operator) {
        for value in &comparison.values {
            value.check(known, catalogue).map_err(|reason| ConditionError::Type(format!("`{field}` {reason}")))?;
        }
    }
    Ok(comparison)
}

fn order(name: &str) -> Option<Operator> {
    Some(match name {
        operators::EQUALS => Operator::Equal,
        operators::NOT_EQUALS => Operator::NotEqual,
        operators::LESS => Operator::Less,
        operators::LESS_EQUALS => Operator::LessOrEqual,
        operators::GREATER => Operator::Greater,
        operators::GREATER_EQUALS => Operator::GreaterOrEqual,
        _ => return None,
    })
}

fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        same => same,
    }
}

fn field(expression: &IdedExpr) -> Result<String, ConditionError> {
    match &expression.expr {
        Expr::Ident(name) => Ok(name.clone()),
        other => Err(ConditionError::Unknown(format!("{} where a field must stand", word(other)))),
    }
}

fn list(expression: &IdedExpr) -> Result<Vec<Value>, ConditionError> {
    match &expression.expr {
        Expr::List(list) => list.elements.iter().map(literal).collect(),
        other => Err(ConditionError::Unknown(format!("{} where a list must stand", word(other)))),
    }
}

fn literal(expression: &IdedExpr) -> Result<Value, ConditionError> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(value)) => Ok(Value::Boolean(*value.inner())),
        Expr::Literal(LiteralValue::Int(value)) => Ok(Value::Integer(*value.inner())),
        Expr::Literal(LiteralValue::String(value)) => Ok(Value::Text(value.inner().to_owned())),
        Expr::Literal(LiteralValue::Null) => Ok(Value::Null),
        Expr::Literal(LiteralValue::Double(_)) => {
            Err(ConditionError::Unknown("a floating-point number; write decimals as text, \"12.50\"".into()))
        }
        Expr::Call(call) if call.func_name == operators::NEGATE => match call.args.first().map(literal).transpose()? {
            Some(Value::Integer(number)) => Ok(Value::Integer(number.saturating_neg())),
            _ => Err(ConditionError::Unknown("a negated value".into())),
        },
        other => Err(ConditionError::Unknown(format!("{} where a literal must stand", word(other)))),
    }
}

fn word(expression: &Expr) -> &'static str {
    match expression {
        Expr::Unspecified => "nothing",
        Expr::Call(_) => "a call",
        Expr::Comprehension(_) => "a comprehension",
        Expr::Ident(_) => "a name",
        Expr::List(_) => "a list",
        Expr::Literal(_) => "a literal",
        Expr::Map(_) => "a map",
        Expr::Select(_) => "a selection",
        Expr::Struct(_) => "a structure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn lists_prefixes_and_presence_are_known() {
        assert!(read(r#"status in ["living", "away"] && grid.startsWith("440104022") && phone != null"#).is_ok());
        assert!(read(r#"birth_date < "1946-03-01""#).is_ok());
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_reason() {
        for (source, expected) in [
            ("age >= \"x\"", "`age` holds integer"),
            ("nobody == 1", "no field `nobody`"),
            ("status == \"dead\"", "no code of the list"),
            ("status > \"living\"", "no order"),
            ("age >= 80 ||", "line 1, column"),
            ("age >= 80 || age < 3", "`_||_`"),
            ("age == age", "a name where a literal must stand"),
            ("age == null", "can't be compared with null"),
            ("[1,2].all(x, x > 0)", "comprehension"),
            ("", "line 1"),
            ("age >= 8.5", "floating-point"),
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
        let many = vec!["age == 1"; 100].join(" && ");
        assert_eq!(read(&many), Err(ConditionError::Size));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(source in "[ -~\\n]{0,60}") {
            let _ = read(&source);
        }

        #[test]
        fn no_near_condition_makes_the_parser_panic(parts in proptest::collection::vec(proptest::sample::select(vec!["age", ">=", "80", "&&", "(", ")", "\"x", "\"", "[", "]", "in", ".", "-", "null", "0x", "1e9", "?", ":", "{", "}", ","]), 0..20)) {
            let _ = read(&parts.join(" "));
        }
    }
}
