//! Reads: one authorised plan, one statement, one JSON array.

use linli_model::{Classification, Date, Decimal, EntityType, Extent, Field, FieldKind, Origin, RecordNo, SubjectPath, Value, value};
use linli_scope::plan::{Output, Single};
use linli_scope::position::Position;
use linli_scope::{Authorized, Check, Mode, Read, TokenKey};
use roaring::RoaringTreemap;

use crate::database::{Cells, Readers, Row};
use crate::error::StoreError;
use crate::label::{self, Kept};
use crate::sql::{self, Order, Sql};

/// A page of records as it leaves the store.
#[derive(Debug, Default)]
pub struct Rows {
    /// One JSON array of objects.
    pub json: String,
    /// How many.
    pub count: u64,
    /// Whom they concern.
    pub subjects: RoaringTreemap,
    /// Where the last row stands, if there may be more behind it.
    pub last: Option<Position>,
    /// Whether there are more behind it.
    pub more: bool,
    /// The smallest region that holds all of them and all that their labels say.
    pub region: Extent,
    /// The highest classification on the labels of plugins' records.
    pub label: Option<Classification>,
}

/// Columns before the outputs' own: the record number, and the version.
const ID: usize = 0;
const VERSION: usize = 1;
const OUTPUTS: usize = 2;

fn statement(read: &Read, orders: &[Order<'_>]) -> Sql {
    let mut out = Sql::default();
    let entity = &read.entity;
    out.sql("SELECT id, version");
    for column in columns(read, orders) {
        out.sql(", ");
        out.sql(column);
    }
    out.sql(" FROM ");
    out.sql(&entity.table);
    out.sql(" WHERE 1 = 1");
    match &read.single {
        None => {}
        Some(Single::Record(record)) => {
            out.sql(" AND id = ");
            out.bind(record.0);
        }
        Some(Single::Key(field, value)) => {
            out.sql(" AND ");
            out.sql(field);
            out.sql(" = ");
            out.bind(value);
        }
    }
    sql::bounds(&mut out, entity, &read.bounds, read.today);
    for part in &read.filter {
        out.sql(" AND ");
        sql::comparison(&mut out, entity, part, read.today);
    }
    if let Some(after) = &read.after {
        sql::behind(&mut out, orders, after);
    }
    if read.single.is_none() {
        sql::order_by(&mut out, orders);
    }
    out.sql(" LIMIT ");
    out.bind(i64::from(read.limit) + 1);
    out
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
        columns.extend(label::COLUMNS);
    }
    columns
}

fn output_field(entity: &EntityType, output: Output) -> Option<(&Field, Mode)> {
    match output {
        Output::Field(index, mode) => entity.fields.get_index(index).map(|(_, field)| (field, mode)),
        Output::Id | Output::Version => None,
    }
}

/// The column that holds a field, or that it is derived from.
pub(crate) fn source_column(field: &Field) -> &str {
    match &field.origin {
        Origin::AgeOf(source) => source,
        Origin::Stored | Origin::Implicit => &field.name,
    }
}

pub(crate) fn subject_columns(entity: &EntityType) -> impl Iterator<Item = &str> {
    entity.subjects.iter().filter_map(|subject| match subject {
        SubjectPath::Own => None,
        SubjectPath::Reference(name) => Some(name.as_str()),
    })
}

/// Runs a read.
pub(crate) async fn rows(
    readers: &Readers,
    entity_number: &(dyn Fn(&str) -> Option<u16> + Sync),
    read: &Authorized<Read>,
) -> Result<Rows, StoreError> {
    let orders = sql::orders(&read.entity, &read.sort);
    let statement = statement(read, &orders);
    let shown = read.outputs.iter().filter(|output| matches!(output, Output::Field(..))).count();
    let writer = RowWriter { read, orders: &orders, entity_number, shown };
    let start = || {
        let mut rows = Rows { json: String::with_capacity(4_096), ..Rows::default() };
        rows.json.push('[');
        rows
    };
    let mut rows = readers.fold(&statement.text, &statement.binds, start, |rows, row| writer.add(row, rows)).await?;
    rows.json.push(']');
    Ok(rows)
}

/// Writes rows of one read as JSON.
struct RowWriter<'a> {
    read: &'a Read,
    orders: &'a [Order<'a>],
    entity_number: &'a (dyn Fn(&str) -> Option<u16> + Sync),
    /// How many fields are shown.
    shown: usize,
}

