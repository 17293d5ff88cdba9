//! How many calls one provider's plugin may have at the same time, so that one provider cannot hold the host.

use crate::capabilities::Provider;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bulkhead for each external.
#[derive(Default)]
pub(super) struct Room(Mutex<HashMap<String, Arc<Semaphore>>>);

impl Room {
    /// A place for one call; none where all are taken.
    pub(super) fn enter(&self, provider: &Provider) -> Option<OwnedSemaphorePermit> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let places = provider.limits.concurrent_calls as usize;
        if !rooms.contains_key(&provider.external) {
            rooms.insert(provider.external.clone(), Arc::new(Semaphore::new(places)));
        }
        rooms[&provider.external].clone().try_acquire_owned().ok()
    }
}
