use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::bindings::linli::platform::records as host;

/// An open query. It holds no connection in the host, only a position.
#[derive(Debug)]
pub struct Cursor(host::Cursor);

/// Rows as the plugin's struct.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub rows: Vec<T>,
    /// Whether there are further ones.
    pub more: bool,
}

/// Rows as JSON text: an array of objects.
#[derive(Debug, Clone)]
pub struct Rows {
    pub(crate) json: String,
    /// Whether there are further ones.
    pub more: bool,
}

impl Cursor {
    pub(crate) fn new(cursor: host::Cursor) -> Self {
        Self(cursor)
    }

    /// At most `max` further rows, fewer where the grant's limit says so.
    ///
    /// # Errors
    ///
    /// `limit` where the call's quota is used up; `internal` where a row does not fit `T`.
    pub fn next<T: DeserializeOwned>(&mut self, max: u32) -> Result<Page<T>> {
        let rows = self.next_raw(max)?;
        Ok(Page { rows: serde_json::from_str(&rows.json)?, more: rows.more })
    }

    /// The same as text, for a table that only shows them.
    ///
    /// # Errors
    ///
    /// `limit` where the call's quota is used up.
    pub fn next_raw(&mut self, max: u32) -> Result<Rows> {
        let page = self.0.next(max)?;
        Ok(Rows { json: page.rows, more: page.more })
    }

    /// Where the cursor stands, for [`Query::after`](crate::records::Query::after) in a later call; none before
    /// the first row and after the last.
    pub fn position(&self) -> Option<String> {
        self.0.position()
    }
}

impl Rows {
    /// Rows that the plugin made itself.
    ///
    /// # Errors
    ///
    /// `internal` where a row is no JSON object, such as a map with keys other than texts.
    pub fn of<T: Serialize>(rows: &[T]) -> Result<Self> {
        Ok(Self { json: serde_json::to_string(rows)?, more: false })
    }

    /// The JSON array.
    pub fn as_str(&self) -> &str {
        &self.json
    }
}
