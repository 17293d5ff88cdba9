//! What the host tells about its externals, and whether it can take work.

use super::{Error, Operations};
use crate::model::{Description, Interfaces, Version};
use crate::registry;

/// A configured provider, as the interface lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// The name in the path.
    pub name: String,
    /// The plugin that serves it now.
    pub serving: Option<Serving>,
}

/// The plugin that serves an external.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// Its version.
    pub version: Version,
    /// What it says of itself.
    pub description: Description,
    /// What it exports.
    pub interfaces: Interfaces,
}

/// Whether the host can take work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It cannot, for this reason.
    NotReady(&'static str),
}

impl Operations {
    /// Every external, by name.
    pub fn externals(&self) -> Vec<External> {
        self.0.registry.externals().into_iter().map(shown).collect()
    }

    /// One external.
    pub fn external(&self, name: &str) -> Result<External, Error> {
        self.0.registry.external(name).map(shown).ok_or(Error::UnknownExternal)
    }

    /// Whether the host can take work.
    pub async fn readiness(&self) -> Readiness {
        match self.0.store.ping().await {
            Ok(()) => Readiness::Ready,
            Err(_) => Readiness::NotReady("store"),
        }
    }
}

fn shown(external: registry::External) -> External {
    let serving = external.plugin.map(|plugin| Serving {
        version: plugin.version().clone(),
        description: Description::clone(plugin.description()),
        interfaces: plugin.interfaces().clone(),
    });
    External { name: external.provider.external.clone(), serving }
}
