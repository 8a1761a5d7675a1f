//! Black-box tests: a real host, its real command line, hostile guests.
//!
//! [`Host`] is a served data directory of its own, copied from one that is prepared once a process; [`Person`] is
//! somebody logged in there.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on should stop loudly")]

mod client;
mod host;
mod package;

pub use client::{Answer, Person};
pub use host::{Host, linli, scratch};
pub use package::{package, plugin};
