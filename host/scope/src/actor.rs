//! On whose behalf a call runs.

use linli_model::{Classification, Date, RecordNo, RegionCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person does on the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Grants scopes.
    Admin,
    /// Owns entity types and code lists.
    Steward,
    /// Enters and looks after the records of a community.
    Worker,
    /// Works with a department's plugins.
    Officer,
    /// Writes a department's plugins.
    Developer,
    /// Verifies log and grants.
    Auditor,
    /// Connects another system, and uploads a publisher's plugins.
    Integrator,
    /// Sees and corrects the own record.
    Resident,
    /// Nobody: a schedule or an event. No manifest names it and no account has it.
    #[serde(skip)]
    Unattended,
}

impl Role {
    /// The word used in manifests and over the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Steward => "steward",
            Self::Worker => "worker",
            Self::Officer => "officer",
            Self::Developer => "developer",
            Self::Auditor => "auditor",
            Self::Integrator => "integrator",
            Self::Resident => "resident",
            Self::Unattended => "unattended",
        }
    }
}

/// A signed-in person and what they may do by themselves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Actor {
    /// The account's number.
    pub id: i64,
    /// What they do.
    pub roles: Vec<Role>,
    /// Where they may act (辖区).
    pub regions: Vec<RegionCode>,
    /// The highest classification they may see.
    pub clearance: Classification,
    /// Their own record, where the account is a resident's.
    pub resident: Option<i64>,
    /// The publisher that a developer or officer belongs to.
    pub publisher: Option<String>,
}

impl Actor {
    /// What stands in an actor's place where a schedule or an event calls. It reaches what the grant marks as unattended,
    /// in these regions and up to this classification.
    pub fn unattended(regions: Vec<RegionCode>, clearance: Classification) -> Self {
        Self { id: 0, roles: vec![Role::Unattended], regions, clearance, resident: None, publisher: None }
    }

    /// Whether they have one of the roles.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Their own record's number.
    pub fn own_record(&self) -> Option<RecordNo> {
        self.resident.map(RecordNo)
    }

    /// How the log names them.
    pub fn log_name(&self) -> String {
        if self.has(Role::Unattended) { "unattended".to_owned() } else { format!("user:{}", self.id) }
    }
}

/// By which way values would leave the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Into the plugin.
    Guest,
    /// Into a bound block, past the plugin.
    Bound,
}

/// The circumstances of a call, from the host's own state.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// None where nobody is signed in.
    pub actor: Option<&'a Actor>,
    /// The purpose of the entry point.
    pub purpose: &'a str,
    /// Where the values would go.
    pub channel: Channel,
    /// Now.
    pub now: jiff::Timestamp,
    /// Today in the community's time zone.
    pub today: Date,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_word() {
        let roles =
            [Role::Admin, Role::Steward, Role::Worker, Role::Officer, Role::Developer, Role::Auditor, Role::Integrator, Role::Resident];
        for role in roles {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!(Role::Unattended.as_str(), "unattended");
    }

    #[test]
    fn a_person_is_named_by_number_and_has_their_own_record_where_there_is_one() {
        let unattended = Actor::unattended(Vec::new(), Classification::Public);
        let resident = Actor { id: 7, roles: vec![Role::Resident], resident: Some(9), ..unattended.clone() };
        assert_eq!((resident.log_name(), resident.own_record()), ("user:7".to_owned(), Some(RecordNo(9))));
        assert_eq!((unattended.log_name(), unattended.own_record()), ("unattended".to_owned(), None));
        assert!(resident.has(Role::Resident) && !resident.has(Role::Worker));
    }
}
