//! Predicates and bounds as SQL.
//!
//! One walk over the authorised plan serves two sinks: [`Text`] writes the statement with numbered
//! placeholders, [`Binds`] collects the values in the same order. A statement is written once per query
//! shape and then found in a cache; the values are collected anew each time. Identifiers come from checked schemas
//! only; nothing that a caller says ever becomes SQL text.

use linli_model::{Date, EntityType, FieldKind, Origin, Value, entity, region};
use linli_scope::plan::{Bounds, LabelRule, Reach};
use linli_scope::position::Position;
use linli_scope::predicate::{Comparison, Operator, Predicate};
use sqlx::Arguments as _;
use sqlx::sqlite::SqliteArguments;

/// Where a walk goes.
pub(crate) trait Sink {
    /// Statement text.
    fn sql(&mut self, text: &str);
    /// A value in its place.
    fn bind(&mut self, value: &Value);
}

/// Writes the statement.
#[derive(Default)]
pub(crate) struct Text {
    pub sql: String,
    binds: usize,
}

impl Sink for Text {
    fn sql(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    fn bind(&mut self, _value: &Value) {
        self.binds += 1;
        self.sql.push('$');
        self.sql.push_str(&self.binds.to_string());
    }
}

/// Collects the values.
#[derive(Default)]
pub(crate) struct Binds(pub SqliteArguments);

impl Sink for Binds {
    fn sql(&mut self, _text: &str) {}

    fn bind(&mut self, value: &Value) {
        bind(&mut self.0, value);
    }
}

/// Binds one value. SQLite takes any of these types, so that there is no error to report.
pub(crate) fn bind(arguments: &mut SqliteArguments, value: &Value) {
    let _ = match value {
        Value::Null => arguments.add(None::<i64>),
        Value::Boolean(value) => arguments.add(*value),
        Value::Integer(number) => arguments.add(*number),
        Value::Decimal(decimal) => arguments.add(decimal.units),
        Value::Text(text) => arguments.add(text.clone()),
        Value::Date(date) => arguments.add(date.to_string()),
        Value::Reference(record) => arguments.add(record.0),
    };
}

/// Both sinks at once, for statements that are not cached.
#[derive(Default)]
pub(crate) struct Both {
    pub text: Text,
    pub binds: Binds,
}

impl Sink for Both {
    fn sql(&mut self, text: &str) {
        self.text.sql(text);
    }

    fn bind(&mut self, value: &Value) {
        self.text.bind(value);
        self.binds.bind(value);
    }
}

/// `SQL AND SQL …` of everything that bounds a record, beginning with ` AND ` where there is something.
pub(crate) fn bounds(sink: &mut impl Sink, entity: &EntityType, bounds: &Bounds, today: Date) {
    conjunct(sink, entity, &bounds.condition, today);
    reach(sink, entity, &bounds.regions);
    if let Some(own) = bounds.own {
        sink.sql(" AND id = ");
        sink.bind(&Value::Reference(own));
    }
    if let Some(rule) = &bounds.label {
        label(sink, rule);
    }
}

/// ` AND (…)` of a predicate, or nothing where it holds of everything.
pub(crate) fn conjunct(sink: &mut impl Sink, entity: &EntityType, condition: &Predicate, today: Date) {
    match condition {
        Predicate::All(parts) => parts.iter().for_each(|part| conjunct(sink, entity, part, today)),
        Predicate::Compare(compared) => {
            sink.sql(" AND ");
            comparison(sink, entity, compared, today);
        }
    }
}

/// A predicate as one expression.
pub(crate) fn expression(sink: &mut impl Sink, entity: &EntityType, condition: &Predicate, today: Date) {
    sink.sql("(1 = 1");
    conjunct(sink, entity, condition, today);
    sink.sql(")");
}

/// One comparison as one expression.
pub(crate) fn comparison(sink: &mut impl Sink, entity: &EntityType, compared: &Comparison, today: Date) {
    match entity.field(&compared.field).map(|field| &field.origin) {
        Some(Origin::AgeOf(source)) => age(sink, source, compared, today),
        _ => column(sink, compared),
    }
}

fn column(sink: &mut impl Sink, compared: &Comparison) {
    let name = compared.field.as_str();
    let sign = match compared.operator {
        Operator::Equal => " = ",
        Operator::NotEqual => " <> ",
        Operator::Less => " < ",
        Operator::LessOrEqual => " <= ",
        Operator::Greater => " > ",
        Operator::GreaterOrEqual => " >= ",
        Operator::In => return listed(sink, name, &compared.values),
        Operator::Prefix => return prefix(sink, name, compared.values.first()),
        Operator::Has => {
            sink.sql(name);
            return sink.sql(" IS NOT NULL");
        }
    };
    sink.sql(name);
    sink.sql(sign);
    compared.values.iter().take(1).for_each(|value| sink.bind(value));
}

fn listed(sink: &mut impl Sink, name: &str, values: &[Value]) {
    sink.sql(name);
    sink.sql(" IN (");
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            sink.sql(", ");
        }
        sink.bind(value);
    }
    sink.sql(")");
}

