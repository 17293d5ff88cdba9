//! The same for a subscription that is due.

use super::plan::{Asked, Round, plan};
use super::round::{NEEDS_REVIEW, tell_person};
use crate::clock::Timestamp;
use crate::model::{Subscription, jitter};
use crate::operations::Operations;
use crate::store::{AskSettled, StoreError};

impl Operations {
    /// Asks, and plans what follows, unless it was asked a moment ago.
    pub(super) async fn ask_due_subscription(&self, subscription: Subscription, lease: Timestamp) {
        let now = self.0.clock.now();
        let asked_already = self.0.asked_subscriptions.not_before(subscription.key, now, self.0.settings.ask_gap);
        let settled = match asked_already {
            Some(again) => {
                let settled = AskSettled { asks: subscription.asks, next: Some(again), review: None };
                self.0.store.settle_subscription_ask(subscription.key, lease, settled).await.map(drop)
            }
            None => self.ask_and_settle_subscription(subscription, lease).await,
        };
        if let Err(error) = settled {
            tracing::warn!(%error, "a question will be asked once more: the store is not available");
        }
    }

    async fn ask_and_settle_subscription(
        &self,
        subscription: Subscription,
        lease: Timestamp,
    ) -> Result<(), StoreError> {
        let mut round = Round::default();
        let after = match self.ask_about_subscription(&subscription).await {
            Ok(after) => after,
            Err(silence) => {
                let (external, reference) = (&subscription.external, &subscription.reference);
                tracing::info!(external, %reference, ?silence, "asked in vain");
                self.note_silence(external, &mut round, silence);
                subscription
            }
        };
        let asked = Asked {
            standing: after.standing(),
            asks: after.asks,
            since: after.open_since.unwrap_or(after.created_at),
            until: None,
            expires_at: None,
        };
        let settled = plan(self.recovery(&after.external), asked, round, self.0.clock.now(), jitter());
        if self.0.store.settle_subscription_ask(after.key, lease, settled).await? {
            let (external, reference, state) = (&after.external, &after.reference, after.state.name());
            tracing::error!(external, %reference, state, alert = NEEDS_REVIEW, "the provider did not decide in time: a person must look at this subscription");
            tell_person(external);
        }
        Ok(())
    }
}
