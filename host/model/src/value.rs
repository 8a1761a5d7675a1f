//! One typed value: read from JSON by its field's kind, checked, and written back.

use std::fmt::Write as _;

use crate::entity::{Field, FieldKind};
use crate::{Catalogue, Date, Decimal, RegionCode, credit_code, id_number};

/// The inner number of a record: dense, 64 bits, never shown outside the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordNo(pub i64);

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Nothing is known.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A scaled number.
    Decimal(Decimal),
    /// Text, a code or a region code.
    Text(String),
    /// A day.
    Date(Date),
    /// Another record.
    Reference(RecordNo),
}

/// Why a value does not fit its field. The message never repeats the value.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Misfit(pub String);

impl Misfit {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl Value {
    /// Reads the JSON form of a field's value and checks it against the schema. A reference is a
    /// token in JSON, so `resolve` turns the token into the number of a record of the named entity type.
    pub fn from_json(
        json: &serde_json::Value,
        field: &Field,
        catalogue: &Catalogue,
        resolve: &dyn Fn(&str, &str) -> Option<RecordNo>,
    ) -> Result<Self, Misfit> {
        if json.is_null() {
            return Ok(Self::Null);
        }
        if let (FieldKind::Reference { entity }, Some(token)) = (&field.kind, json.as_str()) {
            let number = resolve(entity, token).ok_or_else(|| Misfit::new(format!("is no id of a {entity} that this reader was given")))?;
            return Ok(Self::Reference(number));
        }
        let value = Self::typed(json, field)?;
        value.check(field, catalogue)?;
        Ok(value)
    }

    fn typed(json: &serde_json::Value, field: &Field) -> Result<Self, Misfit> {
        let text = || json.as_str().ok_or_else(|| Misfit::new("must be a text"));
        match &field.kind {
            FieldKind::Boolean => json.as_bool().map(Self::Boolean).ok_or_else(|| Misfit::new("must be true or false")),
            FieldKind::Integer { .. } => {
                let number = json.as_i64().or_else(|| json.as_str().and_then(|text| text.parse().ok()));
                number.map(Self::Integer).ok_or_else(|| Misfit::new("must be a whole number of at most 64 bits"))
            }
            FieldKind::Decimal { scale } => {
                let number = json.as_number().map(ToString::to_string);
                let text = number.as_deref().or(json.as_str()).ok_or_else(|| Misfit::new("must be a decimal"))?;
                let decimal = Decimal::parse(text, *scale);
                decimal
                    .map(Self::Decimal)
                    .ok_or_else(|| Misfit::new(format!("must be a decimal with at most {scale} digits behind the point")))
            }
            FieldKind::Date => text()?.parse().map(Self::Date).map_err(|reason: crate::date::NoDate| Misfit::new(reason.to_string())),
            FieldKind::Reference { entity } => Err(Misfit::new(format!("must be the id of a {entity}"))),
            FieldKind::Text { .. } | FieldKind::Code { .. } | FieldKind::Region { .. } | FieldKind::IdNumber | FieldKind::CreditCode => {
                Ok(Self::Text(text()?.to_owned()))
            }
        }
    }

    /// Checks a value of the right type against the field's bounds, code list and rules.
    pub fn check(&self, field: &Field, catalogue: &Catalogue) -> Result<(), Misfit> {
        match (&field.kind, self) {
            (FieldKind::Text { min, max, pattern }, Self::Text(text)) => {
                let length = text.chars().count();
                if length < *min || length > *max {
                    return Err(Misfit::new(format!("must have {min} to {max} characters, has {length}")));
                }
                if text.chars().any(|sign| sign.is_control() && sign != '\n') {
                    return Err(Misfit::new("must not hold control characters"));
                }
                match pattern {
                    Some(pattern) if !pattern.matches(text) => Err(Misfit::new(format!("must match {}", pattern.source()))),
                    _ => Ok(()),
                }
            }
            (FieldKind::Integer { min, max }, Self::Integer(number)) if number < min || number > max => {
                Err(Misfit::new(format!("must lie in {min} to {max}")))
            }
            (FieldKind::Code { list }, Self::Text(code)) => match catalogue.codes(list) {
                Some(codes) if codes.codes.contains_key(code.as_str()) => Ok(()),
                Some(codes) => Err(Misfit::new(format!("is no code of the list `{list}` ({})", codes.standard))),
                None => Err(Misfit::new(format!("has a code list `{list}` that is not installed"))),
            },
            (FieldKind::Region { grid }, Self::Text(code)) => match code.parse::<RegionCode>() {
                Ok(region) if *grid && !region.is_grid() => Err(Misfit::new("must be a grid cell's code of 15 digits")),
                Ok(_) => Ok(()),
                Err(reason) => Err(Misfit::new(format!("is no region: {reason}"))),
            },
            (FieldKind::IdNumber, Self::Text(text)) => {
                id_number::IdNumber::parse(text).map(|_| ()).map_err(|reason| Misfit::new(reason.to_string()))
            }
            (FieldKind::CreditCode, Self::Text(text)) => credit_code::check(text).map_err(|reason| Misfit::new(reason.to_string())),
            _ => Ok(()),
        }
    }

    /// Appends the JSON form: dates as text, decimals as text, integers that may pass 53 bits as
    /// text. A reference must be turned into a token by the caller before.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null | Self::Reference(_) => out.push_str("null"),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Integer(number) => write_integer(*number, out),
            Self::Decimal(decimal) => drop(write!(out, "\"{decimal}\"")),
            Self::Date(date) => drop(write!(out, "\"{date}\"")),
            Self::Text(text) => write_text(text, out),
        }
    }
}

/// Appends an integer: a JSON number where every reader can hold it (53 bits), else text.
pub fn write_integer(number: i64, out: &mut String) {
    const SAFE: i64 = 1 << 53;
    if (-SAFE..=SAFE).contains(&number) {
        let _ = write!(out, "{number}");
    } else {
        let _ = write!(out, "\"{number}\"");
    }
}

/// Appends a JSON string.
pub fn write_text(text: &str, out: &mut String) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    out.push('"');
    if text.bytes().all(plain) {
        out.push_str(text);
    } else {
        for sign in text.chars() {
            match sign {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                sign if (sign as u32) < 0x20 => drop(write!(out, "\\u{:04x}", sign as u32)),
                sign => out.push(sign),
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_what_json_readers_read(text in any::<String>(), number in any::<i64>()) {
            let mut out = String::new();
            write_text(&text, &mut out);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
            out.clear();
            write_integer(number, &mut out);
            let read: serde_json::Value = serde_json::from_str(&out).unwrap();
            prop_assert_eq!(read.as_i64().or_else(|| read.as_str().and_then(|text| text.parse().ok())), Some(number));
        }
    }
}
