//! Where a grant stands at a moment, beside the component that serves its plugin.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::grant::{Grant, GrantState};

/// What a grant is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Asked for, not yet decided.
    Requested,
    /// Approved by one admin of the two that it needs.
    AwaitingSecond,
    /// In force.
    Active,
    /// Its date has passed.
    Expired,
    /// For a component that another one has replaced. It holds again if that component is installed again.
    Superseded,
    /// Ended by an admin.
    Revoked,
}

impl Grant {
    /// Where it stands now; `serving` is the digest of the component that serves its plugin.
    pub fn standing(&self, serving: Option<&str>, now: Timestamp) -> Standing {
        match self.state {
            GrantState::Revoked => Standing::Revoked,
            _ if serving.is_some_and(|digest| digest != self.digest) => Standing::Superseded,
            GrantState::Requested => Standing::Requested,
            GrantState::AwaitingSecond => Standing::AwaitingSecond,
            GrantState::Active if self.expires <= now => Standing::Expired,
            GrantState::Active => Standing::Active,
        }
    }
}

/// Of a component's grants, newest first: the one in force, else the newest.
pub fn of_component<'g>(grants: &'g [Grant], plugin: &str, digest: &str, now: Timestamp) -> Option<&'g Grant> {
    let mine = || grants.iter().filter(|grant| grant.plugin == plugin && grant.digest == digest);
    mine().find(|grant| grant.standing(Some(digest), now) == Standing::Active).or_else(|| mine().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_model;

    const BEFORE: Timestamp = Timestamp::UNIX_EPOCH;

    fn grant(id: i64, state: GrantState, expires: Timestamp) -> Grant {
        Grant { state, ..Grant::requested(id, &test_model::manifest(""), "one".into(), expires) }
    }

    #[test]
    fn a_grant_stands_as_its_date_and_its_component_let_it() {
        let stands = |state, expires, serving| grant(1, state, expires).standing(serving, BEFORE);
        assert_eq!(stands(GrantState::Active, Timestamp::MAX, Some("one")), Standing::Active);
        assert_eq!(stands(GrantState::Active, Timestamp::MAX, None), Standing::Active);
        assert_eq!(stands(GrantState::Active, BEFORE, Some("one")), Standing::Expired);
        assert_eq!(stands(GrantState::Active, Timestamp::MAX, Some("two")), Standing::Superseded);
        assert_eq!(stands(GrantState::Requested, Timestamp::MAX, Some("two")), Standing::Superseded);
        assert_eq!(stands(GrantState::AwaitingSecond, Timestamp::MAX, Some("one")), Standing::AwaitingSecond);
        assert_eq!(stands(GrantState::Revoked, BEFORE, Some("two")), Standing::Revoked);
    }

    #[test]
    fn the_grant_in_force_goes_before_newer_ones_and_an_expired_one_does_not() {
        let of = |grants: &[Grant]| of_component(grants, "a.b", "one", BEFORE).map(|grant| grant.id);
        let requested = || grant(2, GrantState::Requested, Timestamp::MAX);
        assert_eq!(of(&[requested(), grant(1, GrantState::Active, Timestamp::MAX)]), Some(1));
        assert_eq!(of(&[requested(), grant(1, GrantState::Active, BEFORE)]), Some(2));
        assert_eq!(of_component(&[requested()], "a.b", "two", BEFORE).map(|grant| grant.id), None);
    }
}
