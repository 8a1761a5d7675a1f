//! How far a field may go (分级).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The classification of a field, lowest first. `Sensitive` is PIPL Art. 28.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Classification {
    /// May be published.
    Public,
    /// For the administration's own use, about no identified person.
    Internal,
    /// About an identified or identifiable person (PIPL Art. 4).
    Personal,
    /// Would endanger dignity, person or property if leaked (PIPL Art. 28).
    Sensitive,
}

impl Classification {
    /// The word used in schemas and over the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Personal => "personal",
            Self::Sensitive => "sensitive",
        }
    }

    /// Its number in a stored label: 0 public to 3 sensitive.
    pub fn rank(self) -> i64 {
        self as i64
    }
}
