//! From CEL's tree to a predicate. Every refusal says where.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SourceInfo, operators};
use linli_model::{Catalogue, EntityType, FieldKind, Period, RegionCode, Value};

use super::{ConditionError, Place, RELATIONS_MAX};
use crate::predicate::{Comparison, Operand, Operator, Predicate, Step};

pub(super) struct Reader<'a> {
    catalogue: &'a Catalogue,
    info: &'a SourceInfo,
}

/// A field that a condition names: the references on the way, and the name at its end.
struct Path<'e> {
    steps: Vec<Step>,
    field: &'e str,
    id: u64,
}

impl Path<'_> {
    /// The entity type that has the field.
    fn end<'p>(&'p self, entity: &'p EntityType) -> &'p EntityType {
        self.steps.last().map_or(entity, |step| &step.target)
    }

    fn compared(&self, comparison: Comparison) -> Predicate {
        if self.steps.is_empty() { Predicate::Compare(comparison) } else { Predicate::Along(self.steps.clone(), comparison) }
    }
}

impl<'a> Reader<'a> {
    pub fn new(catalogue: &'a Catalogue, info: &'a SourceInfo) -> Self {
        Self { catalogue, info }
    }

    /// A whole condition, or what stands on one side of `&&` and `||`.
    pub fn predicate(&self, expression: &IdedExpr, entity: &EntityType) -> Result<Predicate, ConditionError> {
        match &expression.expr {
            Expr::Call(call) => self.call(expression, call, entity),
            Expr::Ident(_) | Expr::Select(_) => {
                self.comparison(expression, Operator::Equal, vec![Operand::Value(Value::Boolean(true))], entity)
            }
            other => Err(self.unknown(expression, word(other))),
        }
    }

