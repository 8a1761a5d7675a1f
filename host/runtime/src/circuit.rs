//! A plugin that keeps crashing is kept off for a while, so that it can't spend the host's time.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::limits::Limits;

/// How long too many faults keep a plugin off, twice as long each time, …
const BACKOFF: Duration = Duration::from_secs(5);
/// … but never longer than this.
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
        let state = self.state.lock().ok()?;
        state.open_until.and_then(|until| until.checked_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    /// A call ended well.
    pub fn succeeded(&self) {
        if let Ok(mut state) = self.state.lock()
            && state.faults > 0
        {
            *state = State::default();
        }
    }

    /// A call ended in a fault.
    pub fn failed(&self, now: Instant, limits: &Limits) {
        let Ok(mut state) = self.state.lock() else { return };
        let fresh = state.since.is_some_and(|since| now.duration_since(since) <= limits.fault_window);
        if !fresh {
            state.faults = 0;
            state.since = Some(now);
        }
        state.faults += 1;
        if state.faults >= limits.faults {
            let backoff = BACKOFF.saturating_mul(1 << state.opened.min(10)).min(BACKOFF_MAX);
            state.open_until = Some(now + backoff);
            state.opened += 1;
            state.faults = 0;
            state.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_many_faults_backs_off_longer_and_closes_on_success() {
        let (circuit, limits) = (Circuit::default(), Limits::default());
        let start = Instant::now();
        (0..limits.faults).for_each(|_| circuit.failed(start, &limits));
        assert_eq!(circuit.wait(start), Some(BACKOFF));
        let later = start + BACKOFF + Duration::from_secs(1);
        assert_eq!(circuit.wait(later), None);
        (0..limits.faults).for_each(|_| circuit.failed(later, &limits));
        assert_eq!(circuit.wait(later), Some(BACKOFF * 2));
        circuit.succeeded();
        (0..limits.faults - 1).for_each(|_| circuit.failed(later, &limits));
        circuit.succeeded();
        circuit.failed(later, &limits);
        assert!(circuit.wait(later + BACKOFF * 3).is_none());
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
