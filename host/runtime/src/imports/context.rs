//! `context`: who calls, as far as a plugin needs to know.

use crate::contract::linli::platform::context::Host;
use crate::invocation::State;

impl Host for State {
    fn regions(&mut self) -> wasmtime::Result<Vec<String>> {
        let actor = self.circumstances.actor.as_deref();
        Ok(actor.map(|actor| actor.regions.iter().map(ToString::to_string).collect()).unwrap_or_default())
    }

    fn roles(&mut self) -> wasmtime::Result<Vec<String>> {
        let actor = self.circumstances.actor.as_deref();
        Ok(actor.map(|actor| actor.roles.iter().map(|role| role.as_str().to_owned()).collect()).unwrap_or_default())
    }

    fn locale(&mut self) -> wasmtime::Result<String> {
        Ok(self.circumstances.locale.clone())
    }
}
