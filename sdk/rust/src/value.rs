use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::bindings::linli::platform::types;
use crate::json;

macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is; the host checks it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// As the contract writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text! {
    /// A record's id: a token that means nothing to another publisher.
    Id
}
text! {
    /// A date, `1946-03-01`. Compares as a date does.
    Date
}
text! {
    /// A decimal number, `12.50`. Equal means written alike.
    Decimal
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($ty:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $ty);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Number;
                impl Visitor<'_> for Number {
                    type Value = $ty;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a number of type ", stringify!($ty), " or its text"))
                    }

                    fn visit_i64<E: de::Error>(self, n: i64) -> Result<$ty, E> {
                        n.try_into().map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))
                    }

                    fn visit_u64<E: de::Error>(self, n: u64) -> Result<$ty, E> {
                        n.try_into().map_err(|_| E::invalid_value(de::Unexpected::Unsigned(n), &self))
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$ty, E> {
                        text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
                    }
                }
                deserializer.deserialize_any(Number).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number! {
    /// A record's version, as [`records::update`](crate::records::update) wants it. Reads a JSON number and
    /// its text.
    Version(u64)
}
number! {
    /// A whole number of a row or an input. Reads a JSON number and its text: rows write 64-bit integers as
    /// text, and so do a page's parameters.
    Integer(i64)
}

/// A value in a condition, a predicate's argument or a row button's constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// `12.50`.
    Decimal(Cow<'a, str>),
    /// Any text, an [`Id`] too.
    Text(Cow<'a, str>),
    /// `1946-03-01`.
    Date(Cow<'a, str>),
}

impl Value<'_> {
    pub(crate) fn lower(&self) -> types::Value<'_> {
        match self {
            Self::Null => types::Value::Null,
            Self::Boolean(b) => types::Value::Boolean(*b),
            Self::Integer(n) => types::Value::Integer(*n),
            Self::Decimal(t) => types::Value::Decimal(t),
            Self::Text(t) => types::Value::Text(t),
            Self::Date(t) => types::Value::Date(t),
        }
    }

    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Integer(n) => json::integer(out, *n),
            Self::Decimal(t) | Self::Text(t) | Self::Date(t) => json::string(out, t),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

impl<'a> From<&'a Id> for Value<'a> {
    fn from(id: &'a Id) -> Self {
        Self::from(id.as_str())
    }
}

impl<'a> From<&'a Date> for Value<'a> {
    fn from(date: &'a Date) -> Self {
        Self::Date(Cow::Borrowed(date.as_str()))
    }
}

impl<'a> From<&'a Decimal> for Value<'a> {
    fn from(decimal: &'a Decimal) -> Self {
        Self::Decimal(Cow::Borrowed(decimal.as_str()))
    }
}

impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Self::Boolean(b)
    }
}

impl From<i32> for Value<'_> {
    fn from(n: i32) -> Self {
        Self::Integer(n.into())
    }
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

impl From<Integer> for Value<'_> {
    fn from(n: Integer) -> Self {
        Self::Integer(n.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_number_and_as_text() {
        for json in ["7", "\"7\""] {
            assert_eq!(serde_json::from_str::<Version>(json).unwrap(), Version(7));
            assert_eq!(serde_json::from_str::<Integer>(json).unwrap(), Integer(7));
        }
        assert!(serde_json::from_str::<Version>("-1").is_err());
        assert!(serde_json::from_str::<Version>("\"x\"").is_err());
        assert_eq!(serde_json::to_string(&Version(7)).unwrap(), "7");
    }
}
