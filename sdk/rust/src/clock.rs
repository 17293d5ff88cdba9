//! The time, and waiting; in tests both are the fake host's.

use std::time::Duration;

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    #[cfg(not(target_arch = "wasm32"))]
    return crate::testing::fake::clock::now_ms();
    #[cfg(target_arch = "wasm32")]
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// Waits. It costs the call's deadline, not its processor time.
pub fn sleep(duration: Duration) {
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::fake::clock::sleep(duration);
    #[cfg(target_arch = "wasm32")]
    std::thread::sleep(duration);
}
