//! What can go wrong below. No message holds a value of a record.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database says no.
    #[error("database: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another holds a lock for too long.
    #[error("the database is locked")]
    Locked,
    /// Nobody answers where the database is said to be, or nobody that is trusted.
    #[error("no connection to {address}: {reason}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// Where the database is can't be understood.
    #[error("the database's address: {0}")]
    Address(String),
    /// A key that another row has: the column, or PostgreSQL's name of the index.
    #[error("another row has the same {0}")]
    Taken(String),
    /// A query that took too long and was broken off.
    #[error("the query takes too long; ask for less")]
    Slow,
    /// There is no such record within reach.
    #[error("there is no such {entity} for this caller")]
    NotFound {
        /// Its entity type.
        entity: String,
    },
    /// The record was changed by somebody else.
    #[error("this {entity} is at version {current} by now; read it again")]
    Stale {
        /// Its entity type.
        entity: String,
        /// Its version.
        current: i64,
    },
    /// Something of the platform's own was changed by somebody else.
    #[error("this {0} was changed by somebody else; read it again")]
    Changed(&'static str),
    /// Another start of the host has taken over the key that this was asked under.
    #[error("another start of the host works on this under the same key; ask again for its answer")]
    Overtaken,
    /// Another record has the same key.
    #[error("there is a {entity} with the same {field} already")]
    Duplicate {
        /// The entity type.
        entity: String,
        /// The key.
        field: String,
    },
    /// A reference to what is not within reach.
    #[error("`{field}` refers to a record that is not within this caller's reach")]
    Reference {
        /// The field.
        field: String,
    },
    /// The record would not lie within the grant's condition.
    #[error("this {entity} would not satisfy the grant's `where`")]
    OutOfScope {
        /// The entity type.
        entity: String,
    },
    /// The log could not follow an erasure.
    #[error("nothing was erased: {0}")]
    Unerasable(#[source] linli_audit::ErasureError),
    /// A table of more groups than can be shown.
    #[error("the table `{table}` has more than {most} groups; a smaller region or fewer fields to group by give fewer")]
    TooManyGroups {
        /// Its name.
        table: String,
        /// How many can be shown.
        most: usize,
    },
    /// Rows of more bytes than the caller takes.
    #[error("the rows have more than {most} bytes; ask for fewer rows or fields")]
    TooLarge {
        /// How many may be.
        most: usize,
    },
    /// The access log can't be written, so nothing may leave.
    #[error("the access log can't be written: {0}")]
    Log(String),
    /// The writer is gone: the host is shutting down.
    #[error("the host is shutting down; whether the change was made is unknown: ask again with the same key")]
    Closed,
    /// Stored data that can't be read: made by a newer version, or damaged.
    #[error("{what} can't be read: {reason}")]
    Damaged {
        /// Which.
        what: String,
        /// Why.
        reason: String,
    },
    /// A schema that can't become a table.
    #[error("{0}")]
    Schema(String),
}

impl StoreError {
    pub(crate) fn damaged(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Damaged { what: what.into(), reason: reason.to_string() }
    }
}
