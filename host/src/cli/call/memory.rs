//! What a call must have kept while it runs, in memory: there is no store here, and nothing outlives the call.

use crate::capabilities::{Name, Pending, Records, StateError, Unrecorded};
use crate::clock::{Clock, Timestamp};
use crate::model::Write;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The records of one call.
pub(super) struct Memory {
    clock: Clock,
    most_keys: u64,
    state: Mutex<State>,
}

/// Values by their keys, with the time at which each is over.
type State = BTreeMap<String, (Vec<u8>, Option<Timestamp>)>;

impl Memory {
    /// Empty, with room for so many keys of state.
    pub(super) fn new(clock: Clock, most_keys: u64) -> Self {
        Self { clock, most_keys, state: Mutex::default() }
    }

    /// The state, without what is over.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        state.retain(|_, (_, until)| until.is_none_or(|until| until > now));
        state
    }
}

impl Records for Memory {
    fn sent<'a>(&'a self, _writes: &'a [Write]) -> Pending<'a, Result<(), Unrecorded>> {
        Box::pin(async { Ok(()) })
    }

    fn learned(&self, _name: Name) -> Pending<'_, ()> {
        Box::pin(async {})
    }

    fn state_get(&self, key: String) -> Pending<'_, Result<Option<Vec<u8>>, StateError>> {
        Box::pin(async move { Ok(self.state().get(&key).map(|(value, _)| value.clone())) })
    }

    fn state_set(&self, key: String, value: Vec<u8>, ttl: Option<Duration>) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async move {
            let mut state = self.state();
            if !state.contains_key(&key) && state.len() as u64 >= self.most_keys {
                return Err(StateError::Full);
            }
            state.insert(key, (value, ttl.map(|ttl| self.clock.now().plus(ttl))));
            Ok(())
        })
    }

    fn state_remove(&self, key: String) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async move {
            self.state().remove(&key);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn state_is_kept_for_its_time_and_up_to_its_keys() {
        let clock = Clock::manual(Timestamp(1_000));
        let memory = Memory::new(clock.clone(), 2);
        let set = |key: &str, ttl| memory.state_set(key.to_owned(), b"v".to_vec(), ttl);
        set("short", Some(Duration::from_secs(1))).await.unwrap();
        set("long", None).await.unwrap();
        assert_eq!(set("more", None).await, Err(StateError::Full));
        assert_eq!(set("long", None).await, Ok(()));
        clock.advance(Duration::from_secs(1));
        assert_eq!(memory.state_get("short".to_owned()).await, Ok(None));
        set("more", None).await.unwrap();
        memory.state_remove("long".to_owned()).await.unwrap();
        assert_eq!(memory.state_get("long".to_owned()).await, Ok(None));
        assert_eq!(memory.state_get("more".to_owned()).await, Ok(Some(b"v".to_vec())));
    }
}
