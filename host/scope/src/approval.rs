//! Two pairs of eyes: who asks is not who approves, and what touches sensitive fields needs a second approver and an
//! impact assessment (PIPL Art. 55 and 56).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::grant::{Grant, GrantError, GrantState};

/// One admin's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The admin's account number.
    pub by: i64,
    /// When.
    pub at: Timestamp,
}

/// An impact assessment (个人信息保护影响评估): what the grant means for the people concerned, and where the whole of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// Its result in short. About the grant, never about a person.
    pub text: String,
    /// The document's number, or its address.
    pub reference: String,
}

/// Characters of an assessment's text, at most.
pub const TEXT_MAX: usize = 4_000;
/// Characters of its reference, at most.
pub const REFERENCE_MAX: usize = 200;

impl Assessment {
    /// What is wrong with it, if anything.
    fn fault(&self) -> Option<&'static str> {
        let missing = |text: &str| text.trim().is_empty();
        if missing(&self.text) || missing(&self.reference) {
            return Some("an assessment needs a text and a reference");
        }
        let too_long = self.text.chars().count() > TEXT_MAX || self.reference.chars().count() > REFERENCE_MAX;
        too_long.then_some("an assessment has at most 4,000 characters of text and 200 of reference")
    }
}

/// What an admin says when approving.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approving {
    /// When it ends; else as requested.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// What it means for the people concerned, if it touches sensitive fields.
    #[serde(default)]
    pub assessment: Option<Assessment>,
}

impl Grant {
    /// One admin's approval. `sensitive` names the sensitive fields that it touches: with some, the first approval lets
    /// it await a second one.
    pub fn approve(&mut self, by: i64, at: Timestamp, approving: &Approving, sensitive: &[String]) -> Result<(), GrantError> {
        if !matches!(self.state, GrantState::Requested | GrantState::AwaitingSecond) {
            return Err(self.wrong_state("only a requested grant can be approved"));
        }
        self.other_eyes(by)?;
        if let Some(fault) = approving.assessment.as_ref().and_then(Assessment::fault) {
            return Err(GrantError::Assessment(fault));
        }
        let assessment = self.assessment.clone().or_else(|| approving.assessment.clone());
        if !sensitive.is_empty() && assessment.is_none() {
            return Err(GrantError::NoAssessment { id: self.id, fields: sensitive.join(", ") });
        }
        let is_first = self.approvals.is_empty();
        self.expires = match approving.expires {
            // The second of two may shorten what the first said, never lengthen it.
            Some(expires) if !is_first => expires.min(self.expires),
            Some(expires) => expires,
            None => self.expires,
        };
        self.assessment = assessment;
        self.approvals.push(Approval { by, at });
        self.state = if is_first && !sensitive.is_empty() { GrantState::AwaitingSecond } else { GrantState::Active };
        Ok(())
    }

    /// Whether this admin did not ask for it and has not approved it before.
    pub fn other_eyes(&self, admin: i64) -> Result<(), GrantError> {
        let fail = |reason| Err(GrantError::SamePerson { id: self.id, reason });
        if self.requested_by == Some(admin) {
            return fail("whoever uploaded the component can't approve what it asks for");
        }
        if self.approvals.iter().any(|approval| approval.by == admin) {
            return fail("you have approved it already");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_model;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn requested() -> Grant {
        Grant { requested_by: Some(1), ..Grant::requested(7, &test_model::manifest(""), "d".into(), Timestamp::MAX) }
    }

    fn assessed() -> Approving {
        let assessment = Assessment { text: "必要且影响可控".into(), reference: "评〔2026〕3号".into() };
        Approving { expires: None, assessment: Some(assessment) }
    }

    #[test]
    fn who_asked_does_not_approve_and_one_other_is_enough() {
        let mut grant = requested();
        let refused = grant.approve(1, AT, &Approving::default(), &[]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "grant 7 needs another admin's eyes: whoever uploaded the component can't approve what it asks for"
        );
        assert_eq!((grant.state, grant.approvals.len()), (GrantState::Requested, 0));
        grant.approve(2, AT, &Approving::default(), &[]).unwrap();
        assert_eq!((grant.state, grant.approvals), (GrantState::Active, vec![Approval { by: 2, at: AT }]));
    }

    #[test]
    fn sensitive_fields_need_an_assessment_and_two_approvers() {
        let sensitive = ["resident.low_income".to_owned()];
        let mut grant = requested();
        let refused = grant.approve(2, AT, &Approving::default(), &sensitive).unwrap_err();
        assert!(matches!(&refused, GrantError::NoAssessment { fields, .. } if fields == "resident.low_income"), "{refused}");
        grant.approve(2, AT, &assessed(), &sensitive).unwrap();
        assert_eq!(grant.state, GrantState::AwaitingSecond);
        assert!(matches!(grant.approve(2, AT, &Approving::default(), &sensitive), Err(GrantError::SamePerson { .. })));
        assert!(matches!(grant.approve(1, AT, &Approving::default(), &sensitive), Err(GrantError::SamePerson { .. })));
        grant.approve(3, AT, &Approving::default(), &sensitive).unwrap();
        assert_eq!((grant.state, grant.approvals.len()), (GrantState::Active, 2));
        assert!(matches!(grant.approve(4, AT, &Approving::default(), &sensitive), Err(GrantError::State { .. })));
    }

    #[test]
    fn the_second_approver_may_shorten_and_not_lengthen() {
        let sensitive = ["resident.low_income".to_owned()];
        let (soon, later): (Timestamp, Timestamp) = ("2027-01-01T00:00:00Z".parse().unwrap(), "2028-01-01T00:00:00Z".parse().unwrap());
        let ends = |first: Timestamp, second: Timestamp| {
            let mut grant = requested();
            grant.approve(2, AT, &Approving { expires: Some(first), ..assessed() }, &sensitive).unwrap();
            grant.approve(3, AT, &Approving { expires: Some(second), assessment: None }, &sensitive).unwrap();
            grant.expires
        };
        assert_eq!((ends(soon, later), ends(later, soon)), (soon, soon));
    }

    #[test]
    fn the_first_approver_may_let_it_last_longer_than_was_asked() {
        let later = "2028-01-01T00:00:00Z".parse().unwrap();
        let mut grant = Grant { expires: AT, ..requested() };
        grant.approve(2, AT, &Approving { expires: Some(later), assessment: None }, &[]).unwrap();
        assert_eq!(grant.expires, later);
    }

    #[test]
    fn an_assessment_says_something_and_not_too_much() {
        let fault = |text: &str, reference: &str| Assessment { text: text.into(), reference: reference.into() }.fault();
        assert_eq!(fault("必要", "评1号"), None);
        assert!(fault(" ", "评1号").is_some() && fault("必要", "").is_some());
        assert_eq!(fault(&"长".repeat(TEXT_MAX), &"评".repeat(REFERENCE_MAX)), None);
        assert!(fault(&"长".repeat(TEXT_MAX + 1), "评1号").is_some());
        assert!(fault("必要", &"评".repeat(REFERENCE_MAX + 1)).is_some());
    }
}
