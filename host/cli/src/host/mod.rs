//! The host: its data directory, serving it, and the demonstration.

pub mod account;
pub mod data;
pub mod demo;
mod logins;
mod people;
mod population;
pub mod regions;
pub mod serve;
