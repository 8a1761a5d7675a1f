//! Writing rows into the plugin's text in place of the queries.

use std::ops::Range;

use serde_json::value::RawValue;

/// What the host found for a bound block.
#[derive(Debug, Clone)]
pub struct Filled<'f> {
    /// For a table one JSON array of objects, for a record one JSON object or `null`. Written as it is.
    pub rows_json: &'f str,
    /// Cursor of the next page of a table, where there is one.
    pub next: Option<String>,
}

/// What takes the place of `query`.
#[derive(Clone, Copy)]
pub(crate) enum Member {
    Rows,
    Row,
}

impl Member {
    pub(crate) fn text(self, filled: Option<&Filled<'_>>) -> String {
        let (name, nothing) = match self {
            Self::Rows => ("rows", "[]"),
            Self::Row => ("row", "null"),
        };
        let value = filled.map_or(nothing, |filled| filled.rows_json);
        let next = filled.and_then(|filled| filled.next.as_deref()).map(next_member).unwrap_or_default();
        format!("\"{name}\":{value}{next}")
    }
}

fn next_member(cursor: &str) -> String {
    format!(",\"next\":{}", serde_json::Value::from(cursor))
}

/// `source` with every query, its name included, replaced. The queries come in the order of the text.
pub(crate) fn replace_queries<'a>(source: &'a str, replacements: impl Iterator<Item = (&'a RawValue, String)>) -> String {
    let pieces: Vec<_> = replacements.filter_map(|(query, text)| Some((member_range(source, query.get())?, text))).collect();
    replace(source, pieces.iter().map(|(range, text)| (range.clone(), text.as_str())))
}

/// `source` with each range replaced.
pub(crate) fn replace<'t>(source: &str, pieces: impl Iterator<Item = (Range<usize>, &'t str)> + Clone) -> String {
    let added: usize = pieces.clone().map(|(_, text)| text.len()).sum();
    let mut out = String::with_capacity(source.len().saturating_add(added));
    let mut done = 0;
    for (range, text) in pieces {
        out.push_str(source.get(done..range.start).unwrap_or_default());
        out.push_str(text);
        done = range.end;
    }
    out.push_str(source.get(done..).unwrap_or_default());
    out
}

/// Where `part`, a slice of `source`, stands in it.
pub(crate) fn range_of(source: &str, part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(source.as_ptr().addr())?;
    let range = start..start.checked_add(part.len())?;
    (source.get(range.clone())? == part).then_some(range)
}

/// The range of a member whose value is `value`, from the quote of its name on. An escaped name holds no quote
/// either: `query` has none, and `\u0071` needs none.
fn member_range(source: &str, value: &str) -> Option<Range<usize>> {
    let value = range_of(source, value)?;
    let name_end = source.get(..value.start)?.rfind('"')?;
    let name_start = source.get(..name_end)?.rfind('"')?;
    Some(name_start..value.end)
}
