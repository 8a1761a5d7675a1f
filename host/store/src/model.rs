//! The catalogue and the region tree, as the database keeps them.

use std::sync::Arc;

use linli_model::schema::{self as json_schema, Owner};
use linli_model::{Catalogue, CodeList, EntityType, RegionCode, RegionTree};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use crate::Store;
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
pub(crate) async fn load(connection: &mut SqliteConnection, core: Core<'_>) -> Result<Catalogue, StoreError> {
    let mut catalogue = Catalogue::default();
    core.codes.into_iter().for_each(|list| catalogue.add_codes(list));
    for source in core.schemas {
        let entity = json_schema::read(source, None, &catalogue).map_err(|reason| StoreError::Schema(reason.to_string()))?;
        install(connection, &mut catalogue, entity).await?;
    }
    let brought =
        sqlx::query("SELECT owner, source FROM entity_type WHERE owner IS NOT NULL ORDER BY number").fetch_all(&mut *connection).await?;
    for row in brought {
        let plugin: String = row.try_get(0)?;
        let source: String = row.try_get(1)?;
        let entity = json_schema::read(&source, Some(&Owner { plugin: &plugin }), &catalogue)
            .map_err(|reason| StoreError::damaged(format!("an entity type of {plugin}"), reason))?;
        install(connection, &mut catalogue, entity).await?;
    }
    Ok(catalogue)
}

async fn install(
    connection: &mut SqliteConnection,
    catalogue: &mut Catalogue,
    mut entity: EntityType,
) -> Result<Arc<EntityType>, StoreError> {
    let known =
        sqlx::query("SELECT number FROM entity_type WHERE name = $1").bind(entity.name.clone()).fetch_optional(&mut *connection).await?;
    let number: i64 = match known {
        Some(row) => row.try_get(0)?,
        None => sqlx::query("SELECT coalesce(max(number), 0) + 1 FROM entity_type").fetch_one(&mut *connection).await?.try_get(0)?,
    };
    entity.number = u16::try_from(number).map_err(|_| StoreError::Schema("the platform has no more numbers for entity types".into()))?;
    entity.table = schema::table_name(entity.number, &entity);
    sqlx::query("INSERT INTO entity_type (number, name, owner, source) VALUES ($1, $2, $3, $4) ON CONFLICT (number) DO UPDATE SET source = excluded.source")
        .bind(number)
        .bind(entity.name.clone())
        .bind(entity.owner.clone())
        .bind(entity.source.clone())
        .execute(&mut *connection)
        .await?;
    let existing =
        sqlx::query(AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{}')", entity.table))).fetch_all(&mut *connection).await?;
    let existing = existing.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    for statement in schema::statements(&entity, &existing) {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    Ok(catalogue.add_entity(entity))
}

/// Reads the region tree.
pub(crate) async fn load_regions(connection: &mut SqliteConnection) -> Result<RegionTree, StoreError> {
    let mut tree = RegionTree::default();
    for row in sqlx::query("SELECT code, name FROM region").fetch_all(&mut *connection).await? {
        let code: String = row.try_get(0)?;
        let code: RegionCode = code.parse().map_err(|reason| StoreError::damaged("a region", reason))?;
        tree.insert(code, row.try_get(1)?);
    }
    Ok(tree)
}

impl Store {
    /// Adds the entity types that a plugin brings, or the fields that a newer version adds.
    pub async fn add_entities(&self, plugin: &str, schemas: Vec<String>) -> Result<(), StoreError> {
        let mut catalogue = Catalogue::clone(&self.catalogue());
        let plugin = plugin.to_owned();
        let catalogue = self
            .administer(None, move |connection| {
                Box::pin(async move {
                    for source in schemas {
                        let entity = json_schema::read(&source, Some(&Owner { plugin: &plugin }), &catalogue)
                            .map_err(|reason| StoreError::Schema(reason.to_string()))?;
                        if let Some(before) = catalogue.entity(&entity.name) {
                            refuse_removal(before, &entity)?;
                        }
                        install(connection, &mut catalogue, entity).await?;
                    }
                    Ok(catalogue)
                })
            })
            .await?;
        if let Ok(mut known) = self.inner.catalogue.write() {
            *known = Arc::new(catalogue);
        }
        Ok(())
    }

    /// Adds or renames regions.
    pub async fn add_regions(&self, regions: Vec<(RegionCode, String)>) -> Result<(), StoreError> {
        let mut tree = RegionTree::clone(&self.regions());
        regions.iter().for_each(|(code, name)| tree.insert(code.clone(), name.clone()));
        self.administer(None, move |connection| {
            Box::pin(async move {
                for (code, name) in regions {
                    sqlx::query("INSERT INTO region (code, name) VALUES ($1, $2) ON CONFLICT (code) DO UPDATE SET name = excluded.name")
                        .bind(code.to_string())
                        .bind(name)
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(())
            })
        })
        .await?;
        if let Ok(mut known) = self.inner.regions.write() {
            *known = Arc::new(tree);
        }
        Ok(())
    }

    /// Brings the database's statistics up to date after much was entered.
    pub async fn analyze(&self) -> Result<(), StoreError> {
        self.administer(None, |connection| {
            Box::pin(async move {
                // A limited analysis gathers no samples of values. With samples, SQLite would compile a statement
                // anew whenever a bound value could change its plan, which is on every call.
                sqlx::query("PRAGMA analysis_limit = 1000").execute(&mut *connection).await?;
                sqlx::query("DROP TABLE IF EXISTS sqlite_stat4").execute(&mut *connection).await?;
                sqlx::query("ANALYZE").execute(connection).await?;
                Ok(())
            })
        })
        .await
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
