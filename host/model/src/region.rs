//! Regions (区划): the statistical division codes over GB/T 2260, and grid cells below them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::succession::RegionChange;

/// The code of a region: 2 digits for a province, 4 city, 6 county, 9 township, 12 community,
/// 15 grid cell. A code's prefix is its ancestor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$", example = "440104022")]
pub struct RegionCode(Box<str>);

/// Why a text is no region code.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a region code has 2, 4, 6, 9, 12 or 15 digits")]
pub struct NoRegionCode;

/// Digits of each level, province to grid cell.
pub(crate) const LEVELS: [usize; 6] = [2, 4, 6, 9, 12, 15];
/// Digits of a community's code.
pub const COMMUNITY_DIGITS: usize = 12;
/// Digits of a grid cell's code.
pub const GRID_DIGITS: usize = 15;

impl RegionCode {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is this region or lies in it.
    pub fn contains(&self, other: &str) -> bool {
        other.starts_with(&*self.0)
    }

    /// The community that this region is or lies in; none above it.
    pub fn community(&self) -> Option<RegionCode> {
        self.0.get(..COMMUNITY_DIGITS).map(|digits| RegionCode(digits.into()))
    }

    /// The region one level up; none above a province.
    pub fn parent(&self) -> Option<RegionCode> {
        let above = LEVELS.iter().rev().find(|digits| **digits < self.0.len())?;
        self.0.get(..*above).map(|digits| RegionCode(digits.into()))
    }

    /// The smallest region that holds both; none where not even the province is shared.
    pub fn common(&self, other: &RegionCode) -> Option<RegionCode> {
        let shared = self.0.bytes().zip(other.0.bytes()).take_while(|(a, b)| a == b).count();
        let digits = LEVELS.iter().rev().find(|digits| **digits <= shared)?;
        self.0.get(..*digits).map(|digits| RegionCode(digits.into()))
    }

    /// Whether it is a grid cell.
    pub fn is_grid(&self) -> bool {
        self.0.len() == GRID_DIGITS
    }

    /// The first code after every region that lies in this one, to close a range in SQL:
    /// `code >= r AND code < r.end()`.
    pub fn end(&self) -> String {
        // ':' follows '9' in ASCII, so every longer code with this prefix sorts before it.
        format!("{}:", self.0)
    }
}

impl FromStr for RegionCode {
    type Err = NoRegionCode;

    fn from_str(text: &str) -> Result<Self, NoRegionCode> {
        let shaped = LEVELS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        shaped.then(|| Self(text.into())).ok_or(NoRegionCode)
    }
}

impl TryFrom<String> for RegionCode {
    type Error = NoRegionCode;

    fn try_from(text: String) -> Result<Self, NoRegionCode> {
        text.parse()
    }
}

impl From<RegionCode> for String {
    fn from(code: RegionCode) -> Self {
        code.0.into()
    }
}

impl std::borrow::Borrow<str> for RegionCode {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The smallest region that holds all of something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Nothing of it lies in any region.
    #[default]
    Nowhere,
    /// All of it lies in this one.
    Within(RegionCode),
    /// Not even one province holds all of it.
    Everywhere,
}

impl Extent {
    /// Whether it holds this region.
    pub fn holds(&self, code: &str) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Within(region) => region.contains(code),
            Self::Everywhere => true,
        }
    }

    /// Lets it hold the other too.
    pub fn widen(&mut self, other: Self) {
        match (&*self, other) {
            (_, Self::Nowhere) | (Self::Everywhere, _) => {}
            (Self::Within(held), Self::Within(region)) if held.contains(region.as_str()) => {}
            (Self::Within(held), Self::Within(region)) => *self = held.common(&region).map_or(Self::Everywhere, Self::Within),
            (_, other) => *self = other,
        }
    }
}

/// What two sets of regions share: of each nested pair, the smaller one.
pub fn intersect(left: &[RegionCode], right: &[RegionCode]) -> Vec<RegionCode> {
    let mut shared: Vec<RegionCode> = Vec::new();
    for a in left {
        for b in right {
            if a.contains(b.as_str()) {
                shared.push(b.clone());
            } else if b.contains(a.as_str()) {
                shared.push(a.clone());
            }
        }
    }
    minimal(shared)
}

/// The set without the regions that lie in another of its members, sorted.
pub fn minimal(mut regions: Vec<RegionCode>) -> Vec<RegionCode> {
    regions.sort();
    regions.dedup();
    let mut kept: Vec<RegionCode> = Vec::with_capacity(regions.len());
    for region in regions {
        if !kept.last().is_some_and(|last| last.contains(region.as_str())) {
            kept.push(region);
        }
    }
    kept
}

/// All regions by code, and what became of them.
#[derive(Clone, Debug, Default)]
pub struct RegionTree {
    /// Also of those that ended.
    pub(crate) names: BTreeMap<RegionCode, String>,
    /// In the order in which they were made.
    pub(crate) changes: Vec<RegionChange>,
    /// Of those that ended, their successors, if any.
    pub(crate) ahead: BTreeMap<RegionCode, Vec<RegionCode>>,
    /// Of those that have some, their predecessors.
    pub(crate) behind: BTreeMap<RegionCode, Vec<RegionCode>>,
}

