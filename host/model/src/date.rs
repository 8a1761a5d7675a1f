//! Dates and ages, in the community's time zone (UTC+8, no daylight saving).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A civil date, `YYYY-MM-DD` (ISO 8601), years 1800 to 2200.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(jiff::civil::Date);

/// Why a text is no date.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("is no date of the form YYYY-MM-DD between 1800 and 2200")]
pub struct NoDate;

impl Date {
    /// A date from its parts; none where there is no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        (1800..=2200).contains(&year).then_some(Self(date))
    }

    /// The day that an instant falls on in the community's time zone.
    pub fn of(at: jiff::Timestamp) -> Self {
        Self(jiff::tz::Offset::constant(8).to_datetime(at).date())
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// Month and day.
    pub fn month_day(self) -> (i8, i8) {
        (self.0.month(), self.0.day())
    }

    /// Completed years from this date (of birth) to `today`; 0 for dates to come.
    pub fn age_on(self, today: Self) -> i64 {
        let passed = i64::from(today.year()) - i64::from(self.year());
        let had_birthday = today.month_day() >= self.month_day();
        (passed - i64::from(!had_birthday)).max(0)
    }

    /// The latest date of birth of anyone who has completed `years` on `today`:
    /// `birth.age_on(today) >= years` holds exactly for `birth <= today.born_by(years)`.
    /// None where that lies before year 1 or after year 9999.
    pub fn born_by(self, years: i64) -> Option<Self> {
        let year = i16::try_from(i64::from(self.year()).checked_sub(years)?).ok()?;
        let (month, day) = self.month_day();
        let exact = jiff::civil::Date::new(year, month, day);
        exact.or_else(|_| jiff::civil::Date::new(year, 2, 28)).ok().map(Self)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Self, NoDate> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return Err(NoDate);
        }
        let part = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse().ok());
        let year = text.get(0..4).and_then(|digits| digits.parse().ok());
        match (year, part(5..7), part(8..10)) {
            (Some(year), Some(month), Some(day)) => Self::new(year, month, day).ok_or(NoDate),
            _ => Err(NoDate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_leap_day_child_turns_one_on_the_first_of_march() {
        assert_eq!(date("2000-02-29").age_on(date("2001-02-28")), 0);
        assert_eq!(date("2000-02-29").age_on(date("2001-03-01")), 1);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["", "2001-2-3", "2001-02-30", "2001/02/03", "1799-12-31", "２００１-02-03", "+201-02-03"] {
            assert_eq!(text.parse::<Date>(), Err(NoDate), "{text}");
        }
    }

    proptest! {
        #[test]
        fn born_by_is_the_edge_of_age(y in 1900i16..2030, m in 1i8..=12, d in 1i8..=28, ty in 1990i16..2090, tm in 1i8..=12, td in 1i8..=31, years in 0i64..120) {
            let Some(today) = Date::new(ty, tm, td) else { return Ok(()) };
            let birth = Date::new(y, m, d).unwrap();
            prop_assume!(birth <= today);
            prop_assert_eq!(birth.age_on(today) >= years, birth <= today.born_by(years).unwrap());
        }
    }
}
