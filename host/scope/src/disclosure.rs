//! What of a counted table may be shown: no group of few people, and no figure that one person moves by much.
//!
//! A group of fewer than [`SmallestGroup`] people is left out, as is one of nobody: the two can't be told apart. What
//! is shown is rounded so that one person is at most a fifth of a step: a count to the nearest 5, a sum to five times the
//! most that one person can add, an average to five times the most that one person can move it. docs/reference/tables.md
//! says what that guarantees and what it does not.
//!
//! A hidden group next to shown ones is not made up for by hiding a second one: no totals come with a table, rounding
//! leaves at least two candidates for whatever two figures are subtracted from each other (tested below for every
//! group that may be set), and hiding another group would say that the first is not empty.

use linli_model::Decimal;
use serde::Deserialize;

/// Counts are shown in multiples of this.
pub const STEP: i64 = 5;
/// The step is chosen from 1, 2 and 5 times a power of ten.
const LEADING: [i128; 3] = [1, 2, 5];
/// Digits that an average has beyond its field's own.
const AVERAGE_DIGITS: u8 = 3;
const AVERAGE_UNITS: i128 = 1_000;

/// The fewest people that a group may have and be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct SmallestGroup(i64);

/// Why a number can't be the smallest group.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the smallest group must have 5 to 1000 people, and not 7, 12, 17 and so on: with those, the difference of two rounded counts can \
     tell the number"
)]
pub struct NoSmallestGroup;

impl SmallestGroup {
    /// So many people.
    pub fn new(people: i64) -> Result<Self, NoSmallestGroup> {
        // Where the first count that is shown stands alone in its step, rounding hides nothing of it.
        let alone = people.rem_euclid(STEP) == STEP / 2;
        if (STEP..=1_000).contains(&people) && !alone { Ok(Self(people)) } else { Err(NoSmallestGroup) }
    }

    /// How many people.
    pub fn people(self) -> i64 {
        self.0
    }

    /// Whether a group of so many people may be shown.
    pub fn shows(self, people: i64) -> bool {
        people >= self.0
    }
}

impl Default for SmallestGroup {
    fn default() -> Self {
        Self(8)
    }
}

impl TryFrom<i64> for SmallestGroup {
    type Error = NoSmallestGroup;

    fn try_from(people: i64) -> Result<Self, NoSmallestGroup> {
        Self::new(people)
    }
}

/// A count as it is shown.
pub fn count(people: i64) -> i64 {
    people.saturating_add(STEP / 2).div_euclid(STEP).saturating_mul(STEP)
}

/// What one person can add to a sum: between these, in units of the field's last digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// At least.
    pub least: i64,
    /// At most.
    pub most: i64,
}

impl Share {
    /// A sum of shares as it is shown, in the same units.
    pub fn sum(self, sum: i64) -> i64 {
        let largest = i128::from(self.least).abs().max(i128::from(self.most).abs());
        narrow(nearest(sum.into(), step(i128::from(STEP) * largest)))
    }

    /// The average of the shares of so many people as it is shown, `scale` being the field's digits behind the point.
    pub fn average(self, sum: i64, people: i64, scale: u8) -> Decimal {
        let people = i128::from(people.max(1));
        let span = i128::from(self.most) - i128::from(self.least);
        // From the count as it is shown: the step must not tell more of the count than the count does.
        let shown = i128::from(count(narrow(people)).max(STEP));
        let step = step((i128::from(STEP) * span * AVERAGE_UNITS + shown - 1).div_euclid(shown));
        let exact = (i128::from(sum) * AVERAGE_UNITS).div_euclid(people);
        let (least, most) = (i128::from(self.least) * AVERAGE_UNITS, i128::from(self.most) * AVERAGE_UNITS);
        Decimal { units: narrow(nearest(exact, step).clamp(least, most)), scale: scale.saturating_add(AVERAGE_DIGITS) }
    }
}

fn nearest(value: i128, step: i128) -> i128 {
    (value + step / 2).div_euclid(step) * step
}

/// The smallest of 1, 2, 5, 10, 20, … that is not below.
fn step(least: i128) -> i128 {
    let powers = std::iter::successors(Some(1_i128), |power| power.checked_mul(10));
    powers.flat_map(|power| LEADING.map(|leading| leading.saturating_mul(power))).find(|step| *step >= least).unwrap_or(least)
}

