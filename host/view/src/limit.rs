//! How much a view may hold. Lengths are in characters, not bytes.

use std::fmt::Display;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use crate::error::ViewError;
use crate::text::Text;

/// Blocks of a view.
pub const BLOCKS: usize = 100;
/// Rows of a table, given or bound.
pub const ROWS: usize = 1_000;
/// Columns of a table or a record.
pub const COLUMNS: usize = 50;
/// Row actions of a table.
pub const ROW_ACTIONS: usize = 10;
/// Figures of a `stat` block.
pub const STATS: usize = 50;
/// Inputs of a form.
pub const INPUTS: usize = 100;
/// Options of a select.
pub const OPTIONS: usize = 1_000;
/// Members of `params`, `input` and `with`.
pub const PAIRS: usize = 50;
/// Fields of a bound query.
pub const FIELDS: usize = 100;
/// Conditions of a bound query.
pub const CONDITIONS: usize = 50;
/// Sort keys of a bound query.
pub const SORT_KEYS: usize = 10;
/// Values of an `in` condition.
pub const VALUES: usize = 1_000;

/// A name: key of a column, an input or a parameter, an action, an entity type.
pub const NAME: usize = 128;
/// A title, a label, a button.
pub const LABEL: usize = 500;
/// The text of a `text` block and the message of an action.
pub const PROSE: usize = 20_000;
/// A single value: a parameter, a cell, the value of an input.
pub const VALUE: usize = 10_000;

pub(crate) type Checked = Result<(), ViewError>;

/// An ASCII letter, then letters, digits, `_` and `-`: fit for a form's field name, and never one of the
/// host's own, which start with `_`.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && text.len() <= NAME
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

pub(crate) fn name(member: &str, text: &str) -> Checked {
    if is_name(text) {
        return Ok(());
    }
    Err(ViewError::new(member, "a name starts with a letter and holds at most 128 letters, digits, `_` and `-`"))
}

/// A page's path as a manifest declares it: `/`, `/eligible`, `/a/b-c`.
pub(crate) fn path(member: &str, text: &str) -> Checked {
    let segments_are_names = text.strip_prefix('/').is_some_and(|rest| rest.is_empty() || rest.split('/').all(is_path_segment));
    if segments_are_names && text.len() <= NAME {
        return Ok(());
    }
    Err(ViewError::new(member, "a page's path starts with `/` and holds letters, digits, `_`, `-` and single `/`"))
}

fn is_path_segment(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

pub(crate) fn length(member: &str, text: &str, max: usize) -> Checked {
    if text.len() <= max || text.chars().count() <= max {
        return Ok(());
    }
    Err(ViewError::new(member, format!("at most {max} characters are allowed")))
}

pub(crate) fn text(member: &str, text: &Text<'_>, max: usize) -> Checked {
    length(member, text.zh(), max)?;
    text.en().map_or(Ok(()), |en| length(member, en, max))
}

/// No two of `keys` are the same.
pub(crate) fn distinct<'k>(member: &str, keys: impl Iterator<Item = &'k str>) -> Checked {
    let mut seen = std::collections::HashSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(ViewError::new(member, format!("`{key}` occurs twice")));
        }
    }
    Ok(())
}

pub(crate) fn too_many<E: Error>(max: impl Display) -> E {
    E::custom(format_args!("at most {max} are allowed"))
}

/// Deserialises a list and stops at the first item above `MAX`, so that a hostile text cannot make a long one.
pub(crate) fn list<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(ListVisitor::<T, MAX>(PhantomData))
}

/// [`list`] for a member that may be absent or null.
pub(crate) fn optional_list<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Optional<T, const MAX: usize>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Optional<T, MAX> {
        type Value = Option<Vec<T>>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array")
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            list::<D, T, MAX>(deserializer).map(Some)
        }
    }
    deserializer.deserialize_option(Optional::<T, MAX>(PhantomData))
}

struct ListVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for ListVisitor<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == MAX {
                return Err(too_many(MAX));
            }
            items.push(item);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_cannot_leave_the_plugin() {
        for good in ["/", "/eligible", "/a/b-c_2"] {
            assert!(path("page", good).is_ok(), "{good}");
        }
        for bad in ["", "eligible", "//evil.example", "/a/", "/../x", "/a?b", "/a#b", "/a b", "javascript:alert(1)"] {
            assert!(path("page", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_stay_clear_of_the_hosts_own_fields() {
        assert!(is_name("id_number"));
        for bad in ["", "_csrf", "a.id_number", "1a", "a b", "a\"b", "姓名"] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn lengths_count_characters() {
        assert!(length("title", &"邻".repeat(500), 500).is_ok());
        assert!(length("title", &"邻".repeat(501), 500).is_err());
    }
}
