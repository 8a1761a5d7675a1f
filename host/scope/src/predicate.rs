//! The typed predicate tree: what conditions of grants and filters of guests become.
//!
//! Logic is three-valued as in SQL: a comparison with an unknown value is unknown, not unknown is unknown, and a record
//! is in scope only where the whole condition is true. [`Predicate::holds`] is the reference for what the store's SQL
//! must say.

use std::sync::Arc;

use linli_model::{Date, EntityType, Field, FieldKind, Misfit, Origin, Period, RecordNo, Value};

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

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A value.
    Value(Value),
    /// The day of asking, moved by a period.
    Today(Period),
}

impl Operand {
    /// The value on this day.
    pub fn on(&self, today: Date) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Today(period) => Value::Date(today.plus(*period)),
        }
    }
}

/// One comparison of one field, type-checked against the schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// The field.
    pub field: String,
    /// How.
    pub operator: Operator,
    /// One operand, for `In` any number, for `Has` none.
    pub operands: Vec<Operand>,
}

/// One declared reference that a condition follows.
#[derive(Clone, Debug)]
pub struct Step {
    /// The reference.
    pub field: String,
    /// The entity type that it leads to.
    pub target: Arc<EntityType>,
}

impl PartialEq for Step {
    /// Where it leads follows from where it stands.
    fn eq(&self, other: &Self) -> bool {
        self.field == other.field
    }
}

impl Eq for Step {}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// All of them; of none, true.
    All(Vec<Predicate>),
    /// Any of them; of none, false.
    Any(Vec<Predicate>),
    /// Not so.
    Not(Box<Predicate>),
    /// One comparison.
    Compare(Comparison),
    /// One comparison of the record that references lead to. Where one of them is unknown, so are that record's fields.
    Along(Vec<Step>, Comparison),
}

/// What is known when a condition is asked of one record.
pub struct Facts<'a> {
    /// The record's stored fields.
    pub record: &'a dyn Fn(&str) -> Value,
    /// A stored field of another record, by entity type and number.
    pub other: &'a dyn Fn(&EntityType, RecordNo, &str) -> Value,
    /// The day of asking.
    pub today: Date,
}

/// The most values of an `in`.
const IN_MAX: usize = 100;

impl Comparison {
    /// Checks number and types of the values and whether the field can be compared so.
    pub fn new(entity: &EntityType, field: &str, operator: Operator, values: Vec<Value>) -> Result<Self, Misfit> {
        Self::with(entity, field, operator, values.into_iter().map(Operand::Value).collect())
    }

    /// The same, of operands that may depend on the day of asking.
    pub fn with(entity: &EntityType, field: &str, operator: Operator, operands: Vec<Operand>) -> Result<Self, Misfit> {
        let fail = |reason: String| Err(Misfit(reason));
        let Some(known) = entity.field(field) else {
            return fail(format!("`{}` has no field `{field}`", entity.name));
        };
        let wanted = match operator {
            Operator::In => 1..=IN_MAX,
            Operator::Has => 0..=0,
            _ => 1..=1,
        };
        if !wanted.contains(&operands.len()) {
            return fail(format!("`{}` takes {} to {} values, got {}", operator.sign(), wanted.start(), wanted.end(), operands.len()));
        }
        if operator == Operator::Prefix && !known.kind.is_textual() {
            return fail(format!("`{field}` holds {} and has no prefix", known.kind.word()));
        }
        if operator.is_order() && matches!(known.kind, FieldKind::Boolean | FieldKind::Reference { .. } | FieldKind::Code { .. }) {
            return fail(format!("`{field}` holds {} and has no order", known.kind.word()));
        }
        let operands = operands.into_iter().map(|operand| fit_operand(operand, known)).collect::<Result<_, _>>()?;
        Ok(Self { field: field.to_owned(), operator, operands })
    }

    /// Whether it holds; none where it is unknown.
    pub fn holds(&self, entity: &EntityType, facts: &Facts<'_>) -> Option<bool> {
        self.holds_of(&value_of(entity, &self.field, facts.record, facts.today), facts.today)
    }

