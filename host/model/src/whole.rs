//! Whole numbers in JSON, which has one kind of number: 1.0 is the whole number 1 too.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// Above this a JSON number as scripts read it does not hold every whole number any more.
const EXACT: u64 = (1 << 53) - 1;

struct Whole<T>(T);

impl<'de, T: TryFrom<u64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(from)?;
        let whole =
            || number.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=EXACT as f64).contains(number)).map(|number| number as u64);
        let fitting = number.as_u64().or_else(whole).filter(|number| *number <= EXACT).and_then(|number| T::try_from(number).ok());
        fitting.map(Self).ok_or_else(|| D::Error::custom("must be a whole number within range"))
    }
}

/// For `deserialize_with`: a whole number.
pub fn required<'de, D: Deserializer<'de>, T: TryFrom<u64>>(from: D) -> Result<T, D::Error> {
    Whole::deserialize(from).map(|Whole(number)| number)
}

/// For `deserialize_with`: a whole number or null.
pub fn optional<'de, D: Deserializer<'de>, T: TryFrom<u64>>(from: D) -> Result<Option<T>, D::Error> {
    Option::<Whole<T>>::deserialize(from).map(|found| found.map(|Whole(number)| number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Line {
        #[serde(deserialize_with = "required")]
        line: u32,
        #[serde(default, deserialize_with = "optional")]
        rows: Option<u8>,
    }

    fn read(text: &str) -> Option<(u32, Option<u8>)> {
        serde_json::from_str::<Line>(text).ok().map(|found| (found.line, found.rows))
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_of_zero() {
        assert_eq!(read(r#"{"line": 7.0, "rows": 3}"#), Some((7, Some(3))));
        assert_eq!(read(r#"{"line": 7, "rows": null}"#), Some((7, None)));
        assert_eq!(read(r#"{"line": 4e3}"#), Some((4_000, None)));
    }

    #[test]
    fn all_else_is_refused() {
        for wrong in ["7.5", "-1", "-1.0", "1e300", "4294967296", "\"7\"", "null", "true"] {
            assert_eq!(read(&format!(r#"{{"line": {wrong}}}"#)), None, "{wrong}");
        }
        assert_eq!(read(r#"{"line": 1, "rows": 256}"#), None);
        assert!(serde_json::from_str::<Whole<u64>>("9007199254740991").is_ok());
        assert!(serde_json::from_str::<Whole<u64>>("9007199254740992").is_err());
    }
}
