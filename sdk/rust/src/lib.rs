//! Write a plugin for Linli (邻里).
//!
//! A plugin is a set of *pages*, which answer with a [`View`], and *actions*, which answer with an
//! [`ActionResult`]. `plugin.toml` declares them, [`plugin!`] connects them to functions:
//!
//! ```no_run
//! use linli_sdk::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Paging {
//!     after: Option<String>,
//! }
//!
//! fn residents(paging: Paging) -> Result<View> {
//!     let mut cursor = records::query("resident")
//!         .fields(["name", "age"])
//!         .filter(field("age").ge(80))
//!         .sort_desc("age")
//!         .after(paging.after.as_deref())
//!         .open()?;
//!     let rows = cursor.next_raw(20)?;
//!     Ok(View::new(("居民", "Residents")).block(
//!         Table::rows(rows)
//!             .column("name", ("姓名", "Name"))
//!             .column("age", ("年龄", "Age"))
//!             .next_page("/", &cursor),
//!     ))
//! }
//!
//! linli_sdk::plugin! {
//!     pages: { "/" => residents },
//!     actions: {},
//! }
//! # fn main() {}
//! ```
//!
//! | module | what for |
//! |---|---|
//! | [`records`] | the shared store, as far as the grant reaches |
//! | [`view`] | what a page shows |
//! | [`context`] | who calls |
//! | [`clock`], [`random`] | time and chance, from the host |
//! | [`log`] | the plugin's own log; a panic ends up there too |
//!
//! A plugin has no files, network, environment or memory of an earlier call: each call runs in a fresh
//! instance. Build with `linli plugin build`.

#![warn(missing_docs)]

#[cfg(all(target_arch = "wasm32", feature = "allocator"))]
mod alloc;
#[cfg(not(all(target_arch = "wasm32", feature = "allocator")))]
#[allow(dead_code, reason = "its tests run on the developer's machine")]
mod alloc;

mod action;
mod error;
mod json;
mod value;

pub mod clock;
pub mod context;
#[doc(hidden)]
pub mod entry;
pub mod log;
pub mod random;
pub mod records;
pub mod view;

pub use action::ActionResult;
pub use entry::NoInput;
pub use error::{Error, Result, code};
pub use value::{Date, Decimal, Id, Integer, Value, Version};
pub use view::{Text, Tone, View};

/// The generated bindings of the contract.
#[doc(hidden)]
#[allow(missing_docs, reason = "generated")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "plugin",
        ownership: Borrowing { duplicate_if_necessary: true },
        pub_export_macro: true,
        default_bindings_module: "linli_sdk::bindings",
        generate_all,
    });
}

/// What nearly every plugin uses.
pub mod prelude {
    pub use serde::{Deserialize, Serialize};

    pub use crate::records::{self, field};
    pub use crate::view::{Form, Format, Input, Link, Message, Qr, Record, RowAction, Stat, Table};
    pub use crate::{
        ActionResult, Date, Decimal, Error, Id, Integer, Result, Text, Tone, Value, Version, View, clock, context, log, random,
    };
}
