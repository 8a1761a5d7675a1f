//! The catalogue, as the database keeps it.

use std::sync::Arc;

use linli_model::schema::{self as json_schema, Owner};
use linli_model::{Catalogue, CodeList, EntityType};

use crate::Store;
use crate::database::{Cells as _, Dialect, Session, binds};
use crate::error::StoreError;
use crate::schema;

/// What the platform itself brings.
pub struct Core<'a> {
    /// The code lists.
    pub codes: Vec<CodeList>,
    /// The core entity types' schemas, each behind those that it refers to.
    pub schemas: &'a [&'a str],
}

/// Reads the catalogue and brings every table up to its schema, by adding only.
pub(crate) fn load(session: &Session, core: Core<'_>) -> Result<Catalogue, StoreError> {
    let mut catalogue = Catalogue::default();
    core.codes.into_iter().for_each(|list| catalogue.add_codes(list));
    for source in core.schemas {
        let entity = json_schema::read(source, None, &catalogue).map_err(|reason| StoreError::Schema(reason.to_string()))?;
        install(session, &mut catalogue, entity)?;
    }
    for entity in catalogue.entities() {
        let hops = entity.members.as_ref().map(|members| members.hops(&catalogue, &entity.name)).transpose();
        hops.map_err(|reason| StoreError::Schema(format!("x-linli.subjects of `{}`: {reason}", entity.name)))?;
    }
    let text = "SELECT owner, source FROM entity_type WHERE owner IS NOT NULL ORDER BY number";
    for (plugin, source) in session.all(text, &[], |row| Ok((row.text(0)?, row.text(1)?)))? {
        let entity = json_schema::read(&source, Some(&Owner { plugin: &plugin }), &catalogue)
            .map_err(|reason| StoreError::damaged(format!("an entity type of {plugin}"), reason))?;
        install(session, &mut catalogue, entity)?;
    }
    Ok(catalogue)
}

fn install(session: &Session, catalogue: &mut Catalogue, mut entity: EntityType) -> Result<Arc<EntityType>, StoreError> {
    let known = session.first("SELECT number FROM entity_type WHERE name = $1", binds![&entity.name], |row| row.integer(0))?;
    let number = match known {
        Some(number) => number,
        None => session.number("SELECT coalesce(max(number), 0) + 1 FROM entity_type", &[])?,
    };
    entity.number = u16::try_from(number).map_err(|_| StoreError::Schema("the platform has no more numbers for entity types".into()))?;
    entity.table = schema::table_name(entity.number, &entity);
    session.execute(
        "INSERT INTO entity_type (number, name, owner, source) VALUES ($1, $2, $3, $4) ON CONFLICT (number) DO UPDATE SET source = excluded.source",
        binds![number, &entity.name, entity.owner.as_deref(), &*entity.source],
    )?;
    let columns = match session.dialect() {
        Dialect::Sqlite => "SELECT name FROM pragma_table_info($1)",
        Dialect::Postgres => "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
    };
    let existing = session.all(columns, binds![&entity.table], |row| row.text(0))?;
    schema::statements(&entity, &existing).iter().try_for_each(|statement| schema::run(session, statement))?;
    Ok(catalogue.add_entity(entity))
}

impl Store {
    /// Adds the entity types that a plugin brings, or the fields that a newer version adds.
    pub async fn add_entities(&self, plugin: &str, schemas: Vec<String>) -> Result<(), StoreError> {
        let _turn = self.renewing().await;
        let mut catalogue = Catalogue::clone(&self.catalogue());
        let plugin = plugin.to_owned();
        let catalogue = self
            .administer(None, move |session| {
                for source in schemas {
                    let entity = json_schema::read(&source, Some(&Owner { plugin: &plugin }), &catalogue)
                        .map_err(|reason| StoreError::Schema(reason.to_string()))?;
                    if let Some(before) = catalogue.entity(&entity.name) {
                        refuse_removal(before, &entity)?;
                    }
                    install(session, &mut catalogue, entity)?;
                }
                Ok(catalogue)
            })
            .await?;
        if let Ok(mut known) = self.inner.catalogue.write() {
            *known = Arc::new(catalogue);
        }
        Ok(())
    }

    /// Brings the database's statistics up to date after much was entered.
    pub async fn analyze(&self) -> Result<(), StoreError> {
        // A limited analysis gathers no samples of values. With samples, SQLite would compile a statement anew whenever
        // a bound value could change its plan, which is on every call.
        let analyze = |session: &Session| match session.dialect() {
            Dialect::Sqlite => session.batch("PRAGMA analysis_limit = 1000; DROP TABLE IF EXISTS sqlite_stat4; ANALYZE"),
            Dialect::Postgres => session.batch("ANALYZE"),
        };
        self.administer(None, analyze).await
    }
}

fn refuse_removal(before: &EntityType, after: &EntityType) -> Result<(), StoreError> {
    for (name, field) in &before.fields {
        let same = after.field(name).is_some_and(|now| now.kind.word() == field.kind.word() && now.origin == field.origin);
        if !same {
            return Err(StoreError::Schema(format!(
                "`{name}` of `{}` would be removed or change its type; only the steward can do that",
                before.name
            )));
        }
    }
    if let Some(name) = after.fields.values().find(|field| field.required && before.field(&field.name).is_none()).map(|field| &field.name) {
        return Err(StoreError::Schema(format!("`{name}` of `{}` is new and can't be required: records without it exist", before.name)));
    }
    Ok(())
}
