//! Entries: one authorised change, its row and its journal line, in the writer's transaction.

use std::collections::HashMap;

use linli_model::{
    Catalogue, Classification, EntityType, FieldKind, RecordNo, RegionCode, RegionSource, RegionTree, SubjectPath, Value, entity, value,
};
use linli_scope::plan::{Change, Label, Reach};
use linli_scope::{Authorized, Predicate};
use roaring::RoaringTreemap;

use crate::database::{Bind, Cells as _, Row, Session, binds};
use crate::error::StoreError;
use crate::label::{self, Kept};
use crate::layout::subject_columns;
use crate::members;
use crate::schema;
use crate::sql::{self, Sql};
use crate::writer::Known;

/// What a change made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The record.
    pub record: RecordNo,
    /// Its version by now.
    pub version: i64,
    /// The entity type's number, for its token.
    pub entity: u16,
    /// Whom it concerns.
    pub subjects: RoaringTreemap,
    /// Where it lies.
    pub region: Option<RegionCode>,
}

/// The writer's counters: record numbers by table, the journal's sequence, and that of entries not yet moved into the log.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub records: HashMap<String, i64>,
    pub journal: i64,
    pub pending: i64,
}

const NEWEST_ERASED: &str = "SELECT coalesce(max(record), 0) FROM erased_record WHERE entity = $1";

impl Counters {
    /// As the database's newest rows say.
    pub fn load(session: &Session, catalogue: &Catalogue) -> Result<Self, StoreError> {
        let mut counters = Self {
            journal: session.number("SELECT coalesce(max(seq), 0) FROM journal", &[])?,
            pending: session.number("SELECT coalesce(max(id), 0) FROM log_pending", &[])?,
            ..Self::default()
        };
        for entity in catalogue.entities() {
            let newest = session.number(&format!("SELECT coalesce(max(id), 0) FROM {}", entity.table), &[])?;
            // A number is never given twice, even after its record was erased: the log and labels may hold it.
            let erased = session.number(NEWEST_ERASED, binds![i64::from(entity.number)])?;
            counters.records.insert(entity.table.clone(), newest.max(erased));
        }
        Ok(counters)
    }

    fn next_record(&mut self, table: &str) -> i64 {
        let number = self.records.entry(table.to_owned()).or_insert(0);
        *number += 1;
        *number
    }

    fn next_journal(&mut self) -> i64 {
        self.journal += 1;
        self.journal
    }
}

/// Makes or changes one record. The caller holds the savepoint.
pub(crate) fn apply(
    session: &Session,
    counters: &mut Counters,
    known: &Known,
    at: i64,
    change: &Authorized<Change>,
) -> Result<Made, StoreError> {
    let regions = known.regions();
    let referenced = references(session, known, &regions, change)?;
    let lies = own_region(change).map(ToOwned::to_owned).or(referenced);
    let mut made = match change.target {
        None => create(session, counters, at, change, lies)?,
        Some(target) => update(session, counters, &regions, at, change, target, lies)?,
    };
    made.subjects.extend(members::of_one(session, &known.catalogue(), &change.entity, made.record.0)?);
    Ok(made)
}

/// Every reference must point to a record within the caller's regions. Returns the region of the one that
/// says where this record lies, if one does.
fn references(session: &Session, known: &Known, regions: &RegionTree, change: &Change) -> Result<Option<String>, StoreError> {
    let mut region = None;
    for (name, value) in &change.values {
        let refused = || StoreError::Reference { field: name.clone() };
        let says_where = change.entity.region == RegionSource::Reference(name.clone());
        if says_where && *value == Value::Null {
            return Err(refused());
        }
        let (Value::Reference(record), Some(FieldKind::Reference { entity })) = (value, change.entity.field(name).map(|field| &field.kind))
        else {
            continue;
        };
        let target = known.entity(entity).ok_or_else(refused)?;
        let text = format!("SELECT {} FROM {} WHERE id = $1", target.region_column().unwrap_or("NULL"), target.table);
        let grid = session.first(&text, binds![record.0], |row| Ok(row.optional_text(0)?.map(ToOwned::to_owned)))?.ok_or_else(refused)?;
        if grid.as_deref().is_some_and(|grid| !reaches(&change.bounds.regions, regions, grid)) {
            return Err(refused());
        }
        if says_where {
            region = grid;
        }
    }
    Ok(region)
}

/// Whether a region lies within reach, as its division is governed now.
fn reaches(reach: &Reach, regions: &RegionTree, code: &str) -> bool {
    match reach {
        Reach::Everywhere => true,
        Reach::Within(within) => within.iter().any(|within| regions.governs(within, code)),
    }
}

