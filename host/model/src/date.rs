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

impl Date {
    /// The day a period later: first its months, of which a day that the month does not have becomes the last, then its days.
    pub fn plus(self, period: Period) -> Self {
        let moved = self.0.saturating_add(jiff::Span::new().months(period.months));
        Self(moved.saturating_add(jiff::Span::new().days(period.days)))
    }
}

/// A calendar period, ISO 8601: `P80Y`, `P1Y6M`, `P2W`, `P30D`. At most 150 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Period {
    months: i32,
    days: i32,
}

/// Why a text is no period.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("is no period of years, months, weeks and days such as P80Y, P1Y6M or P30D, at most 150 years")]
pub struct NoPeriod;

/// The most months and days of a period: 150 years of each.
const MONTHS_MAX: i32 = 150 * 12;
const DAYS_MAX: i32 = 150 * 366;

impl Period {
    /// The same, backwards.
    pub fn negated(self) -> Self {
        Self { months: -self.months, days: -self.days }
    }

    /// Whether it goes back.
    pub fn is_past(self) -> bool {
        self.months < 0 || self.days < 0
    }
}

impl FromStr for Period {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, NoPeriod> {
        let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or(NoPeriod)?;
        let mut period = Self::default();
        for (unit, months, days) in [('Y', 12, 0), ('M', 1, 0), ('W', 0, 7), ('D', 0, 1)] {
            let Some((digits, behind)) = rest.split_once(unit) else { continue };
            let shaped = (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number: i32 = digits.parse().ok().filter(|_| shaped).ok_or(NoPeriod)?;
            period.months += number * months;
            period.days += number * days;
            rest = behind;
        }
        let known = rest.is_empty() && period.months <= MONTHS_MAX && period.days <= DAYS_MAX;
        known.then_some(period).ok_or(NoPeriod)
    }
}

impl fmt::Display for Period {
    /// Without its sign.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (months, days) = (self.months.abs(), self.days.abs());
        f.write_str("P")?;
        for (number, unit) in [(months / 12, 'Y'), (months % 12, 'M'), (days, 'D')] {
            if number != 0 {
                write!(f, "{number}{unit}")?;
            }
        }
        if months == 0 && days == 0 { f.write_str("0D") } else { Ok(()) }
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

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_moves_a_day_by_the_calendar() {
        for (day, text, expected) in [
            ("2026-02-28", "P80Y", "2106-02-28"),
            ("2024-01-31", "P1M", "2024-02-29"),
            ("2024-02-29", "P1Y", "2025-02-28"),
            ("2025-12-31", "P1Y2M1W3D", "2027-03-10"),
            ("2025-12-31", "P0D", "2025-12-31"),
        ] {
            assert_eq!(date(day).plus(period(text)), date(expected), "{day} + {text}");
        }
        assert_eq!(date("2024-03-31").plus(period("P1M").negated()), date("2024-02-29"));
        assert_eq!(period("P1Y18M2W1D").to_string(), "P2Y6M15D");
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in ["", "P", "80Y", "P80", "P1D1Y", "PT1H", "P-1Y", "P1.5Y", "P151Y", "P999999D", "P1Y ", "P١Y"] {
            assert_eq!(text.parse::<Period>(), Err(NoPeriod), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_age_is_a_period(y in 1900i16..2030, m in 1i8..=12, d in 1i8..=28, ty in 1990i16..2090, tm in 1i8..=12, td in 1i8..=31, years in 1i64..120) {
            let Some(today) = Date::new(ty, tm, td) else { return Ok(()) };
            let birth = Date::new(y, m, d).unwrap();
            prop_assert_eq!(birth.age_on(today) >= years, birth <= today.plus(period(&format!("P{years}Y")).negated()));
        }

        #[test]
        fn born_by_is_the_edge_of_age(y in 1900i16..2030, m in 1i8..=12, d in 1i8..=28, ty in 1990i16..2090, tm in 1i8..=12, td in 1i8..=31, years in 0i64..120) {
            let Some(today) = Date::new(ty, tm, td) else { return Ok(()) };
            let birth = Date::new(y, m, d).unwrap();
            prop_assume!(birth <= today);
            prop_assert_eq!(birth.age_on(today) >= years, birth <= today.born_by(years).unwrap());
        }
    }
}
