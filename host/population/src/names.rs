//! Names: surnames by their national shares, given names in the taste of the year and the sex.

use std::sync::LazyLock;

use crate::{id_number::Sex, random::Random};

/// Surnames with the sum of all shares up to and with their own, most frequent first.
static SURNAMES: LazyLock<Vec<(u32, &str)>> = LazyLock::new(|| {
    rows(include_str!("../data/surnames.csv"))
        .filter_map(|row| row.split_once(','))
        .scan(0_u32, |sum, (surname, share)| {
            *sum = sum.saturating_add(share.parse().unwrap_or(0));
            Some((*sum, surname))
        })
        .collect()
});

static FASHIONS: LazyLock<Vec<Fashion>> =
    LazyLock::new(|| rows(include_str!("../data/given-names.csv")).filter_map(Fashion::read).collect());

/// How the parents of some years named their children of one sex.
struct Fashion {
    born_from: i32,
    sex: Sex,
    /// Of a thousand names, those of one character.
    alone_permille: u32,
    alone: Vec<char>,
    lead: Vec<char>,
    tail: Vec<char>,
}

impl Fashion {
    fn read(row: &str) -> Option<Self> {
        let mut columns = row.split(',');
        Some(Self {
            born_from: columns.next()?.parse().ok()?,
            sex: if columns.next()? == Sex::Male.code() { Sex::Male } else { Sex::Female },
            alone_permille: columns.next()?.parse().ok()?,
            alone: columns.next()?.chars().collect(),
            lead: columns.next()?.chars().collect(),
            tail: columns.next()?.chars().collect(),
        })
    }
}

/// A surname, as likely as it is in the country.
pub(crate) fn surname(random: &mut Random) -> &'static str {
    let all = SURNAMES.last().map_or(0, |(sum, _)| *sum);
    let at = random.below(all);
    let index = SURNAMES.partition_point(|(sum, _)| *sum <= at);
    SURNAMES.get(index).map_or("王", |(_, surname)| surname)
}

/// A full name of someone of this surname and sex who was born in this year.
pub(crate) fn full_name(random: &mut Random, surname: &str, sex: Sex, year: i32) -> String {
    let mut name = String::with_capacity(9);
    name.push_str(surname);
    let Some(fashion) = FASHIONS.iter().rfind(|fashion| fashion.sex == sex && fashion.born_from <= year) else {
        return name;
    };
    if random.chance(fashion.alone_permille) {
        name.push(random.pick_early(&fashion.alone));
        return name;
    }
    let lead = random.pick_early(&fashion.lead);
    let mut tail = random.pick_early(&fashion.tail);
    if tail == lead {
        tail = random.pick_early(&fashion.tail);
    }
    name.push(lead);
    name.push(tail);
    name
}

/// The data lines of a CSV file: without comments and without the header.
fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#')).skip(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn surnames_come_in_the_national_order() {
        let mut random = Random::new(3, "surnames");
        let mut count: HashMap<&str, u32> = HashMap::new();
        for _ in 0..200_000 {
            *count.entry(surname(&mut random)).or_default() += 1;
        }
        let mut order: Vec<_> = count.iter().collect();
        order.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let first: String = order.iter().take(6).map(|(surname, _)| **surname).collect();
        assert_eq!(first, "王李张刘陈杨");
        assert_eq!(count.len(), 100);
    }

    #[test]
    fn every_year_has_names_for_both_sexes() {
        let mut random = Random::new(4, "given");
        assert_eq!(FASHIONS.len(), 14);
        for year in 1900..2030 {
            for sex in [Sex::Male, Sex::Female] {
                let length = full_name(&mut random, "陈", sex, year).chars().count();
                assert!(length == 2 || length == 3);
            }
        }
    }
}
