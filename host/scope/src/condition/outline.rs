//! A condition in words that may go on the record.

use linli_model::{Catalogue, EntityType, FieldKind, Value};

use super::{ConditionError, parse};
use crate::predicate::{Comparison, Operand, Operator, Predicate, path};

/// A condition in words that may go on the record: of what could be one person's value, only that it is compared.
pub fn outline(source: &str, entity: &EntityType, catalogue: &Catalogue) -> Result<String, ConditionError> {
    Ok(outlined(&parse(source, entity, catalogue)?, entity, false))
}

/// `inside` another operator, what is joined stands in parentheses.
fn outlined(condition: &Predicate, entity: &EntityType, inside: bool) -> String {
    match condition {
        Predicate::All(parts) => joined(parts, " && ", entity, inside),
        Predicate::Any(parts) => joined(parts, " || ", entity, inside),
        Predicate::Not(part) => format!("!({})", outlined(part, entity, false)),
        Predicate::Compare(compared) => compare(compared.field.clone(), compared, entity),
        Predicate::Along(steps, compared) => {
            let end = steps.last().map_or(entity, |step| &step.target);
            compare(path(steps, &compared.field), compared, end)
        }
    }
}

fn joined(parts: &[Predicate], sign: &str, entity: &EntityType, inside: bool) -> String {
    let text = parts.iter().map(|part| outlined(part, entity, true)).collect::<Vec<_>>().join(sign);
    if inside { format!("({text})") } else { text }
}

fn compare(name: String, compared: &Comparison, entity: &EntityType) -> String {
    if compared.operator == Operator::Has {
        return format!("has {name}");
    }
    let kind = entity.field(&compared.field).map(|field| &field.kind);
    let values: Vec<_> = compared.operands.iter().map(|operand| shown(operand, kind)).collect();
    format!("{name} {} {}", compared.operator.sign(), values.join(" "))
}

fn shown(operand: &Operand, kind: Option<&FieldKind>) -> String {
    match (operand, kind) {
        (Operand::Value(Value::Boolean(flag)), _) => flag.to_string(),
        (Operand::Value(Value::Integer(number)), _) => number.to_string(),
        (Operand::Value(Value::Text(code)), Some(FieldKind::Code { .. } | FieldKind::Region { .. })) => code.clone(),
        (Operand::Value(_), _) => "…".to_owned(),
        (Operand::Today(period), _) => format!("today {}{period}", if period.is_past() { "-" } else { "+" }),
    }
}
