//! What a plugin shows: the view format and its plain HTML pages.
//!
//! A plugin's page answers with a *view*, typed blocks in JSON (docs/reference/view.md). This crate checks
//! that text ([`View::parse`]), splices the rows of bound blocks into it ([`View::render_json`]) and renders
//! it, with the platform's own pages, as HTML ([`html`]).
//!
//! | design | why |
//! |---|---|
//! | everything borrows from the plugin's text; rows stay raw JSON | a page of 20 rows is checked in microseconds |
//! | a bound block's rows are spliced into the text, nothing else is written anew | the same |
//! | the fast path parses once; a refused text is parsed again to find block and member | good messages cost nothing when all is well |
//! | all HTML goes through `maud`, every address is built by [`route`] | a hostile string can end up in text or in a quoted attribute only |
//! | no script, no inline style | pages run under [`html::CONTENT_SECURITY_POLICY`] |
//!
//! No I/O, no async, no decision about access: the host decides what fills a bound block.

pub mod action;
pub mod block;
pub mod bound;
pub mod html;
pub mod limit;
pub mod route;
pub mod scalar;
pub mod text;
pub mod view;

mod check;
mod diagnosis;
mod draft;
mod error;
mod rows;
mod splice;

pub use action::ActionResult;
pub use block::{Block, Target, Tone};
pub use bound::Bound;
pub use error::ViewError;
pub use scalar::{Pairs, Scalar, Str};
pub use splice::Filled;
pub use text::Text;
pub use view::View;
