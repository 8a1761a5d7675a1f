use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::bindings::linli::platform::records as host;

/// A declared table, each group as the plugin's struct: the fields that it is grouped by, `count`, and `sum` or `average`.
#[derive(Debug, Clone, Deserialize)]
pub struct Tabulated<T> {
    /// Groups of fewer people are not in it, and neither are those of nobody.
    pub smallest_group: u32,
    /// Counts are multiples of this.
    pub rounded_to: u32,
    /// The groups in the order of their values, the unknown last.
    pub rows: Vec<T>,
}

/// A table that the manifest declares (`[[access.table]]`). To show it only, leave it to the host:
/// [`Table::counted`](crate::view::Table::counted).
///
/// # Errors
///
/// `denied` where the manifest does not declare it or the grant does not allow it; `limit` where it has too many groups;
/// `internal` where a group does not fit `T`.
pub fn aggregate<T: DeserializeOwned>(entity: &str, table: &str) -> Result<Tabulated<T>> {
    Ok(serde_json::from_str(&aggregate_raw(entity, table)?)?)
}

/// A declared table as JSON text.
///
/// # Errors
///
/// As [`aggregate`].
pub fn aggregate_raw(entity: &str, table: &str) -> Result<String> {
    Ok(host::aggregate(entity, table)?)
}
