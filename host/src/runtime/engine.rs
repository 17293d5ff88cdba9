//! The engine: its settings, the pool of instances, and the clock that interrupts what runs too long.
//!
//! The settings are chosen by measuring a fresh instance with one small call, in CPU time: 14 µs as they are, 35 with
//! nothing kept resident, 22 with memory but no tables kept, 50 without a pool.

use super::abi::v0;
use super::cache::{Cache, EngineDigest};
use super::state::State;
use super::wasi;
use super::{Compiler, Inspection, LoadError, Plugin, Settings, load};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::hash::{Hash as _, Hasher};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// How often a running guest is looked at: what its CPU limit may be overrun by.
const TICK: Duration = Duration::from_millis(10);
/// Instances for admissions, beside those for calls, so that traffic cannot keep a new version out.
const ADMISSIONS: u32 = 2;
/// About what a guest touches: less faults again, more is wiped for nothing.
const MEMORY_KEPT: usize = 256 << 10;
const TABLES_KEPT: usize = 64 << 10;
const STACK_KEPT: usize = 64 << 10;
/// A component from Rust has three core instances and two tables; those from Python and JavaScript have more.
const CORE_INSTANCES: u32 = 32;
const TABLES: u32 = 8;

/// Why no engine could be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The machine cannot do what its settings ask for.
    #[error("the engine cannot be made: {0:#}")]
    Settings(wasmtime::Error),
    /// The thread that interrupts guests did not start.
    #[error("the thread that interrupts guests did not start")]
    Ticker(#[source] std::io::Error),
}

/// Compiles and runs plugins. Cheap to clone; the last clone, its plugins' included, ends it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    /// What every plugin is linked against.
    linker: Linker<State>,
    calls: Semaphore,
    admissions: Semaphore,
    compiler: Compiler,
    /// Compiling is for one at a time: its limits are for one.
    compilations: Semaphore,
    cache: Option<Cache>,
    _ticker: Ticker,
}

impl Engine {
    /// An engine with room for `settings.concurrent_calls` calls.
    pub fn new(settings: &Settings) -> Result<Self, EngineError> {
        let wasmtime = pooled_or_on_demand(settings).map_err(EngineError::Settings)?;
        let mut linker = Linker::new(&wasmtime);
        v0::add_to_linker(&mut linker).map_err(EngineError::Settings)?;
        wasi::add_to_linker(&mut linker).map_err(EngineError::Settings)?;
        let ticker = Ticker::start(wasmtime.clone()).map_err(EngineError::Ticker)?;
        let calls = Semaphore::new(settings.concurrent_calls as usize);
        let admissions = Semaphore::new(ADMISSIONS as usize);
        let compilations = Semaphore::new(1);
        let cache = settings.cache.as_deref().map(cache).transpose()?.flatten();
        let compiler = settings.compiler.clone();
        let inner = Inner { wasmtime, linker, calls, admissions, compiler, compilations, cache, _ticker: ticker };
        Ok(Self(Arc::new(inner)))
    }

    /// Makes a plugin of a component, or says everything that is wrong with it. Compiles it where it is not kept: that
    /// may take a minute.
    ///
    /// # Errors
    ///
    /// Everything that the component is refused for.
    pub async fn load(&self, bytes: Bytes) -> Result<Plugin, LoadError> {
        let loaded = load::examine(self, bytes, Effort::Compile).await.1?;
        // Nothing else keeps it from going to the end.
        loaded.ok_or_else(|| vec!["was not compiled".to_owned()].into())
    }

    /// The same at once; none where the component would have to be compiled for it.
    ///
    /// # Errors
    ///
    /// As for [`Engine::load`].
    pub async fn load_kept(&self, bytes: Bytes) -> Result<Option<Plugin>, LoadError> {
        load::examine(self, bytes, Effort::Kept).await.1
    }

