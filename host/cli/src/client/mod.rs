//! Commands that talk to a running host.

pub mod account;
pub mod audit;
pub mod grant;
mod http;
pub mod import;
pub mod plugins;
mod preview;
