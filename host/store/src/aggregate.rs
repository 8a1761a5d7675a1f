//! Tables: one statement, its groups counted by the database, and of them what may be shown.

use linli_model::{Date, Decimal, EntityType, Extent, Field, FieldKind, Origin, RegionTree, Value, value};
use linli_scope::plan::Aggregate;
use linli_scope::table::{AVERAGE, Band, COUNT, Grouping, Quantity, SUM};
use linli_scope::{Authorized, disclosure};

use crate::database::{Cells, Readers, Row};
use crate::error::StoreError;
use crate::label;
use crate::layout::{source_column, subject_columns};
use crate::read::cell;
use crate::relation::Way;
use crate::sql::{self, Sql};

/// The most groups that a table shows.
const GROUPS_MAX: usize = 10_000;

/// A table as it leaves the store.
#[derive(Debug, PartialEq, Eq)]
pub struct Tabulated {
    /// One JSON array of objects, a group each: its fields, `count`, and `sum` or `average`.
    pub json: String,
    /// How many groups it shows.
    pub groups: u64,
    /// The smallest region that holds what its conditions looked at beside the records that it counts.
    pub region: Extent,
}

/// A group that is shown.
struct Group {
    /// What it is sorted by: its values as the database has them.
    key: Vec<Key>,
    json: String,
}

/// Unknown values come last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(String),
    Unknown,
}

/// Counts a table.
pub(crate) async fn tabulate(readers: &Readers, regions: &RegionTree, aggregate: &Authorized<Aggregate>) -> Result<Tabulated, StoreError> {
    let writer = GroupWriter { aggregate, people: aggregate.table.groups.len(), counts: people(&aggregate.entity).len() };
    let statement = statement(aggregate, regions);
    let mut groups = readers.fold(&statement.text, &statement.binds, Vec::new, |groups, row| writer.add(row, groups)).await?;
    if groups.len() > GROUPS_MAX {
        return Err(StoreError::TooManyGroups { table: aggregate.name.clone(), most: GROUPS_MAX });
    }
    groups.sort_by(|a, b| a.key.cmp(&b.key));
    let json: Vec<_> = groups.iter().map(|group| group.json.as_str()).collect();
    let region = elsewhere(readers, regions, aggregate).await?;
    Ok(Tabulated { json: format!("[{}]", json.join(",")), groups: groups.len() as u64, region })
}

/// Where the records lie that conditions looked at.
async fn elsewhere(readers: &Readers, regions: &RegionTree, aggregate: &Aggregate) -> Result<Extent, StoreError> {
    let mut extent = Extent::Nowhere;
    for way in Way::of(&[&aggregate.bounds.condition, &aggregate.table.condition], &[]) {
        let Some(column) = way.entity.region_column() else { continue };
        let mut out = Sql::default();
        out.sql("SELECT DISTINCT ");
        way.column(&mut out, &aggregate.entity, column, aggregate.today, regions);
        counted(&mut out, aggregate, regions);
        let add = |extent: &mut Extent, row: &Row<'_>| {
            if let Some(code) = row.optional_text(0)? {
                extent.widen(label::lies_in(regions.current(code)));
            }
            Ok(())
        };
        extent.widen(readers.fold(&out.text, &out.binds, Extent::default, add).await?);
    }
    Ok(extent)
}

/// What it is grouped by, whom each group concerns, what is added up.
fn statement(aggregate: &Aggregate, regions: &RegionTree) -> Sql {
    let (entity, table) = (&aggregate.entity, &aggregate.table);
    let mut out = Sql::default();
    out.sql("SELECT ");
    for grouping in &table.groups {
        group(&mut out, entity, grouping, aggregate.today);
        out.sql(", ");
    }
    out.sql(&people(entity).join(", "));
    if let Some((field, share)) = summed(aggregate) {
        out.sql(", ");
        sum(&mut out, field, share, aggregate.today);
    }
    counted(&mut out, aggregate, regions);
    // By position: an expression with values in it is not the same one twice.
    for at in 1..=table.groups.len() {
        out.sql(if at == 1 { " GROUP BY " } else { ", " });
        out.sql(&at.to_string());
    }
    out
}

/// What is added up, and how much of it one record may give.
fn summed(aggregate: &Aggregate) -> Option<(&Field, disclosure::Share)> {
    let (index, share) = aggregate.table.quantity.share()?;
    Some((aggregate.entity.fields.get_index(index)?.1, share))
}

/// ` FROM … WHERE …`: the records that are counted.
fn counted(out: &mut Sql, aggregate: &Aggregate, regions: &RegionTree) {
    out.sql(" FROM ");
    out.sql(&aggregate.entity.table);
    out.sql(" WHERE 1 = 1");
    sql::bounds(out, &aggregate.entity, &aggregate.bounds, aggregate.today, regions);
    sql::conjunct(out, &aggregate.entity, &aggregate.table.condition, aggregate.today);
    if let Some((field, _)) = summed(aggregate) {
        // Whoever's value is unknown is not of the group that is added up.
        out.sql(" AND ");
        out.sql(source_column(field));
        out.sql(" IS NOT NULL");
    }
}

/// How many people a group concerns, by each way in which a record concerns somebody: never more than the least of them.
fn people(entity: &EntityType) -> Vec<String> {
    let references = subject_columns(entity).map(|column| format!("count(DISTINCT {column})"));
    // A record of nobody's counts as one of somebody's own.
    let own = entity.subjects.is_empty() || entity.is_people();
    own.then(|| "count(*)".to_owned()).into_iter().chain(references).collect()
}

