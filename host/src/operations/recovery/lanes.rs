//! How many questions one provider is asked at the same time, so that its backlog or slowness holds up no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is asked about: neither waits behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Payments,
    Subscriptions,
}

/// Two lanes for each external.
#[derive(Default)]
pub(in crate::operations) struct Lanes(Mutex<HashMap<(String, Lane), Arc<Semaphore>>>);

impl Lanes {
    /// Every place in a lane of this width that is free now.
    pub(super) fn free(&self, external: &str, lane: Lane, width: u32) -> Vec<OwnedSemaphorePermit> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let places =
            lanes.entry((external.to_owned(), lane)).or_insert_with(|| Arc::new(Semaphore::new(width as usize)));
        std::iter::from_fn(|| places.clone().try_acquire_owned().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_that_is_full_takes_no_place_from_another() {
        let lanes = Lanes::default();
        let slow = lanes.free("slow", Lane::Payments, 2);
        assert_eq!(slow.len(), 2);
        assert_eq!(lanes.free("slow", Lane::Payments, 2).len(), 0);
        assert_eq!(lanes.free("slow", Lane::Subscriptions, 2).len(), 2);
        assert_eq!(lanes.free("other", Lane::Payments, 2).len(), 2);
        drop(slow);
        assert_eq!(lanes.free("slow", Lane::Payments, 2).len(), 2);
    }
}
