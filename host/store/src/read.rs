//! Reads: one authorised plan, one statement, one JSON array.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use linli_model::{Classification, Date, Decimal, EntityType, Field, FieldKind, Mask, Origin, RecordNo, SubjectPath, Value, value};
use linli_scope::plan::{Output, Reach, Single, SortKey};
use linli_scope::position::Position;
use linli_scope::predicate::Operator;
use linli_scope::{Authorized, Check, Mode, Read, TokenKey};
use roaring::RoaringTreemap;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use crate::error::StoreError;
use crate::sql::{self, Binds, Order, Sink, Text};

/// A page of records as it leaves the store.
#[derive(Debug, Default)]
pub struct Rows {
    /// One JSON array of objects.
    pub json: String,
    /// How many.
    pub count: u64,
    /// Whom they concern.
    pub subjects: RoaringTreemap,
    /// Where the last row stands.
    pub last: Option<Position>,
    /// Whether there are more behind it.
    pub more: bool,
    /// The smallest region that holds all of them, as far as they say.
    pub region: Option<linli_model::RegionCode>,
    /// The highest classification on the labels of plugins' records.
    pub label: Option<Classification>,
}

/// What makes two reads the same statement.
#[derive(PartialEq, Eq, Hash)]
struct Shape {
    origin: (u64, usize),
    outputs: Vec<Output>,
    filter: Vec<(String, Operator, usize)>,
    sort: Vec<SortKey>,
    after: Option<Vec<bool>>,
    regions: Option<Vec<usize>>,
    own: bool,
    label: bool,
    single: Option<Option<String>>,
}

impl Shape {
    fn of(read: &Read) -> Self {
        Self {
            origin: read.bounds.origin,
            outputs: read.outputs.clone(),
            filter: read.filter.iter().map(|part| (part.field.clone(), part.operator, part.values.len())).collect(),
            sort: read.sort.clone(),
            after: read.after.as_ref().map(|after| after.values.iter().map(|value| *value == Value::Null).collect()),
            regions: match &read.bounds.regions {
                Reach::Everywhere => None,
                Reach::Within(regions) => Some(regions.iter().map(|region| region.as_str().len()).collect()),
            },
            own: read.bounds.own.is_some(),
            label: read.bounds.label.is_some(),
            single: read.single.as_ref().map(|single| match single {
                Single::Record(_) => None,
                Single::Key(field, _) => Some(field.clone()),
            }),
        }
    }
}

/// Statements by shape.
#[derive(Default)]
pub(crate) struct Statements {
    known: RwLock<HashMap<Shape, Arc<str>>>,
}

/// More shapes than a healthy host has; then all are forgotten.
const SHAPES_MAX: usize = 10_000;

