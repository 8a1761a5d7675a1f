//! Values on their way to PostgreSQL and back, in its binary form.

use std::borrow::Cow;
use std::error::Error;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{Arguments as _, Encode, Postgres, Row as _, Type, TypeInfo as _, ValueRef as _};
use tokio_postgres::types as read;

use crate::database::{Bind, Cells};
use crate::error::StoreError;

/// PostgreSQL has no text with U+0000. Records hold none; what a plugin logs may.
pub(super) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{FFFD}")) } else { Cow::Borrowed(text) }
}

/// Appends the value; tells whether it is null.
fn write(bind: &Bind<'_>, mut append: impl FnMut(&[u8])) -> bool {
    match bind {
        Bind::Null => return true,
        Bind::Integer(number) => append(&number.to_be_bytes()),
        Bind::Text(text) => append(without_nul(text).as_bytes()),
        Bind::Bytes(bytes) => append(bytes),
    }
    false
}

// === of the connection that writes ===

impl Type<Postgres> for Bind<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Bind<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(if write(self, |bytes| buffer.extend_from_slice(bytes)) { IsNull::Yes } else { IsNull::No })
    }

    /// What a statement learns when it is prepared. For null the server finds it out by itself.
    fn produces(&self) -> Option<PgTypeInfo> {
        Some(match self {
            Self::Null => PgTypeInfo::with_oid(Oid(0)),
            Self::Integer(_) => <i64 as Type<Postgres>>::type_info(),
            Self::Text(_) => <str as Type<Postgres>>::type_info(),
            Self::Bytes(_) => <[u8] as Type<Postgres>>::type_info(),
        })
    }
}

pub(super) fn arguments(binds: &[Bind<'_>]) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    for bind in binds {
        arguments.add(bind).map_err(StoreError::Database)?;
    }
    Ok(arguments)
}

impl Cells for PgRow {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        let Some(cell) = cell(self, column)? else { return Ok(None) };
        let number = match cell.type_info().name() {
            "INT8" | "INT4" => integer(bytes(&cell)?),
            _ => None,
        };
        number.map(Some).ok_or_else(|| misfit(column, cell.type_info().name()))
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        let Some(cell) = cell(self, column)? else { return Ok(None) };
        match cell.type_info().name() {
            "TEXT" => cell.as_str().map(Some).map_err(|reason| StoreError::damaged("a text", reason)),
            other => Err(misfit(column, other)),
        }
    }

    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        let Some(cell) = cell(self, column)? else { return Ok(None) };
        match cell.type_info().name() {
            "BYTEA" => bytes(&cell).map(Some),
            other => Err(misfit(column, other)),
        }
    }
}

fn cell(row: &PgRow, column: usize) -> Result<Option<PgValueRef<'_>>, StoreError> {
    let cell = row.try_get_raw(column)?;
    Ok(if cell.is_null() { None } else { Some(cell) })
}

fn bytes<'r>(cell: &PgValueRef<'r>) -> Result<&'r [u8], StoreError> {
    cell.as_bytes().map_err(StoreError::Database)
}

/// Of eight bytes or four.
fn integer(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().map(i64::from_be_bytes).or_else(|_| bytes.try_into().map(i32::from_be_bytes).map(i64::from)).ok()
}

fn misfit(column: usize, found: &str) -> StoreError {
    StoreError::damaged("a row", format!("column {column} holds {found}"))
}

// === of those that read ===

/// What a statement is prepared for. For null the server finds it out by itself.
pub(super) fn type_of(bind: &Bind<'_>) -> read::Type {
    match bind {
        Bind::Null => read::Type::UNKNOWN,
        Bind::Integer(_) => read::Type::INT8,
        Bind::Text(_) => read::Type::TEXT,
        Bind::Bytes(_) => read::Type::BYTEA,
    }
}

impl read::ToSql for Bind<'_> {
    fn to_sql(&self, wanted: &read::Type, out: &mut bytes::BytesMut) -> Result<read::IsNull, Box<dyn Error + Sync + Send>> {
        // A statement is prepared for the first values that it meets.
        if !matches!(self, Self::Null) && type_of(self) != *wanted {
            return Err(format!("a value of {} where the statement takes {wanted}", type_of(self)).into());
        }
        Ok(if write(self, |bytes| out.extend_from_slice(bytes)) { read::IsNull::Yes } else { read::IsNull::No })
    }

    fn accepts(_: &read::Type) -> bool {
        true
    }

    read::to_sql_checked!();
}

/// An integer of either size.
struct Integer(i64);

impl read::FromSql<'_> for Integer {
    fn from_sql(_: &read::Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        integer(raw).map(Self).ok_or_else(|| "an integer of another size".into())
    }

    fn accepts(found: &read::Type) -> bool {
        matches!(*found, read::Type::INT8 | read::Type::INT4)
    }
}

impl Cells for tokio_postgres::Row {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(take::<Integer>(self, column)?.map(|Integer(number)| number))
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        take(self, column)
    }

    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        take(self, column)
    }
}

fn take<'r, T: read::FromSql<'r>>(row: &'r tokio_postgres::Row, column: usize) -> Result<Option<T>, StoreError> {
    row.try_get(column).map_err(|reason| {
        let found = row.columns().get(column).map_or("nothing", |column| column.type_().name());
        misfit(column, &format!("{found}: {reason}"))
    })
}
