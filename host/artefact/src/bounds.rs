//! What one compilation may use.

use std::time::Duration;

/// Bounds on the process that compiles one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Address space, bytes.
    pub memory: u64,
    /// Processor time; the system counts it in whole seconds.
    pub processor: Duration,
    /// Time on the clock.
    pub wall: Duration,
}

impl Bounds {
    /// Processor time as the system counts it.
    pub fn seconds(&self) -> u64 {
        self.processor.as_secs().saturating_add(u64::from(self.processor.subsec_nanos() > 0)).max(1)
    }
}
