//! What the process that compiles does: it bounds itself, reads a component, writes its artefact.

use std::io::{self, Read as _, Write as _};

use linli_package::MAX_PACKAGE;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::engine;

/// Standard input, output and error are all the files that it ever has.
const FILES: u64 = 3;

/// Why there is no artefact.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// A bound can't be set, so that nothing is read.
    #[error("the compiler's bound on {0} can't be set: {1}")]
    Bound(&'static str, io::Error),
    /// Reading or writing.
    #[error("the compiler is not heard: {0}")]
    Io(#[from] io::Error),
    /// wasmtime refuses the component.
    #[error("{0}")]
    Component(String),
}

/// Compiles what standard input holds and writes it to standard output, within `memory` bytes of address space and so many
/// `seconds` of processor time. The bounds are set before a byte is read, and can't be loosened afterwards.
pub fn run(memory: u64, seconds: u64) -> Result<(), ChildError> {
    confine(memory, seconds)?;
    let mut component = Vec::new();
    io::stdin().lock().take(MAX_PACKAGE as u64 + 1).read_to_end(&mut component)?;
    let failed = |error: wasmtime::Error| ChildError::Component(format!("{error:#}"));
    let artefact = engine::compiling().and_then(|engine| engine.precompile_component(&component)).map_err(failed)?;
    let mut output = io::stdout().lock();
    output.write_all(&artefact)?;
    Ok(output.flush()?)
}

fn confine(memory: u64, seconds: u64) -> Result<(), ChildError> {
    for (what, resource, most) in [
        ("address space", Resource::As, memory),
        ("processor time", Resource::Cpu, seconds),
        ("core files", Resource::Core, 0),
        ("files written", Resource::Fsize, 0),
        ("open files", Resource::Nofile, FILES),
    ] {
        let bound = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, bound).map_err(|error| ChildError::Bound(what, error.into()))?;
    }
    Ok(())
}
