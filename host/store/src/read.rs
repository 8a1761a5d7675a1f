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
use crate::layout::{self, Account, Layout};
use crate::members;
use crate::sql::{self, Order, Sql};

/// A page of records as it leaves the store.
#[derive(Debug, Default)]
pub struct Rows {
    /// One JSON array of objects.
    pub json: String,
    /// How many.
    pub count: u64,
    /// Whom they concern, and what conditions looked at for them.
    pub subjects: RoaringTreemap,
    /// Where the last row stands, if there may be more behind it.
    pub last: Option<Position>,
    /// Whether there are more behind it.
    pub more: bool,
    /// Which records they are, where others lead to them.
    pub records: RoaringTreemap,
    /// Which records each link of the read led to.
    pub linked: Vec<RoaringTreemap>,
    /// The smallest region that holds all of them, what conditions looked at for them, and all that their labels say.
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
    layout.select(&mut out, entity, read.today, regions);
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
    let accountant = Accountant { entity: &read.entity, layout: &layout, regions };
    let writer = RowWriter { read, accountant, orders: &orders, catalogue, most };
    let start = || {
        let mut json = String::with_capacity(4_096);
        json.push('[');
        Rows { json, ..accountant.blank() }
    };
    let mut rows = readers.fold(&statement.text, &statement.binds, start, |rows, row| writer.add(row, rows)).await?;
    rows.json.push(']');
    accountant.members(readers, catalogue, &mut rows).await?;
    // What conditions looked at is accounted for; it is nothing that was read.
    rows.linked.truncate(read.links.len());
    Ok(rows)
}

/// Writes rows of one read as JSON.
struct RowWriter<'a> {
    read: &'a Read,
    accountant: Accountant<'a>,
    orders: &'a [Order<'a>],
    catalogue: &'a Catalogue,
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
        self.accountant.account(row, rows)
    }

    fn write(&self, row: &impl Cells, out: &mut String) -> Result<(), StoreError> {
        let read = self.read;
        for (at, (output, column)) in read.outputs.iter().zip(&self.accountant.layout.outputs).enumerate() {
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

    fn position(&self, row: &impl Cells) -> Result<Position, StoreError> {
        let mut values = Vec::with_capacity(self.orders.len());
        for (order, column) in self.orders.iter().zip(&self.accountant.layout.orders) {
            let field = self.read.entity.field(order.column).ok_or_else(|| StoreError::damaged(order.column, "no such field"))?;
            values.push(cell(row, *column, field)?);
        }
        Ok(Position { values, record: RecordNo(row.integer(self.accountant.layout.own.id)?) })
    }
}

/// Puts down whom rows concern, where they lie and what their labels say; the same of what ways led to.
#[derive(Clone, Copy)]
struct Accountant<'a> {
    entity: &'a EntityType,
    layout: &'a Layout<'a>,
    regions: &'a RegionTree,
}

impl Accountant<'_> {
    /// Nothing yet.
    fn blank(&self) -> Rows {
        Rows { linked: vec![RoaringTreemap::new(); self.layout.ways.len()], ..Rows::default() }
    }

    fn account(&self, row: &impl Cells, rows: &mut Rows) -> Result<(), StoreError> {
        let record = row.integer(self.layout.own.id)?;
        if self.entity.members.is_some() {
            rows.records.insert(record.unsigned_abs());
        }
        self.account_record(row, self.entity, &self.layout.own, record, rows)?;
        for (at, (way, account)) in self.layout.ways.iter().zip(&self.layout.far).enumerate() {
            let Some(record) = row.optional_integer(account.id)? else { continue };
            if let Some(found) = rows.linked.get_mut(at) {
                found.insert(record.unsigned_abs());
            }
            self.account_record(row, way.entity, account, record, rows)?;
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

    /// Adds those who lead to what refers to nobody.
    async fn members(&self, readers: &Readers, catalogue: &Catalogue, rows: &mut Rows) -> Result<(), StoreError> {
        rows.subjects |= members::of(readers, catalogue, self.entity, &rows.records).await?;
        for (way, records) in self.layout.ways.iter().zip(&rows.linked) {
            rows.subjects |= members::of(readers, catalogue, way.entity, records).await?;
        }
        Ok(())
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
    /// The smallest region that holds the record, what it was decided by elsewhere, and all that its label says.
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
    let (entity, layout) = (&check.entity, Layout::of_check(check));
    let mut out = Sql::default();
    layout.select(&mut out, entity, check.today, regions);
    out.sql(", CASE WHEN ");
    sql::expression(&mut out, entity, &check.predicate, check.today);
    out.sql(" THEN 1 ELSE 0 END FROM ");
    out.sql(&entity.table);
    out.sql(" WHERE id = ");
    out.bind(check.record.0);
    sql::bounds(&mut out, entity, &check.bounds, check.today, regions);
    let accountant = Accountant { entity, layout: &layout, regions };
    let checked = |row: &Row<'_>| {
        let mut rows = accountant.blank();
        accountant.account(row, &mut rows)?;
        Ok((row.integer(layout.width())? == 1, rows))
    };
    let Some((holds, mut rows)) = readers.first(&out.text, &out.binds, checked).await? else { return Ok(None) };
    accountant.members(readers, catalogue, &mut rows).await?;
    Ok(Some(Checked { holds, subjects: rows.subjects, region: rows.region, label: rows.label }))
}