impl RowWriter<'_> {
    fn add(&self, row: &impl Cells, rows: &mut Rows) -> Result<(), StoreError> {
        let limit = u64::from(self.read.limit);
        if rows.count == limit {
            rows.more = true;
            return Ok(());
        }
        if rows.count > 0 {
            rows.json.push(',');
        }
        rows.count += 1;
        if rows.count == limit {
            rows.last = Some(self.position(row)?);
        }
        self.write(row, &mut rows.json)?;
        self.account(row, rows)
    }

    fn write(&self, row: &impl Cells, out: &mut String) -> Result<(), StoreError> {
        let read = self.read;
        let mut column = OUTPUTS;
        for (at, output) in read.outputs.iter().enumerate() {
            out.push(if at == 0 { '{' } else { ',' });
            match *output {
                Output::Id => {
                    out.push_str("\"id\":\"");
                    read.tokens.seal(read.entity.number, RecordNo(row.integer(ID)?), out);
                    out.push('"');
                }
                Output::Version => {
                    out.push_str("\"version\":");
                    value::write_integer(row.integer(VERSION)?, out);
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

    fn write_field(&self, row: &impl Cells, column: usize, field: &Field, mode: Mode, out: &mut String) -> Result<(), StoreError> {
        let mask = match (mode, field.mask) {
            (Mode::Plain, _) => None,
            (Mode::Masked, Some(mask)) => Some(mask),
            // No read is authorised for these; were one, nothing shows.
            (Mode::Masked, None) | (Mode::Check | Mode::Aggregate, _) => {
                out.push_str("null");
                return Ok(());
            }
        };
        if field.kind.is_text() {
            let Some(text) = row.optional_text(column)? else {
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
    fn account(&self, row: &impl Cells, rows: &mut Rows) -> Result<(), StoreError> {
        let entity = &self.read.entity;
        let mut column = OUTPUTS + self.shown + self.orders.len();
        if entity.region_column().is_some() {
            let code = row.optional_text(column)?;
            // Most rows lie in what the rows before have in common.
            if code.is_none_or(|code| !rows.region.holds(code)) {
                rows.region.widen(code.map_or(Extent::Everywhere, label::lies_in));
            }
            column += 1;
        }
        for subject in &entity.subjects {
            match subject {
                SubjectPath::Own => drop(rows.subjects.insert(row.integer(ID)?.unsigned_abs())),
                SubjectPath::Reference(_) => {
                    if let Some(record) = row.optional_integer(column)? {
                        rows.subjects.insert(record.unsigned_abs());
                    }
                    column += 1;
                }
            }
        }
        if entity.is_labelled() {
            let label = Kept::read(row, column)?;
            rows.label = rows.label.max(Some(label.class));
            rows.subjects |= label.subjects;
            rows.region.widen(label.region);
        }
        Ok(())
    }

    fn position(&self, row: &impl Cells) -> Result<Position, StoreError> {
        let mut values = Vec::with_capacity(self.orders.len());
        for (at, order) in self.orders.iter().enumerate() {
            let field = self.read.entity.field(order.column).ok_or_else(|| StoreError::damaged(order.column, "no such field"))?;
            values.push(cell(row, OUTPUTS + self.shown + at, field)?);
        }
        Ok(Position { values, record: RecordNo(row.integer(ID)?) })
    }
}

/// One cell as a value. The cell of a derived field is that of its source.
pub(crate) fn cell(row: &impl Cells, column: usize, field: &Field) -> Result<Value, StoreError> {
    let number = |make: fn(i64) -> Value| row.optional_integer(column).map(|cell| cell.map_or(Value::Null, make));
    Ok(match &field.kind {
        _ if matches!(field.origin, Origin::AgeOf(_)) => date(row, column)?,
        FieldKind::Boolean => row.optional_integer(column)?.map_or(Value::Null, |flag| Value::Boolean(flag != 0)),
        FieldKind::Integer { .. } => number(Value::Integer)?,
        FieldKind::Reference { .. } => number(|record| Value::Reference(RecordNo(record)))?,
        FieldKind::Decimal { scale } => {
            row.optional_integer(column)?.map_or(Value::Null, |units| Value::Decimal(Decimal { units, scale: *scale }))
        }
        FieldKind::Date => date(row, column)?,
        FieldKind::Text { .. } | FieldKind::Code { .. } | FieldKind::Region { .. } | FieldKind::IdNumber | FieldKind::CreditCode => {
            row.optional_text(column)?.map_or(Value::Null, |text| Value::Text(text.to_owned()))
        }
    })
}

fn date(row: &impl Cells, column: usize) -> Result<Value, StoreError> {
    match row.optional_text(column)? {
        None => Ok(Value::Null),
        Some(text) => text.parse::<Date>().map(Value::Date).map_err(|reason| StoreError::damaged("a stored date", reason)),
    }
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
    /// The smallest region that holds the record and all that its label says.
    pub region: Extent,
    /// The classification on the label of a plugin's record.
    pub label: Option<Classification>,
}

/// Runs a check; none where there is no such record within reach.
pub(crate) async fn check(readers: &Readers, check: &Authorized<Check>) -> Result<Option<Checked>, StoreError> {
    let entity = &check.entity;
    let mut out = Sql::default();
    out.sql("SELECT CASE WHEN ");
    sql::expression(&mut out, entity, &check.predicate, check.today);
    out.sql(" THEN 1 ELSE 0 END, ");
    out.sql(entity.region_column().unwrap_or("NULL"));
    for column in subject_columns(entity).chain(label::COLUMNS.into_iter().filter(|_| entity.is_labelled())) {
        out.sql(", ");
        out.sql(column);
    }
    out.sql(" FROM ");
    out.sql(&entity.table);
    out.sql(" WHERE id = ");
    out.bind(check.record.0);
    sql::bounds(&mut out, entity, &check.bounds, check.today);
    let checked = |row: &Row<'_>| {
        let mut subjects = RoaringTreemap::new();
        if entity.subjects.contains(&SubjectPath::Own) {
            subjects.insert(check.record.0.unsigned_abs());
        }
        for (at, _) in subject_columns(entity).enumerate() {
            subjects.extend(row.optional_integer(at + 2)?.map(i64::unsigned_abs));
        }
        let mut region = Extent::Nowhere;
        if entity.region_column().is_some() {
            region.widen(row.optional_text(1)?.map_or(Extent::Everywhere, label::lies_in));
        }
        let mut label = None;
        if entity.is_labelled() {
            let kept = Kept::read(row, 2 + subject_columns(entity).count())?;
            label = Some(kept.class);
            subjects |= kept.subjects;
            region.widen(kept.region);
        }
        Ok(Checked { holds: row.integer(0)? == 1, subjects, region, label })
    };
    readers.first(&out.text, &out.binds, checked).await
}
