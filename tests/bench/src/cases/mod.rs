//! What is measured, one file a kind.
//!
//! | module | figures |
//! |---|---|
//! | [`served`] | requests over HTTP, platform and floor in turn |
//! | [`invoke`] | one call in this process, beside bare wasmtime |
//! | [`aggregate`] | a declared table, beside plain SQL |
//! | [`memory`] | what one more installed plugin costs |

pub mod aggregate;
pub mod invoke;
pub mod memory;
pub mod served;
