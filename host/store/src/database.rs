//! What statements take and give, whatever database runs them.

use std::borrow::Cow;

use linli_model::Value;

use crate::error::StoreError;

/// A value in its place. SQLite's own types; a boolean is 0 or 1, a date is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bind<'a> {
    Null,
    Integer(i64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

impl Bind<'_> {
    /// The same, on its own.
    pub fn detached(self) -> Bind<'static> {
        match self {
            Self::Null => Bind::Null,
            Self::Integer(number) => Bind::Integer(number),
            Self::Text(text) => Bind::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Bind::Bytes(Cow::Owned(bytes.into_owned())),
        }
    }
}

/// The cells of one row. A cell of another type than the one asked for is damage, not null.
pub(crate) trait Cells {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError>;
    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError>;
    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError>;

    fn integer(&self, column: usize) -> Result<i64, StoreError> {
        self.optional_integer(column)?.ok_or_else(|| null(column))
    }

    fn text(&self, column: usize) -> Result<String, StoreError> {
        self.optional_text(column)?.map(ToOwned::to_owned).ok_or_else(|| null(column))
    }

    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.optional_bytes(column)?.ok_or_else(|| null(column))
    }
}

fn null(column: usize) -> StoreError {
    StoreError::damaged("a row", format!("column {column} is null"))
}

impl<'a> From<&'a Value> for Bind<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Integer(i64::from(*value)),
            Value::Integer(number) => Self::Integer(*number),
            Value::Decimal(decimal) => Self::Integer(decimal.units),
            Value::Text(text) => Self::Text(Cow::Borrowed(text)),
            Value::Date(date) => Self::Text(Cow::Owned(date.to_string())),
            Value::Reference(record) => Self::Integer(record.0),
        }
    }
}

impl From<i64> for Bind<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Bind<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Bind<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<&'a [u8]> for Bind<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'a, T: Into<Bind<'a>>> From<Option<T>> for Bind<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// `binds![a, b]`: values in their order.
macro_rules! binds {
    ($($value:expr),* $(,)?) => { &[$($crate::database::Bind::from($value)),*] };
}
pub(crate) use binds;
