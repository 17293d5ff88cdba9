//! A clock that moves only when somebody waits, or the test says so.

use std::time::Duration;

use super::world;

pub(crate) fn now_ms() -> u64 {
    world::with(|world| world.now_ms)
}

pub(crate) fn sleep(duration: Duration) {
    world::with(|world| world.advance(duration));
}
