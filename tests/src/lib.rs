//! Black-box tests: a real host, its real command line, hostile guests.
//!
//! [`Host`] is a served data directory of its own, copied from one that is prepared once a process; [`Person`] is
//! somebody logged in there. With `LINLI_TEST_DATABASE=postgres` hosts keep their records on a [`Server`].

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on should stop loudly")]

mod client;
mod hand_made;
mod host;
mod lock;
mod package;
mod postgres;

pub use client::{Answer, Person};
pub use hand_made::{hand_made, packaged};
pub use host::{Backend, CORE, Host, databases, entry, linli, program, scratch, sign_in, target};
pub use lock::Lock;
pub use package::{package, plugin, without_parts};
pub use postgres::Server;
