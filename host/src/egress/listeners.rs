//! Where this host listens: nothing that it sends may come back to itself.

use super::address::meant;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{PoisonError, RwLock};

/// The addresses at which this process listens.
#[derive(Debug, Default)]
pub(super) struct Listeners(RwLock<Vec<SocketAddr>>);

impl Listeners {
    pub(super) fn add(&self, listener: SocketAddr) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    /// Whether a connection to `address` at `port`, in whatever form it is written, would end here.
    pub(super) fn are_at(&self, address: IpAddr, port: u16) -> bool {
        let listeners = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let here = |listener: IpAddr| meant(address).any(|address| leads_to(address, listener.to_canonical()));
        listeners.iter().filter(|listener| listener.port() == port).any(|listener| here(listener.ip()))
    }
}

/// The unspecified address is this machine to who connects, and all of its addresses to who listens.
fn leads_to(address: IpAddr, listener: IpAddr) -> bool {
    address == listener || address.is_unspecified() || (listener.is_unspecified() && is_this_machine(address))
}

/// Only an address of this machine can be bound. Nothing is sent: no port is asked for, and the socket is closed.
#[expect(clippy::disallowed_methods, reason = "asks the kernel whose the address is, and sends nothing")]
fn is_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(listener: &str, address: &str, port: u16) -> bool {
        let listeners = Listeners::default();
        listeners.add(listener.parse().unwrap());
        listeners.are_at(address.parse().unwrap(), port)
    }

    #[test]
    fn a_listener_is_found_by_every_address_that_leads_to_it() {
        for address in ["127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"] {
            assert!(at("127.0.0.1:80", address, 80), "{address}");
            assert!(!at("127.0.0.1:80", address, 81), "{address}");
        }
        for address in ["127.0.0.2", "10.0.0.1", "::1"] {
            assert!(!at("127.0.0.1:80", address, 80), "{address}");
        }
        for listener in ["0.0.0.0:80", "[::]:80"] {
            for address in ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::ffff:127.0.0.1"] {
                assert!(at(listener, address, 80), "{listener} {address}");
            }
            assert!(!at(listener, "192.0.2.1", 80), "{listener}: nobody's address");
        }
    }
}
