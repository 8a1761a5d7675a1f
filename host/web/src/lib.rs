//! The web edge: the API under /api/v1, sessions, and plain pages for people.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | what the handlers share |
//! | [`problem`] | the error policy: one problem type for everything |
//! | [`auth`], [`session`], [`password`] | who is it |
//! | [`accounts`] | who may make and change accounts, and what waits for a second admin |
//! | `body` | request bodies, bounded and with errors that say where |
//! | `desk`, `administration` | console, portal and administration, under their own manifests |
//! | `break_glass` | emergencies, as people see them |
//! | `access_log` | who read a resident's record, as the resident sees it |
//! | [`metrics`] | what a monitor is told |
//! | `peer`, `rate` | from where somebody asks, and how often an account may |
//! | `precondition` | `ETag` and `If-Match` |
//! | `idempotency` | changes under a key of the caller's, done once |
//! | `names` | names of codes, regions, applications and officials |
//! | `api` | one file an endpoint |
//! | `pages` | the same for people, as HTML |
//! | [`witness`] | asks others to cosign the log |
//! | [`serve`] | the router, the listener and the end |
//!
//! Nothing decides here: handlers hand over to runtime and entry, which ask the scope.

mod access_log;
pub mod accounts;
mod administration;
mod api;
pub mod app;
pub mod auth;
mod body;
mod break_glass;
mod desk;
mod idempotency;
pub mod metrics;
mod names;
mod pages;
pub mod password;
mod peer;
mod precondition;
pub mod problem;
mod rate;
mod resident_account;
pub mod serve;
pub mod session;
pub mod witness;

pub use api::document::text as openapi;
pub use app::{App, Settings};
pub use problem::Problem;
