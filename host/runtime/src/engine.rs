//! The one engine of the process.

use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often running guests are interrupted: each tick they yield, and are counted.
pub const TICK: Duration = Duration::from_millis(5);
/// Instances that may live at once; the host's own bound lies below.
pub(crate) const POOL: u32 = 128;
/// Calls that may run at once, of all plugins.
pub(crate) const CALLS: usize = POOL as usize / 2;
/// Linear memory that one instance may map, bytes.
pub(crate) const MEMORY: usize = 128 << 20;
/// How much of a memory stays resident for the next instance, bytes.
const KEEP_RESIDENT: usize = 1 << 20;

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
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.epoch_interruption(true);
    config.wasm_backtrace_max_frames(None);
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
