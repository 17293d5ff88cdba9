//! Calls of small guests that misbehave, and plugins that are refused.

mod calls;
mod guest;
mod kept;
mod loading;

use super::{Compiler, Engine, Settings};

fn engine() -> Engine {
    Engine::new(&Settings { concurrent_calls: 2, compiler: Compiler::InProcess, ..Settings::default() }).unwrap()
}