impl Statements {
    fn text(&self, read: &Read, orders: &[Order<'_>]) -> Arc<str> {
        let shape = Shape::of(read);
        if let Some(text) = self.known.read().ok().and_then(|known| known.get(&shape).cloned()) {
            return text;
        }
        let mut text = Text::default();
        walk(&mut text, read, orders);
        let text: Arc<str> = text.sql.into();
        if let Ok(mut known) = self.known.write() {
            if known.len() >= SHAPES_MAX {
                known.clear();
            }
            known.insert(shape, text.clone());
        }
        text
    }
}

/// Columns before the outputs' own: the record number, and the version.
const ID: usize = 0;
const VERSION: usize = 1;
const OUTPUTS: usize = 2;

fn walk(sink: &mut impl Sink, read: &Read, orders: &[Order<'_>]) {
    let entity = &read.entity;
    sink.sql("SELECT id, version");
    for column in columns(read, orders) {
        sink.sql(", ");
        sink.sql(column);
    }
    sink.sql(" FROM ");
    sink.sql(&entity.table);
    sink.sql(" WHERE 1 = 1");
    match &read.single {
        None => {}
        Some(Single::Record(record)) => {
            sink.sql(" AND id = ");
            sink.bind(&Value::Reference(*record));
        }
        Some(Single::Key(field, value)) => {
            sink.sql(" AND ");
            sink.sql(field);
            sink.sql(" = ");
            sink.bind(value);
        }
    }
    sql::bounds(sink, entity, &read.bounds, read.today);
    for part in &read.filter {
        sink.sql(" AND ");
        sql::comparison(sink, entity, part, read.today);
    }
    if let Some(after) = &read.after {
        sql::behind(sink, orders, after);
    }
    if read.single.is_none() {
        sql::order_by(sink, orders);
    }
    sink.sql(" LIMIT ");
    sink.bind(&Value::Integer(i64::from(read.limit) + 1));
}

/// Outputs first (an age as its birth date), then sort columns, then subjects and labels.
fn columns<'a>(read: &'a Read, orders: &[Order<'a>]) -> Vec<&'a str> {
    let entity = &read.entity;
    let mut columns: Vec<&str> =
        read.outputs.iter().filter_map(|output| output_field(entity, *output)).map(|(field, _)| source_column(field)).collect();
    columns.extend(orders.iter().map(|order| order.column));
    columns.extend(entity.region_column());
    columns.extend(subject_columns(entity));
    if entity.is_labelled() {
        columns.extend(["label_class", "label_subjects"]);
    }
    columns
}

fn output_field(entity: &EntityType, output: Output) -> Option<(&Field, Mode)> {
    match output {
        Output::Field(index, mode) => entity.fields.get_index(index).map(|(_, field)| (field, mode)),
        Output::Id | Output::Version => None,
    }
}

fn source_column(field: &Field) -> &str {
    match &field.origin {
        Origin::AgeOf(source) => source,
        Origin::Stored | Origin::Implicit => &field.name,
    }
}

fn subject_columns(entity: &EntityType) -> impl Iterator<Item = &str> {
    entity.subjects.iter().filter_map(|subject| match subject {
        SubjectPath::Own => None,
        SubjectPath::Reference(name) => Some(name.as_str()),
    })
}

/// Runs a read.
pub(crate) async fn rows(
    pool: &SqlitePool,
    statements: &Statements,
    entity_number: &(dyn Fn(&str) -> Option<u16> + Sync),
    read: &Authorized<Read>,
) -> Result<Rows, StoreError> {
    let orders = sql::orders(&read.entity, &read.sort);
    let text = statements.text(read, &orders);
    let mut binds = Binds::default();
    walk(&mut binds, read, &orders);
    let found = sqlx::query_with(AssertSqlSafe(text), binds.0).fetch_all(pool).await?;
    Collector { read, orders: &orders, entity_number }.collect(&found)
}

struct Collector<'a> {
    read: &'a Read,
    orders: &'a [Order<'a>],
    entity_number: &'a (dyn Fn(&str) -> Option<u16> + Sync),
}

impl Collector<'_> {
    fn collect(&self, found: &[SqliteRow]) -> Result<Rows, StoreError> {
        let limit = self.read.limit as usize;
        let mut rows = Rows { more: found.len() > limit, json: String::with_capacity(found.len() * 160 + 2), ..Rows::default() };
        rows.json.push('[');
        for row in found.iter().take(limit) {
            if rows.count > 0 {
                rows.json.push(',');
            }
            rows.count += 1;
            self.write(row, &mut rows.json)?;
            self.account(row, &mut rows)?;
        }
        rows.json.push(']');
        if let Some(last) = found.get(..limit.min(found.len())).and_then(<[SqliteRow]>::last) {
            rows.last = Some(self.position(last)?);
        }
        Ok(rows)
    }

