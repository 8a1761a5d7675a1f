//! What stands behind each import, one file an interface; of `records`, `tables` is a file of its own.

pub mod clock;
pub mod context;
pub mod log;
pub mod random;
pub mod records;
mod tables;
