//! The limits of one call; all of them per provider in the configuration.

use std::time::Duration;

/// What one call may use (`sandbox.md`, "One call").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory; beyond: trap.
    pub memory: u64,
    /// CPU time, time in host calls not counted; beyond: interrupt.
    pub cpu: Duration,
    /// Wall clock, instantiation included; beyond: the call ends.
    pub deadline: Duration,
    /// When outbound requests end, counted from the call's start, so that the plugin gets a typed time-out.
    pub request_deadline: Duration,
    /// Outbound requests; beyond: typed error.
    pub requests: u32,
    /// Bytes of an outbound request's body; beyond: typed error.
    pub request_body: u64,
    /// Bytes of an outbound request's answer; beyond: typed error.
    pub response_body: u64,
    /// Bytes of the answer's headers; beyond: typed error.
    pub response_headers: u64,
    /// Callbacks emitted; beyond: trap.
    pub callbacks: u32,
    /// Bytes of log, stdout and stderr each; beyond: cut, and counted.
    pub log: u64,
    /// Bytes of the value returned; beyond: refused.
    pub value: u64,
    /// Bytes handed to the host in arguments of all its functions together; beyond: trap.
    pub host_bytes: u64,
    /// Resource handles; beyond: trap.
    pub handles: u32,
    /// Bytes of one value in `state`; beyond: typed error.
    pub state_value: u64,
    /// Keys that an external may have in `state`; beyond: typed error.
    pub state_keys: u64,
    /// Calls of this provider at the same time; beyond: 503 with `Retry-After`.
    pub concurrent_calls: u32,
}

impl Default for Limits {
    fn default() -> Self {
        const KIB: u64 = 1 << 10;
        const MIB: u64 = 1 << 20;
        Self {
            memory: 64 * MIB,
            cpu: Duration::from_millis(200),
            deadline: Duration::from_secs(30),
            request_deadline: Duration::from_secs(25),
            requests: 16,
            request_body: MIB,
            response_body: MIB,
            response_headers: 64 * KIB,
            callbacks: 16,
            log: 64 * KIB,
            value: 256 * KIB,
            host_bytes: 8 * MIB,
            handles: 1000,
            state_value: 64 * KIB,
            state_keys: 100_000,
            concurrent_calls: 64,
        }
    }
}
