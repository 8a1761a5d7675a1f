//! Finding the place of a fault, once a text has been refused.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::draft::Draft;
use crate::error::ViewError;
use crate::limit;
use crate::scalar::Pairs;
use crate::text::Text;

/// A view with its blocks unread; both members may be absent, so that one can be tried by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outline<'a> {
    #[serde(borrow, default, rename = "title")]
    _title: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "limit::list::<_, _, { limit::BLOCKS }>")]
    blocks: Vec<&'a RawValue>,
}

/// Block, member and reason of a view that did not parse with `error`.
pub(crate) fn view(json: &str, error: &serde_json::Error) -> ViewError {
    if !error.is_data() {
        return not_json(error);
    }
    let Ok(outline) = serde_json::from_str::<Outline<'_>>(json) else {
        return faulty_member(json, error, outline);
    };
    let faulty_block = outline.blocks.iter().enumerate().find_map(|(index, block)| {
        let error = serde_json::from_str::<Draft<'_>>(block.get()).err()?;
        Some(faulty_member(block.get(), &error, draft).in_block(index))
    });
    faulty_block.unwrap_or_else(|| ViewError::from_json("", error))
}

/// The text is not JSON. A position holds no value of anybody's.
pub(crate) fn not_json(error: &serde_json::Error) -> ViewError {
    ViewError::new("", format!("not JSON from line {}, column {} on", error.line(), error.column()))
}

/// Tries each member of an object by itself, as `probe` does, to find the one at fault.
pub(crate) fn faulty_member(json: &str, error: &serde_json::Error, probe: Probe) -> ViewError {
    let members = serde_json::from_str::<Pairs<'_, &RawValue>>(json).unwrap_or_default();
    let faulty = members.0.iter().find_map(|(name, value)| {
        let alone = format!("{{{}:{}}}", serde_json::Value::from(name.as_str()), value.get());
        let error = probe(&alone).err().filter(|error| !error.to_string().starts_with("missing field"))?;
        // A member that is unknown is named by the message already.
        let is_named = error.to_string().starts_with(&format!("unknown field `{name}`"));
        let name = if is_named { "" } else { name.as_str() };
        Some(ViewError::from_json(name, &error))
    });
    faulty.unwrap_or_else(|| ViewError::from_json("", error))
}

/// Reads an object of one member and drops it.
pub(crate) type Probe = fn(&str) -> Result<(), serde_json::Error>;

fn outline(json: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<Outline<'_>>(json).map(drop)
}

fn draft(json: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<Draft<'_>>(json).map(drop)
}
