//! What one call of a plugin may do. No wasmtime here.

mod limits;
mod provider;
mod secret;

pub use limits::Limits;
pub use provider::Provider;
pub use secret::Secret;
