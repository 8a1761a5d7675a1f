//! A plugin that keeps failing is kept off for a while, so that it can't spend the host's time. One circuit a version: a new
//! one begins with a clean sheet.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::limits::Limits;

/// How long too many faults keep a plugin off, twice as long each time, …
const BACKOFF: Duration = Duration::from_secs(5);
/// … but never longer than this. After so long without another time the next one is short again.
const BACKOFF_MAX: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub(crate) struct Circuit {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    faults: u32,
    since: Option<Instant>,
    open_until: Option<Instant>,
    opened: u32,
}

impl Circuit {
    /// How long to wait, where the circuit is open.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        self.state.lock().ok()?.wait(now)
    }

    /// A call ended in a fault. One that ends well says nothing for a plugin: it may answer every other call to go on failing.
    pub fn failed(&self, now: Instant, limits: &Limits) {
        if let Ok(mut state) = self.state.lock() {
            state.failed(now, limits);
        }
    }
}

impl State {
    fn wait(&self, now: Instant) -> Option<Duration> {
        self.open_until.and_then(|until| until.checked_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    fn failed(&mut self, now: Instant, limits: &Limits) {
        // Calls that were under way when it opened are no reason to open it twice.
        if self.wait(now).is_some() {
            return;
        }
        if self.since.is_none_or(|since| now.duration_since(since) > limits.fault_window) {
            self.faults = 0;
            self.since = Some(now);
        }
        self.faults += 1;
        if self.faults >= limits.faults {
            self.open(now);
        }
    }

    fn open(&mut self, now: Instant) {
        if self.open_until.is_some_and(|until| now.duration_since(until) > BACKOFF_MAX) {
            self.opened = 0;
        }
        let backoff = BACKOFF.saturating_mul(1 << self.opened.min(10)).min(BACKOFF_MAX);
        *self = Self { open_until: Some(now + backoff), opened: self.opened + 1, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(circuit: &Circuit, limits: &Limits, at: Instant) {
        (0..limits.faults).for_each(|_| circuit.failed(at, limits));
    }

    #[test]
    fn it_opens_after_many_faults_longer_each_time_and_short_again_after_a_quiet_while() {
        let (circuit, limits) = (Circuit::default(), Limits::default());
        let start = Instant::now();
        (0..limits.faults - 1).for_each(|_| circuit.failed(start, &limits));
        assert_eq!(circuit.wait(start), None);
        circuit.failed(start, &limits);
        assert_eq!(circuit.wait(start), Some(BACKOFF));
        let mut now = start + BACKOFF;
        for wait in [10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(circuit.wait(now), None);
            fail(&circuit, &limits, now);
            assert_eq!(circuit.wait(now), Some(Duration::from_secs(wait)));
            now += Duration::from_secs(wait);
        }
        now += BACKOFF_MAX + Duration::from_secs(1);
        fail(&circuit, &limits, now);
        assert_eq!(circuit.wait(now), Some(BACKOFF));
    }

    #[test]
    fn calls_under_way_when_it_opens_do_not_count() {
        let (circuit, limits) = (Circuit::default(), Limits::default());
        let start = Instant::now();
        (0..limits.faults * 3).for_each(|_| circuit.failed(start, &limits));
        assert_eq!(circuit.wait(start), Some(BACKOFF));
        assert_eq!(circuit.wait(start + BACKOFF), None);
    }

    #[test]
    fn faults_far_apart_do_not_add_up() {
        let (circuit, limits) = (Circuit::default(), Limits::default());
        let mut now = Instant::now();
        for _ in 0..limits.faults * 3 {
            circuit.failed(now, &limits);
            now += limits.fault_window + Duration::from_secs(1);
        }
        assert_eq!(circuit.wait(now), None);
    }
}
