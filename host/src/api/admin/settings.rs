//! Where operators reach a running host, and what proves that they may.

use crate::model::SecretBytes;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The `[admin]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What callers must show; none: one that the host makes for itself.
    pub token: Option<SecretBytes>,
}

impl Settings {
    /// Where a listener at this address is reached from the same machine.
    pub fn reached_at(bound: SocketAddr) -> SocketAddr {
        let ip = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, bound.port())
    }
}
