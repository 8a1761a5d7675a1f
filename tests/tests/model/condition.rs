//! Conditions: made at random, written as a manifest does, and evaluated the slow way, in three-valued logic.

use std::cmp::Ordering;

use crate::random::Random;
use crate::schema::{Kind, Schema};
use crate::value::Value;

/// A condition.
#[derive(Clone, Debug)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Comparison),
}

/// One comparison, of a guest's filter too.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub field: String,
    /// The word of the plugin contract.
    pub operator: &'static str,
    pub values: Vec<Value>,
}

impl Condition {
    /// A condition over any field of the schema.
    pub fn random(random: &mut Random, schema: &Schema, depth: u32) -> Self {
        let part = |random: &mut Random| Self::random(random, schema, depth - 1);
        match random.below(if depth == 0 { 1 } else { 6 }) {
            0..=2 => {
                let field = random.pick(&schema.fields).name.clone();
                Self::Compare(Comparison::random(random, schema, &field))
            }
            3 => Self::All((0..2).map(|_| part(random)).collect()),
            4 => Self::Any((0..2).map(|_| part(random)).collect()),
            _ => Self::Not(Box::new(part(random))),
        }
    }

    /// Whether it holds of a record; none where that is unknown.
    pub fn holds(&self, value: &dyn Fn(&str) -> Value) -> Option<bool> {
        match self {
            Self::All(parts) => parts.iter().map(|part| part.holds(value)).reduce(|left, right| match (left, right) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            })?,
            Self::Any(parts) => parts.iter().map(|part| part.holds(value)).reduce(|left, right| match (left, right) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            })?,
            Self::Not(part) => part.holds(value).map(|holds| !holds),
            Self::Compare(comparison) => comparison.holds(value),
        }
    }

    /// The fields that it looks at.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Not(part) => part.fields(),
            Self::Compare(comparison) => vec![&comparison.field],
        }
    }

    /// As a manifest writes it.
    pub fn text(&self) -> String {
        let joined = |parts: &[Self], sign: &str| parts.iter().map(|part| format!("({})", part.text())).collect::<Vec<_>>().join(sign);
        match self {
            Self::All(parts) => joined(parts, " && "),
            Self::Any(parts) => joined(parts, " || "),
            Self::Not(part) => format!("!({})", part.text()),
            Self::Compare(comparison) => comparison.text(),
        }
    }
}

impl Comparison {
    /// A comparison that fits the field.
    pub fn random(random: &mut Random, schema: &Schema, field: &str) -> Self {
        let kind = &schema.field(field).unwrap().kind;
        let operators: &[&str] = match kind {
            Kind::Boolean => &["eq", "ne", "has"],
            Kind::Code => &["eq", "ne", "in", "prefix", "has"],
            Kind::Text | Kind::Grid | Kind::Region => &["eq", "ne", "lt", "le", "gt", "ge", "in", "prefix", "has"],
            Kind::Integer | Kind::Decimal | Kind::Date | Kind::AgeOf(_) => &["eq", "ne", "lt", "le", "gt", "ge", "in", "has"],
        };
        let operator = *random.pick(operators);
        let values = match operator {
            "has" => Vec::new(),
            "in" => (0..=random.below(3)).map(|_| kind.known(random)).collect(),
            "prefix" => vec![kind.prefix(random)],
            _ => vec![kind.known(random)],
        };
        Self { field: field.to_owned(), operator, values }
    }

    pub fn holds(&self, value: &dyn Fn(&str) -> Value) -> Option<bool> {
        let value = value(&self.field);
        if self.operator == "has" {
            return Some(value != Value::Null);
        }
        if value == Value::Null {
            return None;
        }
        let compared = self.values.first().and_then(|other| value.order(other));
        Some(match self.operator {
            "in" => self.values.contains(&value),
            "prefix" => matches!((&value, &self.values[0]), (Value::Text(text), Value::Text(start)) if text.starts_with(start.as_str())),
            "eq" => compared == Some(Ordering::Equal),
            "ne" => compared != Some(Ordering::Equal),
            "lt" => compared == Some(Ordering::Less),
            "le" => compared != Some(Ordering::Greater),
            "gt" => compared == Some(Ordering::Greater),
            _ => compared != Some(Ordering::Less),
        })
    }

    fn text(&self) -> String {
        let field = &self.field;
        let first = self.values.first().map(Value::literal).unwrap_or_default();
        let sign = match self.operator {
            "has" => return format!("{field} != null"),
            "prefix" => return format!("{field}.startsWith({first})"),
            "in" => return format!("{field} in [{}]", self.values.iter().map(Value::literal).collect::<Vec<_>>().join(", ")),
            "eq" => "==",
            "ne" => "!=",
            "lt" => "<",
            "le" => "<=",
            "gt" => ">",
            _ => ">=",
        };
        format!("{field} {sign} {first}")
    }
}