fn narrow(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value.is_negative() { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// For each pair of figures, the group with and without some people of it who are too few to be shown: how many they can be.
    fn candidates(fewest: i64) -> BTreeMap<(i64, i64), BTreeSet<i64>> {
        let mut found: BTreeMap<(i64, i64), BTreeSet<i64>> = BTreeMap::new();
        // Up to the end of a step, so that no step is there in part.
        for shown in (fewest..).take_while(|shown| count(*shown) <= 100) {
            for hidden in 0..fewest {
                found.entry((count(shown), count(shown + hidden))).or_default().insert(hidden);
            }
        }
        found
    }

    #[test]
    fn the_difference_of_two_figures_never_tells_the_number_of_a_hidden_group() {
        for fewest in (1..=60).filter(|fewest| SmallestGroup::new(*fewest).is_ok()) {
            assert!(!candidates(fewest).is_empty());
            for (figures, hidden) in candidates(fewest) {
                assert!(hidden.len() >= 2, "{fewest}: {figures:?} leave {hidden:?}");
            }
        }
    }

    #[test]
    fn groups_with_which_a_difference_would_tell_are_refused() {
        for fewest in [7, 12, 17] {
            assert!(candidates(fewest).values().any(|hidden| hidden.len() == 1));
            assert_eq!(SmallestGroup::new(fewest), Err(NoSmallestGroup));
        }
        for fewest in [-1, 0, 1, 4, 1_001, i64::MAX] {
            assert_eq!(SmallestGroup::new(fewest), Err(NoSmallestGroup));
        }
        assert_eq!(SmallestGroup::default(), SmallestGroup::new(8).unwrap());
        assert!(!SmallestGroup::default().shows(7) && SmallestGroup::default().shows(8));
    }

    #[test]
    fn a_file_of_limits_says_how_many_or_is_refused() {
        assert_eq!(serde_json::from_str::<SmallestGroup>("20").unwrap().people(), 20);
        assert!(serde_json::from_str::<SmallestGroup>("12").is_err());
        assert_eq!(SmallestGroup::default().people(), 8);
    }

    #[test]
    fn a_sum_beyond_all_numbers_is_the_last_of_them() {
        let share = Share { least: -200_000_000, most: 200_000_000 };
        assert_eq!([i64::MIN, 0, i64::MAX].map(|sum| share.sum(sum)), [i64::MIN, 0, i64::MAX]);
    }

    #[test]
    fn counts_are_shown_in_fives() {
        assert_eq!([8, 12, 13, 17, 18, 1_000_002].map(count), [10, 10, 15, 15, 20, 1_000_000]);
    }

    #[test]
    fn an_average_is_as_exact_as_its_group_is_large() {
        let age = Share { least: 60, most: 100 };
        let shown = |people: i64| age.average(people * 73 + people / 3, people, 0).to_string();
        assert_eq!([9, 60, 600, 60_000, 6_000_000].map(shown), ["80.000", "75.000", "73.500", "73.335", "73.333"]);
    }

    proptest! {
        #[test]
        fn one_person_moves_a_figure_by_at_most_a_step(
            least in -1_000_i64..1_000, span in 1_i64..2_000, people in 8_i64..5_000, share in any::<prop::sample::Index>(), rest in any::<prop::sample::Index>()
        ) {
            let bounds = Share { least, most: least + span };
            let one = least + share.index(span as usize + 1) as i64;
            let others = people * least + rest.index((people * span) as usize + 1) as i64;
            let most = step(i128::from(STEP) * i128::from(bounds.least.abs().max(bounds.most.abs())));
            let (without, with) = (bounds.sum(others), bounds.sum(others + one));
            prop_assert!(i128::from((with - without).abs()) <= most);
            prop_assert_eq!(i128::from(with) % most, 0);
            prop_assert!(i128::from((bounds.sum(others) - others).abs()) * 2 <= most);
        }

        #[test]
        fn an_average_is_within_half_of_a_step_that_one_person_moves_it_by_a_fifth_of(
            least in -1_000_i64..1_000, span in 1_i64..2_000, people in 8_i64..5_000, rest in any::<prop::sample::Index>()
        ) {
            let bounds = Share { least, most: least + span };
            let sum = people * least + rest.index((people * span) as usize + 1) as i64;
            let shown = bounds.average(sum, people, 0);
            // Five times what one of so many people can move it by, taken up to the next of 1, 2 and 5.
            let most = step(i128::from(STEP * span * 1_000) / i128::from(count(people)) + 1) as f64 / 1_000.0;
            prop_assert!((shown.units as f64 / 1_000.0 - sum as f64 / people as f64).abs() <= most / 2.0 + 0.001);
        }
    }
}
