//! `state`: a small store of the external's own.

use super::Call;
use std::time::Duration;

/// Why the state could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The key or the value is too large.
    #[error("too large")]
    TooLarge,
    /// No room for another key.
    #[error("full")]
    Full,
    /// Not now.
    #[error("unavailable")]
    Unavailable,
}

/// The longest key, in bytes.
const LONGEST_KEY: usize = 255;

impl Call {
    /// The value of a key.
    pub async fn state_get(&self, key: String) -> Result<Option<Vec<u8>>, StateError> {
        fits(&key)?;
        self.scope.records.state_get(key).await
    }

    /// Keeps a value, for so long; it stays even if the call fails.
    pub async fn state_set(&self, key: String, value: Vec<u8>, ttl: Option<Duration>) -> Result<(), StateError> {
        fits(&key)?;
        if value.len() as u64 > self.limits().state_value {
            return Err(StateError::TooLarge);
        }
        self.scope.records.state_set(key, value, ttl).await
    }

    /// Forgets a key.
    pub async fn state_remove(&self, key: String) -> Result<(), StateError> {
        fits(&key)?;
        self.scope.records.state_remove(key).await
    }
}

fn fits(key: &str) -> Result<(), StateError> {
    if key.len() > LONGEST_KEY { Err(StateError::TooLarge) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;

    #[tokio::test]
    async fn keys_and_values_beyond_their_limits_do_not_reach_the_store() {
        let (call, _) = call("https://a.example");
        let long = "k".repeat(LONGEST_KEY + 1);
        assert_eq!(call.state_get(long.clone()).await, Err(StateError::TooLarge));
        assert_eq!(call.state_remove(long).await, Err(StateError::TooLarge));
        let large = vec![0; (64 << 10) + 1];
        assert_eq!(call.state_set("k".into(), large, None).await, Err(StateError::TooLarge));
        // The records of the tests are always full.
        assert_eq!(call.state_set("k".into(), vec![0; 64 << 10], None).await, Err(StateError::Full));
    }
}
