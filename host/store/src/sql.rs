//! Predicates and bounds as SQL.
//!
//! Identifiers come from checked schemas only, and every value is bound in its place: nothing that a caller says ever
//! becomes SQL text. The same question has the same text, so each connection has it prepared.

use linli_model::{Date, EntityType, FieldKind, Origin, RegionTree, Span, Value, entity, region, value};
use linli_scope::plan::{Bounds, LabelRule, Reach};
use linli_scope::position::Position;
use linli_scope::predicate::{Comparison, Operand, Operator, Predicate};

use crate::database::Bind;
use crate::relation;

/// A statement under way: its text with numbered placeholders, and the values in their places.
#[derive(Default)]
pub(crate) struct Sql {
    pub text: String,
    pub binds: Vec<Bind<'static>>,
    /// Of the table whose columns are being named, within a subselect.
    alias: Option<String>,
    /// How many aliases were given out.
    aliases: usize,
}

impl Sql {
    pub fn sql(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// What a field is compared with, as of today.
    fn operand(&mut self, operand: &Operand, today: Date) {
        match operand {
            Operand::Value(value) => self.bind(value),
            day => self.bind(&day.on(today)),
        }
    }

    /// A column of the table in question.
    pub fn column(&mut self, name: &str) {
        if let Some(alias) = &self.alias {
            self.text.push_str(alias);
            self.text.push('.');
        }
        self.text.push_str(name);
    }

    /// How the table in question is named.
    pub fn table<'s>(&'s self, entity: &'s EntityType) -> &'s str {
        self.alias.as_deref().unwrap_or(&entity.table)
    }

    /// Names columns by this alias while `write` runs.
    pub fn within(&mut self, alias: &str, write: impl FnOnce(&mut Self)) {
        let outer = self.alias.replace(alias.to_owned());
        write(self);
        self.alias = outer;
    }

    /// An alias that this statement does not have yet. No table is named so.
    pub fn fresh_alias(&mut self) -> String {
        self.aliases += 1;
        format!("f{}", self.aliases)
    }

    pub fn bind<'v>(&mut self, value: impl Into<Bind<'v>>) {
        self.binds.push(value.into().detached());
        place(self.binds.len(), &mut self.text);
    }
}

/// `$3`: the place of the third value.
pub(crate) fn place(number: usize, out: &mut String) {
    out.push('$');
    value::write_integer(i64::try_from(number).unwrap_or(i64::MAX), out);
}

/// `SQL AND SQL …` of everything that bounds a record, beginning with ` AND ` where there is something.
pub(crate) fn bounds(out: &mut Sql, entity: &EntityType, bounds: &Bounds, today: Date, regions: &RegionTree) {
    conjunct(out, entity, &bounds.condition, today);
    reach(out, entity, &bounds.regions, regions);
    if let Some(own) = bounds.own {
        out.sql(" AND ");
        out.column("id");
        out.sql(" = ");
        out.bind(own.0);
    }
    if let Some(rule) = &bounds.label {
        label(out, rule, regions);
    }
}

/// ` AND …` of a predicate, or nothing where it holds of everything.
pub(crate) fn conjunct(out: &mut Sql, entity: &EntityType, condition: &Predicate, today: Date) {
    match condition {
        Predicate::All(parts) => parts.iter().for_each(|part| conjunct(out, entity, part, today)),
        other => {
            out.sql(" AND ");
            expression(out, entity, other, today);
        }
    }
}

/// A predicate as one expression, which may stand on either side of any operator.
pub(crate) fn expression(out: &mut Sql, entity: &EntityType, condition: &Predicate, today: Date) {
    match condition {
        Predicate::All(parts) => joined(out, entity, parts, (" AND ", "1 = 1"), today),
        Predicate::Any(parts) => joined(out, entity, parts, (" OR ", "1 = 0"), today),
        Predicate::Not(part) => {
            out.sql("(NOT ");
            expression(out, entity, part, today);
            out.sql(")");
        }
        Predicate::Compare(compared) => comparison(out, entity, compared, today),
        Predicate::Along(steps, compared) => relation::along(out, entity, steps, compared, today),
    }
}

fn joined(out: &mut Sql, entity: &EntityType, parts: &[Predicate], (sign, none): (&str, &str), today: Date) {
    out.sql("(");
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.sql(sign);
        }
        expression(out, entity, part, today);
    }
    if parts.is_empty() {
        out.sql(none);
    }
    out.sql(")");
}

/// One comparison as one expression.
pub(crate) fn comparison(out: &mut Sql, entity: &EntityType, compared: &Comparison, today: Date) {
    match entity.field(&compared.field).map(|field| &field.origin) {
        Some(Origin::AgeOf(source)) => age(out, source, compared, today),
        _ => column(out, compared, today),
    }
}

