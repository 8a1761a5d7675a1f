//! What is checked of a resident before it is kept.

use std::collections::HashSet;

use serde::Deserialize;

use super::reads::{Cells, Reads, Rows, Statement};

/// A resident as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resident {
    pub name: String,
    pub id_number: String,
    pub sex: String,
    pub birth_date: String,
    pub grid: String,
    pub status: String,
    pub ethnicity: Option<String>,
    pub phone: Option<String>,
    pub hukou: Option<String>,
}

/// The codes that a resident may hold.
pub struct Codes {
    regions: HashSet<String>,
}

impl Codes {
    pub async fn load(reads: &Reads) -> Result<Self, sqlx::Error> {
        let regions = match reads.rows(&CODES, &[]).await? {
            Rows::Sqlite(rows) => codes(&rows),
            Rows::Postgres(rows) => codes(&rows),
        };
        Ok(Self { regions: regions? })
    }

    /// The first thing that is wrong.
    pub fn check(&self, resident: &Resident, community: &str) -> Result<(), &'static str> {
        let rules: [(bool, &'static str); 9] = [
            (is_name(&resident.name), "name"),
            (is_id_number(&resident.id_number), "id_number"),
            (resident.birth_date == born(&resident.id_number), "birth_date"),
            (resident.sex == sex(&resident.id_number), "sex"),
            (resident.grid.starts_with(community) && self.regions.contains(&resident.grid), "grid"),
            (matches!(resident.status.as_str(), "living" | "away" | "moved-out" | "deceased"), "status"),
            (resident.ethnicity.as_deref().is_none_or(is_ethnicity), "ethnicity"),
            (resident.phone.as_deref().is_none_or(is_phone), "phone"),
            (resident.hukou.as_deref().is_none_or(|code| self.regions.contains(code)), "hukou"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, field)| Err(field))
    }
}

const REGIONS: &str = "SELECT code FROM region";
const CODES: Statement = Statement { sqlite: REGIONS, postgres: REGIONS };

fn codes(rows: &[impl Cells]) -> Result<HashSet<String>, sqlx::Error> {
    rows.iter().map(|row| row.text(0).map(ToOwned::to_owned)).collect()
}

fn is_name(name: &str) -> bool {
    (1..=50).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

fn is_ethnicity(code: &str) -> bool {
    code.len() == 2 && code.parse::<u8>().is_ok_and(|number| (1..=56).contains(&number) || (97..=98).contains(&number))
}

fn is_phone(phone: &str) -> bool {
    let mut digits = phone.bytes();
    phone.len() == 11
        && digits.next() == Some(b'1')
        && matches!(digits.next(), Some(b'3'..=b'9'))
        && digits.all(|byte| byte.is_ascii_digit())
}

/// GB 11643: 17 digits and a check character by ISO 7064 MOD 11-2.
fn is_id_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((check, digits)) = bytes.split_last() else { return false };
    if digits.len() != 17 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let rest = digits.iter().fold(0_u32, |rest, digit| (rest + u32::from(digit - b'0')) * 2 % 11);
    let expected = (12 - rest) % 11;
    let given = if *check == b'X' { 10 } else { u32::from(check.wrapping_sub(b'0')) };
    given == expected && born(text).parse::<jiff::civil::Date>().is_ok()
}

fn born(id_number: &str) -> String {
    let part = |from: usize, to: usize| id_number.get(from..to).unwrap_or_default();
    [part(6, 10), part(10, 12), part(12, 14)].join("-")
}

fn sex(id_number: &str) -> &'static str {
    match id_number.as_bytes().get(16) {
        Some(digit) if digit % 2 == 1 => "1",
        _ => "2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Resident)) -> Result<(), &'static str> {
        let text = r#"{"name": "王五", "id_number": "11010519491231002X", "sex": "2", "birth_date": "1949-12-31", "grid": "440104022003001", "status": "living"}"#;
        let mut resident = serde_json::from_str(text).unwrap();
        change(&mut resident);
        Codes { regions: HashSet::from(["440104022003001".to_owned()]) }.check(&resident, "440104022003")
    }

    #[test]
    fn a_good_resident_passes() {
        assert_eq!(check(|_| ()), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(check(|resident| resident.id_number = "110105194912310021".to_owned()), Err("id_number"));
        assert_eq!(check(|resident| resident.birth_date = "1949-12-30".to_owned()), Err("birth_date"));
        assert_eq!(check(|resident| resident.sex = "1".to_owned()), Err("sex"));
        assert_eq!(check(|resident| resident.grid = "440104022003002".to_owned()), Err("grid"));
        assert_eq!(check(|resident| resident.phone = Some("123".to_owned())), Err("phone"));
    }
}
