//! What is measured, one file a kind.
//!
//! | module | figures |
//! |---|---|
//! | [`served`] | requests over HTTP, platform and floor in turn |
//! | [`invoke`] | one call in this process, beside bare wasmtime |
//! | [`memory`] | what one more installed plugin costs |

pub mod invoke;
pub mod memory;
pub mod served;
