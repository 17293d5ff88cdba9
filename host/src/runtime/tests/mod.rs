//! Calls of small guests that misbehave, and plugins that are refused.

mod calls;
mod guest;
mod loading;

use super::{Engine, Settings};

fn engine() -> Engine {
    Engine::new(&Settings { concurrent_calls: 2, ..Settings::default() }).unwrap()
}
