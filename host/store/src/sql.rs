//! Predicates and bounds as SQL.
//!
//! Identifiers come from checked schemas only, and every value is bound in its place: nothing that a caller says ever
//! becomes SQL text. The same question has the same text, so each connection has it prepared.

use linli_model::{Date, EntityType, FieldKind, Origin, RegionTree, Span, Value, entity, region, value};
use linli_scope::plan::{Bounds, LabelRule, Reach};
use linli_scope::position::Position;
use linli_scope::predicate::{Comparison, Operator, Predicate};

use crate::database::Bind;

/// A statement under way: its text with numbered placeholders, and the values in their places.
#[derive(Default)]
pub(crate) struct Sql {
    pub text: String,
    pub binds: Vec<Bind<'static>>,
}

impl Sql {
    pub fn sql(&mut self, text: &str) {
        self.text.push_str(text);
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
        out.sql(" AND id = ");
        out.bind(own.0);
    }
    if let Some(rule) = &bounds.label {
        label(out, rule, regions);
    }
}

/// ` AND (…)` of a predicate, or nothing where it holds of everything.
pub(crate) fn conjunct(out: &mut Sql, entity: &EntityType, condition: &Predicate, today: Date) {
    match condition {
        Predicate::All(parts) => parts.iter().for_each(|part| conjunct(out, entity, part, today)),
        Predicate::Compare(compared) => {
            out.sql(" AND ");
            comparison(out, entity, compared, today);
        }
    }
}

/// A predicate as one expression.
pub(crate) fn expression(out: &mut Sql, entity: &EntityType, condition: &Predicate, today: Date) {
    out.sql("(1 = 1");
    conjunct(out, entity, condition, today);
    out.sql(")");
}

/// One comparison as one expression.
pub(crate) fn comparison(out: &mut Sql, entity: &EntityType, compared: &Comparison, today: Date) {
    match entity.field(&compared.field).map(|field| &field.origin) {
        Some(Origin::AgeOf(source)) => age(out, source, compared, today),
        _ => column(out, compared),
    }
}

fn column(out: &mut Sql, compared: &Comparison) {
    let name = compared.field.as_str();
    let sign = match compared.operator {
        Operator::Equal => " = ",
        Operator::NotEqual => " <> ",
        Operator::Less => " < ",
        Operator::LessOrEqual => " <= ",
        Operator::Greater => " > ",
        Operator::GreaterOrEqual => " >= ",
        Operator::In => return listed(out, name, &compared.values),
        Operator::Prefix => return prefix(out, name, compared.values.first()),
        Operator::Has => {
            out.sql(name);
            return out.sql(" IS NOT NULL");
        }
    };
    out.sql(name);
    out.sql(sign);
    compared.values.iter().take(1).for_each(|value| out.bind(value));
}

fn listed(out: &mut Sql, name: &str, values: &[Value]) {
    out.sql(name);
    out.sql(" IN (");
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.sql(", ");
        }
        out.bind(value);
    }
    out.sql(")");
}

/// A prefix as a range, so that an index serves and no pattern sign means anything.
fn prefix(out: &mut Sql, name: &str, value: Option<&Value>) {
    let Some(Value::Text(start)) = value else { return out.sql("1 = 0") };
    out.sql("(");
    out.sql(name);
    out.sql(" >= ");
    out.bind(start.clone());
    out.sql(" AND ");
    out.sql(name);
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
    let years = |value: &Value| match value {
        Value::Integer(years) => *years,
        _ => i64::MAX,
    };
    let first = compared.values.first().map_or(i64::MAX, years);
    match compared.operator {
        Operator::GreaterOrEqual => born(out, source, " <= ", first, today),
        Operator::Greater => born(out, source, " <= ", first.saturating_add(1), today),
        Operator::Less => born(out, source, " > ", first, today),
        Operator::LessOrEqual => born(out, source, " > ", first.saturating_add(1), today),
        Operator::Equal => exactly(out, source, first, today),
        Operator::NotEqual => {
            out.sql("NOT ");
            exactly(out, source, first, today);
        }
        Operator::In => {
            out.sql("(");
            for (at, value) in compared.values.iter().enumerate() {
                if at > 0 {
                    out.sql(" OR ");
                }
                exactly(out, source, years(value), today);
            }
            out.sql(")");
        }
        Operator::Has => {
            out.sql(source);
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
    out.sql(source);
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
                out.sql(column);
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
    out.sql(column);
    out.sql(" >= ");
    out.bind(&span.from);
    out.sql(" AND ");
    out.sql(column);
    out.sql(" < ");
    out.bind(&span.to);
    out.sql(")");
}

fn label(out: &mut Sql, rule: &LabelRule, tree: &RegionTree) {
    out.sql(" AND label_purpose = ");
    out.bind(rule.purpose.clone());
    out.sql(" AND label_class <= ");
    out.bind(rule.clearance.rank());
    out.sql(" AND (label_region IS NULL");
    for span in tree.area(&rule.regions) {
        out.sql(" OR ");
        lies_in(out, "label_region", &span);
        if span.region().is_none() {
            // A label's region may be larger than what is left of the span: all of it must lie within.
            out.sql(" AND label_region || ':' <= ");
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