    fn call(&self, expression: &IdedExpr, call: &CallExpr, entity: &EntityType) -> Result<Predicate, ConditionError> {
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (operators::LOGICAL_AND, None, _) => self.joined(expression, operators::LOGICAL_AND, entity).map(Predicate::All),
            (operators::LOGICAL_OR, None, _) => self.joined(expression, operators::LOGICAL_OR, entity).map(Predicate::Any),
            (operators::LOGICAL_NOT, None, [part]) => Ok(not(self.predicate(part, entity)?)),
            ("has", None, [field]) => self.comparison(field, Operator::Has, Vec::new(), entity),
            ("startsWith", Some(field), [prefix]) => self.comparison(field, Operator::Prefix, vec![self.operand(prefix)?], entity),
            (operators::NOT_EQUALS, None, [field, value]) if is_null(value) => self.comparison(field, Operator::Has, Vec::new(), entity),
            (operators::EQUALS, None, [field, value]) if is_null(value) => {
                Ok(not(self.comparison(field, Operator::Has, Vec::new(), entity)?))
            }
            (operators::IN, None, [field, values]) => self.membership(field, values, entity),
            (name, None, [left, right]) => {
                let operator = order(name).ok_or_else(|| self.unknown(expression, &format!("`{name}`")))?;
                match (is_path(left), is_path(right)) {
                    (true, true) => Err(self.unknown(right, "a name where a value must stand")),
                    (true, false) => self.comparison(left, operator, vec![self.operand(right)?], entity),
                    (false, true) => self.comparison(right, mirrored(operator), vec![self.operand(left)?], entity),
                    (false, false) => Err(self.unknown(expression, "a comparison without a field")),
                }
            }
            (name, ..) => Err(self.unknown(expression, &format!("`{name}`"))),
        }
    }

    /// The parts that one operator joins, however the parser grouped them.
    fn joined(&self, expression: &IdedExpr, name: &str, entity: &EntityType) -> Result<Vec<Predicate>, ConditionError> {
        match &expression.expr {
            Expr::Call(call) if call.func_name == name => {
                let parts = call.args.iter().map(|part| self.joined(part, name, entity)).collect::<Result<Vec<_>, _>>()?;
                Ok(parts.into_iter().flatten().collect())
            }
            _ => Ok(vec![self.predicate(expression, entity)?]),
        }
    }

    /// `field in [a, b]`, `field in region("4401")`
    fn membership(&self, field: &IdedExpr, values: &IdedExpr, entity: &EntityType) -> Result<Predicate, ConditionError> {
        match &values.expr {
            Expr::List(list) => {
                let values = list.elements.iter().map(|value| self.operand(value)).collect::<Result<_, _>>()?;
                self.comparison(field, Operator::In, values, entity)
            }
            Expr::Call(CallExpr { func_name, target: None, args }) if func_name == "region" && !args.is_empty() => {
                let within = args.iter().map(|code| self.within(field, code, entity)).collect::<Result<Vec<_>, _>>()?;
                Ok(Predicate::Any(within))
            }
            other => Err(self.unknown(values, &format!("{} where a list or region(…) must stand", word(other)))),
        }
    }

    fn within(&self, field: &IdedExpr, code: &IdedExpr, entity: &EntityType) -> Result<Predicate, ConditionError> {
        let path = self.path(field, entity)?;
        if let Some(known) = path.end(entity).field(path.field)
            && !matches!(known.kind, FieldKind::Region { .. })
        {
            return Err(self.misfit(path.id, format!("`{}` holds {}, which lies in no region", path.field, known.kind.word())));
        }
        match self.operand(code)? {
            Operand::Value(Value::Text(text)) => {
                text.parse::<RegionCode>().map_err(|reason| self.misfit(code.id, reason.to_string()))?;
                self.comparison(field, Operator::Prefix, vec![Operand::Value(Value::Text(text))], entity)
            }
            _ => Err(self.misfit(code.id, "region(…) takes codes as text".into())),
        }
    }

    fn comparison(
        &self,
        field: &IdedExpr,
        operator: Operator,
        operands: Vec<Operand>,
        entity: &EntityType,
    ) -> Result<Predicate, ConditionError> {
        let path = self.path(field, entity)?;
        let end = path.end(entity);
        let comparison = Comparison::with(end, path.field, operator, operands).map_err(|misfit| self.misfit(path.id, misfit.0))?;
        if let (Some(known), Operator::Equal | Operator::NotEqual | Operator::In) = (end.field(path.field), operator) {
            for operand in &comparison.operands {
                let Operand::Value(value) = operand else { continue };
                value
                    .check(known, self.catalogue)
                    .map_err(|reason| self.misfit(path.id, format!("`{}`: the value {reason}", path.field)))?;
            }
        }
        Ok(path.compared(comparison))
    }

    /// Follows the references that a field's name goes through.
    fn path<'e>(&self, expression: &'e IdedExpr, entity: &EntityType) -> Result<Path<'e>, ConditionError> {
        match &expression.expr {
            Expr::Ident(name) => Ok(Path { steps: Vec::new(), field: name, id: expression.id }),
            Expr::Select(select) => {
                let mut path = self.path(&select.operand, entity)?;
                let step = self.step(&path, entity)?;
                path.steps.push(step);
                if path.steps.len() > RELATIONS_MAX {
                    return Err(self.misfit(path.id, format!("a path follows at most {RELATIONS_MAX} references")));
                }
                Ok(Path { field: &select.field, ..path })
            }
            other => Err(self.unknown(expression, &format!("{} where a field must stand", word(other)))),
        }
    }

    /// The reference at a path's end, as one step more.
    fn step(&self, path: &Path<'_>, entity: &EntityType) -> Result<Step, ConditionError> {
        let (end, name) = (path.end(entity), path.field);
        let field = end.field(name).ok_or_else(|| self.misfit(path.id, format!("`{}` has no field `{name}`", end.name)))?;
        let FieldKind::Reference { entity: target } = &field.kind else {
            return Err(self.misfit(path.id, format!("`{name}` holds {}, no reference that a path could follow", field.kind.word())));
        };
        let target = self.catalogue.entity(target).ok_or_else(|| self.misfit(path.id, format!("there is no entity type `{target}`")))?;
        if target.is_labelled() {
            // Its label decides who may know of it, and a condition asks no label.
            return Err(self.misfit(path.id, format!("`{}` is a plugin's own: no condition follows a reference to it", target.name)));
        }
        Ok(Step { field: name.to_owned(), target: target.clone() })
    }

    fn operand(&self, expression: &IdedExpr) -> Result<Operand, ConditionError> {
        let value = match &expression.expr {
            Expr::Literal(LiteralValue::Boolean(value)) => Value::Boolean(*value.inner()),
            Expr::Literal(LiteralValue::Int(value)) => Value::Integer(*value.inner()),
            Expr::Literal(LiteralValue::String(value)) => Value::Text(value.inner().to_owned()),
            Expr::Literal(LiteralValue::Null) => Value::Null,
            Expr::Literal(LiteralValue::Double(_)) => {
                return Err(self.unknown(expression, "a floating-point number (write decimals as text, \"12.50\")"));
            }
            Expr::Call(call) => return self.day(expression, call).map(Operand::Today),
            other => return Err(self.unknown(expression, &format!("{} where a value must stand", word(other)))),
        };
        Ok(Operand::Value(value))
    }

    /// `today()`, `today() - period("P80Y")`, `today() + period("P30D")`
    fn day(&self, expression: &IdedExpr, call: &CallExpr) -> Result<Period, ConditionError> {
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            ("today", None, []) => Ok(Period::default()),
            (operators::ADD, None, [day, period]) if is_today(day) => self.period(period),
            (operators::SUBSTRACT, None, [day, period]) if is_today(day) => self.period(period).map(Period::negated),
            (name, ..) => Err(self.unknown(expression, &format!("`{name}` where a value or today() ± period(…) must stand"))),
        }
    }

    fn period(&self, expression: &IdedExpr) -> Result<Period, ConditionError> {
        if let Expr::Call(CallExpr { func_name, target: None, args }) = &expression.expr
            && let ("period", [Some(text)]) = (func_name.as_str(), args.iter().map(text).collect::<Vec<_>>().as_slice())
        {
            return text.parse().map_err(|reason: linli_model::date::NoPeriod| self.misfit(expression.id, format!("the period {reason}")));
        }
        Err(self.unknown(expression, "something other than period(\"P…\") after today()"))
    }

    fn place(&self, id: u64) -> Place {
        let start = self.info.offset_for(id).and_then(|(start, _)| usize::try_from(start).ok()).unwrap_or(0);
        let before = self.info.source.get(..start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }

    fn misfit(&self, id: u64, reason: String) -> ConditionError {
        ConditionError::Type { place: self.place(id), reason }
    }

    fn unknown(&self, expression: &IdedExpr, what: &str) -> ConditionError {
        ConditionError::Unknown { place: self.place(expression.id), what: what.to_owned() }
    }
}

fn not(part: Predicate) -> Predicate {
    Predicate::Not(Box::new(part))
}

fn is_null(expression: &IdedExpr) -> bool {
    matches!(expression.expr, Expr::Literal(LiteralValue::Null))
}

fn is_path(expression: &IdedExpr) -> bool {
    matches!(expression.expr, Expr::Ident(_) | Expr::Select(_))
}

fn is_today(expression: &IdedExpr) -> bool {
    matches!(&expression.expr, Expr::Call(call) if call.func_name == "today" && call.target.is_none() && call.args.is_empty())
}

fn text(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
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
