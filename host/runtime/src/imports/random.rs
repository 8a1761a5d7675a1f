//! `random`: the host's cryptographic generator.

use crate::contract::linli::platform::random::Host;
use crate::invocation::State;

/// Bytes that one call gives at most.
const MAX: u32 = 1_024;

impl Host for State {
    fn bytes(&mut self, n: u32) -> wasmtime::Result<Vec<u8>> {
        let mut bytes = vec![0; n.min(MAX) as usize];
        getrandom::fill(&mut bytes).map_err(|error| wasmtime::Error::msg(error.to_string()))?;
        Ok(bytes)
    }
}