fn column(out: &mut Sql, compared: &Comparison, today: Date) {
    let name = compared.field.as_str();
    let sign = match compared.operator {
        Operator::Equal => " = ",
        Operator::NotEqual => " <> ",
        Operator::Less => " < ",
        Operator::LessOrEqual => " <= ",
        Operator::Greater => " > ",
        Operator::GreaterOrEqual => " >= ",
        Operator::In => return listed(out, name, &compared.operands, today),
        Operator::Prefix => return prefix(out, name, compared.operands.first()),
        Operator::Has => {
            out.column(name);
            return out.sql(" IS NOT NULL");
        }
    };
    out.column(name);
    out.sql(sign);
    compared.operands.iter().take(1).for_each(|operand| out.operand(operand, today));
}

fn listed(out: &mut Sql, name: &str, operands: &[Operand], today: Date) {
    out.column(name);
    out.sql(" IN (");
    for (at, operand) in operands.iter().enumerate() {
        if at > 0 {
            out.sql(", ");
        }
        out.operand(operand, today);
    }
    out.sql(")");
}

/// A prefix as a range, so that an index serves and no pattern sign means anything.
fn prefix(out: &mut Sql, name: &str, operand: Option<&Operand>) {
    let Some(Operand::Value(Value::Text(start))) = operand else { return out.sql("1 = 0") };
    out.sql("(");
    out.column(name);
    out.sql(" >= ");
    out.bind(start.clone());
    out.sql(" AND ");
    out.column(name);
    out.sql(" < ");
    out.bind(successor(start));
    out.sql(")");
}

/// The first text behind every text with this prefix, in the order of code points that both databases have for bytes.
fn successor(prefix: &str) -> String {
    let mut kept = prefix.to_owned();
    while let Some(last) = kept.pop() {
        // The surrogates are no characters: what follows U+D7FF is U+E000.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            kept.push(next);
            return kept;
        }
    }
    // Nothing but U+10FFFF, or nothing: no character sorts behind it.
    format!("{prefix}{}", "\u{10FFFF}".repeat(8))
}

/// A comparison of completed years, as a range of birth dates, so that an index serves.
fn age(out: &mut Sql, source: &str, compared: &Comparison, today: Date) {
    let years = |operand: &Operand| match operand {
        Operand::Value(Value::Integer(years)) => *years,
        _ => i64::MAX,
    };
    let first = compared.operands.first().map_or(i64::MAX, years);
    match compared.operator {
        Operator::GreaterOrEqual => born(out, source, " <= ", first, today),
        Operator::Greater => born(out, source, " <= ", first.saturating_add(1), today),
        Operator::Less => born(out, source, " > ", first, today),
        Operator::LessOrEqual => born(out, source, " > ", first.saturating_add(1), today),
        Operator::Equal => exactly(out, source, first, today),
        Operator::NotEqual => {
            out.sql("(NOT ");
            exactly(out, source, first, today);
            out.sql(")");
        }
        Operator::In => {
            out.sql("(");
            for (at, operand) in compared.operands.iter().enumerate() {
                if at > 0 {
                    out.sql(" OR ");
                }
                exactly(out, source, years(operand), today);
            }
            out.sql(")");
        }
        Operator::Has => {
            out.column(source);
            out.sql(" IS NOT NULL");
        }
        Operator::Prefix => out.sql("1 = 0"),
    }
}

fn exactly(out: &mut Sql, source: &str, years: i64, today: Date) {
    out.sql("(");
    born(out, source, " <= ", years, today);
    out.sql(" AND ");
    born(out, source, " > ", years.saturating_add(1), today);
    out.sql(")");
}

/// Ages below 0 and beyond all calendars become texts before and behind every date.
fn born(out: &mut Sql, source: &str, sign: &str, years: i64, today: Date) {
    out.column(source);
    out.sql(sign);
    let edge = match years {
        ..=0 => "9999".to_owned(),
        years => today.born_by(years).map_or_else(|| "0000".to_owned(), |date| date.to_string()),
    };
    out.bind(edge);
}

/// The area of the regions within reach: of those whose division changed, what they govern now.
fn reach(out: &mut Sql, entity: &EntityType, reach: &Reach, tree: &RegionTree) {
    let (Reach::Within(regions), Some(grid)) = (reach, entity.region_column()) else { return };
    if regions.is_empty() {
        return out.sql(" AND 1 = 0");
    }
    out.sql(" AND (");
    for (at, span) in tree.area(regions).iter().enumerate() {
        if at > 0 {
            out.sql(" OR ");
        }
        let whole = span.region();
        let digits = [&span.from, &span.to].map(|end| end.trim_end_matches(':').len()).into_iter().max();
        let column = if digits > Some(region::COMMUNITY_DIGITS) { grid } else { entity::COMMUNITY };
        match whole.filter(|whole| [region::COMMUNITY_DIGITS, region::GRID_DIGITS].contains(&whole.as_str().len())) {
            Some(whole) => {
                out.column(column);
                out.sql(" = ");
                out.bind(whole.as_str());
            }
            None => lies_in(out, column, span),
        }
    }
    out.sql(")");
}

/// `(column >= … AND column < …)`: the code in the column lies in the span.
fn lies_in(out: &mut Sql, column: &str, span: &Span) {
    out.sql("(");
    out.column(column);
    out.sql(" >= ");
    out.bind(&span.from);
    out.sql(" AND ");
    out.column(column);
    out.sql(" < ");
    out.bind(&span.to);
    out.sql(")");
}

