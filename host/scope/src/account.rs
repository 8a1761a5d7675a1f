//! Which accounts an admin may make and change, and which changes two admins must agree on.

use linli_model::RegionCode;

use crate::actor::{Actor, Role};
use crate::remit::{Excess, codes, covers};

/// Those who decide where two pairs of eyes are asked for. Who could make one alone, or take one over, would be both.
const GUARDED: [Role; 2] = [Role::Admin, Role::Auditor];

/// Whether an admin may make or change an account that has these rights: none lies beyond the admin's own.
pub fn within_remit(admin: &Actor, account: &Actor) -> Result<(), Excess> {
    let mut excess = Vec::new();
    let outside: Vec<RegionCode> = account.regions.iter().filter(|region| !covers(admin, std::slice::from_ref(region))).cloned().collect();
    if !outside.is_empty() {
        excess.push(format!("the account's regions {} lie outside yours, {}", codes(&outside), codes(&admin.regions)));
    }
    if account.clearance > admin.clearance {
        let (theirs, yours) = (account.clearance.as_str(), admin.clearance.as_str());
        excess.push(format!("the account's clearance {theirs} lies above yours, {yours}"));
    }
    if excess.is_empty() { Ok(()) } else { Err(Excess(excess)) }
}

/// Whether an account is one of those who decide, so that another admin must agree before a change of it takes effect.
pub fn is_guarded(account: &Actor) -> bool {
    GUARDED.iter().any(|role| account.has(*role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_model::Classification;

    fn actor(roles: &[Role], regions: &[&str], clearance: Classification) -> Actor {
        let regions = regions.iter().map(|code| code.parse().unwrap()).collect();
        Actor { id: 1, roles: roles.to_vec(), regions, clearance, resident: None, publisher: None }
    }

    fn excess(regions: &[&str], clearance: Classification) -> Vec<String> {
        let admin = actor(&[Role::Admin], &["440104022", "440105"], Classification::Personal);
        within_remit(&admin, &actor(&[Role::Worker], regions, clearance)).err().map(|Excess(parts)| parts).unwrap_or_default()
    }

    #[test]
    fn an_account_lies_within_an_admins_own_regions_and_clearance_or_is_said_to_exceed_them() {
        assert!(excess(&["440104022001", "440105"], Classification::Personal).is_empty());
        assert!(excess(&[], Classification::Public).is_empty());
        assert_eq!(
            excess(&["440104", "440104022001"], Classification::Sensitive),
            [
                "the account's regions 440104 lie outside yours, 440104022 440105",
                "the account's clearance sensitive lies above yours, personal"
            ]
        );
    }

    #[test]
    fn who_decides_is_guarded_whatever_else_they_are() {
        for role in [Role::Admin, Role::Auditor] {
            assert!(is_guarded(&actor(&[Role::Worker, role], &[], Classification::Public)));
        }
        let others = [Role::Steward, Role::Worker, Role::Officer, Role::Developer, Role::Integrator, Role::Resident];
        assert!(!is_guarded(&actor(&others, &[], Classification::Sensitive)));
    }
}
