//! Where a record's values come from, and which record holds a key already.

use std::collections::HashMap;

use linli_model::{RecordNo, Value};
use linli_scope::plan::Single;
use linli_scope::{Authorized, Change, Read};

use crate::Store;
use crate::database::{Cells as _, Row, binds};
use crate::error::StoreError;
use crate::sql::{self, Sql};

/// Who supplied a field's value.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
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
        let mut select = Sql::default();
        select.sql("SELECT provenance FROM ");
        select.sql(&read.entity.table);
        select.sql(" WHERE id = ");
        select.bind(record.0);
        sql::bounds(&mut select, &read.entity, &read.bounds, read.today, &self.regions());
        let lines = "SELECT seq, at, actor, application, evidence FROM journal WHERE entity = $1 AND record = $2";
        let line = |row: &Row<'_>| {
            let source = FieldSource {
                field: String::new(),
                at: row.integer(1)?,
                actor: row.text(2)?,
                application: row.text(3)?,
                evidence: row.optional_text(4)?.map(ToOwned::to_owned),
            };
            Ok((row.integer(0)?, source))
        };
        let Some(provenance) = self.readers().first(&select.text, &select.binds, |row| row.text(0)).await? else {
            return Ok(Vec::new());
        };
        let lines = self.readers().all(lines, binds![i64::from(read.entity.number), record.0], line).await?;
        let provenance: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&provenance).map_err(|reason| StoreError::damaged("a record's provenance", reason))?;
        let lines: HashMap<i64, FieldSource> = lines.into_iter().collect();
        let sources = read.fields.iter().filter_map(|(field, _)| {
            let seq = provenance.get(field).or_else(|| provenance.get("*")).and_then(serde_json::Value::as_i64)?;
            Some(FieldSource { field: field.clone(), ..lines.get(&seq)?.clone() })
        });
        Ok(sources.collect())
    }

    /// Identity resolution: the record that has one of the keys which this authorised change would set, if there is one.
    pub async fn holder(&self, change: &Authorized<Change>) -> Result<Option<Holder>, StoreError> {
        let entity = &change.entity;
        for (name, value) in change.values.iter().filter(|(name, value)| entity.keys.contains(name) && *value != Value::Null) {
            let mut select = Sql::default();
            select.sql("SELECT id, ");
            select.sql(entity.region_column().unwrap_or("NULL"));
            select.sql(" FROM ");
            select.sql(&entity.table);
            select.sql(" WHERE ");
            select.sql(name);
            select.sql(" = ");
            select.bind(value);
            let holder = |row: &Row<'_>| {
                let region = row.optional_text(1)?.map(ToOwned::to_owned);
                Ok(Holder { record: RecordNo(row.integer(0)?), entity: entity.number, field: name.clone(), region })
            };
            let found = self.readers().first(&select.text, &select.binds, holder).await?;
            if let Some(holder) = found.filter(|holder| change.target.is_none_or(|(target, _)| target != holder.record)) {
                return Ok(Some(holder));
            }
        }
        Ok(None)
    }
}
