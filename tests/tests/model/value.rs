//! Values, and what the model believes of them: how they are written, ordered and masked.

use std::cmp::Ordering;

use serde_json::{Value as Json, json};

/// A value of a field. A decimal is in hundredths, a date `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Decimal(i64),
    Text(String),
    Date(String),
    /// To a record: its number, and the id that readers see.
    Reference {
        number: i64,
        id: String,
    },
}

impl Value {
    /// How two known values of one kind compare: texts and dates byte by byte.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(left), Self::Boolean(right)) => Some(left.cmp(right)),
            (Self::Integer(left), Self::Integer(right)) | (Self::Decimal(left), Self::Decimal(right)) => Some(left.cmp(right)),
            (Self::Text(left), Self::Text(right)) | (Self::Date(left), Self::Date(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
            (Self::Reference { number: left, .. }, Self::Reference { number: right, .. }) => Some(left.cmp(right)),
            _ => None,
        }
    }

    /// As a row shows it.
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Boolean(value) => value.to_string(),
            Self::Integer(number) if number.unsigned_abs() <= 1 << 53 => number.to_string(),
            Self::Integer(number) => format!("\"{number}\""),
            Self::Decimal(_) | Self::Date(_) => format!("\"{}\"", self.plain()),
            Self::Text(text) | Self::Reference { id: text, .. } => Json::from(text.as_str()).to_string(),
        }
    }

    /// As JSON that is entered.
    pub fn entered(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(value) => json!(value),
            Self::Integer(number) => json!(number),
            Self::Decimal(_) | Self::Date(_) | Self::Text(_) | Self::Reference { .. } => json!(self.plain()),
        }
    }

    /// As a guest's filter gives it.
    pub fn typed(&self) -> Json {
        match self {
            Self::Null => json!("null"),
            Self::Boolean(value) => json!({"boolean": value}),
            Self::Integer(number) => json!({"integer": number}),
            Self::Decimal(_) => json!({"decimal": self.plain()}),
            Self::Date(date) => json!({"date": date}),
            Self::Text(text) | Self::Reference { id: text, .. } => json!({"text": text}),
        }
    }

    /// As a condition writes it.
    pub fn literal(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Boolean(value) => value.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Decimal(_) | Self::Date(_) | Self::Text(_) | Self::Reference { .. } => Json::from(self.plain()).to_string(),
        }
    }

    fn plain(&self) -> String {
        match self {
            Self::Decimal(units) => {
                format!("{}{}.{:02}", if *units < 0 { "-" } else { "" }, units.unsigned_abs() / 100, units.unsigned_abs() % 100)
            }
            Self::Date(text) | Self::Text(text) | Self::Reference { id: text, .. } => text.clone(),
            other => other.shown(),
        }
    }
}

/// The mask rules, as the reference of schemas says them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    Name,
    Phone,
    IdNumber,
    Address,
}

impl Mask {
    pub const ALL: [Self; 4] = [Self::Name, Self::Phone, Self::IdNumber, Self::Address];

    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Phone => "phone",
            Self::IdNumber => "id-number",
            Self::Address => "address",
        }
    }

    pub fn apply(self, text: &str) -> String {
        let signs: Vec<char> = text.chars().collect();
        let (head, tail) = match self {
            Self::Name if text.starts_with("欧阳") && signs.len() > 2 => (2, 0),
            Self::Name if signs.len() > 1 => (1, 0),
            Self::Phone if signs.len() >= 11 => (3, 4),
            Self::IdNumber if signs.len() >= 15 => (1, 1),
            Self::Name | Self::Phone | Self::IdNumber => (0, 0),
            Self::Address => {
                let place = ["社区", "村", "街道"].into_iter().find_map(|place| text.split_once(place).map(|(before, _)| (before, place)));
                let shown = place.map_or(0, |(before, place)| before.chars().count() + place.chars().count());
                (if shown < signs.len() { shown } else { 0 }, 0)
            }
        };
        let hidden = if self == Self::Address { 4 } else { signs.len() - head - tail };
        let start: String = signs[..head].iter().collect();
        let end: String = signs[signs.len() - tail..].iter().collect();
        format!("{start}{}{end}", "*".repeat(hidden))
    }
}

/// Completed years; nobody is younger than 0.
pub fn age(born: &str, today: &str) -> i64 {
    let year = |date: &str| date[..4].parse::<i64>().unwrap();
    (year(today) - year(born) - i64::from(today[5..] < born[5..])).max(0)
}