    /// What a file is, and what [`Engine::load`] would refuse it for.
    pub async fn inspect(&self, bytes: Bytes) -> Inspection {
        load::examine(self, bytes, Effort::Compile).await.0
    }

    pub(super) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.0.wasmtime
    }

    pub(super) fn linker(&self) -> Linker<State> {
        self.0.linker.clone()
    }

    pub(super) fn calls(&self) -> &Semaphore {
        &self.0.calls
    }

    pub(super) fn admissions(&self) -> &Semaphore {
        &self.0.admissions
    }

    pub(super) fn compilations(&self) -> &Semaphore {
        &self.0.compilations
    }

    pub(super) fn compiler(&self) -> &Compiler {
        &self.0.compiler
    }

    pub(super) fn cache(&self) -> Option<&Cache> {
        self.0.cache.as_ref()
    }
}

/// How far a load may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// What is kept, or nothing.
    Kept,
    /// Compiling, if need be.
    Compile,
}

/// The cache in this folder; none where it cannot be had: then everything is compiled at each start, which is said.
fn cache(folder: &Path) -> Result<Option<Cache>, EngineError> {
    let engine = digest(&for_compiling().map_err(EngineError::Settings)?);
    let opened = Cache::open(folder, engine);
    Ok(opened
        .inspect_err(|reason| {
            let folder = folder.display();
            tracing::warn!(%folder, reason, "no cache: plugins are compiled at each start (see runtime.cache)");
        })
        .ok())
}

/// What code must have been compiled for, to run here.
fn digest(engine: &wasmtime::Engine) -> EngineDigest {
    struct Bytes(Sha256);
    impl Hasher for Bytes {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut bytes = Bytes(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut bytes);
    bytes.0.finalize().into()
}

/// A pool where the machine has the address space for it: a call from it costs a third. There is no compiler in it.
fn pooled_or_on_demand(settings: &Settings) -> wasmtime::Result<wasmtime::Engine> {
    let mut config = config();
    config.enable_compiler(false).allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)));
    wasmtime::Engine::new(&config).or_else(|error| {
        tracing::warn!("no pool of instances, every call will cost three times as much: {error:#}");
        wasmtime::Engine::new(config.allocation_strategy(InstanceAllocationStrategy::OnDemand))
    })
}

/// An engine that compiles, and runs nothing.
pub(super) fn for_compiling() -> wasmtime::Result<wasmtime::Engine> {
    wasmtime::Engine::new(&config())
}

/// What shapes the code, in the compiler's process as in the one that runs it: here and nowhere else.
fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .consume_fuel(false)
        .cranelift_opt_level(OptLevel::Speed)
        .memory_init_cow(true)
        .native_unwind_info(false)
        .async_stack_zeroing(true)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false);
    config
}

fn pool(settings: &Settings) -> PoolingAllocationConfig {
    let slots = settings.concurrent_calls.saturating_add(ADMISSIONS);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(CORE_INSTANCES))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(TABLES))
        .total_stacks(slots)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(1)
        .max_tables_per_component(TABLES)
        .max_memory_size(usize::try_from(settings.largest_memory).unwrap_or(usize::MAX))
        .max_unused_warm_slots(slots)
        .linear_memory_keep_resident(MEMORY_KEPT)
        .table_keep_resident(TABLES_KEPT)
        .async_stack_keep_resident(STACK_KEPT)
        // Scanning leaves stale pages behind (wasmtime#14357).
        .pagemap_scan(Enabled::No)
        .decommit_batch_size(1);
    pool
}

/// The thread that moves the engine's epoch on, and ends with it.
struct Ticker {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    #[expect(clippy::disallowed_methods, reason = "a thread of its own: what it interrupts may hold every other")]
    fn start(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let tick = move || {
            while stopped.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        };
        let thread = std::thread::Builder::new().name("epoch".to_owned()).spawn(tick)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It only sleeps and counts; there is nothing in it to panic.
            let _ = thread.join();
        }
    }
}
