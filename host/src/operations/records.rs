//! What a call must have kept while it runs, written to the store.

use crate::capabilities::{Name, Pending, Records, StateError, Unrecorded};
use crate::clock::Clock;
use crate::crash_point;
use crate::model::{OperationKey, Write};
use crate::store::{Learned, SealedRequest, Sending, Store, StoreError};
use std::time::Duration;

/// The store, as one call of one external sees it.
pub(super) struct CallRecords {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) external: String,
    /// The operation behind the call; none where the call only reads.
    pub(super) operation: Option<Recorded>,
    pub(super) most_keys: u64,
}

/// The operation that a call's records belong to.
pub(super) struct Recorded {
    pub(super) operation: OperationKey,
    pub(super) fence: u64,
    /// What the plugin is asked, where the call may be made again.
    pub(super) request: Option<SealedRequest>,
    /// The call is made again: how long after its first write it may be.
    pub(super) within: Option<Duration>,
}

impl Records for CallRecords {
    fn sent<'a>(&'a self, writes: &'a [Write]) -> Pending<'a, Result<(), Unrecorded>> {
        Box::pin(async move {
            let Recorded { operation, fence, request, .. } = self.operation.as_ref().ok_or(Unrecorded)?;
            crash_point!("sending");
            let now = self.clock.now();
            let sending = Sending { operation: *operation, fence: *fence, now, request: request.clone() };
            let sent = self.store.sent(sending, writes).await;
            sent.map_err(|error| {
                tracing::warn!(%error, "a request is held back: it could not be written down");
                Unrecorded
            })?;
            crash_point!("sent");
            Ok(())
        })
    }

    fn sent_again(&self) -> Pending<'_, Result<(), Unrecorded>> {
        Box::pin(async move {
            let Recorded { operation, fence, within, .. } = self.operation.as_ref().ok_or(Unrecorded)?;
            let within = within.ok_or(Unrecorded)?;
            let noted = self.store.sent_again(*operation, *fence, self.clock.now(), within).await;
            noted.map_err(|error| {
                tracing::warn!(%error, "a repeated request is held back: it is decided, or its time is over");
                Unrecorded
            })
        })
    }

    fn learned(&self, name: Name) -> Pending<'_, ()> {
        Box::pin(async move {
            let Some(Recorded { operation, fence, .. }) = self.operation else { return };
            let name = match name {
                Name::Payment(id) => Learned::Payment(id),
                Name::Refund(id) => Learned::Refund(id),
                Name::Subscription(token) => Learned::Subscription(token),
            };
            // The end of the call writes it again; a crash in between is what this is for.
            if let Err(error) = self.store.learn(operation, fence, name, self.clock.now()).await {
                tracing::warn!(%error, "a provider's id could not be written down yet");
            }
        })
    }

    fn state_get(&self, key: String) -> Pending<'_, Result<Option<Vec<u8>>, StateError>> {
        Box::pin(async move { self.store.state_get(&self.external, &key, self.clock.now()).await.map_err(state_error) })
    }

    fn state_set(&self, key: String, value: Vec<u8>, ttl: Option<Duration>) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let expires_at = ttl.map(|ttl| now.plus(ttl));
            let set = self.store.state_set(self.external.clone(), key, value, expires_at, self.most_keys, now);
            set.await.map_err(state_error)
        })
    }

    fn state_remove(&self, key: String) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async move { self.store.state_remove(self.external.clone(), key).await.map_err(state_error) })
    }
}

fn state_error(error: StoreError) -> StateError {
    match error {
        StoreError::Full => StateError::Full,
        error => {
            tracing::warn!(%error, "a plugin's state is not available");
            StateError::Unavailable
        }
    }
}
