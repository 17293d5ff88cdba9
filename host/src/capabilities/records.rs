//! What a call must have kept while it runs. The store's side of it is above this module.

use super::{Name, StateError};
use crate::model::Write;
use std::pin::Pin;
use std::time::Duration;

/// An answer that is awaited.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// It could not be written down: what waited for it must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it could not be written down")]
pub struct Unrecorded;

/// What is kept while a call runs: for one operation, or one external.
pub trait Records: Send + Sync {
    /// These writes are about to leave. Returns once that is on disk (rule 3).
    fn sent<'a>(&'a self, writes: &'a [Write]) -> Pending<'a, Result<(), Unrecorded>>;
    /// A write of a call that is made again is about to leave once more. Returns once that is on disk (rule 8). Refused
    /// where no call is ever made again.
    fn sent_again(&self) -> Pending<'_, Result<(), Unrecorded>> {
        Box::pin(async { Err(Unrecorded) })
    }
    /// The provider has named something. Returns once the store has taken it; it need not be on disk yet.
    fn learned(&self, name: Name) -> Pending<'_, ()>;
    /// The value of a key of this external; none where there is none, or its time is over.
    fn state_get(&self, key: String) -> Pending<'_, Result<Option<Vec<u8>>, StateError>>;
    /// Keeps a value, for so long; [`StateError::Full`] beyond `limits.state_keys`.
    fn state_set(&self, key: String, value: Vec<u8>, ttl: Option<Duration>) -> Pending<'_, Result<(), StateError>>;
    /// Forgets a key.
    fn state_remove(&self, key: String) -> Pending<'_, Result<(), StateError>>;
}
