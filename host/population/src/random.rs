//! The one source of chance: SplitMix64 (Steele, Lea and Flood 2014), because a population must come out the same
//! on every machine and for every release of every dependency.

/// A stream of random numbers that its seed alone determines.
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The stream of a seed and a salt; different salts give unrelated streams.
    pub(crate) fn new(seed: u64, salt: &str) -> Self {
        // FNV-1a over the salt.
        let hash = salt.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self { state: mix(seed) ^ hash }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number in `0..n`; 0 where `n` is 0.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        // The high half of a 32 × 32 bit product: no division, and a bias far below what a population shows.
        ((self.next() >> 32).wrapping_mul(u64::from(n)) >> 32) as u32
    }

    /// A number in `low..=high`; `low` where the range is empty.
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = u32::try_from(high.saturating_sub(low).saturating_add(1)).unwrap_or(0);
        low.saturating_add_unsigned(self.below(width))
    }

    /// A number in `low..=high` that is most often near `mode`: the middle of the range's two triangles.
    pub(crate) fn near(&mut self, low: i32, mode: i32, high: i32) -> i32 {
        let draws = [self.between(low, high), self.between(low, high), mode];
        // The median of two uniform draws and the mode.
        let [a, b, c] = draws;
        a.max(b).min(a.min(b).max(c))
    }

    /// True `per_mille` times in a thousand.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// One of the items, each as likely; the default where there is none.
    pub(crate) fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let at = self.below(u32::try_from(items.len()).unwrap_or(u32::MAX));
        items.get(at as usize).copied().unwrap_or_default()
    }

    /// One of the items, the earlier ones more likely: the first about twice the average, the last seldom.
    pub(crate) fn pick_early<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let len = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let at = self.below(len).min(self.below(len));
        items.get(at as usize).copied().unwrap_or_default()
    }

    /// One of the items by weight; the default where the weights sum to 0.
    pub(crate) fn weighted<T: Copy + Default>(&mut self, table: &[(u32, T)]) -> T {
        let mut at = self.below(table.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in table {
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => return *item,
            }
        }
        T::default()
    }
}

/// SplitMix64's finalizer: every bit of the answer depends on every bit of the question.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_stream() {
        // The first numbers of SplitMix64 from state 1234567, as the reference implementation prints them.
        let mut random = Random { state: 1_234_567 };
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut random = Random::new(1, "range");
        for _ in 0..10_000 {
            assert!((-3..=7).contains(&random.between(-3, 7)));
            assert!((20..=40).contains(&random.near(20, 27, 40)));
            assert!(random.below(5) < 5);
        }
        assert_eq!(random.below(0), 0);
        assert_eq!(random.between(5, 4), 5);
        assert_eq!(random.pick::<&str>(&[]), "");
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::new(1, "weights");
        let threes = (0..40_000).filter(|_| random.weighted(&[(1, 1), (3, 3)]) == 3).count();
        assert!((29_400..30_600).contains(&threes), "{threes}");
    }
}
