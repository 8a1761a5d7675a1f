//! How often somebody may ask: a bucket of tokens, which fills at a steady rate.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::Deserialize;

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

    fn quota(self) -> Quota {
        Quota::per_second(self.per_second).allow_burst(self.burst)
    }
}

/// One bucket.
pub struct Bucket {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Bucket {
    /// A full one.
    pub fn new(rate: Rate) -> Self {
        Self { limiter: RateLimiter::direct(rate.quota()), clock: DefaultClock::default() }
    }

    /// Takes a token; where there is none, says how long to wait for one.
    pub fn take(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// A bucket for each of those who ask.
pub struct Rates<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> Rates<K> {
    /// Buckets of this size.
    pub fn new(rate: Rate) -> Self {
        Self { limiter: RateLimiter::keyed(rate.quota()), clock: DefaultClock::default() }
    }

    /// Takes a token; where there is none, says how long to wait for one.
    pub fn take(&self, who: &K) -> Result<(), Duration> {
        self.limiter.check_key(who).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Forgets buckets that are full again, as they are like new ones; to be called now and then.
    pub fn settle(&self) {
        self.limiter.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_bucket_of_its_own_and_is_told_how_long_to_wait() {
        let rates = Rates::new(Rate::new(1, 3));
        for _ in 0..3 {
            assert_eq!(rates.take(&"a"), Ok(()));
        }
        rates.settle();
        let wait = rates.take(&"a").unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1), "{wait:?}");
        assert_eq!(rates.take(&"b"), Ok(()));
    }
}
