//! Citizen ID numbers after GB 11643: six digits of region, eight of birth date, three of sequence, one check digit.

use std::collections::HashMap;

use crate::{calendar::Date, random::mix};

/// Sex, by its codes in GB/T 2261.1.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum Sex {
    #[default]
    Male,
    Female,
}

impl Sex {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Male => "1",
            Self::Female => "2",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Male => Self::Female,
            Self::Female => Self::Male,
        }
    }
}

/// Hands out ID numbers and never the same twice.
#[derive(Default)]
pub(crate) struct Register {
    /// How many numbers a county has given to persons of a sex born on a day.
    given: HashMap<(u32, i32, Sex), u16>,
}

/// Sequences of one parity: of one sex on one day in one county there are no more numbers than these.
const SEQUENCES: u16 = 500;

impl Register {
    /// The next free number of a county (its six digits) for a person of this sex born on this day, and the birth
    /// date it holds: the day asked for, or the nearest earlier one that still has a number.
    pub(crate) fn issue(&mut self, county: &str, born: Date, sex: Sex) -> (String, Date) {
        let region: u32 = county.parse().unwrap_or(0);
        let mut days = born.days();
        let nth = loop {
            let given = self.given.entry((region, days, sex)).or_insert(0);
            if *given < SEQUENCES {
                *given += 1;
                break *given - 1;
            }
            days -= 1;
        };
        let born = Date::from_days(days);
        // A start of its own for each day and a step that shares no factor with 500: the sequences of a day all
        // differ, and nobody can read from them who was entered first.
        let start = mix(u64::from(region) << 32 ^ u64::from(days.cast_unsigned())) % u64::from(SEQUENCES);
        let slot = (start + u64::from(nth) * 137) % u64::from(SEQUENCES);
        let sequence = slot * 2 + u64::from(sex == Sex::Male);
        let mut number = format!("{region:06}{:04}{:02}{:02}{sequence:03}", born.year, born.month, born.day);
        number.push(check_digit(&number));
        (number, born)
    }
}

/// The check digit of the first 17 digits, ISO 7064 MOD 11-2.
fn check_digit(digits: &str) -> char {
    let sum = digits.bytes().fold(0, |sum, byte| (sum + u32::from(byte.wrapping_sub(b'0'))) * 2 % 11);
    match (12 - sum) % 11 {
        10 => 'X',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_standard_s_own_examples_check() {
        // GB 11643-1999, annex A.
        assert_eq!(check_digit("11010519491231002"), 'X');
        assert_eq!(check_digit("44052418800101001"), '4');
    }

    #[test]
    fn a_full_day_moves_to_the_day_before() {
        let mut register = Register::default();
        let born = Date { year: 1990, month: 3, day: 1 };
        let numbers: HashSet<_> = (0..501).map(|_| register.issue("440104", born, Sex::Female)).collect();
        assert_eq!(numbers.len(), 501);
        let moved: Vec<_> = numbers.iter().filter(|(_, date)| *date != born).collect();
        assert_eq!(moved.len(), 1);
        assert!(moved[0].0.starts_with("44010419900228"));
    }
}
