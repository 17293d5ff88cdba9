//! Where the interface listens.

use std::net::SocketAddr;
use url::Url;

/// The `[api]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What webhook URLs are built from; none: plugins are told no webhook URL.
    pub public_url: Option<Url>,
    /// Bytes of a request's body; beyond: 413. A webhook may have 1 MiB (rule 23).
    pub body_limit: usize,
    /// Whether POST and DELETE need an `Idempotency-Key` (rule 17).
    pub require_idempotency_key: bool,
    /// Threads that serve, each with a runtime of its own; 0: one per core.
    pub threads: usize,
}
