//! The host: its data directory, serving it, and the demonstration.

pub mod accounts;
pub mod data;
pub mod demo;
mod logins;
mod population;
pub mod regions;
pub mod serve;
