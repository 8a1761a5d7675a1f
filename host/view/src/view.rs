//! A page's answer.

use serde::Deserialize;

use crate::block::Block;
use crate::bound::Bound;
use crate::check;
use crate::diagnosis;
use crate::draft::Draft;
use crate::error::ViewError;
use crate::limit;
use crate::splice::{self, Filled};
use crate::text::Text;

/// A checked view. It borrows from the text that it was parsed from.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// The page's heading.
    pub title: Text<'a>,
    /// At most [`limit::BLOCKS`] blocks, in order.
    pub blocks: Vec<Block<'a>>,
    source: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer<'a> {
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow, deserialize_with = "limit::list::<_, _, { limit::BLOCKS }>")]
    blocks: Vec<Draft<'a>>,
}

impl<'a> View<'a> {
    /// Reads and checks a view.
    ///
    /// # Errors
    /// The first thing that breaks docs/reference/view.md, by block and member.
    pub fn parse(json: &'a str) -> Result<Self, ViewError> {
        let outer: Outer<'a> = serde_json::from_str(json).map_err(|error| diagnosis::view(json, &error))?;
        limit::text("title", &outer.title, limit::LABEL)?;
        let finished = outer.blocks.into_iter().enumerate().map(|(index, draft)| {
            let checked = draft.finish().and_then(|block| check::block(&block).map(|()| block));
            checked.map_err(|error| error.in_block(index))
        });
        Ok(Self { title: outer.title, blocks: finished.collect::<Result<_, _>>()?, source: json })
    }

    /// Whether any block waits for the host. If none does, the plugin's text is the answer as it stands.
    pub fn is_bound(&self) -> bool {
        self.bound().next().is_some()
    }

    /// The queries to run, each with its block's index.
    pub fn bound(&self) -> impl Iterator<Item = (usize, &Bound<'a>)> {
        self.blocks.iter().enumerate().filter_map(|(index, block)| Some((index, block.bound()?)))
    }

    /// The plugin's text with each bound block's `query` replaced by `rows` (`row` in a record) and, where more
    /// rows follow, `next`, a cursor. A block for which `fill` has nothing gets no rows (`row`: null).
    pub fn render_json<'f>(&self, fill: impl Fn(usize) -> Option<Filled<'f>>) -> String {
        let replacements = self.blocks.iter().enumerate().filter_map(|(index, block)| {
            let member = match block {
                Block::Record(_) => splice::Member::Row,
                _ => splice::Member::Rows,
            };
            Some((block.bound()?.raw()?, member.text(fill(index).as_ref())))
        });
        splice::replace_queries(self.source, replacements)
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
