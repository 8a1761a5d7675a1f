//! Entries: one authorised change, its row and its journal line, in the writer's transaction.

use std::collections::HashMap;

use linli_model::{Classification, EntityType, FieldKind, RecordNo, RegionCode, RegionSource, SubjectPath, Value, entity, value};
use linli_scope::plan::{Change, Label};
use linli_scope::{Authorized, Predicate};
use roaring::RoaringTreemap;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments as _, AssertSqlSafe, Row as _};

use crate::error::StoreError;
use crate::sql::{self, Both, Sink};

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

impl Counters {
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

/// How tables of referenced entity types are found.
pub(crate) type Tables<'a> = &'a (dyn Fn(&str) -> Option<std::sync::Arc<EntityType>> + Sync);

/// Makes or changes one record. The caller holds the savepoint.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    counters: &mut Counters,
    tables: Tables<'_>,
    at: i64,
    change: &Authorized<Change>,
) -> Result<Made, StoreError> {
    let referenced = references(connection, tables, change).await?;
    match change.target {
        None => create(connection, counters, at, change, referenced).await,
        Some((record, version)) => update(connection, counters, at, change, record, version).await,
    }
}

/// Every reference must point to a record within the caller's regions. Returns the region of the one that
/// says where this record lies, if one does.
async fn references(connection: &mut SqliteConnection, tables: Tables<'_>, change: &Change) -> Result<Option<String>, StoreError> {
    let mut region = None;
    for (name, value) in &change.values {
        let (Value::Reference(record), Some(FieldKind::Reference { entity })) = (value, change.entity.field(name).map(|field| &field.kind))
        else {
            continue;
        };
        let refused = || StoreError::Reference { field: name.clone() };
        let target = tables(entity).ok_or_else(refused)?;
        let text = format!("SELECT {} FROM {} WHERE id = $1", target.region_column().unwrap_or("NULL"), target.table);
        let row = sqlx::query(AssertSqlSafe(text)).bind(record.0).fetch_optional(&mut *connection).await?.ok_or_else(refused)?;
        let grid: Option<String> = row.try_get(0)?;
        if grid.as_deref().is_some_and(|grid| !change.bounds.regions.holds(grid)) {
            return Err(refused());
        }
        if change.entity.region == RegionSource::Reference(name.clone()) {
            region = grid;
        }
    }
    Ok(region)
}

async fn create(
    connection: &mut SqliteConnection,
    counters: &mut Counters,
    at: i64,
    change: &Change,
    referenced: Option<String>,
) -> Result<Made, StoreError> {
    let entity = &change.entity;
    let record = counters.next_record(&entity.table);
    let journal = counters.next_journal();
    let region = own_region(change).map(ToOwned::to_owned).or(referenced);
    let mut insert = Insert::into(&entity.table);
    insert.bind("id", &Value::Integer(record));
    insert.bind("version", &Value::Integer(1));
    insert.bind("provenance", &Value::Text(format!("{{\"*\":{journal}}}")));
    for (name, value) in &change.values {
        insert.bind(name, value);
    }
    match (&entity.region, &region) {
        (RegionSource::None, _) => {}
        (RegionSource::Reference(field), None) => return Err(StoreError::Reference { field: field.clone() }),
        (source, Some(grid)) => {
            if matches!(source, RegionSource::Reference(_)) {
                insert.bind(entity::GRID, &Value::Text(grid.clone()));
            }
            insert.bind(entity::COMMUNITY, &community(grid));
        }
        (RegionSource::Field(_), None) => return Err(StoreError::damaged("a record without its region", "not checked")),
    }
    if entity.is_labelled() {
        let label = change.label.as_ref();
        insert.label(label, &change.source.purpose);
    }
    insert.journal(journal, at, entity, record, 1, change);
    run(connection, entity, insert).await?;
    confirm(connection, change, record).await?;
    Ok(made(change, record, 1, region))
}

async fn update(
    connection: &mut SqliteConnection,
    counters: &mut Counters,
    at: i64,
    change: &Change,
    record: RecordNo,
    expected: i64,
) -> Result<Made, StoreError> {
    let entity = &change.entity;
    let mut select = Both::default();
    select.sql("SELECT version, provenance, ");
    select.sql(entity.region_column().unwrap_or("NULL"));
    select.sql(" FROM ");
    select.sql(&entity.table);
    select.sql(" WHERE id = ");
    select.bind(&Value::Reference(record));
    sql::bounds(&mut select, entity, &change.bounds, change.today);
    let found = sqlx::query_with(AssertSqlSafe(select.text.sql), select.binds.0).fetch_optional(&mut *connection).await?;
    let row = found.ok_or_else(|| StoreError::NotFound { entity: entity.name.clone() })?;
    let current: i64 = row.try_get(0)?;
    if current != expected {
        return Err(StoreError::Stale { entity: entity.name.clone(), current });
    }
    let journal = counters.next_journal();
    let provenance = with_provenance(row.try_get(1)?, change, journal)?;
    let region = own_region(change).map(ToOwned::to_owned).or(row.try_get(2)?);
    let mut text = Both::default();
    text.sql("UPDATE ");
    text.sql(&entity.table);
    text.sql(" SET version = version + 1, provenance = ");
    text.bind(&Value::Text(provenance));
    for (name, value) in &change.values {
        text.sql(", ");
        text.sql(name);
        text.sql(" = ");
        text.bind(value);
    }
    if let Some(grid) = own_region(change) {
        text.sql(", community = ");
        text.bind(&community(grid));
    }
    text.sql(" WHERE id = ");
    text.bind(&Value::Reference(record));
    let done = sqlx::query_with(AssertSqlSafe(text.text.sql), text.binds.0).execute(&mut *connection).await;
    done.map_err(|error| duplicate(error, entity))?;
    let mut line = Insert::default();
    line.journal(journal, at, entity, record.0, current + 1, change);
    run(connection, entity, line).await?;
    confirm(connection, change, record.0).await?;
    Ok(made(change, record.0, current + 1, region))
}