fn create(session: &Session, counters: &mut Counters, at: i64, change: &Change, region: Option<String>) -> Result<Made, StoreError> {
    let entity = &change.entity;
    let record = counters.next_record(&entity.table);
    let journal = counters.next_journal();
    let mut insert = Insert::into(&entity.table);
    insert.bind("id", record);
    insert.bind("version", 1);
    insert.bind("provenance", format!("{{\"*\":{journal}}}"));
    for (name, value) in &change.values {
        insert.bind(name, value);
    }
    match (&entity.region, &region) {
        (RegionSource::None, _) => {}
        (RegionSource::Reference(field), None) => return Err(StoreError::Reference { field: field.clone() }),
        (source, Some(grid)) => {
            if matches!(source, RegionSource::Reference(_)) {
                insert.bind(entity::GRID, grid);
            }
            insert.bind(entity::COMMUNITY, community(grid));
        }
        (RegionSource::Field(_), None) => return Err(StoreError::damaged("a record without its region", "not checked")),
    }
    if entity.is_labelled() {
        insert.label(change.label.as_ref(), &change.source.purpose);
    }
    insert.run(session).map_err(|error| duplicate(error, entity))?;
    keep_journal(session, journal, at, record, 1, change)?;
    confirm(session, change, record)?;
    Ok(made(change, record, 1, region))
}

fn update(
    session: &Session,
    counters: &mut Counters,
    regions: &RegionTree,
    at: i64,
    change: &Change,
    (record, expected): (RecordNo, i64),
    moves_to: Option<String>,
) -> Result<Made, StoreError> {
    let entity = &change.entity;
    let mut select = Sql::default();
    select.sql("SELECT version, provenance, ");
    select.sql(entity.region_column().unwrap_or("NULL"));
    let labels = label::COLUMNS.into_iter().filter(|_| entity.is_labelled());
    for column in labels.chain(subject_columns(entity)) {
        select.sql(", ");
        select.sql(column);
    }
    select.sql(" FROM ");
    select.sql(&entity.table);
    select.sql(" WHERE id = ");
    select.bind(record.0);
    sql::bounds(&mut select, entity, &change.bounds, change.today, regions);
    let before = |row: &Row<'_>| {
        let label = if entity.is_labelled() { Some(Kept::read(row, 3, regions)?) } else { None };
        let first = if label.is_some() { 3 + label::COLUMNS.len() } else { 3 };
        let subjects = subject_columns(entity).enumerate().map(|(at, _)| row.optional_integer(first + at));
        let subjects = subjects.collect::<Result<Vec<_>, _>>()?;
        Ok((row.integer(0)?, row.text(1)?, row.optional_text(2)?.map(ToOwned::to_owned), label, subjects))
    };
    let found = session.first(&select.text, &select.binds, before)?;
    let (current, provenance, region, kept, subjects) = found.ok_or_else(|| StoreError::NotFound { entity: entity.name.clone() })?;
    if current != expected {
        return Err(StoreError::Stale { entity: entity.name.clone(), current });
    }
    let journal = counters.next_journal();
    let provenance = with_provenance(&provenance, change, journal)?;
    let mut text = Sql::default();
    text.sql("UPDATE ");
    text.sql(&entity.table);
    text.sql(" SET version = version + 1, provenance = ");
    text.bind(provenance);
    for (name, value) in &change.values {
        text.sql(", ");
        text.sql(name);
        text.sql(" = ");
        text.bind(value);
    }
    if let Some(grid) = &moves_to {
        if matches!(entity.region, RegionSource::Reference(_)) {
            text.sql(", grid = ");
            text.bind(grid.clone());
        }
        text.sql(", community = ");
        text.bind(community(grid).map(ToOwned::to_owned));
    }
    if let (Some(kept), Some(label)) = (kept, &change.label) {
        let kept = kept.joined(label)?;
        text.sql(", label_class = ");
        text.bind(kept.class.rank());
        text.sql(", label_region = ");
        text.bind(label::region(&kept.region));
        text.sql(", label_subjects = ");
        text.bind(kept.subjects()?.as_slice());
    }
    text.sql(" WHERE id = ");
    text.bind(record.0);
    session.execute(&text.text, &text.binds).map_err(|error| duplicate(error, entity))?;
    keep_journal(session, journal, at, record.0, current + 1, change)?;
    confirm(session, change, record.0)?;
    let mut made = made(change, record.0, current + 1, moves_to.or(region));
    // Whom it concerned before the change, it concerned too.
    made.subjects.extend(subjects.into_iter().flatten().map(i64::unsigned_abs));
    Ok(made)
}

