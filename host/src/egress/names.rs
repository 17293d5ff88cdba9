//! From names to addresses. What is returned here is what is connected to: there is no second question in between, so
//! a name that changes its mind gains nothing. Addresses that are written in a URL are not asked for here; see
//! [`Door::check`] for where they are.

use super::address::{Reach, against};
use super::listeners::Listeners;
use super::{Denial, Rule};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use url::{Host, Url};

/// Where the connections of one client may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Door {
    reach: Reach,
    https: bool,
    port: u16,
}

impl Door {
    /// What a request to `url` goes through, where the operator said of its origin whether it is private.
    pub(super) fn to(url: &Url, private: bool) -> Self {
        let reach = match url.host() {
            _ if !private => Reach::Public,
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => Reach::Literal,
            _ => Reach::Private,
        };
        Self { reach, https: url.scheme() == "https", port: url.port_or_known_default().unwrap_or(0) }
    }

    /// The address that is written in the URL, or nothing: a name's is checked when it is known.
    pub(super) fn check(&self, url: &Url, listeners: &Listeners) -> Result<(), Denial> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check_address(url.host_str(), address.into(), listeners),
            Some(Host::Ipv6(address)) => self.check_address(url.host_str(), address.into(), listeners),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    /// The reason names the host as it was asked for and not what it stands for here: whoever asks learns nothing of this
    /// network.
    fn check_address(&self, host: Option<&str>, address: IpAddr, listeners: &Listeners) -> Result<(), Denial> {
        let host = host.unwrap_or_default();
        let denied = |reason| Err(Denial { rule: Rule::Address, reason });
        if listeners.are_at(address, self.port) {
            return denied(format!("{host} at port {} is this host itself", self.port));
        }
        match against(address, self.reach) {
            None => Ok(()),
            Some(block) if block.is_metadata() => denied(format!(
                "the address of {host} is {block}: where that is meant, the address itself is to be the origin that is \
                 granted with private = true"
            )),
            Some(block) => denied(format!(
                "the address of {host} is not public: {block}; where that is meant, write {{ origin = \"{}\", private = \
                 true }} in this provider's allow",
                self.origin_of(host)
            )),
        }
    }

    fn origin_of(&self, host: &str) -> String {
        match (self.https, self.port) {
            (true, 443) => format!("https://{host}"),
            (false, 80) => format!("http://{host}"),
            (https, port) => format!("http{}://{host}:{port}", if https { "s" } else { "" }),
        }
    }
}

/// Asks the machine's own resolver.
pub(super) struct System;

impl Resolve for System {
    #[expect(clippy::disallowed_methods, reason = "the one place that resolves names")]
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Lets out what another resolver finds, where it may be connected to.
pub(super) struct Checked {
    pub(super) names: Arc<dyn Resolve>,
    pub(super) door: Door,
    pub(super) listeners: Arc<Listeners>,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (door, listeners, host) = (self.door, self.listeners.clone(), name.as_str().to_owned());
        let asked = self.names.resolve(name);
        Box::pin(async move {
            let (mut open, mut denial) = (Vec::new(), None);
            for mut address in asked.await? {
                address.set_port(door.port);
                match door.check_address(Some(&host), address.ip(), &listeners) {
                    Ok(()) => open.push(address),
                    Err(denied) => denial = Some(denied),
                }
            }
            // A name may have a stray address beside its public ones: those are connected to, and that one never is.
            match denial {
                Some(denial) if open.is_empty() => Err(denial.into()),
                _ => Ok(Box::new(open.into_iter()) as Addrs),
            }
        })
    }
}
