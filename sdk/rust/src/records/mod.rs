//! The shared store, as far as the grant reaches.
//!
//! Out-of-scope rows do not exist for a plugin; an entity or field outside the grant is an error
//! [`denied`](crate::code::DENIED) that says which line of the manifest or grant to look at.
//!
//! Rows that a page only shows stay JSON text ([`Cursor::next_raw`] → [`Table::rows`](crate::view::Table::rows)):
//! reading and writing them again would cost more than the rest of the call. Better still, a *bound* block
//! ([`Table::bound`](crate::view::Table::bound)) leaves them to the host altogether.

mod aggregate;
mod change;
mod cursor;
mod query;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::linli::platform::records as host;
use crate::{Id, Result, Value};

pub use aggregate::{Tabulated, aggregate, aggregate_raw};
pub use change::{Change, Outcome, apply, create, update};
pub use cursor::{Cursor, Page, Rows};
pub use query::{Condition, Field, Query, field, query};

/// One record, read into `T`. `id` and `version` may be asked for as well.
///
/// # Errors
///
/// `not-found` where there is no such record in scope; `internal` where it does not fit `T`.
pub fn get<T: DeserializeOwned>(entity: &str, id: &Id, fields: &[&str]) -> Result<T> {
    Ok(serde_json::from_str(&get_raw(entity, id, fields)?)?)
}

/// One record as JSON text.
///
/// # Errors
///
/// As [`get`].
pub fn get_raw(entity: &str, id: &Id, fields: &[&str]) -> Result<String> {
    Ok(host::get(entity, id.as_str(), fields)?)
}

/// Asks a predicate that the manifest names (`checks`) of one record, without seeing the fields that it tests.
///
/// # Errors
///
/// `not-found` where there is no such record in scope; `limit` where it was asked too often of one person.
pub fn check(entity: &str, id: &Id, predicate: &str, args: &[Value<'_>]) -> Result<bool> {
    let args: Vec<_> = args.iter().map(Value::lower).collect();
    Ok(host::check(entity, id.as_str(), predicate, &args)?)
}

/// One record by a field that its schema declares as a public key, for pages without a log-in.
///
/// # Errors
///
/// `not-found`; `denied` where `fields` names one that the manifest does not list as `public`.
pub fn lookup<T: DeserializeOwned>(entity: &str, key: &str, value: &str, fields: &[&str]) -> Result<T> {
    Ok(serde_json::from_str(&lookup_raw(entity, key, value, fields)?)?)
}

/// One record by a public key, as JSON text.
///
/// # Errors
///
/// As [`lookup`].
pub fn lookup_raw(entity: &str, key: &str, value: &str, fields: &[&str]) -> Result<String> {
    Ok(host::lookup(entity, key, value, fields)?)
}

fn to_json(values: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(values)?)
}
