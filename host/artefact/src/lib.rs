//! Compiled plugins: made in a process of their own, kept under seal, loaded.
//!
//! A component is hostile, and a compiler is large. It runs in a child that has bounds on memory, processor and time, no
//! environment and no files, and that can be killed; what it makes is kept in a directory that only the host can write,
//! under a seal that only the host can make. The serving process never compiles.
//!
//! | module | holds |
//! |---|---|
//! | [`engine`] | the configuration that the compiling and the serving process share, the pool, the ticker |
//! | [`child`] | what the child does |
//! | `compiler` | how the host starts it, and ends it |
//! | [`bounds`] | what it may use |
//! | `artefact` | compiled code and its seal |
//! | [`shelf`] | the directory |
//! | `load` | the one unsafe line |
//! | [`workshop`] | all of it together: a component goes in, what can be instantiated comes out |

mod artefact;
pub mod bounds;
pub mod child;
mod compiler;
pub mod engine;
mod load;
pub mod shelf;
pub mod workshop;

pub use bounds::Bounds;
pub use compiler::CompileError;
pub use shelf::ShelfError;
pub use workshop::{Place, Workshop};
