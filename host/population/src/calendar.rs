//! Dates as a birth register needs them: civil dates, and the birth dates that make someone a given age today.

use std::fmt;

/// A day of the Gregorian calendar. Its `Display` is `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Date {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

impl Date {
    /// Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    pub(crate) fn days(self) -> i32 {
        let month = i32::from(self.month);
        let year = self.year - i32::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + i32::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The inverse of [`Date::days`].
    pub(crate) fn from_days(days: i32) -> Self {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self {
            year: era * 400 + year_of_era + i32::from(month <= 2),
            month: u8::try_from(month).unwrap_or(1),
            day: u8::try_from(day_of_year - (153 * shifted + 2) / 5 + 1).unwrap_or(1),
        }
    }

    /// The same day so many years ago; 28 February for a 29th in a common year.
    pub(crate) fn years_before(self, years: i32) -> Self {
        let day = if (self.month, self.day) == (2, 29) { 28 } else { self.day };
        Self { year: self.year - years, day, ..self }
    }

    /// The first and the last birth date, in days since 1970, of someone who is `age` years old on this day.
    pub(crate) fn births(self, age: i32) -> (i32, i32) {
        (self.years_before(age + 1).days() + 1, self.years_before(age).days())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        assert_eq!(Date { year: 1970, month: 1, day: 1 }.days(), 0);
        assert_eq!(Date { year: 2000, month: 2, day: 29 }.days(), 11_016);
        for days in (-40_000..40_000).step_by(7) {
            assert_eq!(Date::from_days(days).days(), days);
        }
    }

    #[test]
    fn births_are_one_year_wide() {
        let today = Date { year: 2025, month: 6, day: 30 };
        let (first, last) = today.births(80);
        assert_eq!(Date::from_days(first).to_string(), "1944-07-01");
        assert_eq!(Date::from_days(last).to_string(), "1945-06-30");
    }
}
