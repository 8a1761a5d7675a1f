//! What an admin altered of a grant, in words for the log.
//!
//! The log outlives records, so that no value of a condition stands here that could be a person's: see
//! [`condition::outline`](crate::condition::outline).

use linli_model::{Catalogue, RegionCode};

use crate::access::{Access, Mode};
use crate::condition;
use crate::grant::Grant;

/// `[[access]] 1: without phone, name masked; until 2027-01-01T00:00:00Z`; empty where only the state changed.
pub fn alteration(before: &Grant, after: &Grant, catalogue: &Catalogue) -> String {
    let mut parts = Vec::new();
    for (old, new) in before.accesses.iter().zip(&after.accesses) {
        let altered = access(&old.access, &new.access, &after.plugin, catalogue);
        if !altered.is_empty() {
            parts.push(format!("[[access]] {}: {}", new.request + 1, altered.join(", ")));
        }
    }
    if before.expires != after.expires {
        parts.push(format!("until {}", after.expires));
    }
    parts.join("; ")
}

fn access(before: &Access, after: &Access, plugin: &str, catalogue: &Catalogue) -> Vec<String> {
    let mut altered = Vec::new();
    for (name, mode) in &before.fields {
        match after.fields.get(name) {
            None => altered.push(format!("without {name}")),
            Some(Mode::Masked) if *mode == Mode::Plain => altered.push(format!("{name} masked")),
            Some(_) => {}
        }
    }
    let checks = before.checks.keys().filter(|name| !after.checks.contains_key(*name));
    altered.extend(checks.map(|name| format!("without the check {name}")));
    let tables = before.tables.iter().filter(|table| !after.tables.contains(table));
    altered.extend(tables.map(|table| format!("without the table {}", table.name)));
    if before.unattended && !after.unattended {
        altered.push("never unattended".to_owned());
    }
    if let Some(regions) = after.regions.as_ref().filter(|_| before.regions != after.regions) {
        let codes: Vec<_> = regions.iter().map(RegionCode::as_str).collect();
        altered.push(format!("only in {}", codes.join(" ")));
    }
    if let Some(source) = after.and_where.as_deref().filter(|_| before.and_where != after.and_where) {
        let outline = catalogue.entity_of(plugin, &after.entity).and_then(|entity| condition::outline(source, entity, catalogue).ok());
        altered.push(format!("and where {}", outline.as_deref().unwrap_or("…")));
    }
    if before.rows_per_call != after.rows_per_call {
        altered.push(format!("{} rows a call", after.rows_per_call));
    }
    if let Some(rows) = after.rows_per_day.filter(|_| before.rows_per_day != after.rows_per_day) {
        altered.push(format!("{rows} rows a day"));
    }
    altered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::{AndWhere, Narrowing};
    use crate::test_model;

    const ACCESSES: &str = r#"
        [[access]]
        purpose = "p"
        entity = "resident"
        operations = ["read", "check", "aggregate"]
        fields = { name = "plain", phone = "masked", age = "plain", sex = "aggregate" }
        checks = { lives_here = "status == \"living\"" }
        unattended = true
        [[access.table]]
        name = "by-sex"
        title = "t"
        by = ["sex"]
    "#;

    #[test]
    fn everything_that_was_narrowed_is_named_and_no_value_of_a_person() {
        let manifest = test_model::manifest(ACCESSES);
        let before = Grant::requested(1, &manifest, "d".into(), jiff::Timestamp::MAX);
        let condition = "age >= 80 && sex in [\"1\"] && name != \"王小明\" && birth_date < \"1946-01-01\"".to_owned();
        let narrowing = Narrowing {
            drop_fields: vec!["resident.phone".into()],
            mask_fields: vec!["resident.name".into()],
            drop_checks: vec!["resident.lives_here".into()],
            drop_tables: vec!["resident.by-sex".into()],
            drop_unattended: vec!["resident".into()],
            regions: Some(vec!["440104022001".parse().unwrap(), "440104022002".parse().unwrap()]),
            and_where: Some(AndWhere { entity: "resident".into(), condition }),
            expires: Some(jiff::Timestamp::UNIX_EPOCH),
            rows_per_call: Some(20),
            rows_per_day: Some(500),
        };
        let mut after = before.clone();
        after.narrow(&narrowing).unwrap();
        let catalogue = test_model::catalogue();
        assert_eq!(
            alteration(&before, &after, &catalogue),
            "[[access]] 1: name masked, without phone, without the check lives_here, without the table by-sex, never unattended, only in 440104022001 440104022002, \
             and where age >= 80 && sex in 1 && name != … && birth_date < …, 20 rows a call, 500 rows a day; until 1970-01-01T00:00:00Z"
        );
        assert_eq!(alteration(&before, &before, &catalogue), "");
    }
}
