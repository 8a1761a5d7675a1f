//! What a field granted `masked` shows: enough for a person to recognise, too little to identify.

use serde::{Deserialize, Serialize};

/// A masking rule, named in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mask {
    /// The first character (of four or more, two: compound surnames), then one `*` a character: `王**`.
    Name,
    /// The first three and the last four digits: `138****1234`.
    Phone,
    /// The first and the last character only: `4****************X`. Region and birth date stay hidden.
    IdNumber,
    /// The first six characters, then `****`.
    Address,
}

impl Mask {
    /// Appends the masked form of `text` to `out`.
    pub fn apply(self, text: &str, out: &mut String) {
        let length = text.chars().count();
        let (head, tail) = match self {
            Self::Name if length >= 4 => (2, 0),
            Self::Name => (1, 0),
            Self::Phone if length >= 11 => (3, 4),
            Self::Phone => (0, 0),
            Self::IdNumber if length >= 15 => (1, 1),
            Self::IdNumber => (0, 0),
            Self::Address => (length.min(6), 0),
        };
        out.extend(text.chars().take(head));
        let stars = match self {
            Self::Address => 4,
            _ => length.saturating_sub(head + tail).max(1),
        };
        out.extend(std::iter::repeat_n('*', stars));
        out.extend(text.chars().skip(length.saturating_sub(tail)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_hides_what_it_says() {
        for (rule, text, shown) in [
            (Mask::Name, "王小明", "王**"),
            (Mask::Name, "欧阳修远", "欧阳**"),
            (Mask::Name, "王", "王*"),
            (Mask::Phone, "13812341234", "138****1234"),
            (Mask::Phone, "8123", "****"),
            (Mask::IdNumber, "11010519491231002X", "1****************X"),
            (Mask::IdNumber, "12345", "*****"),
            (Mask::Address, "矿泉街道瑶台西街3号", "矿泉街道瑶台****"),
            (Mask::Address, "矿泉", "矿泉****"),
        ] {
            let mut out = String::new();
            rule.apply(text, &mut out);
            assert_eq!(out, shown);
        }
    }
}
