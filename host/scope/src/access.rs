//! One line of a scope request or grant.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use linli_model::RegionCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::table::Table;

/// What may be done with an entity type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", try_from = "Word")]
pub enum Operation {
    /// See fields of records.
    Read,
    /// Ask a named predicate of one record.
    Check,
    /// Have a declared table counted.
    Aggregate,
    /// Make records.
    Create,
    /// Change records.
    Update,
    /// Follow declared references to what another access of the same purpose reads.
    Link,
    /// Without a log-in: find one record by a public key.
    PublicLookup,
}

/// An operation as manifests write it, the reserved ones among them.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Read,
    Check,
    Aggregate,
    Create,
    Update,
    Link,
    PublicLookup,
    Export,
    Subscribe,
}

impl TryFrom<Word> for Operation {
    type Error = &'static str;

    fn try_from(word: Word) -> Result<Self, Self::Error> {
        Ok(match word {
            Word::Read => Self::Read,
            Word::Check => Self::Check,
            Word::Aggregate => Self::Aggregate,
            Word::Create => Self::Create,
            Word::Update => Self::Update,
            Word::Link => Self::Link,
            Word::PublicLookup => Self::PublicLookup,
            Word::Export => return Err("the operation `export` is reserved, not available yet"),
            Word::Subscribe => return Err("the operation `subscribe` is reserved, not available yet"),
        })
    }
}

impl Operation {
    /// The word used in manifests, logs and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Check => "check",
            Self::Aggregate => "aggregate",
            Self::Create => "create",
            Self::Update => "update",
            Self::Link => "link",
            Self::PublicLookup => "public-lookup",
        }
    }
}

/// How a field is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Counted and added up in declared tables, never seen or tested.
    Aggregate,
    /// Tested by named predicates, never seen.
    Check,
    /// Seen through the schema's mask.
    Masked,
    /// Seen as it is.
    Plain,
}

impl Mode {
    /// The word used in manifests, logs and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aggregate => "aggregate",
            Self::Check => "check",
            Self::Masked => "masked",
            Self::Plain => "plain",
        }
    }
}

/// Rows a call gets where the manifest does not say.
const ROWS_PER_CALL: u32 = 100;
/// The most rows a call can be granted.
pub const ROWS_PER_CALL_MAX: u32 = 1_000;

/// One access: for one purpose, to one entity type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Access {
    /// The purpose, one of the manifest's.
    pub purpose: String,
    /// The entity type; a plugin's own may be named without the plugin's id.
    pub entity: String,
    /// What may be done.
    pub operations: BTreeSet<Operation>,
    /// Fields and how they are seen. For `create` and `update`, the fields that may be set.
    #[serde(default)]
    pub fields: IndexMap<String, Mode>,
    /// Which records, as a condition.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Predicates that `check` may ask, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub checks: IndexMap<String, String>,
    /// Tables that `aggregate` may ask for, by name.
    #[serde(default, rename = "table", skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// Rows that one call may read, at most 1,000.
    #[serde(default = "rows_per_call")]
    pub rows_per_call: u32,
    /// Rows that all calls of a day may read together; none for no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_per_day: Option<u64>,
    /// Usable in bound blocks only: the values never enter the plugin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bound: bool,
    /// Given to a schedule or an event too, behind which there is no person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unattended: bool,
    /// Fields that `public-lookup` shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public: Vec<String>,
    /// Only the actor's own record. For the portal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// How old a field's value may get before the worklist asks again (ISO 8601 durations).
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fresh: IndexMap<String, String>,
    /// In a grant: the regions that the admin allowed; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<RegionCode>>,
    /// In a grant: a further condition of the admin's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub and_where: Option<String>,
}

fn rows_per_call() -> u32 {
    ROWS_PER_CALL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Manifest;

    #[test]
    fn operations_and_modes_are_called_in_the_log_as_in_manifests() {
        let operations = [
            Operation::Read,
            Operation::Check,
            Operation::Aggregate,
            Operation::Create,
            Operation::Update,
            Operation::Link,
            Operation::PublicLookup,
        ];
        for operation in operations {
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.as_str());
            assert_eq!(serde_json::from_value::<Operation>(operation.as_str().into()).unwrap(), operation);
        }
        for mode in [Mode::Aggregate, Mode::Check, Mode::Masked, Mode::Plain] {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
        }
    }

    #[test]
    fn what_comes_later_is_reserved() {
        for word in ["export", "subscribe"] {
            let text = format!(
                "[plugin]\nid = \"a.b\"\nversion = \"1\"\nplatform = \"0.1\"\nname = \"n\"\n[[access]]\npurpose = \"p\"\nentity = \"resident\"\noperations = [\"read\", \"{word}\"]\n"
            );
            let message = Manifest::read(&text).unwrap_err().to_string();
            assert!(message.contains(&format!("the operation `{word}` is reserved, not available yet")), "{message}");
            assert!(message.contains("line 9"), "{message}");
        }
    }
}
