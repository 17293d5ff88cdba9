//! How many questions one provider is asked at the same time, so that its backlog or slowness holds up no other; and until
//! when it wants none.

use crate::clock::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest that one answer keeps the questions about everything else away. Its own payment may wait for longer.
const LONGEST_REST: Duration = Duration::from_secs(900);

/// What is asked about: neither waits behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Payments,
    Subscriptions,
}

/// Two lanes for each external.
#[derive(Default)]
pub(in crate::operations) struct Lanes {
    places: Mutex<HashMap<(String, Lane), Arc<Semaphore>>>,
    resting: Mutex<HashMap<String, Timestamp>>,
}

impl Lanes {
    /// Every place in a lane of this width that is free now.
    pub(super) fn free(&self, external: &str, lane: Lane, width: u32) -> Vec<OwnedSemaphorePermit> {
        let mut lanes = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let places =
            lanes.entry((external.to_owned(), lane)).or_insert_with(|| Arc::new(Semaphore::new(width as usize)));
        std::iter::from_fn(|| places.clone().try_acquire_owned().ok()).collect()
    }

    /// Its provider wants to be left alone for so long (`Retry-After`).
    pub(super) fn rest(&self, external: &str, now: Timestamp, wish: Duration) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let until = now.plus(wish.min(LONGEST_REST));
        let rests = resting.entry(external.to_owned()).or_insert(until);
        // The longer one holds, unless the clock was set back since.
        if *rests < until || *rests > now.plus(LONGEST_REST) {
            *rests = until;
        }
    }

    /// Whether its provider wants to be left alone. A clock that was set back since says nothing.
    pub(super) fn rests(&self, external: &str, now: Timestamp) -> bool {
        let resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.get(external).is_some_and(|until| *until > now && *until <= now.plus(LONGEST_REST))
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

    #[test]
    fn a_provider_that_wants_to_be_left_alone_is_and_no_other_nor_for_ever() {
        let (lanes, now, second) = (Lanes::default(), Timestamp(10_000_000), Duration::from_secs(1));
        lanes.rest("busy", now, 60 * second);
        lanes.rest("busy", now, second);
        assert!(lanes.rests("busy", now.plus(59 * second)) && !lanes.rests("other", now));
        assert!(!lanes.rests("busy", now.plus(60 * second)));
        lanes.rest("busy", now, 86_400 * second);
        assert!(lanes.rests("busy", now) && !lanes.rests("busy", now.plus(LONGEST_REST)));
        assert!(!lanes.rests("busy", now.minus(second)), "the clock was set back");
    }
}
