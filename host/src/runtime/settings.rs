//! The size of the pool of instances.

/// The `[runtime]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Calls of plugins at the same time, over all providers; beyond: 503 with `Retry-After`.
    pub concurrent_calls: u32,
    /// The largest linear memory that any provider's limits allow, in bytes: what a slot of the pool reserves.
    pub largest_memory: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { concurrent_calls: 256, largest_memory: 64 << 20 }
    }
}
