//! Where plugins are, and which externals are configured.

use crate::capabilities::{Limits, Provider};
use std::path::PathBuf;
use std::time::Duration;

/// Enough for a score of plugins, and not so much that one that takes a minute holds up the others.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The `[plugins]` and `[providers]` tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder that is watched: `NAME.wasm` serves `/v3/NAME`.
    pub dir: PathBuf,
    /// The configured providers.
    pub providers: Vec<Provider>,
    /// The limits of a plugin that no provider is configured for.
    pub limits: Limits,
    /// How long a start waits for what must be compiled; then it serves what it has, and the rest follows.
    pub patience: Duration,
}
