//! The citizen ID number of GB 11643-1999: six digits of region, eight of birth date, three of
//! sequence (odd for male), one check character by ISO 7064 MOD 11-2.

use crate::Date;

/// What an ID number says of its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdNumber<'a> {
    /// The county code at the time of issue, six digits.
    pub region: &'a str,
    /// The date of birth.
    pub birth_date: Date,
    /// The GB/T 2261.1 code: `1` male, `2` female.
    pub sex: &'static str,
}

/// Why a text is no ID number. The message never repeats the text.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoIdNumber {
    /// Not 17 digits and a digit or X.
    #[error("must be 17 digits and a check character 0-9 or X (GB 11643)")]
    Shape,
    /// Digits 7 to 14 are no date.
    #[error("digits 7 to 14 are no date of birth (GB 11643)")]
    BirthDate,
    /// The last character does not fit the others.
    #[error("the check character does not fit the other 17 digits (GB 11643, ISO 7064 MOD 11-2)")]
    Check,
}

impl<'a> IdNumber<'a> {
    /// Reads and checks an ID number, `X` in capitals.
    pub fn parse(text: &'a str) -> Result<Self, NoIdNumber> {
        let (body, check) = text.split_at_checked(17).ok_or(NoIdNumber::Shape)?;
        let shaped =
            body.bytes().all(|byte| byte.is_ascii_digit()) && matches!(check.as_bytes(), [byte] if byte.is_ascii_digit() || *byte == b'X');
        if !shaped {
            return Err(NoIdNumber::Shape);
        }
        let digits = |from: usize, to: usize| body.get(from..to).unwrap_or_default();
        let birth_date = format!("{}-{}-{}", digits(6, 10), digits(10, 12), digits(12, 14)).parse().map_err(|_| NoIdNumber::BirthDate)?;
        if !check.starts_with(check_character(body)) {
            return Err(NoIdNumber::Check);
        }
        let odd = body.bytes().last().is_some_and(|byte| byte % 2 == 1);
        Ok(Self { region: digits(0, 6), birth_date, sex: if odd { "1" } else { "2" } })
    }
}

/// The check character of 17 digits, by ISO 7064 MOD 11-2.
pub fn check_character(body: &str) -> char {
    let rest = body.bytes().fold(0u32, |rest, byte| (rest + u32::from(byte.wrapping_sub(b'0'))) * 2 % 11);
    match (12 - rest) % 11 {
        10 => 'X',
        digit => char::from_digit(digit, 10).unwrap_or('X'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_s_own_examples_hold() {
        let holder = IdNumber::parse("11010519491231002X").unwrap();
        assert_eq!((holder.region, holder.birth_date.to_string().as_str(), holder.sex), ("110105", "1949-12-31", "2"));
        assert_eq!(IdNumber::parse("440524188001010014").unwrap().sex, "1");
    }

    #[test]
    fn one_wrong_digit_is_found() {
        let good = "11010519491231002X";
        for at in 0..17 {
            for digit in '0'..='9' {
                let mut bad: Vec<char> = good.chars().collect();
                if bad[at] == digit {
                    continue;
                }
                bad[at] = digit;
                assert!(IdNumber::parse(&bad.iter().collect::<String>()).is_err());
            }
        }
    }

    #[test]
    fn what_has_another_shape_is_refused() {
        for text in ["", "11010519491231002x", "1101051949123100", "11010519491231002X ", "一1010519491231002"] {
            assert_eq!(IdNumber::parse(text), Err(NoIdNumber::Shape), "{text}");
        }
        assert_eq!(IdNumber::parse("11010519491331002X"), Err(NoIdNumber::BirthDate));
    }
}
