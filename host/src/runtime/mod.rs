//! The only owner of wasmtime: plugins are admitted, and called, here. Knows the domain and what a call may do, and
//! nothing of operations, the store or HTTP.
//!
//! Start at [`Engine::load`], which makes a [`Plugin`] of a file's bytes, and [`Plugin::call`], which runs one call in
//! an instance of its own.

mod abi;
mod ceiling;
mod engine;
mod load;
mod meter;
mod plugin;
mod settings;
mod state;
mod survey;
#[cfg(test)]
mod tests;
mod wasi;

pub use engine::{Engine, EngineError};
pub use load::{Inspection, LoadError};
pub use plugin::{Finished, Plugin, Usage};
pub use settings::Settings;
