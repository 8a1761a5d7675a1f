//! Days relative to the day of asking, by a calendar of its own.

use crate::random::Random;

/// By how much a day is moved: forwards, or back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    back: bool,
    years: i64,
    months: i64,
    weeks: i64,
    days: i64,
}

impl Move {
    pub fn random(random: &mut Random) -> Self {
        let mut some = |from: &[usize]| if random.percent(50) { *random.pick(from) as i64 } else { 0 };
        let (years, months) = (some(&[1, 18, 26, 60, 80, 100]), some(&[1, 2, 11, 12, 30]));
        let (weeks, days) = (some(&[1, 8]), some(&[1, 30, 400]));
        Self { back: random.percent(75), years, months, weeks, days }
    }

    /// As a condition writes it.
    pub fn text(self) -> String {
        let parts = [(self.years, 'Y'), (self.months, 'M'), (self.weeks, 'W'), (self.days, 'D')];
        let parts: String = parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect();
        match (parts.as_str(), self.back) {
            ("", _) => "today()".to_owned(),
            (parts, true) => format!("today() - period(\"P{parts}\")"),
            (parts, false) => format!("today() + period(\"P{parts}\")"),
        }
    }

    /// First the months, of which a day that the month does not have becomes the last, then the days.
    pub fn from(self, today: &str) -> String {
        let number = |range: std::ops::Range<usize>| today[range].parse::<i64>().unwrap();
        let sign = if self.back { -1 } else { 1 };
        let months = number(0..4) * 12 + number(5..7) - 1 + sign * (self.years * 12 + self.months);
        let (mut year, mut month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        let mut day = number(8..10).min(length(year, month)) + sign * (self.weeks * 7 + self.days);
        while day < 1 {
            (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
            day += length(year, month);
        }
        while day > length(year, month) {
            day -= length(year, month);
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        }
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// How many days a month has.
fn length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
