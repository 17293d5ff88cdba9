//! The size of the pool of instances, and how components become machine code.

use std::path::PathBuf;
use std::time::Duration;

/// The `[runtime]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Calls of plugins at the same time, over all providers; beyond: 503 with `Retry-After`.
    pub concurrent_calls: u32,
    /// The largest linear memory that any provider's limits allow, in bytes: what a slot of the pool reserves.
    pub largest_memory: u64,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// The folder in which compiled components are kept; none: every load compiles.
    pub cache: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { concurrent_calls: 256, largest_memory: 64 << 20, compiler: Compiler::default(), cache: None }
    }
}

/// Where components are compiled. The configuration knows the child alone: what reads a stranger's bytes for so long
/// does not share a process with payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// In a process of its own, which this program is run as: `provost compile`.
    Child {
        /// The program. It must be the one that runs: another version's code is refused.
        program: PathBuf,
        /// What it may use.
        limits: CompileLimits,
    },
    /// In this process, without any limit: for test programs, which are not `provost` and compile their own guests.
    InProcess,
}

impl Default for Compiler {
    /// The very program that runs, even where its file has been replaced since.
    fn default() -> Self {
        Self::Child { program: PathBuf::from("/proc/self/exe"), limits: CompileLimits::default() }
    }
}

/// What compiling one component may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Address space, in bytes.
    pub memory: u64,
    /// CPU time of all its threads, in whole seconds.
    pub cpu: Duration,
    /// From start to end.
    pub wall: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self { memory: 2 << 30, cpu: Duration::from_secs(60), wall: Duration::from_secs(180) }
    }
}
