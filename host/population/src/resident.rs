//! One person's record: what the household leaves open, by age and by chance.

use serde_json::Value;

use crate::{Values, household::Member, random::Random};

/// What the residents of one household have in common.
pub(crate) struct Home<'a> {
    /// The grid cell's code.
    pub(crate) grid: &'a str,
    /// Whether the household receives the minimum living allowance (低保).
    pub(crate) low_income: bool,
}

/// What makes a person identifiable; issued before the rest is drawn.
pub(crate) struct Identity<'a> {
    pub(crate) name: String,
    pub(crate) id_number: String,
    pub(crate) birth_date: String,
    /// County of the household registration, six digits.
    pub(crate) hukou: &'a str,
    /// Code of GB/T 3304.
    pub(crate) ethnicity: &'static str,
}

/// The resident's values in the input form of `schemas/entities/resident.json`, without `household`.
pub(crate) fn values(random: &mut Random, member: &Member, identity: Identity<'_>, home: &Home<'_>) -> Values {
    let mut values = Values::with_capacity(14);
    let mut put = |field: &str, value: Value| values.insert(field.to_owned(), value);
    put("name", identity.name.into());
    put("id_number", identity.id_number.into());
    put("sex", member.sex.code().into());
    put("birth_date", identity.birth_date.into());
    put("ethnicity", identity.ethnicity.into());
    if let Some(education) = education(random, member.age) {
        put("education", education.into());
    }
    if random.chance(has_phone(member.age)) {
        put("phone", phone(random).into());
    }
    put("hukou", identity.hukou.into());
    put("grid", home.grid.into());
    put("relation", member.relation.into());
    put("status", status(random, member).into());
    if random.below(10_000) < disabled(member.age) {
        put("disability_category", random.weighted(&DISABILITIES).into());
        put("disability_level", random.weighted(&DISABILITY_LEVELS).into());
    }
    put("low_income", home.low_income.into());
    values
}

/// An ethnic group's code, GB/T 3304: more of the southern minorities among those from elsewhere.
pub(crate) fn ethnicity(random: &mut Random, local: bool) -> &'static str {
    const LOCAL: [(u32, &str); 5] = [(983, "01"), (5, "03"), (3, "11"), (6, "08"), (3, "13")];
    const ELSEWHERE: [(u32, &str); 7] = [(945, "01"), (24, "08"), (8, "15"), (8, "06"), (6, "12"), (5, "13"), (4, "03")];
    if local { random.weighted(&LOCAL) } else { random.weighted(&ELSEWHERE) }
}

/// Categories of GB/T 26341 by their share in a hundred.
const DISABILITIES: [(u32, &str); 7] = [(12, "1"), (12, "2"), (2, "3"), (46, "4"), (8, "5"), (13, "6"), (7, "7")];

const DISABILITY_LEVELS: [(u32, &str); 4] = [(16, "1"), (29, "2"), (26, "3"), (29, "4")];

/// Holders of a disability certificate among ten thousand of this age: about 2.5 % of all.
fn disabled(age: i32) -> u32 {
    match age {
        ..15 => 70,
        15..60 => 155,
        60..80 => 540,
        _ => 900,
    }
}

/// The level of schooling, in progress or completed: the main codes of GB/T 4658.
fn education(random: &mut Random, age: i32) -> Option<&'static str> {
    const POSTGRADUATE: &str = "10";
    const BACHELOR: &str = "20";
    const COLLEGE: &str = "30";
    const VOCATIONAL: &str = "40";
    const SENIOR: &str = "60";
    const JUNIOR: &str = "70";
    const PRIMARY: &str = "80";
    const NONE: &str = "90";
    let table: &[(u32, &str)] = match age {
        ..6 => return None,
        6..12 => &[(1, PRIMARY)],
        12..15 => &[(1, JUNIOR)],
        15..18 => &[(64, SENIOR), (36, VOCATIONAL)],
        18..22 => &[(38, BACHELOR), (32, COLLEGE), (12, VOCATIONAL), (14, SENIOR), (4, JUNIOR)],
        22..35 => &[(7, POSTGRADUATE), (36, BACHELOR), (27, COLLEGE), (10, VOCATIONAL), (9, SENIOR), (11, JUNIOR)],
        35..50 => &[(4, POSTGRADUATE), (24, BACHELOR), (23, COLLEGE), (12, VOCATIONAL), (14, SENIOR), (20, JUNIOR), (3, PRIMARY)],
        50..65 => &[(1, POSTGRADUATE), (10, BACHELOR), (14, COLLEGE), (11, VOCATIONAL), (27, SENIOR), (29, JUNIOR), (8, PRIMARY)],
        65..80 => &[(6, BACHELOR), (8, COLLEGE), (8, VOCATIONAL), (19, SENIOR), (33, JUNIOR), (23, PRIMARY), (3, NONE)],
        _ => &[(4, BACHELOR), (4, COLLEGE), (5, VOCATIONAL), (9, SENIOR), (21, JUNIOR), (41, PRIMARY), (16, NONE)],
    };
    Some(random.weighted(table))
}

/// Persons per thousand of this age whose mobile number the community has.
fn has_phone(age: i32) -> u32 {
    match age {
        ..10 => 0,
        10..14 => 150,
        14..18 => 620,
        18..70 => 965,
        70..80 => 840,
        _ => 560,
    }
}

/// A mobile number that reaches nobody: the prefixes 154 and 164 have not been given to any operator (July 2022).
fn phone(random: &mut Random) -> String {
    let prefix = random.pick(&["154", "164"]);
    format!("{prefix}{:08}", random.below(100_000_000))
}

/// Nearly everyone lives here; heads of a household are never gone for good.
fn status(random: &mut Random, member: &Member) -> &'static str {
    const HEAD: &[(u32, &str)] = &[(975, "living"), (25, "away")];
    const OTHER: &[(u32, &str)] = &[(945, "living"), (35, "away"), (20, "moved-out")];
    const OLD: &[(u32, &str)] = &[(945, "living"), (20, "away"), (10, "moved-out"), (25, "deceased")];
    random.weighted(match member {
        Member { relation: "02", .. } => HEAD,
        Member { age: 75.., .. } => OLD,
        _ => OTHER,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_have_no_schooling_and_no_phone_before_their_time() {
        let mut random = Random::new(7, "children");
        assert_eq!(education(&mut random, 5), None);
        assert_eq!(education(&mut random, 6), Some("80"));
        assert_eq!(has_phone(9), 0);
    }

    #[test]
    fn a_phone_number_has_eleven_digits() {
        let mut random = Random::new(8, "phones");
        for _ in 0..1_000 {
            let phone = phone(&mut random);
            assert!(phone.len() == 11 && phone.starts_with('1') && phone.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
