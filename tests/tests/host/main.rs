//! A real host over HTTP and the command line. One binary, so that one prepared street serves all tests.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on should stop loudly")]

mod accounts;
mod allowance;
mod approval;
mod artefacts;
mod audit;
mod bad_input;
mod break_glass;
mod caching;
mod command_line;
mod entities;
mod entry;
mod hostile;
mod hostile_limits;
mod idempotency;
mod install;
mod labels;
mod log;
mod monitor;
mod openapi;
mod plugins;
mod preview;
mod rates;
mod regions;
mod resident_accounts;
mod scope;
mod signature;
mod tables;
mod tour;
mod versions;
