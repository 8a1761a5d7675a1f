//! Whom a record concerns that refers to nobody: those who lead to it, as its entity type's subject path says.

use linli_model::{Catalogue, EntityType};
use roaring::RoaringTreemap;

use crate::database::{Bind, Cells as _, Readers, Row, Session};
use crate::error::StoreError;

/// Records that are asked for at once. Their number is the same in every statement, so that there is one to prepare.
const AT_ONCE: usize = 32;

/// The people who lead to records of an entity type.
pub(crate) async fn of(
    readers: &Readers,
    catalogue: &Catalogue,
    entity: &EntityType,
    records: &RoaringTreemap,
) -> Result<RoaringTreemap, StoreError> {
    let mut people = RoaringTreemap::new();
    let Some(text) = statement(catalogue, entity)? else { return Ok(people) };
    for binds in batches(records) {
        people.extend(readers.all(&text, &binds, number).await?);
    }
    Ok(people)
}

/// The people who lead to one record, as the writer's transaction has it.
pub(crate) fn of_one(session: &Session, catalogue: &Catalogue, entity: &EntityType, record: i64) -> Result<Vec<u64>, StoreError> {
    let Some(text) = statement(catalogue, entity)? else { return Ok(Vec::new()) };
    session.all(&text, &vec![Bind::Integer(record); AT_ONCE], number)
}

fn number(row: &Row<'_>) -> Result<u64, StoreError> {
    row.integer(0).map(i64::unsigned_abs)
}

/// Numbers in groups of [`AT_ONCE`], the last one filled with its own last number.
fn batches(records: &RoaringTreemap) -> Vec<Vec<Bind<'static>>> {
    let records: Vec<i64> = records.iter().filter_map(|record| i64::try_from(record).ok()).collect();
    let fill = |batch: &[i64]| {
        let last = batch.last().copied().unwrap_or_default();
        batch.iter().copied().chain(std::iter::repeat(last)).take(AT_ONCE).map(Bind::Integer).collect()
    };
    records.chunks(AT_ONCE).map(fill).collect()
}

/// `SELECT m0.id FROM e_resident AS m0 JOIN e_household AS m1 ON m1.id = m0.household WHERE m1.dwelling IN (…)`
fn statement(catalogue: &Catalogue, entity: &EntityType) -> Result<Option<String>, StoreError> {
    let Some(members) = &entity.members else { return Ok(None) };
    let hops = members.hops(catalogue, &entity.name).map_err(StoreError::Schema)?;
    let mut text = String::new();
    let mut before = "";
    for (at, (entity, reference)) in hops.iter().enumerate() {
        let table = &entity.table;
        text.push_str(&match at.checked_sub(1) {
            None => format!("SELECT m0.id FROM {table} AS m0"),
            Some(last) => format!(" JOIN {table} AS m{at} ON m{at}.id = m{last}.{before}"),
        });
        before = reference;
    }
    let places: Vec<String> = (1..=AT_ONCE).map(|place| format!("${place}")).collect();
    let end = hops.len().saturating_sub(1);
    Ok(Some(format!("{text} WHERE m{end}.{before} IN ({})", places.join(", "))))
}
