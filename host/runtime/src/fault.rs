//! What ended a call that did not end by itself.

use wasmtime::Trap;

/// Why the host ended an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// Processor or clock time is used up.
    #[error("the plugin took too long")]
    Timeout,
    /// Memory or tables are used up.
    #[error("the plugin used too much memory")]
    OutOfMemory,
    /// It panicked, overflowed its stack or did what no wasm may.
    #[error("the plugin crashed")]
    Crashed,
    /// It handed over more than one crossing may carry.
    #[error("the plugin's answer or argument is too large")]
    OutputTooLarge,
    /// Too many handles.
    #[error("the plugin holds too many handles")]
    Handles,
    /// Its answer is not what the contract says.
    #[error("the plugin's answer is no valid view")]
    BadAnswer,
}

impl Fault {
    /// The word in problem details and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Timeout => "plugin-timeout",
            Self::OutOfMemory => "plugin-out-of-memory",
            Self::Crashed => "plugin-crashed",
            Self::OutputTooLarge => "plugin-output-too-large",
            Self::Handles => "plugin-too-many-handles",
            Self::BadAnswer => "plugin-bad-answer",
        }
    }
}

/// A limit that a guest ran into, as the host's own callbacks report it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Spent {
    #[error("processor time is used up")]
    Processor,
    #[error("memory is used up")]
    Memory,
}

/// Recognises what wasmtime reports.
pub(crate) fn classify(error: &wasmtime::Error) -> Fault {
    if let Some(spent) = error.downcast_ref::<Spent>() {
        return match spent {
            Spent::Processor => Fault::Timeout,
            Spent::Memory => Fault::OutOfMemory,
        };
    }
    if error.downcast_ref::<wasmtime::component::ResourceTableError>().is_some() {
        return Fault::Handles;
    }
    if error.downcast_ref::<Trap>().is_none() && is_fuel(error) {
        return Fault::OutputTooLarge;
    }
    Fault::Crashed
}

/// Whether there was no place in the pool of instances.
pub(crate) fn is_pool_full(error: &wasmtime::Error) -> bool {
    error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some()
}

/// The error of `Store::set_hostcall_fuel` has a private type: its message is all there is to know it by.
fn is_fuel(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| cause.to_string().contains("fuel allocated for hostcalls has been exhausted"))
}

#[cfg(test)]
mod tests {
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

    use super::*;

    #[test]
    fn a_full_pool_is_no_fault_of_the_plugin() {
        let mut pool = PoolingAllocationConfig::default();
        pool.total_memories(1).max_memory_size(1 << 16);
        let engine = Engine::new(Config::new().allocation_strategy(InstanceAllocationStrategy::Pooling(pool))).unwrap();
        let bytes = wat::parse_str("(component (core module $m (memory 1)) (core instance (instantiate $m)))").unwrap();
        let component = Component::new(&engine, bytes).unwrap();
        let linker = Linker::new(&engine);
        let (mut one, mut two) = (Store::new(&engine, ()), Store::new(&engine, ()));
        let placed = linker.instantiate(&mut one, &component);
        let refused = linker.instantiate(&mut two, &component).unwrap_err();
        assert!(placed.is_ok() && is_pool_full(&refused), "{refused:#}");
    }
}
