//! How much memory one instance may have.

use super::state::Ended;
use crate::model::Failure;
use wasmtime::ResourceLimiter;

/// The most elements that one table may have: more than any toolchain makes.
pub(super) const TABLE_ELEMENTS: usize = 20_000;

/// The memory ceiling of one call; a guest that hits it traps, so that it cannot go on half-working.
pub(super) struct Ceiling {
    memory: usize,
    peak: usize,
}

impl Ceiling {
    pub(super) fn new(memory: u64) -> Self {
        Self { memory: usize::try_from(memory).unwrap_or(usize::MAX), peak: 0 }
    }

    /// The most memory that it had, in bytes.
    pub(super) fn peak(&self) -> u64 {
        self.peak as u64
    }
}

impl ResourceLimiter for Ceiling {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.memory {
            return Err(Ended(Failure::Limit("memory")).into());
        }
        self.peak = self.peak.max(desired);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Ended(Failure::Limit("memory")).into())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS {
            return Err(Ended(Failure::Limit("tables")).into());
        }
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Ended(Failure::Limit("tables")).into())
    }
}
