//! Where a cursor stands, sealed so that a reader can carry it but not read it: it holds sort values, which
//! may be of a field that the reader sees only in derived form.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Key, Nonce};
use data_encoding::BASE64URL_NOPAD;
use linli_model::{Date, Decimal, RecordNo, Value};
use serde::{Deserialize, Serialize};

use crate::token::Keyring;

/// The row behind which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Values of the sort columns, in order.
    pub values: Vec<Value>,
    /// The record that breaks ties.
    pub record: RecordNo,
}

#[derive(Serialize, Deserialize)]
enum Cell {
    #[serde(rename = "n")]
    Null,
    #[serde(rename = "b")]
    Boolean(bool),
    #[serde(rename = "i")]
    Integer(i64),
    #[serde(rename = "d")]
    Decimal(i64, u8),
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "y")]
    Date(Date),
    #[serde(rename = "r")]
    Reference(i64),
}

/// Seals and opens positions; made from the host's keyring.
#[derive(Clone)]
pub struct PositionKey {
    cipher: Aes128Gcm,
}

impl std::fmt::Debug for PositionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PositionKey(…)")
    }
}

impl PositionKey {
    /// The one key of this host's installation.
    pub fn new(keyring: &Keyring) -> Self {
        let key: Key<Aes128Gcm> = keyring.derive("position", "", "").into();
        Self { cipher: Aes128Gcm::new(&key) }
    }

    /// Seals a position for one query shape; `nonce` must be fresh randomness.
    pub fn seal(&self, position: &Position, shape: &str, nonce: [u8; 12]) -> Option<String> {
        let cells: Vec<Cell> = position.values.iter().map(cell).collect();
        let plain = serde_json::to_vec(&(cells, position.record.0)).ok()?;
        let payload = Payload { msg: &plain, aad: shape.as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).ok()?;
        Some(BASE64URL_NOPAD.encode(&[&nonce[..], &sealed].concat()))
    }

    /// Opens what [`seal`](Self::seal) made for the same shape; none for anything else.
    pub fn open(&self, text: &str, shape: &str) -> Option<Position> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<12>()?;
        let payload = Payload { msg: sealed, aad: shape.as_bytes() };
        let plain = self.cipher.decrypt(&Nonce::from(*nonce), payload).ok()?;
        let (cells, record): (Vec<Cell>, i64) = serde_json::from_slice(&plain).ok()?;
        Some(Position { values: cells.into_iter().map(value).collect(), record: RecordNo(record) })
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Boolean(value) => Cell::Boolean(*value),
        Value::Integer(number) => Cell::Integer(*number),
        Value::Decimal(decimal) => Cell::Decimal(decimal.units, decimal.scale),
        Value::Text(text) => Cell::Text(text.clone()),
        Value::Date(date) => Cell::Date(*date),
        Value::Reference(record) => Cell::Reference(record.0),
    }
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(value) => Value::Boolean(value),
        Cell::Integer(number) => Value::Integer(number),
        Cell::Decimal(units, scale) => Value::Decimal(Decimal { units, scale }),
        Cell::Text(text) => Value::Text(text),
        Cell::Date(date) => Value::Date(date),
        Cell::Reference(record) => Value::Reference(RecordNo(record)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_opens_for_its_own_query_only() {
        let key = PositionKey::new(&Keyring::new([7; 32]));
        let position = Position {
            values: vec![
                Value::Date("1940-01-02".parse().unwrap()),
                Value::Null,
                Value::Text("王".into()),
                Value::Boolean(true),
                Value::Integer(-7),
                Value::Decimal(Decimal { units: 1_250, scale: 2 }),
                Value::Reference(RecordNo(3)),
            ],
            record: RecordNo(9),
        };
        let sealed = key.seal(&position, "shape", [1; 12]).unwrap();
        assert_eq!(key.open(&sealed, "shape"), Some(position));
        assert_eq!(key.open(&sealed, "other"), None);
        assert!(!sealed.contains("1940"));
        let mut broken = sealed.clone();
        broken.replace_range(20..21, if &sealed[20..21] == "A" { "B" } else { "A" });
        assert_eq!(key.open(&broken, "shape"), None);
        assert_eq!(key.open("", "shape"), None);
    }
}