    fn write(&self, row: &SqliteRow, out: &mut String) -> Result<(), StoreError> {
        let read = self.read;
        let mut column = OUTPUTS;
        for (at, output) in read.outputs.iter().enumerate() {
            out.push(if at == 0 { '{' } else { ',' });
            match *output {
                Output::Id => {
                    out.push_str("\"id\":\"");
                    read.tokens.seal(read.entity.number, RecordNo(row.try_get(ID)?), out);
                    out.push('"');
                }
                Output::Version => {
                    out.push_str("\"version\":");
                    value::write_integer(row.try_get(VERSION)?, out);
                }
                Output::Field(..) => {
                    let Some((field, mode)) = output_field(&read.entity, *output) else { continue };
                    out.push('"');
                    out.push_str(&field.name);
                    out.push_str("\":");
                    self.write_field(row, column, field, mode, out)?;
                    column += 1;
                }
            }
        }
        out.push('}');
        Ok(())
    }

    fn write_field(&self, row: &SqliteRow, column: usize, field: &Field, mode: Mode, out: &mut String) -> Result<(), StoreError> {
        let mask = match mode {
            Mode::Plain => None,
            // A field without a rule can't be granted masked; were it, nothing shows.
            Mode::Masked | Mode::Check => Some(field.mask.unwrap_or(Mask::Phone)),
        };
        if field.kind.is_text() {
            let Some(text) = row.try_get::<Option<&str>, _>(column)? else {
                out.push_str("null");
                return Ok(());
            };
            match mask {
                Some(mask) => {
                    let mut masked = String::new();
                    mask.apply(text, &mut masked);
                    value::write_text(&masked, out);
                }
                None => value::write_text(text, out),
            }
            return Ok(());
        }
        match cell(row, column, field)? {
            _ if mask.is_some() => out.push_str("null"),
            Value::Date(birth) if matches!(field.origin, Origin::AgeOf(_)) => value::write_integer(birth.age_on(self.read.today), out),
            Value::Reference(record) => self.write_reference(field, record, out),
            value => value.write_json(out),
        }
        Ok(())
    }

    fn write_reference(&self, field: &Field, record: RecordNo, out: &mut String) {
        let number = match &field.kind {
            FieldKind::Reference { entity } => (self.entity_number)(entity),
            _ => None,
        };
        match number {
            Some(number) => {
                out.push('"');
                let tokens: &TokenKey = &self.read.tokens;
                tokens.seal(number, record, out);
                out.push('"');
            }
            None => out.push_str("null"),
        }
    }

    /// Whom the row concerns, where it lies, what its label says.
    fn account(&self, row: &SqliteRow, rows: &mut Rows) -> Result<(), StoreError> {
        let entity = &self.read.entity;
        let shown = self.read.outputs.iter().filter(|output| matches!(output, Output::Field(..))).count();
        let mut column = OUTPUTS + shown + self.orders.len();
        if entity.region_column().is_some() {
            let region = row.try_get::<Option<&str>, _>(column)?.and_then(|code| code.parse().ok());
            rows.region = match (rows.region.take(), region) {
                (Some(one), Some(other)) => one.common(&other),
                (one, other) => one.or(other),
            };
            column += 1;
        }
        for subject in &entity.subjects {
            match subject {
                SubjectPath::Own => drop(rows.subjects.insert(row.try_get::<i64, _>(ID)?.unsigned_abs())),
                SubjectPath::Reference(_) => {
                    if let Some(record) = row.try_get::<Option<i64>, _>(column)? {
                        rows.subjects.insert(record.unsigned_abs());
                    }
                    column += 1;
                }
            }
        }
        if entity.is_labelled() {
            rows.label = rows.label.max(classification(row.try_get(column)?));
            if let Some(subjects) = row.try_get::<Option<&[u8]>, _>(column + 1)? {
                rows.subjects |= bitmap(subjects)?;
            }
        }
        Ok(())
    }

    fn position(&self, row: &SqliteRow) -> Result<Position, StoreError> {
        let shown = self.read.outputs.iter().filter(|output| matches!(output, Output::Field(..))).count();
        let mut values = Vec::with_capacity(self.orders.len());
        for (at, order) in self.orders.iter().enumerate() {
            let field = self.read.entity.field(order.column).ok_or_else(|| StoreError::damaged(order.column, "no such field"))?;
            values.push(cell(row, OUTPUTS + shown + at, field)?);
        }
        Ok(Position { values, record: RecordNo(row.try_get(ID)?) })
    }
}

