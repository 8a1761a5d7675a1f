//! The plugin runtime: one fresh wasmtime instance per invocation, every limit in force.
//!
//! | module | holds |
//! |---|---|
//! | [`limits`] | what one invocation may use |
//! | [`plugin`], [`registry`] | installed plugins: compiled component, manifest, scope, concurrency |
//! | [`install`] | the checks before anything of a plugin is kept |
//! | `contract`, `imports` | the WIT contract and what stands behind each import |
//! | `invocation`, `ledger` | the state of one call, and what it has read |
//! | [`call`] | admit, run, fill, put on the record, answer |
//! | [`decision`], [`preview`] | what an admin decides, and what a grant would reveal |
//! | [`break_glass`] | emergencies: opened, ended, reviewed |
//! | `allowance` | what all calls of a day may use together |
//! | [`fault`] | what ended a call |
//! | `circuit` | plugins that keep failing are kept off for a while |
//!
//! Who a call acts for and why comes from here, never from an argument of the guest (invariant 3); nothing is
//! answered before the log is durable (invariant 2); an instance never serves twice (invariant 4).

mod allowance;
pub mod break_glass;
pub mod call;
mod circuit;
mod contract;
pub mod decision;
mod example;
pub mod fault;
mod fill;
mod imports;
pub mod input;
pub mod install;
mod invocation;
mod ledger;
pub mod limits;
pub mod plugin;
pub mod preview;
pub mod rate;
pub mod registry;

pub use linli_artefact::{CompileError, Place, engine};

pub use break_glass::GlassError;
pub use call::{Answer, Call, CallError};
pub use decision::{Decision, DecisionError};
pub use install::{InstallError, Installation};
pub use limits::Limits;
pub use plugin::Plugin;
pub use registry::Runtime;
