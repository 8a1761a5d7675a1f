//! Why a view was refused.

use thiserror::Error;

/// A text that is not a view or an action result.
///
/// The message names block, member and reason for the plugin's developer. It never quotes a value, because a
/// value may be personal data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{}{reason}", place(.block), member_place(.member))]
pub struct ViewError {
    /// Index of the block, from 0; none where the fault is outside the blocks.
    pub block: Option<usize>,
    /// The member at fault, such as `columns`; empty where the whole is at fault.
    pub member: String,
    /// What is wrong and what is expected.
    pub reason: String,
}

impl ViewError {
    pub(crate) fn new(member: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { block: None, member: member.into(), reason: reason.into() }
    }

    pub(crate) fn in_block(self, index: usize) -> Self {
        Self { block: Some(index), ..self }
    }

    pub(crate) fn from_json(member: impl Into<String>, error: &serde_json::Error) -> Self {
        Self::new(member, without_values(&error.to_string()))
    }
}

fn place(block: &Option<usize>) -> String {
    block.map(|index| format!("block {index}, ")).unwrap_or_default()
}

fn member_place(member: &str) -> String {
    if member.is_empty() { String::new() } else { format!("`{member}`: ") }
}

/// serde's message without the values that it quotes: they may be somebody's name or number.
fn without_values(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(head, _)| head);
    for kind in ["invalid type: ", "invalid value: "] {
        if let Some(rest) = message.strip_prefix(kind) {
            let found = rest.split([' ', ',']).next().unwrap_or_default();
            let expected = rest.rsplit_once(", expected ").map_or("something else", |(_, tail)| tail);
            return format!("{kind}{found}, expected {expected}");
        }
    }
    for kind in ["unknown field `", "unknown variant `"] {
        if let Some((name, tail)) = message.strip_prefix(kind).and_then(|rest| rest.rsplit_once("`, expected ")) {
            // The tail repeats quoted names of ours; an odd name of the guest's ends before the first of them.
            let (name, expected) = match name.split_once("`, expected ") {
                Some((first, more)) => (first, format!("{more}`, expected {tail}")),
                None => (name, tail.to_owned()),
            };
            let shown = if crate::limit::is_name(name) { name } else { "…" };
            return format!("{kind}{shown}`, expected {expected}");
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_place_and_hide_values() {
        let error = ViewError::new("columns", "at most 50 are allowed").in_block(3);
        assert_eq!(error.to_string(), "block 3, `columns`: at most 50 are allowed");
        assert_eq!(
            without_values("invalid type: string \"张三, expected x\", expected a map at line 1 column 9"),
            "invalid type: string, expected a map"
        );
        assert_eq!(
            without_values("invalid type: integer `440104194603010029`, expected a string"),
            "invalid type: integer, expected a string"
        );
        assert_eq!(without_values("unknown field `440104194603010029`, expected `a` or `b`"), "unknown field `…`, expected `a` or `b`");
        assert_eq!(without_values("unknown field `colour`, expected `a`"), "unknown field `colour`, expected `a`");
    }
}
