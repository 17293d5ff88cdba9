//! The only reader of files and environment: `provost.toml`, `PROVOST_…`, PGM's names and the defaults, checked
//! together, every fault reported with its place.

use crate::{api, operations, outbox, registry, runtime, store, telemetry};

/// Everything that an operator can say.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `[api]`
    pub api: api::Settings,
    /// `[log]`
    pub log: telemetry::Settings,
    /// `[store]`
    pub store: store::Settings,
    /// `[runtime]`
    pub runtime: runtime::Settings,
    /// `[plugins]` and `[providers]`
    pub registry: registry::Settings,
    /// `[callbacks]`
    pub callbacks: outbox::Settings,
    /// `[operations]`
    pub operations: operations::Settings,
}