/// The record as it is by now must satisfy the grant's condition, or the change is undone.
async fn confirm(connection: &mut SqliteConnection, change: &Change, record: i64) -> Result<(), StoreError> {
    if *change.bounds.condition == Predicate::everything() {
        return Ok(());
    }
    let mut select = Both::default();
    select.sql("SELECT 1 FROM ");
    select.sql(&change.entity.table);
    select.sql(" WHERE id = ");
    select.bind(&Value::Integer(record));
    sql::conjunct(&mut select, &change.entity, &change.bounds.condition, change.today);
    let found = sqlx::query_with(AssertSqlSafe(select.text.sql), select.binds.0).fetch_optional(connection).await?;
    found.map(|_| ()).ok_or_else(|| StoreError::OutOfScope { entity: change.entity.name.clone() })
}

fn own_region(change: &Change) -> Option<&str> {
    let RegionSource::Field(field) = &change.entity.region else { return None };
    change.values.iter().find(|(name, _)| name == field).and_then(|(_, value)| match value {
        Value::Text(grid) => Some(grid.as_str()),
        _ => None,
    })
}

fn community(grid: &str) -> Value {
    grid.get(..linli_model::region::COMMUNITY_DIGITS).map_or(Value::Null, |code| Value::Text(code.to_owned()))
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

/// A row and its journal line as one text of two statements with numbered placeholders: one trip to the database.
#[derive(Default)]
struct Insert {
    columns: String,
    places: String,
    text: String,
    arguments: SqliteArguments,
}

impl Insert {
    fn into(table: &str) -> Self {
        Self { text: format!("INSERT INTO {table} ("), ..Self::default() }
    }

    fn bind(&mut self, column: &str, value: &Value) {
        sql::bind(&mut self.arguments, value);
        self.place(column);
    }

    fn place(&mut self, column: &str) {
        if !self.columns.is_empty() {
            self.columns.push_str(", ");
            self.places.push_str(", ");
        }
        self.columns.push_str(column);
        self.places.push('$');
        self.places.push_str(&self.arguments.len().to_string());
    }

    fn label(&mut self, label: Option<&Label>, purpose: &str) {
        let purpose = label.map_or(purpose, |label| &label.purpose);
        self.bind("label_purpose", &Value::Text(purpose.to_owned()));
        self.bind("label_class", &Value::Integer(label.map_or(Classification::Public, |label| label.classification).rank()));
        let _ = self.arguments.add(label.map(|label| label.subjects.clone()));
        self.place("label_subjects");
        let region = label.and_then(|label| label.region.as_ref());
        self.bind("label_region", &region.map_or(Value::Null, |region| Value::Text(region.to_string())));
    }

    fn close(&mut self) {
        if !self.columns.is_empty() {
            self.text.push_str(&format!("{}) VALUES ({}); ", self.columns, self.places));
            self.columns.clear();
            self.places.clear();
        }
    }

    fn journal(&mut self, seq: i64, at: i64, entity: &EntityType, record: i64, version: i64, change: &Change) {
        self.close();
        self.text.push_str("INSERT INTO journal (");
        let source = &change.source;
        for (column, value) in [
            ("seq", Value::Integer(seq)),
            ("at", Value::Integer(at)),
            ("entity", Value::Integer(i64::from(entity.number))),
            ("record", Value::Integer(record)),
            ("version", Value::Integer(version)),
            ("actor", Value::Text(source.actor.clone())),
            ("application", Value::Text(source.application.clone())),
            ("purpose", Value::Text(source.purpose.clone())),
            ("evidence", source.evidence.clone().map_or(Value::Null, Value::Text)),
            ("changes", Value::Text(changes(change))),
        ] {
            self.bind(column, &value);
        }
        self.close();
    }
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

async fn run(connection: &mut SqliteConnection, entity: &EntityType, insert: Insert) -> Result<(), StoreError> {
    let done = sqlx::query_with(AssertSqlSafe(insert.text), insert.arguments).execute(connection).await;
    done.map(|_| ()).map_err(|error| duplicate(error, entity))
}

/// A unique index that says no names its column: `UNIQUE constraint failed: e_resident.id_number`.
fn duplicate(error: sqlx::Error, entity: &EntityType) -> StoreError {
    let field = match &error {
        sqlx::Error::Database(reason) if reason.is_unique_violation() => reason.message().rsplit('.').next().map(ToOwned::to_owned),
        _ => None,
    };
    match field {
        Some(field) => StoreError::Duplicate { entity: entity.name.clone(), field },
        None => StoreError::Database(error),
    }
}