fn group(out: &mut Sql, entity: &EntityType, grouping: &Grouping, today: Date) {
    let Some((_, field)) = entity.fields.get_index(grouping.field()) else { return out.sql("NULL") };
    let column = source_column(field);
    match grouping {
        Grouping::Value(_) => out.sql(column),
        Grouping::Year(_) => {
            out.sql("CAST(substr(");
            out.sql(column);
            out.sql(", 1, 4) AS BIGINT)");
        }
        Grouping::Bands(_, bands) => band(out, entity, column, bands, today),
    }
}

/// A band by its number, so that it sorts.
fn band(out: &mut Sql, entity: &EntityType, column: &str, bands: &[Band], today: Date) {
    out.sql("CASE WHEN ");
    out.sql(column);
    out.sql(" IS NULL THEN NULL");
    for (at, band) in bands.iter().enumerate() {
        match &band.below {
            Some(below) => {
                out.sql(" WHEN ");
                sql::comparison(out, entity, below, today);
                out.sql(" THEN ");
            }
            None => out.sql(" ELSE "),
        }
        out.sql(&at.to_string());
    }
    out.sql(" END");
}

/// The sum of each record's share.
fn sum(out: &mut Sql, field: &Field, share: disclosure::Share, today: Date) {
    out.sql("CAST(sum(CASE WHEN ");
    number(out, field, today);
    out.sql(" < ");
    out.bind(share.least);
    out.sql(" THEN ");
    out.bind(share.least);
    out.sql(" WHEN ");
    number(out, field, today);
    out.sql(" > ");
    out.bind(share.most);
    out.sql(" THEN ");
    out.bind(share.most);
    out.sql(" ELSE ");
    number(out, field, today);
    out.sql(" END) AS BIGINT)");
}

/// A number of a record; an age in completed years.
fn number(out: &mut Sql, field: &Field, today: Date) {
    let Origin::AgeOf(birth) = &field.origin else { return out.sql(&field.name) };
    let (month, day) = today.month_day();
    out.sql("(");
    out.bind(i64::from(today.year()));
    out.sql(" - CAST(substr(");
    out.sql(birth);
    out.sql(", 1, 4) AS BIGINT) - CASE WHEN substr(");
    out.sql(birth);
    out.sql(", 6) > ");
    out.bind(format!("{month:02}-{day:02}"));
    out.sql(" THEN 1 ELSE 0 END)");
}

/// Writes the groups that may be shown.
struct GroupWriter<'a> {
    aggregate: &'a Aggregate,
    /// The column of the first count of people.
    people: usize,
    /// How many counts of people there are.
    counts: usize,
}

impl GroupWriter<'_> {
    fn add(&self, row: &Row<'_>, groups: &mut Vec<Group>) -> Result<(), StoreError> {
        let mut people = i64::MAX;
        for at in 0..self.counts {
            people = people.min(row.integer(self.people + at)?);
        }
        // One more than may be shown says that there are too many.
        if !self.aggregate.fewest.shows(people) || groups.len() > GROUPS_MAX {
            return Ok(());
        }
        let mut group = Group { key: Vec::with_capacity(self.people), json: String::from("{") };
        for (at, grouping) in self.aggregate.table.groups.iter().enumerate() {
            self.value(row, at, grouping, &mut group)?;
        }
        self.figures(row, people, &mut group.json)?;
        groups.push(group);
        Ok(())
    }

    fn value(&self, row: &Row<'_>, column: usize, grouping: &Grouping, group: &mut Group) -> Result<(), StoreError> {
        let Some((_, field)) = self.aggregate.entity.fields.get_index(grouping.field()) else { return Ok(()) };
        name(&field.name, &mut group.json);
        let number = |row: &Row<'_>| Ok::<_, StoreError>(row.optional_integer(column)?.map_or(Value::Null, Value::Integer));
        let value = match grouping {
            Grouping::Value(_) => cell(row, column, field)?,
            Grouping::Year(_) | Grouping::Bands(..) => number(row)?,
        };
        match (grouping, &value) {
            (Grouping::Bands(_, bands), Value::Integer(at)) => {
                let band =
                    usize::try_from(*at).ok().and_then(|at| bands.get(at)).ok_or_else(|| StoreError::damaged("a band", "no such"))?;
                value::write_text(&band.label, &mut group.json);
            }
            (_, value) => value.write_json(&mut group.json),
        }
        group.json.push(',');
        group.key.push(match value {
            Value::Integer(number) => Key::Number(number),
            Value::Boolean(flag) => Key::Number(flag.into()),
            Value::Text(text) => Key::Text(text),
            _ => Key::Unknown,
        });
        Ok(())
    }

    fn figures(&self, row: &Row<'_>, people: i64, out: &mut String) -> Result<(), StoreError> {
        name(COUNT, out);
        value::write_integer(disclosure::count(people), out);
        if let Some((column, value)) = self.quantity(row, people)? {
            out.push(',');
            name(column, out);
            value.write_json(out);
        }
        out.push('}');
        Ok(())
    }

    /// What is told beside the count: the name of its column, and the value.
    fn quantity(&self, row: &Row<'_>, people: i64) -> Result<Option<(&'static str, Value)>, StoreError> {
        let quantity = self.aggregate.table.quantity;
        let Some((field, share)) = summed(self.aggregate) else { return Ok(None) };
        let scale = match field.kind {
            FieldKind::Decimal { scale } => Some(scale),
            _ => None,
        };
        let sum = row.integer(self.people + self.counts)?;
        Ok(Some(match (quantity, scale) {
            (Quantity::Average(..), _) => (AVERAGE, Value::Decimal(share.average(sum, people, scale.unwrap_or(0)))),
            (_, Some(scale)) => (SUM, Value::Decimal(Decimal { units: share.sum(sum), scale })),
            (_, None) => (SUM, Value::Integer(share.sum(sum))),
        }))
    }
}

fn name(name: &str, out: &mut String) {
    value::write_text(name, out);
    out.push(':');
}
