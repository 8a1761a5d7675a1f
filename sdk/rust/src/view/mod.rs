//! What a page shows: typed blocks, which the host validates, fills and renders.
//!
//! ```
//! use linli_sdk::prelude::*;
//!
//! View::new(("概览", "Overview"))
//!     .block(Message::info(("数据截至昨日。", "As of yesterday.")))
//!     .block(Stat::new().item(("应享人数", "Entitled"), "12", Some("人")))
//!     .block(Link::new("/eligible", ("应享名单", "Entitled residents")));
//! ```

mod form;
mod small;
mod table;
mod text;

use crate::json::Members;

pub use form::{Form, Input};
pub use small::{Link, Message, Qr, Stat};
pub use table::{Format, Record, RowAction, Table};
pub use text::{Text, Tone};

pub(crate) type Params = Vec<(String, String)>;

pub(crate) fn owned(params: &[(&str, &str)]) -> Params {
    params.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// `{"page": …, "params": {…}}`.
pub(crate) fn target(out: &mut String, page: &str, params: &Params) {
    members(&mut Members::object(out), page, params);
}

fn members(object: &mut Members<'_>, page: &str, params: &Params) {
    object.text("page", page);
    if !params.is_empty() {
        write_params(object.member("params"), params);
    }
}

fn write_params(out: &mut String, params: &Params) {
    let mut object = Members::object(out);
    for (key, value) in params {
        object.text(key, value);
    }
}

/// A page's answer. Blocks appear in the order they were added.
#[derive(Debug)]
pub struct View {
    /// Open behind the last block.
    json: String,
    empty: bool,
}

impl View {
    /// An empty view.
    pub fn new(title: impl Into<Text>) -> Self {
        let mut json = String::with_capacity(2048);
        json.push_str("{\"title\":");
        title.into().write(&mut json);
        json.push_str(",\"blocks\":[");
        Self { json, empty: true }
    }

    /// Adds a block.
    pub fn block(mut self, block: impl Block) -> Self {
        if !std::mem::take(&mut self.empty) {
            self.json.push(',');
        }
        block.write(&mut self.json);
        self
    }

    pub(crate) fn into_json(mut self) -> String {
        self.json.push_str("]}");
        self.json
    }
}

/// One of the blocks of this module.
pub trait Block: sealed::Block {}

impl<B: sealed::Block> Block for B {}

pub(crate) mod sealed {
    pub trait Block {
        fn write(&self, out: &mut String);
    }
}

/// `{"type": …` and the way on.
fn block<'a>(out: &'a mut String, kind: &str) -> Members<'a> {
    let mut block = Members::object(out);
    block.text("type", kind);
    block
}

#[cfg(test)]
fn json(block: impl Block) -> String {
    let mut out = String::new();
    block.write(&mut out);
    serde_json::from_str::<serde::de::IgnoredAny>(&out).unwrap();
    out
}
