//! How often the same one may ask: a bucket of tokens for each, which fills at a steady rate.
//!
//! Buckets are few: one that is full again is forgotten, as it is like a new one, and more than [`MOST`] are not kept.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;
use serde::Deserialize;

/// Buckets that are kept.
const MOST: u64 = 100_000;

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rate {
    /// Tokens a second.
    pub per_second: NonZeroU32,
    /// Tokens that can be saved up.
    pub burst: NonZeroU32,
}

impl Rate {
    /// So many a second, and so many at once; at least one of each.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { per_second: at_least_one(per_second), burst: at_least_one(burst) }
    }
}

/// The buckets of all who ask.
pub struct Rates<K> {
    quota: Quota,
    buckets: Cache<K, Arc<DefaultDirectRateLimiter>>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Send + Sync + 'static> Rates<K> {
    /// Buckets of this size.
    pub fn new(rate: Rate) -> Self {
        let full_after = Duration::from_secs(u64::from(rate.burst.get().div_ceil(rate.per_second.get())) + 1);
        Self {
            quota: Quota::per_second(rate.per_second).allow_burst(rate.burst),
            buckets: Cache::builder().max_capacity(MOST).time_to_idle(full_after).build(),
            clock: DefaultClock::default(),
        }
    }

    /// Takes a token; where there is none, says how long to wait for one.
    pub fn take(&self, who: K) -> Result<(), Duration> {
        let bucket = self.buckets.get_with(who, || Arc::new(RateLimiter::direct(self.quota)));
        bucket.check().map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_bucket_of_its_own_and_is_told_how_long_to_wait() {
        let rates = Rates::new(Rate::new(1, 3));
        for _ in 0..3 {
            assert_eq!(rates.take("a"), Ok(()));
        }
        let wait = rates.take("a").unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1), "{wait:?}");
        assert_eq!(rates.take("b"), Ok(()));
    }
}
