//! Where a record's values come from, and which record holds a key already.

use linli_model::{RecordNo, Value};
use linli_scope::plan::Single;
use linli_scope::{Authorized, Change, Read};
use sqlx::{AssertSqlSafe, Row as _};

use crate::Store;
use crate::error::StoreError;
use crate::sql::{self, Both, Sink};

/// Who supplied a field's value.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FieldSource {
    /// The field.
    pub field: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// The actor, as the log names them.
    pub actor: String,
    /// The application.
    pub application: String,
    /// On what evidence.
    pub evidence: Option<String>,
}

/// The record that has a key already. Holds no field: only which it is and where.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The record.
    pub record: RecordNo,
    /// Its entity type's number.
    pub entity: u16,
    /// The key that both have.
    pub field: String,
    /// Where it lies.
    pub region: Option<String>,
}

impl Store {
    /// The sources of the fields that an authorised read of one record shows.
    pub async fn sources(&self, read: &Authorized<Read>) -> Result<Vec<FieldSource>, StoreError> {
        let Some(Single::Record(record)) = read.single else { return Ok(Vec::new()) };
        let mut select = Both::default();
        select.sql("SELECT provenance FROM ");
        select.sql(&read.entity.table);
        select.sql(" WHERE id = ");
        select.bind(&Value::Reference(record));
        sql::bounds(&mut select, &read.entity, &read.bounds, read.today);
        let row = sqlx::query_with(AssertSqlSafe(select.text.sql), select.binds.0).fetch_optional(self.readers()).await?;
        let Some(row) = row else { return Ok(Vec::new()) };
        let provenance: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(row.try_get(0)?).map_err(|reason| StoreError::damaged("a record's provenance", reason))?;
        let lines = sqlx::query("SELECT seq, at, actor, application, evidence FROM journal WHERE entity = $1 AND record = $2")
            .bind(i64::from(read.entity.number))
            .bind(record.0)
            .fetch_all(self.readers())
            .await?;
        let mut sources = Vec::new();
        for (field, _) in &read.fields {
            let seq = provenance.get(field).or_else(|| provenance.get("*")).and_then(serde_json::Value::as_i64);
            for line in &lines {
                if Some(line.try_get(0)?) == seq {
                    sources.push(FieldSource {
                        field: field.clone(),
                        at: line.try_get(1)?,
                        actor: line.try_get(2)?,
                        application: line.try_get(3)?,
                        evidence: line.try_get(4)?,
                    });
                }
            }
        }
        Ok(sources)
    }

    /// Identity resolution: the record that has one of the keys which this authorised change would set, if there is one.
    pub async fn holder(&self, change: &Authorized<Change>) -> Result<Option<Holder>, StoreError> {
        let entity = &change.entity;
        for (name, value) in change.values.iter().filter(|(name, value)| entity.keys.contains(name) && *value != Value::Null) {
            let mut select = Both::default();
            select.sql("SELECT id, ");
            select.sql(entity.region_column().unwrap_or("NULL"));
            select.sql(" FROM ");
            select.sql(&entity.table);
            select.sql(" WHERE ");
            select.sql(name);
            select.sql(" = ");
            select.bind(value);
            let row = sqlx::query_with(AssertSqlSafe(select.text.sql), select.binds.0).fetch_optional(self.readers()).await?;
            if let Some(row) = row {
                let record = RecordNo(row.try_get(0)?);
                if change.target.is_none_or(|(target, _)| target != record) {
                    return Ok(Some(Holder { record, entity: entity.number, field: name.clone(), region: row.try_get(1)? }));
                }
            }
        }
        Ok(None)
    }
}
