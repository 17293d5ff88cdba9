//! How requests to one provider are sent: with what TLS, how many, and what holds them back.

use super::tls::Tls;
use std::sync::Arc;
use std::time::Duration;

/// What the operator says about the way to one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whom it trusts and what it shows, beside what the system trusts.
    pub tls: Option<Arc<Tls>>,
    /// Requests at the same time; beyond, one waits a moment for its place.
    pub concurrent_requests: u32,
    /// Requests in a second, as many of them at once; 0: no limit.
    pub requests_per_second: u32,
    /// When trouble holds requests back.
    pub breaker: BreakerSettings,
}

/// When trouble holds requests back, and how the end of it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// So many requests in a row that fail: no connection, a status from 500, no answer in time. 0: never.
    pub failures: u32,
    /// The gap between writes that are let through while it is open, counted from the last failure.
    pub rest: Duration,
    /// The gap between reads that are let through while it is open: questions about payments never stop.
    pub ask: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let breaker = BreakerSettings { failures: 50, rest: Duration::from_secs(10), ask: Duration::from_secs(1) };
        Self { tls: None, concurrent_requests: 256, requests_per_second: 0, breaker }
    }
}