/// A prefix as a range, so that an index serves and no pattern sign means anything.
fn prefix(sink: &mut impl Sink, name: &str, value: Option<&Value>) {
    let Some(Value::Text(start)) = value else { return sink.sql("1 = 0") };
    sink.sql("(");
    sink.sql(name);
    sink.sql(" >= ");
    sink.bind(&Value::Text(start.clone()));
    sink.sql(" AND ");
    sink.sql(name);
    sink.sql(" < ");
    sink.bind(&Value::Text(successor(start)));
    sink.sql(")");
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
fn age(sink: &mut impl Sink, source: &str, compared: &Comparison, today: Date) {
    let years = |value: &Value| match value {
        Value::Integer(years) => *years,
        _ => i64::MAX,
    };
    let first = compared.values.first().map_or(i64::MAX, years);
    match compared.operator {
        Operator::GreaterOrEqual => born(sink, source, " <= ", first, today),
        Operator::Greater => born(sink, source, " <= ", first.saturating_add(1), today),
        Operator::Less => born(sink, source, " > ", first, today),
        Operator::LessOrEqual => born(sink, source, " > ", first.saturating_add(1), today),
        Operator::Equal => exactly(sink, source, first, today),
        Operator::NotEqual => {
            sink.sql("NOT ");
            exactly(sink, source, first, today);
        }
        Operator::In => {
            sink.sql("(");
            for (at, value) in compared.values.iter().enumerate() {
                if at > 0 {
                    sink.sql(" OR ");
                }
                exactly(sink, source, years(value), today);
            }
            sink.sql(")");
        }
        Operator::Has => {
            sink.sql(source);
            sink.sql(" IS NOT NULL");
        }
        Operator::Prefix => sink.sql("1 = 0"),
    }
}

fn exactly(sink: &mut impl Sink, source: &str, years: i64, today: Date) {
    sink.sql("(");
    born(sink, source, " <= ", years, today);
    sink.sql(" AND ");
    born(sink, source, " > ", years.saturating_add(1), today);
    sink.sql(")");
}

/// Ages below 0 and beyond all calendars become texts before and behind every date.
fn born(sink: &mut impl Sink, source: &str, sign: &str, years: i64, today: Date) {
    sink.sql(source);
    sink.sql(sign);
    let edge = match years {
        ..=0 => "9999".to_owned(),
        years => today.born_by(years).map_or_else(|| "0000".to_owned(), |date| date.to_string()),
    };
    sink.bind(&Value::Text(edge));
}

fn reach(sink: &mut impl Sink, entity: &EntityType, reach: &Reach) {
    let (Reach::Within(regions), Some(grid)) = (reach, entity.region_column()) else { return };
    if regions.is_empty() {
        return sink.sql(" AND 1 = 0");
    }
    sink.sql(" AND (");
    for (at, within) in regions.iter().enumerate() {
        if at > 0 {
            sink.sql(" OR ");
        }
        let code = within.as_str();
        let exact = match code.len() {
            region::GRID_DIGITS => Some(grid),
            region::COMMUNITY_DIGITS => Some(entity::COMMUNITY),
            _ => None,
        };
        if let Some(column) = exact {
            sink.sql(column);
            sink.sql(" = ");
            sink.bind(&Value::Text(code.to_owned()));
            continue;
        }
        sink.sql("(community >= ");
        sink.bind(&Value::Text(code.to_owned()));
        sink.sql(" AND community < ");
        sink.bind(&Value::Text(within.end()));
        sink.sql(")");
    }
    sink.sql(")");
}

fn label(sink: &mut impl Sink, rule: &LabelRule) {
    sink.sql(" AND label_purpose = ");
    sink.bind(&Value::Text(rule.purpose.clone()));
    sink.sql(" AND label_class <= ");
    sink.bind(&Value::Integer(rule.clearance.rank()));
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
pub(crate) fn order_by(sink: &mut impl Sink, orders: &[Order<'_>]) {
    sink.sql(" ORDER BY ");
    for order in orders {
        if order.nullable {
            sink.sql(order.column);
            sink.sql(" IS NULL, ");
        }
        sink.sql(order.column);
        sink.sql(if order.descending { " DESC, " } else { ", " });
    }
    sink.sql(if ties_descend(orders) { "id DESC" } else { "id" });
}

fn ties_descend(orders: &[Order<'_>]) -> bool {
    orders.last().is_some_and(|order| order.descending)
}

/// ` AND (…)`: only rows behind a position in that order.
pub(crate) fn behind(sink: &mut impl Sink, orders: &[Order<'_>], position: &Position) {
    if let (Some(first), Some(value)) = (orders.first(), position.values.first())
        && *value != Value::Null
    {
        // Implied by what follows, but a bound that an index can use.
        sink.sql(" AND ");
        if first.nullable {
            sink.sql("(");
        }
        sink.sql(first.column);
        sink.sql(if first.descending { " <= " } else { " >= " });
        sink.bind(value);
        if first.nullable {
            sink.sql(" OR ");
            sink.sql(first.column);
            sink.sql(" IS NULL)");
        }
    }
    sink.sql(" AND (");
    for (at, order) in orders.iter().enumerate() {
        equal_so_far(sink, orders, position, at);
        later(sink, order, position.values.get(at));
        sink.sql(" OR ");
    }
    equal_so_far(sink, orders, position, orders.len());
    sink.sql(if ties_descend(orders) { "id < " } else { "id > " });
    sink.bind(&Value::Reference(position.record));
    sink.sql(")");
}

fn equal_so_far(sink: &mut impl Sink, orders: &[Order<'_>], position: &Position, upto: usize) {
    for (order, value) in orders.iter().zip(&position.values).take(upto) {
        sink.sql(order.column);
        match value {
            Value::Null => sink.sql(" IS NULL AND "),
            value => {
                sink.sql(" = ");
                sink.bind(value);
                sink.sql(" AND ");
            }
        }
    }
}

fn later(sink: &mut impl Sink, order: &Order<'_>, value: Option<&Value>) {
    match value {
        None | Some(Value::Null) => sink.sql("1 = 0"),
        Some(value) => {
            sink.sql("(");
            sink.sql(order.column);
            sink.sql(if order.descending { " < " } else { " > " });
            sink.bind(value);
            if order.nullable {
                sink.sql(" OR ");
                sink.sql(order.column);
                sink.sql(" IS NULL");
            }
            sink.sql(")");
        }
    }
}

/// The SQL type of a field's column.
pub(crate) fn column_type(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Boolean => "BOOLEAN",
        FieldKind::Integer { .. } | FieldKind::Decimal { .. } | FieldKind::Reference { .. } => "BIGINT",
        FieldKind::Text { .. } | FieldKind::Date | FieldKind::Code { .. } | FieldKind::Region { .. } | FieldKind::IdNumber => "TEXT",
    }
}
