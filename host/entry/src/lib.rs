//! Every write into the store: checked, resolved to an identity, put on the record.
//!
//! | module | holds |
//! |---|---|
//! | [`check`] | a record's JSON against its schema; every wrong field is named, not the first only |
//! | [`desk`] | one entry under one scope: check, identity, decision, commit |
//! | [`table`] | rows of a table (CSV) as records; a bad line loses no good one |
//! | [`first_party`] | the manifests under which console and portal act |

pub mod check;
pub mod desk;
pub mod first_party;
pub mod table;

pub use check::FieldError;
pub use desk::{Desk, EntryError};
