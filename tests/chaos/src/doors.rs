//! Where hosts can be reached at this moment.

use crate::chance::Chance;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One place for each host; empty while it is dead.
#[derive(Debug)]
pub(crate) struct Doors(Mutex<Vec<Option<SocketAddr>>>);

impl Doors {
    pub(crate) fn new(hosts: usize) -> Self {
        Self(Mutex::new(vec![None; hosts]))
    }

    fn open(&self) -> MutexGuard<'_, Vec<Option<SocketAddr>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, host: usize, address: Option<SocketAddr>) {
        self.open()[host] = address;
    }

    /// The address of some host that lives; none where none does.
    pub(crate) fn address(&self, chance: &mut Chance) -> Option<SocketAddr> {
        let living: Vec<_> = self.open().iter().flatten().copied().collect();
        (!living.is_empty()).then(|| chance.pick(&living))
    }

    /// The origin of some host that lives; none where none does.
    pub(crate) fn any(&self, chance: &mut Chance) -> Option<String> {
        self.address(chance).map(|address| format!("http://{address}"))
    }
}
