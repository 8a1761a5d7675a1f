//! Writing and building plugins.

pub mod build;
pub mod new;
mod sdk;
pub mod sign;