fn label(out: &mut Sql, rule: &LabelRule, tree: &RegionTree) {
    out.sql(" AND ");
    out.column("label_purpose");
    out.sql(" = ");
    out.bind(rule.purpose.clone());
    out.sql(" AND ");
    out.column("label_class");
    out.sql(" <= ");
    out.bind(rule.clearance.rank());
    out.sql(" AND (");
    out.column("label_region");
    out.sql(" IS NULL");
    for span in tree.area(&rule.regions) {
        out.sql(" OR ");
        lies_in(out, "label_region", &span);
        if span.region().is_none() {
            // A label's region may be larger than what is left of the span: all of it must lie within.
            out.sql(" AND ");
            out.column("label_region");
            out.sql(" || ':' <= ");
            out.bind(&span.to);
        }
    }
    out.sql(")");
}

/// One column of an order: the SQL column, descending or not, and whether it may be unknown.
#[derive(Clone, Copy)]
pub(crate) struct Order<'a> {
    pub column: &'a str,
    pub descending: bool,
    pub nullable: bool,
}

/// The columns that a read is ordered by. An age is ordered by its birth date, the other way round.
pub(crate) fn orders<'a>(entity: &'a EntityType, sort: &[linli_scope::plan::SortKey]) -> Vec<Order<'a>> {
    let fields = sort.iter().filter_map(|key| entity.fields.get_index(key.field).map(|(_, field)| (field, key.descending)));
    fields
        .filter_map(|(field, descending)| match &field.origin {
            Origin::AgeOf(source) => {
                entity.field(source).map(|source| Order { column: &source.name, descending: !descending, nullable: !source.required })
            }
            Origin::Stored | Origin::Implicit => {
                Some(Order { column: &field.name, descending, nullable: !field.required && field.origin == Origin::Stored })
            }
        })
        .collect()
}

/// ` ORDER BY …`: unknown values last, ties by record number in the direction of the last column.
pub(crate) fn order_by(out: &mut Sql, orders: &[Order<'_>]) {
    out.sql(" ORDER BY ");
    for order in orders {
        if order.nullable {
            out.sql(order.column);
            out.sql(" IS NULL, ");
        }
        out.sql(order.column);
        out.sql(if order.descending { " DESC, " } else { ", " });
    }
    out.sql(if ties_descend(orders) { "id DESC" } else { "id" });
}

fn ties_descend(orders: &[Order<'_>]) -> bool {
    orders.last().is_some_and(|order| order.descending)
}

/// ` AND (…)`: only rows behind a position in that order.
pub(crate) fn behind(out: &mut Sql, orders: &[Order<'_>], position: &Position) {
    if let (Some(first), Some(value)) = (orders.first(), position.values.first())
        && *value != Value::Null
    {
        // Implied by what follows, but a bound that an index can use.
        out.sql(" AND ");
        if first.nullable {
            out.sql("(");
        }
        out.sql(first.column);
        out.sql(if first.descending { " <= " } else { " >= " });
        out.bind(value);
        if first.nullable {
            out.sql(" OR ");
            out.sql(first.column);
            out.sql(" IS NULL)");
        }
    }
    out.sql(" AND (");
    for (at, order) in orders.iter().enumerate() {
        equal_so_far(out, orders, position, at);
        later(out, order, position.values.get(at));
        out.sql(" OR ");
    }
    equal_so_far(out, orders, position, orders.len());
    out.sql(if ties_descend(orders) { "id < " } else { "id > " });
    out.bind(position.record.0);
    out.sql(")");
}

fn equal_so_far(out: &mut Sql, orders: &[Order<'_>], position: &Position, upto: usize) {
    for (order, value) in orders.iter().zip(&position.values).take(upto) {
        out.sql(order.column);
        match value {
            Value::Null => out.sql(" IS NULL AND "),
            value => {
                out.sql(" = ");
                out.bind(value);
                out.sql(" AND ");
            }
        }
    }
}

fn later(out: &mut Sql, order: &Order<'_>, value: Option<&Value>) {
    match value {
        None | Some(Value::Null) => out.sql("1 = 0"),
        Some(value) => {
            out.sql("(");
            out.sql(order.column);
            out.sql(if order.descending { " < " } else { " > " });
            out.bind(value);
            if order.nullable {
                out.sql(" OR ");
                out.sql(order.column);
                out.sql(" IS NULL");
            }
            out.sql(")");
        }
    }
}

/// The SQL type of a field's column.
pub(crate) fn column_type(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Boolean => "BOOLEAN",
        FieldKind::Integer { .. } | FieldKind::Decimal { .. } | FieldKind::Reference { .. } => "BIGINT",
        FieldKind::Text { .. }
        | FieldKind::Date
        | FieldKind::Code { .. }
        | FieldKind::Region { .. }
        | FieldKind::IdNumber
        | FieldKind::CreditCode => "TEXT",
    }
}
