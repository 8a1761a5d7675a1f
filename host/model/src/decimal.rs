//! Decimals as scaled integers, so that two databases add them up alike.

use std::fmt;

/// `units / 10^scale`, scale at most 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The value times `10^scale`.
    pub units: i64,
    /// Digits behind the point.
    pub scale: u8,
}

impl Decimal {
    /// Reads `-12.5` at a field's scale. None where it is no decimal, has more digits behind the
    /// point than `scale`, or does not fit 64 bits.
    pub fn parse(text: &str, scale: u8) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > usize::from(scale) || !plain(whole) || !plain(part) || digits.ends_with('.') {
            return None;
        }
        let units: i64 = format!("{whole}{part:0<width$}", width = usize::from(scale)).parse().ok()?;
        Some(Self { units: if negative { -units } else { units }, scale })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let digits = self.units.unsigned_abs();
        if self.scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let base = 10u64.saturating_pow(u32::from(self.scale));
        write!(f, "{sign}{}.{:0width$}", digits / base, digits % base, width = usize::from(self.scale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_is_shown() {
        for (text, shown) in [("12.5", "12.50"), ("0", "0.00"), ("-0.07", "-0.07"), ("92233720368547758.07", "92233720368547758.07")] {
            assert_eq!(Decimal::parse(text, 2).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".5", "1.", "1.234", "1e3", "+1", "--1", "92233720368547758.08", "１"] {
            assert_eq!(Decimal::parse(text, 2), None, "{text}");
        }
    }
}
