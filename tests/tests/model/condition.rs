//! Conditions: made at random, written as a manifest does, and evaluated the slow way, in three-valued logic.

use std::cmp::Ordering;

use crate::day::Move;
use crate::domain::Domain;
use crate::random::Random;
use crate::schema::{Field, Kind, Schema};
use crate::scope::REGIONS;
use crate::value::Value;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Comparison),
}

/// One comparison, of a guest's filter too.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Of a condition, by way of references too.
    pub field: String,
    /// The word of the plugin contract, or `region`.
    pub operator: &'static str,
    pub operands: Vec<Operand>,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Value(Value),
    /// The day of asking, moved.
    Today(Move),
}

/// What a record's fields hold, and which day it is.
pub struct Facts<'a> {
    pub value: &'a dyn Fn(&str) -> Value,
    pub today: &'a str,
}

impl Operand {
    fn on(&self, today: &str) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Today(moved) => Value::Date(moved.from(today)),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Value(value) => value.literal(),
            Self::Today(moved) => moved.text(),
        }
    }
}

impl Condition {
    /// A condition over any field of the entity type, and of what its references lead to.
    pub fn random(random: &mut Random, domain: &Domain<'_>, schema: &Schema, depth: u32) -> Self {
        let part = |random: &mut Random| Self::random(random, domain, schema, depth - 1);
        match random.below(if depth == 0 { 1 } else { 6 }) {
            0..=2 => Self::Compare(Comparison::random(random, domain, schema)),
            3 => Self::All((0..2).map(|_| part(random)).collect()),
            4 => Self::Any((0..2).map(|_| part(random)).collect()),
            _ => Self::Not(Box::new(part(random))),
        }
    }

    /// Whether it holds of a record; none where that is unknown.
    pub fn holds(&self, facts: &Facts<'_>) -> Option<bool> {
        match self {
            Self::All(parts) => parts.iter().map(|part| part.holds(facts)).reduce(|left, right| match (left, right) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            })?,
            Self::Any(parts) => parts.iter().map(|part| part.holds(facts)).reduce(|left, right| match (left, right) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            })?,
            Self::Not(part) => part.holds(facts).map(|holds| !holds),
            Self::Compare(comparison) => comparison.holds(facts),
        }
    }

    /// What it compares.
    pub fn comparisons(&self) -> Vec<&Comparison> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::comparisons).collect(),
            Self::Not(part) => part.comparisons(),
            Self::Compare(comparison) => vec![comparison],
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
    /// A comparison of a condition: it may follow references, know regions and the day of asking.
    fn random(random: &mut Random, domain: &Domain<'_>, schema: &Schema) -> Self {
        let (path, field) = path(random, domain, schema, 30);
        let is_place = matches!(field.kind, Kind::Grid | Kind::GridOf(_) | Kind::Region | Kind::Community);
        if is_place && random.percent(40) {
            let regions = (0..=random.below(2)).map(|_| Operand::Value(Value::Text((*random.pick(&REGIONS)).into())));
            return Self { operands: regions.collect(), field: path, operator: "region" };
        }
        if field.target().is_some() {
            return Self { field: path, operator: "has", operands: Vec::new() };
        }
        let mut comparison = Self::of(random, field, path);
        if field.kind == Kind::Date {
            for operand in &mut comparison.operands {
                if random.percent(40) {
                    *operand = Operand::Today(Move::random(random));
                }
            }
        }
        comparison
    }

    /// A comparison that fits the field, as a filter has it.
    pub fn of(random: &mut Random, field: &Field, path: String) -> Self {
        let operators: &[&str] = match &field.kind {
            Kind::Boolean => &["eq", "ne", "has"],
            Kind::Reference(_) => &["eq", "ne", "in", "has"],
            Kind::Code(_) => &["eq", "ne", "in", "prefix", "has"],
            Kind::Text | Kind::Grid | Kind::GridOf(_) | Kind::Region | Kind::Community => {
                &["eq", "ne", "lt", "le", "gt", "ge", "in", "prefix", "has"]
            }
            Kind::Integer | Kind::Decimal | Kind::Date | Kind::AgeOf(_) => &["eq", "ne", "lt", "le", "gt", "ge", "in", "has"],
        };
        let operator = *random.pick(operators);
        let values = match operator {
            "has" => Vec::new(),
            "in" => (0..=random.below(3)).map(|_| field.known(random)).collect(),
            "prefix" => vec![field.prefix(random)],
            _ => vec![field.known(random)],
        };
        Self { field: path, operator, operands: values.into_iter().map(Operand::Value).collect() }
    }

    pub fn holds(&self, facts: &Facts<'_>) -> Option<bool> {
        let value = (facts.value)(&self.field);
        if self.operator == "has" {
            return Some(value != Value::Null);
        }
        if value == Value::Null {
            return None;
        }
        let others: Vec<Value> = self.operands.iter().map(|operand| operand.on(facts.today)).collect();
        let begins = |other: &Value| matches!((&value, other), (Value::Text(text), Value::Text(start)) if text.starts_with(start.as_str()));
        let compared = value.order(&others[0]);
        Some(match self.operator {
            "in" => others.contains(&value),
            "prefix" | "region" => others.iter().any(begins),
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
        let operands: Vec<_> = self.operands.iter().map(Operand::text).collect();
        let sign = match self.operator {
            "has" => return format!("{field} != null"),
            "prefix" => return format!("{field}.startsWith({})", operands[0]),
            "in" => return format!("{field} in [{}]", operands.join(", ")),
            "region" => return format!("{field} in region({})", operands.join(", ")),
            "eq" => "==",
            "ne" => "!=",
            "lt" => "<",
            "le" => "<=",
            "gt" => ">",
            _ => ">=",
        };
        format!("{field} {sign} {}", operands[0])
    }
}

/// A field of an entity type, so often of a hundred one that a reference leads to, over at most three of them.
pub fn path<'d>(random: &mut Random, domain: &'d Domain<'_>, schema: &'d Schema, percent: usize) -> (String, &'d Field) {
    let (mut names, mut schema) = (Vec::new(), schema);
    while names.len() < 3 && random.percent(if names.is_empty() { percent } else { 60 }) {
        let references: Vec<&Field> = schema.fields.iter().filter(|field| field.target().is_some()).collect();
        if references.is_empty() {
            break;
        }
        let reference = *random.pick(&references);
        names.push(reference.name.as_str());
        schema = domain.schema(reference.target().unwrap());
    }
    let field = random.pick(&schema.fields);
    names.push(&field.name);
    (names.join("."), field)
}
