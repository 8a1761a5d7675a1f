//! Reads: one authorised plan, one statement, one JSON array.

use linli_model::{
    Classification, Date, Decimal, EntityType, Extent, Field, FieldKind, Origin, RecordNo, RegionTree, SubjectPath, Value, entity, value,
};
use linli_scope::plan::{Link, Output, Single};
use linli_scope::position::Position;
use linli_scope::{Authorized, Check, Mode, Read, TokenKey};
use roaring::RoaringTreemap;

use crate::database::{Cells, Readers, Row};
use crate::error::StoreError;
use crate::label::{self, Kept};
use crate::relation;
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
    /// Which records each link of the read led to.
    pub linked: Vec<RoaringTreemap>,
    /// The smallest region that holds all of them and all that their labels say.
    pub region: Extent,
    /// The highest classification on the labels of plugins' records.
    pub label: Option<Classification>,
}

impl Rows {
    /// What the label of a row says, said of the page.
    fn carry(&mut self, label: Kept) {
        self.label = self.label.max(Some(label.class));
        self.subjects |= label.subjects;
        self.region.widen(label.region);
    }
}

/// Columns before the outputs' own: the record number, and the version.
const ID: usize = 0;
const VERSION: usize = 1;
const OUTPUTS: usize = 2;

fn statement(read: &Read, orders: &[Order<'_>], regions: &RegionTree) -> Sql {
    let mut out = Sql::default();
    let entity = &read.entity;
    out.sql("SELECT id, version");
    columns(&mut out, read, orders, regions);
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
    sql::bounds(&mut out, entity, &read.bounds, read.today, regions);
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

/// Outputs first (an age as its birth date), then sort columns, then subjects and labels, then what links led to.
fn columns(out: &mut Sql, read: &Read, orders: &[Order<'_>], regions: &RegionTree) {
    for output in &read.outputs {
        let Some((field, _)) = output_field(read, *output) else { continue };
        out.sql(", ");
        match link(read, *output) {
            Some(link) => relation::linked(out, read, link, source_column(field), regions),
            None => out.sql(source_column(field)),
        }
    }
    let entity = &read.entity;
    let labels = label::COLUMNS.into_iter().filter(|_| entity.is_labelled());
    for column in orders.iter().map(|order| order.column).chain(entity.region_column()).chain(subject_columns(entity)).chain(labels) {
        out.sql(", ");
        out.sql(column);
    }
    for link in &read.links {
        let labels = label::COLUMNS.into_iter().filter(|_| link.entity.is_labelled());
        for column in std::iter::once(entity::ID).chain(link.entity.region_column()).chain(subject_columns(&link.entity)).chain(labels) {
            out.sql(", ");
            relation::linked(out, read, link, column, regions);
        }
    }
}

fn output_field(read: &Read, output: Output) -> Option<(&Field, Mode)> {
    match output {
        Output::Field(index, mode) => read.entity.fields.get_index(index).map(|(_, field)| (field, mode)),
        Output::Linked(link, index, mode) => {
            read.links.get(link).and_then(|link| link.entity.fields.get_index(index)).map(|(_, field)| (field, mode))
        }
        Output::Id | Output::Version => None,
    }
}

fn link(read: &Read, output: Output) -> Option<&Link> {
    match output {
        Output::Linked(link, ..) => read.links.get(link),
        Output::Field(..) | Output::Id | Output::Version => None,
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

/// Runs a read. It is broken off at the row with which it would be more than `most` bytes.
pub(crate) async fn rows(
    readers: &Readers,
    entity_number: &(dyn Fn(&str) -> Option<u16> + Sync),
    regions: &RegionTree,
    read: &Authorized<Read>,
    most: usize,
) -> Result<Rows, StoreError> {
    let orders = sql::orders(&read.entity, &read.sort);
    let statement = statement(read, &orders, regions);
    let shown = read.outputs.iter().filter(|output| matches!(output, Output::Field(..) | Output::Linked(..))).count();
    let writer = RowWriter { read, orders: &orders, entity_number, regions, shown, most };
    let start = || {
        let linked = vec![RoaringTreemap::new(); read.links.len()];
        let mut rows = Rows { json: String::with_capacity(4_096), linked, ..Rows::default() };
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
    regions: &'a RegionTree,
    /// How many fields are shown.
    shown: usize,
    /// How many bytes of JSON there may be.
    most: usize,
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
        // The array's end is still to come.
        if rows.json.len() >= self.most {
            return Err(StoreError::TooLarge { most: self.most });
        }
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
                Output::Field(..) | Output::Linked(..) => {
                    let Some((field, mode)) = output_field(read, *output) else { continue };
                    out.push('"');
                    if let Some(link) = link(read, *output) {
                        out.push_str(&link.path);
                        out.push('.');
                    }
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
            // As its code is now: what lay together lies together still.
            let code = row.optional_text(column)?.map(|code| self.regions.current(code));
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
            rows.carry(Kept::read(row, column, self.regions)?);
            column += label::COLUMNS.len();
        }
        self.account_links(row, column, rows)
    }

    /// The same of what links led to.
    fn account_links(&self, row: &impl Cells, mut column: usize, rows: &mut Rows) -> Result<(), StoreError> {
        for (at, link) in self.read.links.iter().enumerate() {
            let record = row.optional_integer(column)?;
            column += 1;
            if let Some(found) = rows.linked.get_mut(at) {
                found.extend(record.map(i64::unsigned_abs));
            }
            if link.entity.region_column().is_some() {
                if record.is_some() {
                    rows.region.widen(row.optional_text(column)?.map_or(Extent::Everywhere, label::lies_in));
                }
                column += 1;
            }
            for subject in &link.entity.subjects {
                match subject {
                    SubjectPath::Own => rows.subjects.extend(record.map(i64::unsigned_abs)),
                    SubjectPath::Reference(_) => {
                        rows.subjects.extend(row.optional_integer(column)?.map(i64::unsigned_abs));
                        column += 1;
                    }
                }
            }
            if link.entity.is_labelled() {
                if record.is_some() {
                    rows.carry(Kept::read(row, column, self.regions)?);
                }
                column += label::COLUMNS.len();
            }
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
pub(crate) async fn check(readers: &Readers, regions: &RegionTree, check: &Authorized<Check>) -> Result<Option<Checked>, StoreError> {
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
    sql::bounds(&mut out, entity, &check.bounds, check.today, regions);
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
            let code = row.optional_text(1)?.map(|code| regions.current(code));
            region.widen(code.map_or(Extent::Everywhere, label::lies_in));
        }
        let mut label = None;
        if entity.is_labelled() {
            let kept = Kept::read(row, 2 + subject_columns(entity).count(), regions)?;
            label = Some(kept.class);
            subjects |= kept.subjects;
            region.widen(kept.region);
        }
        Ok(Checked { holds: row.integer(0)? == 1, subjects, region, label })
    };
    readers.first(&out.text, &out.binds, checked).await
}
