//! Where plugins are, and which externals are configured.

use crate::capabilities::{Limits, Provider};
use std::path::PathBuf;

/// The `[plugins]` and `[providers]` tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder that is watched: `NAME.wasm` serves `/v3/NAME`.
    pub dir: PathBuf,
    /// The configured providers.
    pub providers: Vec<Provider>,
    /// The limits of a plugin that no provider is configured for.
    pub limits: Limits,
}
