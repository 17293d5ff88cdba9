//! A small store of this external's own. What is written is kept even if the call fails afterwards.
//! What belongs to one payment is better kept in its `carry`.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::bindings::provost::provider::state::Error;
use crate::host::state;

/// What was stored under a key; none where nothing was, or its time was up.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    state::get(key)
}

/// Stores a value, for a time or for good.
pub fn set(key: &str, value: &[u8], ttl: Option<Duration>) -> Result<(), Error> {
    let ttl_ms = ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
    state::set(key, value, ttl_ms)
}

/// Forgets a key; one that holds nothing is no error.
pub fn remove(key: &str) -> Result<(), Error> {
    state::remove(key)
}

/// What was stored with [`set_json`].
pub fn get_json<T: DeserializeOwned>(key: &str) -> crate::Result<Option<T>> {
    let stored = get(key)?;
    Ok(stored.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
}

/// Stores a value as JSON.
pub fn set_json<T: Serialize>(key: &str, value: &T, ttl: Option<Duration>) -> crate::Result<()> {
    Ok(set(key, &serde_json::to_vec(value)?, ttl)?)
}

impl Error {
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge => "the value is too large",
            Self::Full => "it is full",
            Self::Unavailable => "it cannot be reached",
        }
    }
}