/// One cell as a value. The cell of a derived field is that of its source.
pub(crate) fn cell(row: &SqliteRow, column: usize, field: &Field) -> Result<Value, StoreError> {
    let number = |make: fn(i64) -> Value| row.try_get::<Option<i64>, _>(column).map(|cell| cell.map_or(Value::Null, make));
    Ok(match &field.kind {
        _ if matches!(field.origin, Origin::AgeOf(_)) => date(row, column)?,
        FieldKind::Boolean => row.try_get::<Option<bool>, _>(column)?.map_or(Value::Null, Value::Boolean),
        FieldKind::Integer { .. } => number(Value::Integer)?,
        FieldKind::Reference { .. } => number(|record| Value::Reference(RecordNo(record)))?,
        FieldKind::Decimal { scale } => {
            row.try_get::<Option<i64>, _>(column)?.map_or(Value::Null, |units| Value::Decimal(Decimal { units, scale: *scale }))
        }
        FieldKind::Date => date(row, column)?,
        FieldKind::Text { .. } | FieldKind::Code { .. } | FieldKind::Region { .. } | FieldKind::IdNumber => {
            row.try_get::<Option<String>, _>(column)?.map_or(Value::Null, Value::Text)
        }
    })
}

fn date(row: &SqliteRow, column: usize) -> Result<Value, StoreError> {
    match row.try_get::<Option<&str>, _>(column)? {
        None => Ok(Value::Null),
        Some(text) => text.parse::<Date>().map(Value::Date).map_err(|reason| StoreError::damaged("a stored date", reason)),
    }
}

fn classification(rank: i64) -> Option<Classification> {
    [Classification::Public, Classification::Internal, Classification::Personal, Classification::Sensitive]
        .into_iter()
        .find(|class| class.rank() == rank)
}

pub(crate) fn bitmap(bytes: &[u8]) -> Result<RoaringTreemap, StoreError> {
    if bytes.is_empty() {
        return Ok(RoaringTreemap::new());
    }
    RoaringTreemap::deserialize_from(bytes).map_err(|reason| StoreError::damaged("a stored set of subjects", reason))
}

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// Whether the predicate holds; unknown is no.
    pub holds: bool,
    /// Whom it concerned.
    pub subjects: RoaringTreemap,
    /// Where the record lies.
    pub region: Option<linli_model::RegionCode>,
}

/// Runs a check; none where there is no such record within reach.
pub(crate) async fn check(pool: &SqlitePool, check: &Authorized<Check>) -> Result<Option<Checked>, StoreError> {
    let entity = &check.entity;
    let mut both = sql::Both::default();
    both.sql("SELECT CASE WHEN ");
    sql::expression(&mut both, entity, &check.predicate, check.today);
    both.sql(" THEN 1 ELSE 0 END, ");
    both.sql(entity.region_column().unwrap_or("NULL"));
    for column in subject_columns(entity) {
        both.sql(", ");
        both.sql(column);
    }
    both.sql(" FROM ");
    both.sql(&entity.table);
    both.sql(" WHERE id = ");
    both.bind(&Value::Reference(check.record));
    sql::bounds(&mut both, entity, &check.bounds, check.today);
    let found = sqlx::query_with(AssertSqlSafe(both.text.sql), both.binds.0).fetch_optional(pool).await?;
    let Some(row) = found else { return Ok(None) };
    let mut subjects = RoaringTreemap::new();
    if entity.subjects.contains(&SubjectPath::Own) {
        subjects.insert(check.record.0.unsigned_abs());
    }
    for (at, _) in subject_columns(entity).enumerate() {
        subjects.extend(row.try_get::<Option<i64>, _>(at + 2)?.map(i64::unsigned_abs));
    }
    let region = row.try_get::<Option<&str>, _>(1)?.and_then(|code| code.parse().ok());
    Ok(Some(Checked { holds: row.try_get::<i64, _>(0)? == 1, subjects, region }))
}
