//! What a call may do: scope request ∩ grant ∩ the actor's own rights ∩ purpose.
//!
//! One type decides, [`Scope`]; nothing else does. What it allows comes back as an [`Authorized`] plan, which
//! only this crate can make and which is all that the store accepts. What it does not allow comes back
//! as a [`Denial`] that says what to change, and where.
//!
//! | module | holds |
//! |---|---|
//! | [`manifest`] | what a plugin asks for: purposes, accesses, entry points |
//! | [`access`] | one line of a request or grant: entity, operations, fields, rows |
//! | [`grant`], [`standing`] | what an admin allowed, narrowing, expiry; what a grant is worth at a moment |
//! | [`break_glass`] | emergencies: who may have what, for how long, and who looks at it afterwards |
//! | [`approval`], [`remit`] | two pairs of eyes and the impact assessment; what an admin may decide |
//! | [`account`] | which accounts an admin may make and change |
//! | [`alteration`] | what an admin altered of a grant, for the log |
//! | [`table`], [`disclosure`] | what may be counted; what of it may be shown |
//! | [`actor`] | on whose behalf a call runs |
//! | [`condition`], [`predicate`] | the CEL subset, and the typed tree it becomes |
//! | [`survey`], [`difference`] | what a reviewer learns: numbers of people, and what is new since the grant before |
//! | [`scope`], [`decide`] | compiling request ∩ grant, and the decision |
//! | [`plan`] | authorised work |
//! | [`token`], [`position`] | the ids and page positions that readers see |
//!
//! Pure: no I/O, no clock.

pub mod access;
pub mod account;
pub mod actor;
pub mod alteration;
pub mod approval;
pub mod break_glass;
pub mod condition;
pub mod decide;
pub mod denial;
pub mod difference;
pub mod disclosure;
pub mod grant;
pub mod manifest;
pub mod plan;
pub mod position;
pub mod predicate;
pub mod remit;
pub mod scope;
pub mod standing;
pub mod survey;
pub mod table;
pub mod token;

pub use access::{Access, Mode, Operation};
pub use actor::{Actor, Caller, Channel, Role};
pub use approval::{Approval, Assessment};
pub use break_glass::BreakGlass;
pub use denial::{Denial, DenialKind};
pub use disclosure::SmallestGroup;
pub use grant::{Grant, GrantState, Narrowing};
pub use manifest::{EntryKind, EntryPoint, Manifest};
pub use plan::{Aggregate, Authorized, Change, Check, Read};
pub use predicate::{Comparison, Operator, Predicate};
pub use scope::Scope;
pub use standing::Standing;
pub use token::{Keyring, TokenKey};

#[cfg(test)]
mod test_model;
