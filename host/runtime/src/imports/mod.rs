//! What stands behind each import, one file an interface.

pub mod clock;
pub mod context;
pub mod log;
pub mod random;
pub mod records;
