//! The questions that are under way in this process: who leaves waits for them a while, and gives the rest back, so that
//! another host asks at once.

use crate::clock::Timestamp;
use crate::operations::Operations;
use crate::store::AskedAbout;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// What is being asked about, and until when it is leased.
#[derive(Clone, Default)]
pub(in crate::operations) struct UnderWay(Arc<Shared>);

#[derive(Default)]
struct Shared {
    leased: Mutex<HashMap<AskedAbout, Timestamp>>,
    one_less: Notify,
}

/// One question, until it is dropped.
pub(super) struct Question {
    of: UnderWay,
    about: AskedAbout,
}

impl UnderWay {
    pub(super) fn begin(&self, about: AskedAbout, lease: Timestamp) -> Question {
        self.leased().insert(about, lease);
        Question { of: self.clone(), about }
    }

    /// Waits at most for so long until there is none, and takes out what is left.
    async fn ended(&self, patience: Duration) -> Vec<(AskedAbout, Timestamp)> {
        let ended = async {
            loop {
                let one_less = self.0.one_less.notified();
                if self.leased().is_empty() {
                    return;
                }
                one_less.await;
            }
        };
        // What has not ended by then is taken out below.
        let _ = tokio::time::timeout(patience, ended).await;
        self.leased().drain().collect()
    }

    fn leased(&self) -> MutexGuard<'_, HashMap<AskedAbout, Timestamp>> {
        self.0.leased.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.of.leased().remove(&self.about);
        self.of.0.one_less.notify_waiters();
    }
}

impl Operations {
    /// Waits at most for so long until the questions under way have ended, and gives back what has not. Says how many
    /// those were.
    pub async fn end_questions(&self, patience: Duration) -> usize {
        let left = self.0.under_way.ended(patience).await;
        let count = left.len();
        if count > 0
            && let Err(error) = self.0.store.release_asks(left, self.0.clock.now()).await
        {
            tracing::warn!(%error, "questions could not be given back: they are due when their leases lapse");
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PaymentKey;

    #[tokio::test]
    async fn what_has_not_ended_in_time_is_left() {
        let under_way = UnderWay::default();
        let about = |key| AskedAbout::Payment(PaymentKey(key));
        let first = under_way.begin(about(1), Timestamp(10));
        let _second = under_way.begin(about(2), Timestamp(20));
        drop(first);
        assert_eq!(under_way.ended(Duration::ZERO).await, [(about(2), Timestamp(20))]);
        assert_eq!(under_way.ended(Duration::MAX).await, []);
    }
}
