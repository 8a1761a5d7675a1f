//! The web edge: the API under /api/v1, sessions, and plain pages for people.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | what the handlers share |
//! | [`problem`] | the error policy: one problem type for everything |
//! | [`auth`], [`session`], [`password`] | who is it |
//! | `body` | request bodies, bounded and with errors that say where |
//! | `api` | one file an endpoint |
//! | `pages` | the same for people, as HTML |
//! | [`serve`] | the router, the listener and the end |
//!
//! Nothing decides here: handlers hand over to runtime and entry, which ask the scope.

mod api;
pub mod app;
pub mod auth;
mod body;
mod names;
mod pages;
pub mod password;
pub mod problem;
pub mod serve;
pub mod session;

pub use app::{App, Settings};
pub use problem::Problem;
