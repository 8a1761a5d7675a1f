//! Plain pages, rendered on the server: no script, Chinese first, fit for a phone, a screen reader and a printer.

use maud::{Markup, html};

use crate::text::Text;

pub mod blocks;
pub mod layout;
pub mod pages;

mod field;
mod form;
mod qr;
mod table;

pub use blocks::BlockContext;
pub use layout::{Flash, Frame, Viewer};

/// The stylesheet, served at [`crate::route::STYLESHEET`] as `text/css; charset=utf-8`.
pub const STYLESHEET: &str = include_str!("linli.css");

/// Two houses side by side, served at [`crate::route::ICON`] as `image/svg+xml`.
pub const ICON: &str = include_str!("linli.svg");

/// The policy that the pages run under.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Names of codes, as the reader of a page should see them.
pub trait Names {
    /// Name of a region by its code.
    fn region(&self, code: &str) -> Option<String>;
    /// Name of a code of a list.
    fn code(&self, list: &str, code: &str) -> Option<String>;
}

/// The Chinese, and the English smaller beside it.
pub(crate) fn bilingual(text: &Text<'_>) -> Markup {
    html! {
        (text.zh())
        @if let Some(en) = text.en() { " " span.en lang="en" { (en) } }
    }
}

/// [`bilingual`] for a text of our own.
pub(crate) fn label(zh: &str, en: &str) -> Markup {
    bilingual(&Text::both(zh, en))
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
