//! Takes what is due to be asked about, external by external, as many as the provider has places for. Each is pushed on
//! by the command that takes it: should this host die, it is due again later, and another host takes it but once.

use super::Recovery;
use super::lanes::Lane;
use crate::clock::Timestamp;
use crate::model::{AskAt, Standing, jitter};
use crate::operations::Operations;
use crate::registry::Serving;
use crate::store::{AskedAbout, StoreError, Taking};
use crate::task;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// The least that a round of questions is given before it counts as lost.
const LEAST_LEASE: Duration = Duration::from_secs(10);

impl Operations {
    /// Begins to ask what is due by `now`.
    pub(in crate::operations) async fn ask_what_is_due(&self, now: Timestamp) -> Result<(), StoreError> {
        let furthest = now.plus(self.0.settings.furthest());
        for external in self.0.store.due_ask_externals(now, furthest).await? {
            // What nobody can ask now waits for its plugin, and costs nothing meanwhile.
            let Ok(serving) = self.0.registry.serving(&external) else { continue };
            if self.0.lanes.rests(&external, now) {
                continue;
            }
            let lease = self.lease_of_a_round(&serving);
            let taking = Taking { now, furthest, lease_until: now.plus(lease), limit: 0 };
            self.take_payments(&external, taking).await?;
            self.take_subscriptions(&external, taking).await?;
        }
        Ok(())
    }

    async fn take_payments(&self, external: &str, taking: Taking) -> Result<(), StoreError> {
        let places = self.places(external, Lane::Payments);
        let taking = Taking { limit: places.len(), ..taking };
        if places.is_empty() {
            return Ok(());
        }
        let taken = self.0.store.take_asks(external, taking).await?;
        let more = taken.len() == taking.limit;
        for (payment, place) in taken.into_iter().zip(places) {
            let operations = self.clone();
            let question = self.0.under_way.begin(AskedAbout::Payment(payment.key), taking.lease_until);
            task::spawn("question", async move {
                let _question = question;
                operations.ask_about_payment(payment, taking.lease_until).await;
                operations.leave(place, more);
            });
        }
        Ok(())
    }

    async fn take_subscriptions(&self, external: &str, taking: Taking) -> Result<(), StoreError> {
        let places = self.places(external, Lane::Subscriptions);
        let taking = Taking { limit: places.len(), ..taking };
        if places.is_empty() {
            return Ok(());
        }
        let taken = self.0.store.take_subscription_asks(external, taking).await?;
        let more = taken.len() == taking.limit;
        for (subscription, place) in taken.into_iter().zip(places) {
            let operations = self.clone();
            let question = self.0.under_way.begin(AskedAbout::Subscription(subscription.key), taking.lease_until);
            task::spawn("question", async move {
                let _question = question;
                operations.ask_due_subscription(subscription, taking.lease_until).await;
                operations.leave(place, more);
            });
        }
        Ok(())
    }

    fn places(&self, external: &str, lane: Lane) -> Vec<OwnedSemaphorePermit> {
        self.0.lanes.free(external, lane, self.recovery(external).concurrent_questions)
    }

    /// Whoever is due next takes the place.
    fn leave(&self, place: OwnedSemaphorePermit, more: bool) {
        drop(place);
        if more {
            self.0.follow.notify_one();
        }
    }

    fn lease_of_a_round(&self, serving: &Serving) -> Duration {
        let one_call = serving.provider.limits.deadline + self.0.settings.lease_margin;
        LEAST_LEASE.max(2 * one_call)
    }

    /// What holds for this external.
    pub(in crate::operations) fn recovery(&self, external: &str) -> &Recovery {
        self.0.settings.recovery_of(external)
    }

    /// When an external is asked first about what a change at `now` leaves open.
    pub(in crate::operations) fn first_asks(&self, external: &str, now: Timestamp) -> AskAt {
        let (recovery, jitter) = (self.recovery(external), jitter());
        let first = |standing| recovery.schedule(standing).first_ask(now, jitter);
        AskAt { unknown: first(Standing::Unknown), pending: first(Standing::Pending) }
    }
}
