//! `clock`: the host's time.

use crate::contract::linli::platform::clock::Host;
use crate::invocation::State;

impl Host for State {
    fn now(&mut self) -> wasmtime::Result<String> {
        Ok(self.circumstances.now.to_string())
    }

    fn today(&mut self) -> wasmtime::Result<String> {
        Ok(self.circumstances.today.to_string())
    }
}

impl crate::contract::linli::platform::types::Host for State {}
