//! Where the interface listens, to whom, and how it leaves.

use super::door::{Key, Rate};
use std::net::SocketAddr;
use std::time::Duration;
use url::Url;

/// The `[api]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where webhooks alone are taken, and nowhere else; none: where everything is.
    pub callbacks_listen: Option<SocketAddr>,
    /// What webhook URLs are built from; none: plugins are told no webhook URL.
    pub public_url: Option<Url>,
    /// Bytes of a request's body; beyond: 413. A webhook may have 1 MiB (rule 23).
    pub body_limit: usize,
    /// Whether POST and DELETE need an `Idempotency-Key` (rule 17).
    pub require_idempotency_key: bool,
    /// Who may call; none: whoever reaches it.
    pub keys: Vec<Key>,
    /// How much may be asked with each key that says nothing else; none: no limit.
    pub rate: Option<Rate>,
    /// How many connections there may be at a time.
    pub connections: usize,
    /// Threads that serve, each with a runtime of its own; 0: one per core.
    pub threads: usize,
}

/// The `[shutdown]` table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// How long the listener stays open once the host is not ready: load balancers need a moment to notice.
    pub keep_listening: Duration,
    /// How long what runs may take to end after that.
    pub drain: Duration,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { keep_listening: Duration::from_secs(5), drain: Duration::from_secs(30) }
    }
}
