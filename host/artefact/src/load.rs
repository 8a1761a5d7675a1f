//! The one line of the host that the compiler can't vouch for.

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::artefact::Artefact;

/// Makes machine code callable.
///
/// wasmtime checks that it fits the engine, but not that it is what a compiler made: whoever can choose these bytes runs
/// as the host. So they come as an [`Artefact`], which is made from what this host's compiler wrote to its pipe, or from a
/// file whose seal holds, and nothing else.
#[allow(unsafe_code, reason = "an Artefact is the proof that this host's own compiler made the code")]
pub(crate) fn load(engine: &Engine, artefact: &Artefact) -> wasmtime::Result<Component> {
    // SAFETY: `Component::deserialize` wants bytes of `Engine::precompile_component` that nobody has changed since.
    unsafe { Component::deserialize(engine, artefact.code()) }
}
