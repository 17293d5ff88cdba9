//! Whether the provider has accepted, or may have accepted, a write in this call. From then on no
//! error may claim that nothing was done. An instance serves one call, so the mark needs no reset
//! but in tests.

use std::cell::Cell;

thread_local! {
    static WRITTEN: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn has_written() -> bool {
    WRITTEN.get()
}

pub(super) fn mark_written() {
    WRITTEN.set(true);
}

/// A new call begins.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    WRITTEN.set(false);
}
