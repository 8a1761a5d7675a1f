//! The typed predicate tree: what conditions of grants and filters of guests become.
//!
//! Logic is three-valued as in SQL: a comparison with an unknown value is unknown, and a record is in
//! scope only where the whole condition is true.

use linli_model::{Date, EntityType, Field, FieldKind, Misfit, Origin, Value};

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `field in [a, b]`
    In,
    /// `field.startsWith("…")`
    Prefix,
    /// `has(field)`: known at all.
    Has,
}

impl Operator {
    /// Reads the word of the plugin contract and of bound queries.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "in" => Self::In,
            "prefix" => Self::Prefix,
            "has" => Self::Has,
            _ => return None,
        })
    }

    /// How conditions write it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Prefix => "startsWith",
            Self::Has => "has",
        }
    }

    fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual)
    }
}

/// One comparison of one field, type-checked against the schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// The field.
    pub field: String,
    /// How.
    pub operator: Operator,
    /// One value, for `In` any number, for `Has` none.
    pub values: Vec<Value>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Predicate {
    /// All of them; of none, true.
    All(Vec<Predicate>),
    /// One comparison.
    Compare(Comparison),
}

/// The most values of an `in`.
const IN_MAX: usize = 100;

impl Comparison {
    /// Checks number and types of the values and whether the field can be compared so.
    pub fn new(entity: &EntityType, field: &str, operator: Operator, values: Vec<Value>) -> Result<Self, Misfit> {
        let fail = |reason: String| Err(Misfit(reason));
        let Some(known) = entity.field(field) else {
            return fail(format!("`{}` has no field `{field}`", entity.name));
        };
        let wanted = match operator {
            Operator::In => 1..=IN_MAX,
            Operator::Has => 0..=0,
            _ => 1..=1,
        };
        if !wanted.contains(&values.len()) {
            return fail(format!("`{}` takes {} to {} values, got {}", operator.sign(), wanted.start(), wanted.end(), values.len()));
        }
        if operator == Operator::Prefix && !known.kind.is_textual() {
            return fail(format!("`{field}` holds {} and has no prefix", known.kind.word()));
        }
        if operator.is_order() && matches!(known.kind, FieldKind::Boolean | FieldKind::Reference { .. } | FieldKind::Code { .. }) {
            return fail(format!("`{field}` holds {} and has no order", known.kind.word()));
        }
        let values = values.into_iter().map(|value| fit(value, known)).collect::<Result<_, _>>()?;
        Ok(Self { field: field.to_owned(), operator, values })
    }

    /// Whether it holds; none where it is unknown.
    pub fn holds(&self, entity: &EntityType, record: &dyn Fn(&str) -> Value, today: Date) -> Option<bool> {
        let value = value_of(entity, &self.field, record, today);
        if self.operator == Operator::Has {
            return Some(value != Value::Null);
        }
        if value == Value::Null {
            return None;
        }
        let compare = |other: &Value| order(&value, other);
        let first = self.values.first()?;
        match self.operator {
            Operator::Equal => Some(value == *first),
            Operator::NotEqual => Some(value != *first),
            Operator::Less => compare(first).map(|order| order.is_lt()),
            Operator::LessOrEqual => compare(first).map(|order| order.is_le()),
            Operator::Greater => compare(first).map(|order| order.is_gt()),
            Operator::GreaterOrEqual => compare(first).map(|order| order.is_ge()),
            Operator::In => Some(self.values.contains(&value)),
            Operator::Prefix => match (&value, first) {
                (Value::Text(text), Value::Text(prefix)) => Some(text.starts_with(prefix.as_str())),
                _ => None,
            },
            Operator::Has => None,
        }
    }
}

impl Predicate {
    /// True of every record.
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Whether it holds; none where it is unknown.
    pub fn holds(&self, entity: &EntityType, record: &dyn Fn(&str) -> Value, today: Date) -> Option<bool> {
        match self {
            Self::Compare(comparison) => comparison.holds(entity, record, today),
            Self::All(parts) => parts
                .iter()
                .try_fold(Some(true), |all, part| match part.holds(entity, record, today) {
                    Some(false) => Err(Some(false)),
                    Some(true) => Ok(all),
                    None => Ok(None),
                })
                .unwrap_or_else(|decided| decided),
        }
    }

    /// The fields that it looks at.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Self::Compare(comparison) => vec![&comparison.field],
            Self::All(parts) => parts.iter().flat_map(Predicate::fields).collect(),
        }
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(parts), other) | (other, Self::All(parts)) if parts.is_empty() => other,
            (left, right) => Self::All(vec![left, right]),
        }
    }
}

/// A field's value of a record, derived fields included.
pub fn value_of(entity: &EntityType, field: &str, record: &dyn Fn(&str) -> Value, today: Date) -> Value {
    match entity.field(field).map(|field| &field.origin) {
        Some(Origin::AgeOf(source)) => match record(source) {
            Value::Date(birth) => Value::Integer(birth.age_on(today)),
            _ => Value::Null,
        },
        _ => record(field),
    }
}

fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.units.cmp(&b.units)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// The value as the field's kind has it: an integer for a decimal field becomes a decimal, a text for a date a date.
fn fit(value: Value, field: &Field) -> Result<Value, Misfit> {
    let misfit = || Misfit(format!("`{}` holds {}, which this value is not", field.name, field.kind.word()));
    match (&field.kind, value) {
        (_, Value::Null) => Err(Misfit(format!("`{}` can't be compared with null so; `!= null` asks whether it is known", field.name))),
        (FieldKind::Boolean, value @ Value::Boolean(_)) => Ok(value),
        (FieldKind::Integer { .. }, value @ Value::Integer(_)) => Ok(value),
        (FieldKind::Decimal { scale }, Value::Integer(whole)) => {
            linli_model::Decimal::parse(&whole.to_string(), *scale).map(Value::Decimal).ok_or_else(misfit)
        }
        (FieldKind::Decimal { scale }, Value::Text(text)) => {
            linli_model::Decimal::parse(&text, *scale).map(Value::Decimal).ok_or_else(misfit)
        }
        (FieldKind::Decimal { scale }, Value::Decimal(decimal)) => {
            linli_model::Decimal::parse(&decimal.to_string(), *scale).map(Value::Decimal).ok_or_else(misfit)
        }
        (FieldKind::Date, value @ Value::Date(_)) => Ok(value),
        (FieldKind::Date, Value::Text(text)) => {
            text.parse().map(Value::Date).map_err(|reason| Misfit(format!("`{}`: {reason}", field.name)))
        }
        (FieldKind::Reference { .. }, value @ Value::Reference(_)) => Ok(value),
        (kind, value @ Value::Text(_)) if kind.is_textual() => Ok(value),
        _ => Err(misfit()),
    }
}
