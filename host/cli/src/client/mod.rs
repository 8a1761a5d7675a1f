//! Commands that talk to a running host.

pub mod account;
pub mod audit;
pub mod break_glass;
pub mod grant;
mod http;
pub mod import;
mod measures;
pub mod plugins;
mod preview;
mod verify;
