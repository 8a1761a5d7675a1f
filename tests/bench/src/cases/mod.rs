//! What is measured, one file a kind.
//!
//! | module | figures |
//! |---|---|
//! | [`served`] | requests over HTTP, platform and floor in turn |
//! | [`growth`] | the same page among more residents |
//! | [`decide`] | one decision of the scope |
//! | [`invoke`] | one call in this process, beside bare wasmtime |
//! | [`hosted`] | (what both start in this process) |
//! | [`aggregate`] | a declared table, beside plain SQL |
//! | [`memory`] | what one more installed plugin costs |

pub mod aggregate;
pub mod decide;
pub mod growth;
pub mod hosted;
pub mod invoke;
pub mod memory;
pub mod served;
