//! The age pyramid of an old quarter of Guangzhou: how many persons of each age, and how many of them women.

use crate::random::Random;

/// Persons per thousand in each band of five years, from 0–4 up to 95–99.
///
/// Shaped after the 2020 census: the city as a whole (14 % under 15, a bulge at 25–39 that migrants make), moved
/// towards the old quarters (over a fifth aged 60 and more, a mean age of about 40, some 4 % aged 80 and more).
const BANDS: [u32; 20] = [38, 48, 42, 38, 58, 72, 88, 88, 76, 72, 74, 70, 62, 58, 45, 29, 20, 13, 6, 2];

/// An age between `low` and `high`, both in years and included, as likely as the pyramid has it.
pub(crate) fn age(random: &mut Random, low: i32, high: i32) -> i32 {
    // Rejection: an age of the range is kept as often as its band is full.
    for _ in 0..64 {
        let age = random.between(low, high);
        if random.below(88) < persons(age) {
            return age;
        }
    }
    low
}

/// Women per thousand among persons of this age who live alone or head a household without a spouse.
pub(crate) fn women(age: i32) -> u32 {
    match age {
        ..40 => 470,
        40..60 => 520,
        60..75 => 630,
        _ => 770,
    }
}

fn persons(age: i32) -> u32 {
    usize::try_from(age / 5).ok().and_then(|band| BANDS.get(band)).copied().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_follow_the_bands() {
        let mut random = Random::new(1, "ages");
        let old = (0..50_000).filter(|_| age(&mut random, 0, 99) >= 80).count();
        assert!((1_850..2_250).contains(&old), "{old} of 50,000 are 80 or more; the bands say 41 in 1,000");
    }

    #[test]
    fn ages_stay_in_their_range() {
        let mut random = Random::new(2, "ages");
        assert!((0..10_000).all(|_| (60..=99).contains(&age(&mut random, 60, 99))));
    }
}
