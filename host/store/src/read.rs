//! Reads: one authorised plan, one statement, one JSON array.

use linli_model::{
    Catalogue, Classification, Date, Decimal, EntityType, Extent, Field, FieldKind, Origin, RecordNo, RegionTree, Value, value,
};
use linli_scope::plan::{Output, Single};
use linli_scope::position::Position;
use linli_scope::{Authorized, Check, Mode, Read, TokenKey};
use roaring::RoaringTreemap;

use crate::database::{Cells, Readers, Row};
use crate::error::StoreError;
use crate::label::{self, Kept};
use crate::layout::{self, Account, Layout, subject_columns};
use crate::members;
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
    /// Which records they are, where others lead to them.
    pub records: RoaringTreemap,
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

fn statement(read: &Read, layout: &Layout<'_>, orders: &[Order<'_>], regions: &RegionTree) -> Sql {
    let mut out = Sql::default();
    let entity = &read.entity;
    layout.select(&mut out, read, regions);
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

/// Runs a read. It is broken off at the row with which it would be more than `most` bytes.
pub(crate) async fn rows(
    readers: &Readers,
    catalogue: &Catalogue,
    regions: &RegionTree,
    read: &Authorized<Read>,
    most: usize,
) -> Result<Rows, StoreError> {
    let orders = sql::orders(&read.entity, &read.sort);
    let layout = Layout::of(read, &orders);
    let statement = statement(read, &layout, &orders, regions);
    let writer = RowWriter { read, layout, orders: &orders, catalogue, regions, most };
    let start = || {
        let linked = vec![RoaringTreemap::new(); read.links.len()];
        let mut json = String::with_capacity(4_096);
        json.push('[');
        Rows { json, linked, ..Rows::default() }
    };
    let mut rows = readers.fold(&statement.text, &statement.binds, start, |rows, row| writer.add(row, rows)).await?;
    rows.json.push(']');
    rows.subjects |= members::of(readers, catalogue, &read.entity, &rows.records).await?;
    for (link, records) in read.links.iter().zip(&rows.linked) {
        rows.subjects |= members::of(readers, catalogue, &link.entity, records).await?;
    }
    Ok(rows)
}

/// Writes rows of one read as JSON.
struct RowWriter<'a> {
    read: &'a Read,
    layout: Layout<'a>,
    orders: &'a [Order<'a>],
    catalogue: &'a Catalogue,
    regions: &'a RegionTree,
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
        for (at, (output, column)) in read.outputs.iter().zip(&self.layout.outputs).enumerate() {
            out.push(if at == 0 { '{' } else { ',' });
            match *output {
                Output::Id => {
                    out.push_str("\"id\":\"");
                    read.tokens.seal(read.entity.number, RecordNo(row.integer(*column)?), out);
                    out.push('"');
                }
                Output::Version => {
                    out.push_str("\"version\":");
                    value::write_integer(row.integer(*column)?, out);
                }
                Output::Field(_, mode) | Output::Linked(_, _, mode) => {
                    let Some(field) = layout::field(read, *output) else { continue };
                    out.push('"');
                    if let Some(link) = layout::link(read, *output) {
                        out.push_str(&link.path);
                        out.push('.');
                    }
                    out.push_str(&field.name);
                    out.push_str("\":");
                    self.write_field(row, *column, field, mode, out)?;
                }
            }
        }
        out.push('}');
        Ok(())
    }

    fn write_field(&self, row: &impl Cells, column: usize, field: &Field, mode: Mode, out: &mut String) -> Result<(), StoreError> {
        match (mode, field.mask) {
            (Mode::Plain, _) if field.kind.is_text() => write_text(row.optional_text(column)?, out),
            (Mode::Plain, _) => match cell(row, column, field)? {
                // A date of its own is a text.
                Value::Date(birth) => value::write_integer(birth.age_on(self.read.today), out),
                Value::Reference(record) => self.write_reference(field, record, out),
                value => value.write_json(out),
            },
            // Only texts have masks.
            (Mode::Masked, Some(mask)) => {
                let masked = row.optional_text(column)?.map(|text| {
                    let mut masked = String::new();
                    mask.apply(text, &mut masked);
                    masked
                });
                write_text(masked.as_deref(), out);
            }
            // No read is authorised for these; were one, nothing shows.
            (Mode::Masked, None) | (Mode::Check | Mode::Aggregate, _) => write_text(None, out),
        }
        Ok(())
    }

    fn write_reference(&self, field: &Field, record: RecordNo, out: &mut String) {
        let number = match &field.kind {
            FieldKind::Reference { entity } => self.catalogue.entity(entity).map(|entity| entity.number),
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

    /// Whom the row concerns, where it lies, what its label says; the same of what links led to.
    fn account(&self, row: &impl Cells, rows: &mut Rows) -> Result<(), StoreError> {
        let record = row.integer(self.layout.own.id)?;
        if self.read.entity.members.is_some() {
            rows.records.insert(record.unsigned_abs());
        }
        self.account_record(row, &self.read.entity, &self.layout.own, record, rows)?;
        for (at, (link, account)) in self.read.links.iter().zip(&self.layout.links).enumerate() {
            let Some(record) = row.optional_integer(account.id)? else { continue };
            if let Some(found) = rows.linked.get_mut(at) {
                found.insert(record.unsigned_abs());
            }
            self.account_record(row, &link.entity, account, record, rows)?;
        }
        Ok(())
    }

    fn account_record(
        &self,
        row: &impl Cells,
        entity: &EntityType,
        account: &Account,
        record: i64,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        if let Some(column) = account.region {
            // As its code is now: what lay together lies together still.
            let code = row.optional_text(column)?.map(|code| self.regions.current(code));
            // Most rows lie in what the rows before have in common.
            if code.is_none_or(|code| !rows.region.holds(code)) {
                rows.region.widen(code.map_or(Extent::Everywhere, label::lies_in));
            }
        }
        if entity.is_people() {
            rows.subjects.insert(record.unsigned_abs());
        }
        for column in &account.subjects {
            rows.subjects.extend(row.optional_integer(*column)?.map(i64::unsigned_abs));
        }
        if let Some(column) = account.label {
            rows.carry(Kept::read(row, column, self.regions)?);
        }
        Ok(())
    }

    fn position(&self, row: &impl Cells) -> Result<Position, StoreError> {
        let mut values = Vec::with_capacity(self.orders.len());
        for (order, column) in self.orders.iter().zip(&self.layout.orders) {
            let field = self.read.entity.field(order.column).ok_or_else(|| StoreError::damaged(order.column, "no such field"))?;
            values.push(cell(row, *column, field)?);
        }
        Ok(Position { values, record: RecordNo(row.integer(self.layout.own.id)?) })
    }
}

fn write_text(text: Option<&str>, out: &mut String) {
    match text {
        Some(text) => value::write_text(text, out),
        None => out.push_str("null"),
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
pub(crate) async fn check(
    readers: &Readers,
    catalogue: &Catalogue,
    regions: &RegionTree,
    check: &Authorized<Check>,
) -> Result<Option<Checked>, StoreError> {
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
        if entity.is_people() {
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
    let mut found = readers.first(&out.text, &out.binds, checked).await?;
    if let Some(found) = &mut found {
        let record = [check.record.0.unsigned_abs()].into_iter().collect();
        found.subjects |= members::of(readers, catalogue, entity, &record).await?;
    }
    Ok(found)
}
