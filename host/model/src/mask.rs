//! What a field granted `masked` shows: enough for a person to recognise, too little to identify.
//!
//! The rules are the common practice of public services: see [`Mask`]. Two things hold for each of them, whatever the text: what is shown is a beginning and an end of the text and nothing
//! else, and a text too short for the rule is hidden whole.

use serde::{Deserialize, Serialize};

/// A masking rule, named in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mask {
    /// The surname: the first character, of a name that begins with a compound surname the first two; then one `*` a
    /// character: `王**`, `欧阳**`. A name of one character is hidden whole.
    Name,
    /// The first three and the last four digits of eleven or more: `138****1234`.
    Phone,
    /// The first and the last character only: `1****************X`. Region, birth date and sex stay hidden.
    IdNumber,
    /// Down to the community: all up to the first `社区`, `村` or `街道`, then `****`. An address that names none of them, or
    /// only far into it, is hidden whole.
    Address,
}

/// Compound surnames, of which the first character alone would be no surname.
pub const COMPOUND: [&str; 20] = [
    "欧阳", "司徒", "上官", "诸葛", "司马", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "长孙", "宇文", "轩辕", "东方", "南宫", "端木",
    "百里", "呼延", "澹台",
];
/// What ends the part of an address that may be shown, the narrower before the wider.
const PLACES: [&str; 3] = ["社区", "村", "街道"];
/// The most characters of an address that may be shown.
pub const ADDRESS_SHOWN: usize = 30;
/// What stands for the hidden part of an address, however long it is: its length tells doors apart.
const ADDRESS_HIDDEN: usize = 4;

impl Mask {
    /// Appends the masked form of `text` to `out`.
    pub fn apply(self, text: &str, out: &mut String) {
        let length = text.chars().count();
        let (head, tail) = self.shown(text, length);
        out.reserve(text.len() + ADDRESS_HIDDEN);
        out.extend(text.chars().take(head));
        let stars = match self {
            Self::Address => ADDRESS_HIDDEN,
            _ => length - head - tail,
        };
        out.extend(std::iter::repeat_n('*', stars));
        out.extend(text.chars().skip(length - tail));
    }

    /// How many characters of the beginning and of the end are shown; together fewer than there are.
    fn shown(self, text: &str, length: usize) -> (usize, usize) {
        match self {
            Self::Name if length > 2 && COMPOUND.iter().any(|surname| text.starts_with(surname)) => (2, 0),
            Self::Name if length > 1 => (1, 0),
            Self::Phone if length >= 11 => (3, 4),
            Self::IdNumber if length >= 15 => (1, 1),
            Self::Address => (to_the_community(text, length), 0),
            Self::Name | Self::Phone | Self::IdNumber => (0, 0),
        }
    }
}

fn to_the_community(text: &str, length: usize) -> usize {
    let end = PLACES.iter().find_map(|place| text.find(place).map(|at| at + place.len()));
    let shown = end.and_then(|end| text.get(..end)).map_or(0, |shown| shown.chars().count());
    if shown < length && shown <= ADDRESS_SHOWN { shown } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(rule: Mask, text: &str) -> String {
        let mut out = String::new();
        rule.apply(text, &mut out);
        out
    }

    #[test]
    fn each_rule_hides_what_it_says() {
        for (rule, text, shown) in [
            (Mask::Name, "王小明", "王**"),
            (Mask::Name, "欧阳修远", "欧阳**"),
            (Mask::Name, "欧阳修", "欧阳*"),
            (Mask::Name, "欧阳", "欧*"),
            (Mask::Name, "阿卜杜拉", "阿***"),
            (Mask::Name, "王", "*"),
            (Mask::Name, "𠮷田", "𠮷*"),
            (Mask::Phone, "13812341234", "138****1234"),
            (Mask::Phone, "8123", "****"),
            (Mask::IdNumber, "11010519491231002X", "1****************X"),
            (Mask::IdNumber, "12345", "*****"),
            (Mask::Address, "瑶台社区三巷12号501房", "瑶台社区****"),
            (Mask::Address, "矿泉街道瑶台社区三巷12号", "矿泉街道瑶台社区****"),
            (Mask::Address, "矿泉街道瑶台西街3号", "矿泉街道****"),
            (Mask::Address, "槎头村一巷2号", "槎头村****"),
            (Mask::Address, "瑶台社区", "****"),
            (Mask::Address, "三巷12号", "****"),
        ] {
            assert_eq!(masked(rule, text), shown);
        }
    }

    /// Texts of all sorts: near names, addresses and numbers, and anything else.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            "\\PC{0,40}",
            "[0-9Xx +-]{0,24}",
            prop::collection::vec(
                prop::sample::select(vec!["欧阳", "王", "社区", "村", "街道", "12号", "𠮷", "𬶍", "e\u{301}", "👨‍👩‍👧", "a"]),
                0..30
            )
            .prop_map(|parts| parts.concat()),
        ]
    }

    proptest! {
        #[test]
        fn no_more_is_shown_than_the_rule_says(text in texts()) {
            let length = text.chars().count();
            for (rule, most) in [(Mask::Name, 2), (Mask::Phone, 7), (Mask::IdNumber, 2), (Mask::Address, ADDRESS_SHOWN)] {
                let (head, tail) = rule.shown(&text, length);
                let out = masked(rule, &text);
                prop_assert!(head + tail <= most && (head + tail < length || length == 0), "{rule:?}");
                let beginning: String = text.chars().take(head).collect();
                let end: String = text.chars().skip(length - tail).collect();
                let middle = out.strip_prefix(&beginning).and_then(|rest| rest.strip_suffix(&end));
                prop_assert!(middle.is_some_and(|middle| middle.chars().all(|sign| sign == '*')), "{rule:?}");
            }
        }

        #[test]
        fn two_texts_that_differ_in_what_is_hidden_only_look_the_same(hidden in "[0-9]{11}", other in "[0-9]{11}") {
            let number = |middle: &str| format!("4{}{middle}X", "40104");
            prop_assert_eq!(masked(Mask::IdNumber, &number(&hidden)), masked(Mask::IdNumber, &number(&other)));
            let phone = |middle: &str| format!("138{}1234", middle.get(..4).unwrap_or_default());
            prop_assert_eq!(masked(Mask::Phone, &phone(&hidden)), masked(Mask::Phone, &phone(&other)));
            let address = |door: &str| format!("瑶台社区{door}");
            prop_assert_eq!(masked(Mask::Address, &address(&hidden)), masked(Mask::Address, &address(other.trim_start_matches('0'))));
        }

        #[test]
        fn what_is_too_short_is_hidden_whole(number in "[0-9]{0,10}", name in "\\PC{0,1}", door in "[0-9]{0,9}号") {
            prop_assert!(masked(Mask::Phone, &number).chars().all(|sign| sign == '*'));
            prop_assert!(masked(Mask::IdNumber, &number).chars().all(|sign| sign == '*'));
            prop_assert!(masked(Mask::Name, &name).chars().all(|sign| sign == '*'));
            prop_assert_eq!(masked(Mask::Address, &door), "****");
        }
    }
}