    fn holds_of(&self, value: &Value, today: Date) -> Option<bool> {
        if self.operator == Operator::Has {
            return Some(*value != Value::Null);
        }
        if *value == Value::Null {
            return None;
        }
        let first = self.operands.first()?.on(today);
        let ordered = order(value, &first);
        match self.operator {
            Operator::Equal => Some(*value == first),
            Operator::NotEqual => Some(*value != first),
            Operator::Less => ordered.map(|order| order.is_lt()),
            Operator::LessOrEqual => ordered.map(|order| order.is_le()),
            Operator::Greater => ordered.map(|order| order.is_gt()),
            Operator::GreaterOrEqual => ordered.map(|order| order.is_ge()),
            Operator::In => Some(self.operands.iter().any(|operand| operand.on(today) == *value)),
            Operator::Prefix => match (value, &first) {
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
    pub fn holds(&self, entity: &EntityType, facts: &Facts<'_>) -> Option<bool> {
        match self {
            Self::Compare(comparison) => comparison.holds(entity, facts),
            Self::Along(steps, comparison) => comparison.holds_of(&far(steps, &comparison.field, facts), facts.today),
            Self::Not(part) => part.holds(entity, facts).map(|holds| !holds),
            Self::All(parts) => decided(parts.iter().map(|part| part.holds(entity, facts)), false),
            Self::Any(parts) => decided(parts.iter().map(|part| part.holds(entity, facts)), true),
        }
    }

    /// The fields that it looks at, as conditions write them.
    pub fn fields(&self) -> Vec<String> {
        match self {
            Self::Compare(comparison) => vec![comparison.field.clone()],
            Self::Along(steps, comparison) => vec![path(steps, &comparison.field)],
            Self::Not(part) => part.fields(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Predicate::fields).collect(),
        }
    }

    /// The fields that it looks at, each with its entity type; of a path, the references too.
    pub fn looks_at<'p>(&'p self, entity: &'p EntityType) -> Vec<(&'p EntityType, &'p Field)> {
        match self {
            Self::Compare(comparison) => entity.field(&comparison.field).map(|field| (entity, field)).into_iter().collect(),
            Self::Not(part) => part.looks_at(entity),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(|part| part.looks_at(entity)).collect(),
            Self::Along(steps, comparison) => {
                let owners = std::iter::once(entity).chain(steps.iter().map(|step| &*step.target));
                let names = steps.iter().map(|step| &step.field).chain([&comparison.field]);
                owners.zip(names).filter_map(|(owner, name)| owner.field(name).map(|field| (owner, field))).collect()
            }
        }
    }

    /// The fields of other records that it looks at, as conditions write them.
    pub fn far_fields(&self) -> Vec<String> {
        self.fields().into_iter().filter(|field| field.contains('.')).collect()
    }

    /// The ways by which conditions come to other records, each once: of each, its beginnings too, since they lead to records that
    /// tell it how to go on.
    pub fn ways<'a>(conditions: &[&'a Self]) -> Vec<&'a [Step]> {
        let mut ways: Vec<&[Step]> = Vec::new();
        for way in conditions.iter().flat_map(|condition| condition.each_way()) {
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        ways
    }

    fn each_way(&self) -> Vec<&[Step]> {
        match self {
            Self::Compare(_) => Vec::new(),
            Self::Along(steps, _) => (1..=steps.len()).filter_map(|length| steps.get(..length)).collect(),
            Self::Not(part) => part.each_way(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Predicate::each_way).collect(),
        }
    }

    /// How many comparisons it holds.
    pub fn size(&self) -> usize {
        match self {
            Self::Compare(_) | Self::Along(..) => 1,
            Self::Not(part) => part.size(),
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Predicate::size).sum(),
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

/// `household.dwelling.kind`
pub fn path(steps: &[Step], field: &str) -> String {
    let names: Vec<&str> = steps.iter().map(|step| step.field.as_str()).chain([field]).collect();
    names.join(".")
}

/// One part that is `wins` decides; else one that is unknown leaves the whole unknown.
fn decided(parts: impl Iterator<Item = Option<bool>>, wins: bool) -> Option<bool> {
    let mut all = Some(!wins);
    for part in parts {
        match part {
            Some(holds) if holds == wins => return Some(wins),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

/// A field's value of the record that references lead to; null where one of them leads nowhere.
fn far(steps: &[Step], field: &str, facts: &Facts<'_>) -> Value {
    let mut reached: Option<(&EntityType, RecordNo)> = None;
    for step in steps {
        let reference = match reached {
            None => (facts.record)(&step.field),
            Some((entity, record)) => (facts.other)(entity, record, &step.field),
        };
        let Value::Reference(record) = reference else { return Value::Null };
        reached = Some((&step.target, record));
    }
    let Some((entity, record)) = reached else { return Value::Null };
    value_of(entity, field, &|name| (facts.other)(entity, record, name), facts.today)
}

fn fit_operand(operand: Operand, field: &Field) -> Result<Operand, Misfit> {
    match operand {
        Operand::Value(value) => fit(value, field).map(Operand::Value),
        Operand::Today(_) if matches!(field.kind, FieldKind::Date) => Ok(operand),
        Operand::Today(_) => Err(Misfit(format!("`{}` holds {}, which can't be compared with a day", field.name, field.kind.word()))),
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
pub(crate) fn fit(value: Value, field: &Field) -> Result<Value, Misfit> {
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
        // PostgreSQL's text can't hold it, so no record does, and what it would be turned into is another text.
        (_, Value::Text(text)) if text.contains('\0') => {
            Err(Misfit(format!("`{}` can't be compared with a text that holds U+0000", field.name)))
        }
        (kind, value @ Value::Text(_)) if kind.is_textual() => Ok(value),
        _ => Err(misfit()),
    }
}

#[cfg(test)]
mod tests;
