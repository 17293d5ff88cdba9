//! The only owner of wasmtime: plugins are admitted, and called, here. Knows the domain and what a call may do, and
//! nothing of operations, the store or HTTP.
//!
//! Start at [`Engine::load`], which makes a [`Plugin`] of a file's bytes, and [`Plugin::call`], which runs one call in
//! an instance of its own. A file comes through [`survey`] and [`structure`], is compiled by [`compile`] or found in
//! [`cache`], and both hand over [`code`].

mod abi;
mod cache;
mod ceiling;
mod code;
mod compile;
mod engine;
mod link;
mod load;
mod meter;
mod plugin;
mod settings;
mod state;
mod structure;
mod survey;
#[cfg(test)]
mod tests;
mod wasi;

pub use compile::{CompileError, compile_here};
pub use engine::{Engine, EngineError};
pub use load::{Inspection, LoadError};
pub use plugin::{Finished, Plugin, Usage};
pub use settings::{CompileLimits, Compiler, Settings};