/// The record as it is by now must satisfy the grant's condition, or the change is undone.
fn confirm(session: &Session, change: &Change, record: i64) -> Result<(), StoreError> {
    if *change.bounds.condition == Predicate::everything() {
        return Ok(());
    }
    let mut select = Sql::default();
    select.sql("SELECT 1 FROM ");
    select.sql(&change.entity.table);
    select.sql(" WHERE id = ");
    select.bind(record);
    sql::conjunct(&mut select, &change.entity, &change.bounds.condition, change.today);
    let found = session.first(&select.text, &select.binds, |_| Ok(()))?;
    found.ok_or_else(|| StoreError::OutOfScope { entity: change.entity.name.clone() })
}

fn own_region(change: &Change) -> Option<&str> {
    let RegionSource::Field(field) = &change.entity.region else { return None };
    change.values.iter().find(|(name, _)| name == field).and_then(|(_, value)| match value {
        Value::Text(grid) => Some(grid.as_str()),
        _ => None,
    })
}

fn community(grid: &str) -> Option<&str> {
    grid.get(..linli_model::region::COMMUNITY_DIGITS)
}

fn made(change: &Change, record: i64, version: i64, region: Option<String>) -> Made {
    let mut subjects = RoaringTreemap::new();
    for subject in &change.entity.subjects {
        match subject {
            SubjectPath::Own => drop(subjects.insert(record.unsigned_abs())),
            SubjectPath::Reference(field) => subjects.extend(change.values.iter().filter_map(|(name, value)| match value {
                Value::Reference(subject) if name == field => Some(subject.0.unsigned_abs()),
                _ => None,
            })),
        }
    }
    Made {
        record: RecordNo(record),
        version,
        entity: change.entity.number,
        subjects,
        region: region.and_then(|region| region.parse().ok()),
    }
}

fn with_provenance(before: &str, change: &Change, journal: i64) -> Result<String, StoreError> {
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(before).map_err(|reason| StoreError::damaged("a record's provenance", reason))?;
    fields.extend(change.values.iter().map(|(name, _)| (name.clone(), journal.into())));
    serde_json::to_string(&fields).map_err(|reason| StoreError::damaged("a record's provenance", reason))
}

/// One row to be inserted.
#[derive(Default)]
struct Insert<'a> {
    columns: String,
    places: String,
    table: &'a str,
    binds: Vec<Bind<'a>>,
}

impl<'a> Insert<'a> {
    fn into(table: &'a str) -> Self {
        Self { table, ..Self::default() }
    }

    fn bind(&mut self, column: &str, value: impl Into<Bind<'a>>) {
        let separator = if self.binds.is_empty() { "" } else { ", " };
        self.binds.push(value.into());
        self.columns.push_str(separator);
        self.columns.push_str(column);
        self.places.push_str(separator);
        sql::place(self.binds.len(), &mut self.places);
    }

    fn label(&mut self, label: Option<&'a Label>, purpose: &'a str) {
        self.bind("label_purpose", label.map_or(purpose, |label| &label.purpose));
        self.bind("label_class", label.map_or(Classification::Public, |label| label.classification).rank());
        self.bind("label_subjects", label.map(|label| &label.subjects[..]));
        self.bind("label_region", label.and_then(|label| label::region(&label.region)));
    }

    fn run(self, session: &Session) -> Result<(), StoreError> {
        let text = format!("INSERT INTO {} ({}) VALUES ({})", self.table, self.columns, self.places);
        session.execute(&text, &self.binds).map(drop)
    }
}

fn keep_journal(session: &Session, seq: i64, at: i64, record: i64, version: i64, change: &Change) -> Result<(), StoreError> {
    let text = "INSERT INTO journal (seq, at, entity, record, version, actor, application, purpose, evidence, changes) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let source = &change.source;
    let entity = i64::from(change.entity.number);
    let evidence = source.evidence.as_deref();
    let line = binds![seq, at, entity, record, version, &source.actor, &source.application, &source.purpose, evidence, changes(change)];
    session.execute(text, line).map(drop)
}

/// The values that were set, as JSON; a reference is its inner number.
fn changes(change: &Change) -> String {
    let mut out = String::from("{");
    for (at, (name, value)) in change.values.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        value::write_text(name, &mut out);
        out.push(':');
        match value {
            Value::Reference(record) => value::write_integer(record.0, &mut out),
            value => value.write_json(&mut out),
        }
    }
    out.push('}');
    out
}

/// A unique index that says no names its column, or itself.
fn duplicate(error: StoreError, entity: &EntityType) -> StoreError {
    let StoreError::Taken(by) = error else { return error };
    let mut unique = entity.fields.values().filter(|field| field.public_key || entity.keys.contains(&field.name));
    let field = unique.find(|field| field.name == by || schema::key_index(entity, &field.name) == by).map(|field| field.name.clone());
    StoreError::Duplicate { entity: entity.name.clone(), field: field.unwrap_or(by) }
}
