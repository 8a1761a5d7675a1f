//! In what a grant differs from the one before it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::access::Access;
use crate::grant::Grant;

/// How an access differs from the access of the same purpose and entity type in the grant before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Difference {
    /// The purpose.
    pub purpose: String,
    /// The entity type.
    pub entity: String,
    /// What is new: `field phone masked`, `operation update`, `region 440104022001`.
    pub added: Vec<String>,
    /// What is no more.
    pub removed: Vec<String>,
}

/// Everything in which `after` differs from `before`. Where one has several accesses of a purpose to an entity type, they
/// are taken in their order.
pub fn differences(before: &Grant, after: &Grant) -> Vec<Difference> {
    let (before, after) = (by_use(before), by_use(after));
    let uses: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let nothing = BTreeSet::new();
    let mut differences = Vec::new();
    for key @ (purpose, entity, _) in uses {
        let (old, new) = (before.get(key).unwrap_or(&nothing), after.get(key).unwrap_or(&nothing));
        if old != new {
            let less = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect();
            differences.push(Difference {
                purpose: purpose.clone(),
                entity: entity.clone(),
                added: less(new, old),
                removed: less(old, new),
            });
        }
    }
    differences
}

type Use = (String, String, usize);

fn by_use(grant: &Grant) -> BTreeMap<Use, BTreeSet<String>> {
    let mut uses = BTreeMap::new();
    for granted in &grant.accesses {
        let access = &granted.access;
        let same = |(purpose, entity, _): &&Use| *purpose == access.purpose && *entity == access.entity;
        let nth = uses.keys().filter(same).count();
        uses.insert((access.purpose.clone(), access.entity.clone(), nth), facts(access));
    }
    uses
}

/// Everything that an access says, one fact each.
fn facts(access: &Access) -> BTreeSet<String> {
    let mut facts: BTreeSet<String> = access.operations.iter().map(|operation| format!("operation {}", operation.as_str())).collect();
    facts.extend(access.fields.iter().map(|(field, mode)| format!("field {field} {}", mode.as_str())));
    facts.extend(access.checks.iter().map(|(name, condition)| format!("check {name}: {condition}")));
    facts.extend(access.public.iter().map(|field| format!("public {field}")));
    facts.extend(access.condition.iter().map(|condition| format!("where {condition}")));
    facts.extend(access.and_where.iter().map(|condition| format!("and where {condition}")));
    match &access.regions {
        Some(regions) => facts.extend(regions.iter().map(|region| format!("region {}", region.as_str()))),
        None => drop(facts.insert("every region".to_owned())),
    }
    facts.insert(format!("{} rows a call", access.rows_per_call));
    facts.extend(access.rows_per_day.map(|rows| format!("{rows} rows a day")));
    facts.extend(access.bound.then(|| "bound blocks only".to_owned()));
    facts.extend(access.unattended.then(|| "unattended".to_owned()));
    facts.extend(access.own.then(|| "own record only".to_owned()));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Narrowing, test_model};

    fn grant(fields: &str, more: &str) -> Grant {
        let accesses = format!(
            "[[access]]\npurpose = \"p\"\nentity = \"resident\"\noperations = [\"read\"]\nfields = {{ {fields} }}\nwhere = \"age >= 80\"\n{more}"
        );
        Grant::requested(1, &test_model::manifest(&accesses), "d".into(), jiff::Timestamp::MAX)
    }

    #[test]
    fn what_is_new_and_what_is_no_more_is_named() {
        let before = grant("name = \"plain\", phone = \"masked\"", "");
        let mut after = grant("name = \"masked\", phone = \"masked\", age = \"plain\"", "rows-per-call = 20\n");
        after.narrow(&Narrowing { regions: Some(vec!["44".parse().unwrap()]), ..Narrowing::default() }).unwrap();
        let [difference] = differences(&before, &after).try_into().unwrap();
        assert_eq!((difference.purpose.as_str(), difference.entity.as_str()), ("p", "resident"));
        assert_eq!(difference.added, ["20 rows a call", "field age plain", "field name masked", "region 44"]);
        assert_eq!(difference.removed, ["100 rows a call", "every region", "field name plain"]);
        assert_eq!(differences(&after, &after), []);
    }

    #[test]
    fn an_access_that_the_other_lacks_differs_in_everything() {
        let second = "[[access]]\npurpose = \"p\"\nentity = \"dwelling\"\noperations = [\"check\"]\nchecks = { big = \"area > 100\" }\n";
        let (before, after) = (grant("name = \"plain\"", ""), grant("name = \"plain\"", second));
        let [difference] = differences(&before, &after).try_into().unwrap();
        assert_eq!(difference.added, ["100 rows a call", "check big: area > 100", "every region", "operation check"]);
        assert_eq!(differences(&after, &before)[0].removed, difference.added);
    }

    #[test]
    fn accesses_of_one_purpose_to_one_entity_type_are_taken_in_their_order() {
        let access = |entity: &str, field: &str| {
            format!("[[access]]\npurpose = \"p\"\nentity = \"{entity}\"\noperations = [\"read\"]\nfields = {{ {field} = \"plain\" }}\n")
        };
        let before = grant("name = \"plain\"", &access("resident", "age"));
        let between = access("dwelling", "area");
        let after = grant("sex = \"plain\"", &format!("{between}{}", access("resident", "phone")));
        let found = differences(&before, &after);
        let told: Vec<_> = found.iter().map(|one| (one.entity.as_str(), one.added.len(), one.removed.join(", "))).collect();
        assert_eq!(
            told,
            [("dwelling", 4, String::new()), ("resident", 1, "field name plain".into()), ("resident", 1, "field age plain".into())]
        );
    }
}
