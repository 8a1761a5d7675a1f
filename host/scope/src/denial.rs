//! Why something is not allowed, for the log and for the developer.

/// The kind of a denial. Kinds are stable words; new ones may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DenialKind {
    /// The plugin has no active grant.
    NoGrant,
    /// The grant's date has passed.
    GrantExpired,
    /// The grant was revoked.
    GrantRevoked,
    /// The purpose is an emergency and this person has not broken the glass.
    BreakGlass,
    /// The actor lacks the role that the entry point asks for.
    Role,
    /// Nobody is signed in.
    SignIn,
    /// The manifest asks nothing of this entity type for this purpose.
    Entity,
    /// The operation was not asked or not granted.
    Operation,
    /// The field was not asked or not granted.
    Field,
    /// The field is granted, but not for this use.
    FieldMode,
    /// The field's classification is above the actor's clearance.
    Clearance,
    /// No predicate of that name was granted.
    Predicate,
    /// No table of that name was granted.
    Table,
    /// Outside the actor's or the grant's regions.
    Region,
    /// Granted for bound blocks only.
    BoundOnly,
    /// The request itself makes no sense.
    Invalid,
    /// No such record for this caller.
    NotFound,
    /// More than the grant allows at once.
    Limit,
}

impl DenialKind {
    /// The word in logs and problem details.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoGrant => "no-grant",
            Self::GrantExpired => "grant-expired",
            Self::GrantRevoked => "grant-revoked",
            Self::BreakGlass => "break-glass",
            Self::Role => "role",
            Self::SignIn => "sign-in",
            Self::Entity => "entity-not-granted",
            Self::Operation => "operation-not-granted",
            Self::Field => "field-not-granted",
            Self::FieldMode => "field-mode",
            Self::Clearance => "clearance",
            Self::Predicate => "predicate-not-granted",
            Self::Table => "table-not-granted",
            Self::Region => "region",
            Self::BoundOnly => "bound-only",
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::Limit => "limit",
        }
    }

    /// The open code that a guest sees: everything that a grant could change is `denied`.
    pub fn guest_code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::Limit => "limit",
            _ => "denied",
        }
    }
}

/// A typed refusal. Its message tells what to change and holds no value of any record.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct Denial {
    /// What kind.
    pub kind: DenialKind,
    /// What was asked, why it is refused, what to change.
    pub message: String,
    /// The entity type in question.
    pub entity: Option<String>,
    /// The field in question.
    pub field: Option<String>,
}

impl Denial {
    /// A denial that is about no entity type.
    pub fn new(kind: DenialKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), entity: None, field: None }
    }

    /// About this entity type.
    pub fn entity(mut self, entity: &str) -> Self {
        self.entity = Some(entity.to_owned());
        self
    }

    /// About this field.
    pub fn field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_told_apart_only_what_no_grant_could_change() {
        for (kind, word, code) in [
            (DenialKind::NoGrant, "no-grant", "denied"),
            (DenialKind::GrantExpired, "grant-expired", "denied"),
            (DenialKind::GrantRevoked, "grant-revoked", "denied"),
            (DenialKind::Role, "role", "denied"),
            (DenialKind::SignIn, "sign-in", "denied"),
            (DenialKind::Entity, "entity-not-granted", "denied"),
            (DenialKind::Operation, "operation-not-granted", "denied"),
            (DenialKind::Field, "field-not-granted", "denied"),
            (DenialKind::FieldMode, "field-mode", "denied"),
            (DenialKind::Clearance, "clearance", "denied"),
            (DenialKind::Predicate, "predicate-not-granted", "denied"),
            (DenialKind::Table, "table-not-granted", "denied"),
            (DenialKind::Region, "region", "denied"),
            (DenialKind::BoundOnly, "bound-only", "denied"),
            (DenialKind::Invalid, "invalid", "invalid"),
            (DenialKind::NotFound, "not-found", "not-found"),
            (DenialKind::Limit, "limit", "limit"),
        ] {
            assert_eq!((kind.as_str(), kind.guest_code()), (word, code));
        }
    }

    #[test]
    fn a_denial_says_what_it_is_about() {
        let denial = Denial::new(DenialKind::Field, "no").entity("resident").field("name");
        assert_eq!(
            (denial.entity.as_deref(), denial.field.as_deref(), denial.to_string().as_str()),
            (Some("resident"), Some("name"), "no")
        );
    }
}
