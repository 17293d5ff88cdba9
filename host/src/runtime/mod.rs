//! The only owner of wasmtime.

mod settings;

pub use settings::Settings;
