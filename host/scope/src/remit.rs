//! What an admin may decide: grants that reach no further than the admin's own regions and clearance.

use linli_model::{Classification, EntityType, Field, RegionCode};

use crate::actor::Actor;
use crate::grant::Grant;
use crate::scope::{Compiled, Scope};

/// What of a grant goes beyond an admin's remit, one sentence each.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("beyond what you may decide: {}", .0.join("; "))]
pub struct Excess(pub Vec<String>);

impl Compiled {
    /// The fields that it touches, each with its entity type: those it shows, sets or tests, by way of a reference too.
    pub(crate) fn touched(&self) -> impl Iterator<Item = (&EntityType, &Field)> {
        let entity = &*self.entity;
        let tested = self.checks.values().chain([&self.condition]).flat_map(move |condition| condition.looks_at(entity));
        self.fields.keys().filter_map(move |name| entity.field(name).map(|field| (entity, field))).chain(tested)
    }
}

impl Scope {
    /// The sensitive fields that the grant touches, as `resident.low_income`: a condition over one tells of it, too.
    pub fn sensitive(&self) -> Vec<String> {
        self.touched(|field| field.classification == Classification::Sensitive)
    }

    fn touched(&self, wanted: impl Fn(&Field) -> bool) -> Vec<String> {
        let mut names = Vec::new();
        for access in &self.accesses {
            let touched = access.touched().filter(|(_, field)| wanted(field));
            names.extend(touched.map(|(entity, field)| format!("{}.{}", entity.name, field.name)));
        }
        names.sort();
        names.dedup();
        names
    }

    /// Whether an admin may decide on this grant. `roots` are the regions at the top of the tree: whoever has all of
    /// them may decide on grants that name no regions.
    pub fn within_remit(&self, admin: &Actor, roots: &[RegionCode]) -> Result<(), Excess> {
        let mut excess: Vec<String> = self.accesses.iter().filter_map(|access| beyond(access, admin, roots)).collect();
        let above = self.touched(|field| field.classification > admin.clearance);
        if !above.is_empty() {
            excess.push(format!("{} lie above your clearance, {}", above.join(", "), admin.clearance.as_str()));
        }
        if excess.is_empty() { Ok(()) } else { Err(Excess(excess)) }
    }
}

/// How an access reaches beyond an admin's regions. Records of no region lie in nobody's.
fn beyond(access: &Compiled, admin: &Actor, roots: &[RegionCode]) -> Option<String> {
    access.entity.region_column()?;
    let number = access.request + 1;
    let Some(regions) = &access.regions else {
        let every = covers(admin, roots);
        return (!every)
            .then(|| format!("[[access]] {number} reaches every region, yours are {}: narrow it to them first", codes(&admin.regions)));
    };
    let outside: Vec<RegionCode> = regions.iter().filter(|region| !covers(admin, std::slice::from_ref(region))).cloned().collect();
    (!outside.is_empty()).then(|| format!("[[access]] {number} reaches {}, yours are {}", codes(&outside), codes(&admin.regions)))
}

/// Whether each of the regions lies within one of the admin's.
pub(crate) fn covers(admin: &Actor, regions: &[RegionCode]) -> bool {
    regions.iter().all(|region| admin.regions.iter().any(|own| own.contains(region.as_str())))
}

pub(crate) fn codes(regions: &[RegionCode]) -> String {
    if regions.is_empty() {
        return "none".to_owned();
    }
    regions.iter().map(RegionCode::as_str).collect::<Vec<_>>().join(" ")
}

/// Whether an admin may decide on everything: on grants, too, whose component serves no more and can't be looked into.
pub fn whole(admin: &Actor, grant: &Grant, roots: &[RegionCode]) -> Result<(), Excess> {
    if covers(admin, roots) && admin.clearance == Classification::Sensitive {
        return Ok(());
    }
    Err(Excess(vec![format!("grant {} is for a component that another has replaced; an admin of all regions decides on it", grant.id)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Narrowing, Role, test_model};

    const ACCESSES: &str = r#"
        [[access]]
        purpose = "p"
        entity = "resident"
        operations = ["read", "check"]
        fields = { name = "plain", age = "plain" }
        where = "low_income == true"
        checks = { certified = "disability_level == \"1\"" }
    "#;

    fn scope(regions: Option<&str>) -> Scope {
        compiled(ACCESSES, regions)
    }

    fn compiled(accesses: &str, regions: Option<&str>) -> Scope {
        let regions = regions.map(|code| vec![code.parse().unwrap()]);
        test_model::granted(accesses, &Narrowing { regions, ..Narrowing::default() }).unwrap()
    }

    fn excess(regions: &[&str], clearance: Classification, scope: &Scope) -> Vec<String> {
        let regions = regions.iter().map(|code| code.parse().unwrap()).collect();
        let admin = Actor { id: 1, roles: vec![Role::Admin], regions, clearance, resident: None, publisher: None };
        scope.within_remit(&admin, &["44".parse().unwrap()]).err().map(|Excess(parts)| parts).unwrap_or_default()
    }

    #[test]
    fn a_condition_or_check_over_a_sensitive_field_makes_a_grant_sensitive() {
        assert_eq!(scope(None).sensitive(), ["resident.disability_level", "resident.low_income"]);
        let related = r#"
            [[access]]
            purpose = "p"
            entity = "matter"
            operations = ["read"]
            where = "!(resident.low_income || has(resident.disability_level))"
        "#;
        assert_eq!(compiled(related, None).sensitive(), ["resident.disability_level", "resident.low_income"]);
    }

    #[test]
    fn an_admin_decides_within_their_regions_and_clearance_and_is_told_what_exceeds() {
        let (everywhere, near) = (scope(None), scope(Some("440104022001")));
        let sensitive = Classification::Sensitive;
        assert!(excess(&["44"], sensitive, &everywhere).is_empty());
        assert!(excess(&["440104022"], sensitive, &near).is_empty());
        assert!(excess(&["440104022001"], sensitive, &near).is_empty());
        assert_eq!(
            excess(&["440104022"], sensitive, &everywhere),
            ["[[access]] 1 reaches every region, yours are 440104022: narrow it to them first"]
        );
        assert_eq!(excess(&["440104022002"], sensitive, &near), ["[[access]] 1 reaches 440104022001, yours are 440104022002"]);
        assert_eq!(
            excess(&[], Classification::Personal, &near),
            [
                "[[access]] 1 reaches 440104022001, yours are none",
                "resident.disability_level, resident.low_income lie above your clearance, personal"
            ]
        );
    }

    #[test]
    fn whoever_has_every_region_and_the_highest_clearance_decides_on_what_can_not_be_looked_into() {
        let grant = Grant::requested(7, &test_model::manifest(""), "d".into(), jiff::Timestamp::MAX);
        let roots = ["44".parse().unwrap(), "11".parse().unwrap()];
        let decides = |regions: &[&str], clearance| {
            let regions = regions.iter().map(|code| code.parse().unwrap()).collect();
            let admin = Actor { id: 1, roles: vec![Role::Admin], regions, clearance, resident: None, publisher: None };
            whole(&admin, &grant, &roots).is_ok()
        };
        assert!(decides(&["44", "11"], Classification::Sensitive));
        assert!(!decides(&["44"], Classification::Sensitive));
        assert!(!decides(&["44", "11"], Classification::Personal));
        assert!(!decides(&["44"], Classification::Personal));
    }
}
