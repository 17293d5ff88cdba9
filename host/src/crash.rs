//! Where the chaos tool may kill the host. Imports nothing of ours.
//!
//! `crash_point!("name")` marks a moment between two steps. Where the point is armed, the process ends there as a
//! SIGKILL would end it: nothing is flushed, nothing is dropped.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

static ARMED: OnceLock<(String, AtomicU32)> = OnceLock::new();

/// Ends the process when the point `name` is passed for the `nth` time, counted from 1. Once per process.
pub fn arm(name: &str, nth: u32) {
    // A second arming would be a fault of the tool that starts us: the first one stands.
    let _ = ARMED.set((name.to_owned(), AtomicU32::new(nth)));
}

/// Passes a point. Use [`crate::crash_point!`].
pub fn pass(name: &str) {
    let Some((armed, left)) = ARMED.get() else { return };
    if armed == name && left.fetch_sub(1, Ordering::Relaxed) == 1 {
        std::process::abort();
    }
}

/// Marks a moment where the chaos tool may kill the host.
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        $crate::crash::pass($name)
    };
}
