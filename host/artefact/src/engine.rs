//! The one engine of the serving process, and the one of a process that compiles for it.

use std::hash::{Hash as _, Hasher};
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often running guests are interrupted: each tick they yield, and are counted.
pub const TICK: Duration = Duration::from_millis(5);
/// Instances that may live at once; the host's own bound lies below.
pub const POOL: u32 = 128;
/// Calls that may run at once, of all plugins.
pub const CALLS: usize = POOL as usize / 2;
/// Linear memory that one instance may map, bytes.
pub const MEMORY: usize = 128 << 20;
/// How much of a memory stays resident for the next instance, bytes.
const KEEP_RESIDENT: usize = 1 << 20;

/// All that compiled code depends on.
fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.wasm_backtrace_max_frames(None);
    config
}

/// Makes an engine that compiles for the serving one and instantiates nothing: it has no pool, which alone would take more
/// address space than a compiler may have.
pub fn compiling() -> wasmtime::Result<Engine> {
    Engine::new(&config())
}

/// What must be the same of two engines for the one to run what the other compiled, as 64 hexadecimal digits: wasmtime's
/// version, the processor's features, and the configuration.
pub fn version(engine: &Engine) -> String {
    let mut hash = Stable(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hash);
    HEXLOWER.encode(&hash.0.finalize())
}

/// A hash that is the same in every process, which the standard library's need not be.
struct Stable(Sha256);

impl Hasher for Stable {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }
}

/// Makes an engine and the thread that ticks it. The thread ends with the engine.
pub fn start() -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(POOL);
    pool.total_core_instances(POOL * 4);
    pool.total_memories(POOL);
    pool.total_tables(POOL * 4);
    pool.total_stacks(POOL);
    pool.max_memory_size(MEMORY);
    pool.max_memories_per_component(1);
    pool.max_core_instances_per_component(16);
    pool.max_tables_per_component(16);
    pool.linear_memory_keep_resident(KEEP_RESIDENT);
    pool.table_keep_resident(16 << 10);
    pool.pagemap_scan(Enabled::Auto);
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = Engine::new(&config)?;
    let weak = engine.weak();
    let tick = move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("linli-ticker".into()).spawn(tick)?;
    Ok(engine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiling_engine_makes_fits_the_serving_one() {
        let (compiling, serving) = (compiling().unwrap(), start().unwrap());
        assert_eq!(version(&compiling), version(&serving));
        let other = Engine::new(config().epoch_interruption(false)).unwrap();
        assert_ne!(version(&compiling), version(&other));
    }
}
