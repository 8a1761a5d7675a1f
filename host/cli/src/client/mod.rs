//! Commands that talk to a running host.

pub mod account;
pub mod audit;
pub mod grant;
mod http;
pub mod import;
mod measures;
pub mod plugins;
mod preview;
mod verify;