/// A line of a region table that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("regions, line {line}: {reason}")]
pub struct RegionError {
    /// Counted from 1, comments included.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl RegionTree {
    /// Reads `code,name` lines; `#` starts a comment, the first other line is the header.
    pub fn read(text: &str) -> Result<Self, RegionError> {
        let mut tree = Self::default();
        let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
        for (at, line) in lines.skip(1) {
            let fail = |reason: String| RegionError { line: at + 1, reason };
            let (code, name) = line.split_once(',').ok_or_else(|| fail("is not code,name".into()))?;
            let code = code.parse().map_err(|reason: NoRegionCode| fail(reason.to_string()))?;
            tree.insert(code, name.trim().to_owned());
        }
        Ok(tree)
    }

    /// Adds or renames a region.
    pub fn insert(&mut self, code: RegionCode, name: String) {
        self.names.insert(code, name);
    }

    /// A region's own name.
    pub fn name(&self, code: &str) -> Option<&str> {
        self.names.get(code).map(String::as_str)
    }

    /// Whether there is such a region.
    pub fn has(&self, code: &RegionCode) -> bool {
        self.names.contains_key(code)
    }

    /// The regions one level below `parent`, or the provinces.
    pub fn children<'a>(&'a self, parent: Option<&'a RegionCode>) -> impl Iterator<Item = (&'a RegionCode, &'a str)> {
        self.within(parent).filter(move |(code, _)| code.parent().as_ref() == parent)
    }

    /// Every region in `root`, itself included, in code order.
    pub fn within<'a>(&'a self, root: Option<&'a RegionCode>) -> impl Iterator<Item = (&'a RegionCode, &'a str)> {
        let start = match root {
            Some(root) => std::ops::Bound::Included(root),
            None => std::ops::Bound::Unbounded,
        };
        self.names
            .range::<RegionCode, _>((start, std::ops::Bound::Unbounded))
            .take_while(move |(code, _)| root.is_none_or(|root| root.contains(code.as_str())))
            .map(|(code, name)| (code, name.as_str()))
    }

    /// How many regions there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> RegionCode {
        text.parse().unwrap()
    }

    #[test]
    fn a_prefix_is_an_ancestor() {
        let grid = code("440104022003001");
        assert_eq!(grid.parent(), Some(code("440104022003")));
        assert_eq!(grid.community(), Some(code("440104022003")));
        assert_eq!(code("44").parent(), None);
        assert_eq!(grid.common(&code("440104022004001")), Some(code("440104022")));
        assert_eq!(grid.common(&code("110101001001")), None);
    }

    #[test]
    fn an_extent_over_two_provinces_never_shrinks_again() {
        let mut extent = Extent::Within(code("44"));
        extent.widen(Extent::Within(code("11")));
        extent.widen(Extent::Within(code("440104")));
        assert_eq!(extent, Extent::Everywhere);
    }

    #[test]
    fn a_tree_is_walked_by_level_and_by_range() {
        let tree =
            RegionTree::read("# source\ncode,name\n44,广东省\n4401,广州市\n440104,越秀区\n440104022,矿泉街道\n440104023,别处\n").unwrap();
        let township = code("440104");
        assert_eq!(tree.children(Some(&township)).count(), 2);
        assert_eq!(tree.within(Some(&township)).count(), 3);
        assert_eq!(tree.name("440104022"), Some("矿泉街道"));
        assert_eq!(RegionTree::read("code,name\n44,广东\n4,x\n").unwrap_err().line, 3);
    }

    fn any_code() -> impl Strategy<Value = RegionCode> {
        prop::sample::select(vec!["44", "4401", "4402", "440104", "440104022", "440104023", "440104022001", "440104022002001"])
            .prop_map(code)
    }

    proptest! {
        #[test]
        fn an_intersection_holds_what_both_hold(a in prop::collection::vec(any_code(), 0..4), b in prop::collection::vec(any_code(), 0..4), probe in any_code()) {
            let in_set = |set: &[RegionCode]| set.iter().any(|region| region.contains(probe.as_str()));
            prop_assert_eq!(in_set(&intersect(&a, &b)), in_set(&a) && in_set(&b));
        }

        #[test]
        fn an_extent_holds_all_that_it_was_widened_by_and_no_more(codes in prop::collection::vec(any_code(), 0..5), first in any_code()) {
            let mut extent = Extent::Nowhere;
            for code in [&first].into_iter().chain(&codes) {
                extent.widen(Extent::Within(code.clone()));
                extent.widen(Extent::Nowhere);
            }
            let Extent::Within(held) = extent else { panic!("all of them lie in 44") };
            prop_assert!(held.contains(first.as_str()) && codes.iter().all(|code| held.contains(code.as_str())));
            let smaller = codes.iter().try_fold(first, |held, code| held.common(code));
            prop_assert_eq!(Some(held), smaller);
        }

        #[test]
        fn a_range_holds_what_a_prefix_holds(a in any_code(), b in any_code()) {
            prop_assert_eq!(a.contains(b.as_str()), b.as_str() >= a.as_str() && b.as_str() < a.end().as_str());
        }
    }
}
