//! Lets go what is kept for a time only: a step at a time, with a pause after each, beside the traffic.

use super::Operations;
use crate::store::{Expiring, Passing, StoreError};
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked whether anything has outlived its time.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Between two steps: what came in meanwhile goes first.
const PAUSE: Duration = Duration::from_millis(100);

impl Operations {
    /// Lets go what has outlived its time, until `stop` says true. `callbacks_kept`: how long delivered callbacks stay.
    pub async fn let_go(self, callbacks_kept: Duration, mut stop: watch::Receiver<bool>) {
        loop {
            let next = self.0.clock.now().plus(LOOK_EVERY);
            tokio::select! {
                expired = self.let_go_once(callbacks_kept) => if let Err(error) = expired {
                    tracing::warn!(%error, "what has outlived its time stays: the store is not available");
                },
                _ = stop.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                () = self.0.clock.sleep_until(next) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn let_go_once(&self, callbacks_kept: Duration) -> Result<(), StoreError> {
        for what in Passing::ALL {
            let expiring = Expiring { now: self.0.clock.now(), keys_live: self.0.settings.keys_live, callbacks_kept };
            while self.0.store.expire(what, expiring).await? {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}
