//! What follows from a change, at once and by the clock: alerts, questions that wait for their time, and parked news.

use super::Operations;
use super::ask::{About, Silence};
use crate::clock::Timestamp;
use crate::model::Payment;
use crate::store::{Changed, Lapsed, StoreError};
use crate::{task, telemetry};
use std::time::Duration;
use tokio::sync::watch;

/// How often the clock is looked at for questions and parked news.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Questions asked in one look.
const QUESTIONS: usize = 32;

/// When a question that got no answer is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(60);

impl Operations {
    /// Tells a person what they must know, and wakes whoever has something to do now.
    pub(super) fn follow_up(&self, changed: &Changed) {
        let payment = &changed.payment;
        if let Some(alert) = changed.alert {
            let (external, reference, review) = (&payment.external, &payment.reference, &payment.review);
            tracing::error!(external, %reference, alert, review, "a person must look at this payment");
            metrics::counter!(telemetry::ALERTS, "external" => external.clone(), "alert" => alert).increment(1);
        }
        if changed.ask || changed.follow_up {
            self.0.follow.notify_one();
        }
        if changed.written {
            self.0.outbox.wake();
        }
    }

    /// Ends what a host that died has left behind: before anything is served (rule 3).
    pub async fn take_over(&self) -> Result<(), StoreError> {
        for lapsed in self.0.store.lapse_all(self.0.clock.now()).await? {
            self.follow_up_lapsed(&lapsed);
        }
        Ok(())
    }

    /// Asks what is due and looks at parked news, until `stop` says true.
    pub async fn follow(self, mut stop: watch::Receiver<bool>) {
        loop {
            let now = self.0.clock.now();
            if let Err(error) = self.follow_once(now).await {
                tracing::warn!(%error, "questions wait: the store is not available");
            }
            tokio::select! {
                () = self.0.follow.notified() => {}
                () = self.0.clock.sleep_until(now.plus(LOOK_EVERY)) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn follow_once(&self, now: Timestamp) -> Result<(), StoreError> {
        for lapsed in self.0.store.lapse(now).await? {
            self.follow_up_lapsed(&lapsed);
        }
        for unparked in self.0.store.unpark(now, None).await? {
            self.after_event(&unparked.external, &unparked.received);
        }
        for payment in self.0.store.due_asks(now, QUESTIONS).await? {
            let again = self.0.asked.not_before(payment.key, now, self.0.settings.ask_gap);
            // Asked for again should this host die now; and a hint that comes meanwhile is not wiped out by its end.
            let lease = again.unwrap_or(now.plus(ASK_AGAIN));
            self.0.store.set_ask(payment.key, Some(lease)).await?;
            if again.is_none() {
                // One provider that stalls holds up no other.
                task::spawn("question", self.clone().ask_due(payment, lease));
            }
        }
        for subscription in self.0.store.due_subscription_asks(now, QUESTIONS).await? {
            let again = self.0.asked_subscriptions.not_before(subscription.key, now, self.0.settings.ask_gap);
            let lease = again.unwrap_or(now.plus(ASK_AGAIN));
            self.0.store.set_subscription_ask(subscription.key, Some(lease)).await?;
            if again.is_none() {
                task::spawn("question", self.clone().ask_due_subscription(subscription, lease));
            }
        }
        for due in self.0.store.due_follow_ups(now, QUESTIONS).await? {
            // Begun again should this host die now; the claim lets only one through.
            self.0.store.put_off(due.key, now.plus(ASK_AGAIN)).await?;
            task::spawn("follow-up", self.clone().carry_out(due));
        }
        Ok(())
    }

    fn follow_up_lapsed(&self, lapsed: &Lapsed) {
        tell_lapsed(lapsed);
        if let Some(changed) = &lapsed.changed {
            self.follow_up(changed);
        }
        if lapsed.given_up {
            self.give_up(&lapsed.operation);
        }
    }

    /// Asks about the payment and whatever was done to it and is open; what got no answer is asked again
    /// later.
    async fn ask_due(self, payment: Payment, lease: Timestamp) {
        let refunds = (0..payment.refunds.len()).filter(|position| payment.refunds[*position].state.holds());
        let captures = (0..payment.captures.len()).filter(|position| payment.captures[*position].state.holds());
        let open = refunds.map(About::Refund).chain(captures.map(About::Capture));
        let mut told = true;
        for question in std::iter::once(About::Payment).chain(open) {
            match self.ask(&payment, question).await {
                Ok(_) => {}
                Err(Silence::CannotAsk | Silence::NotFound) => {
                    tracing::info!(external = payment.external, reference = %payment.reference, "the provider cannot tell");
                }
                Err(Silence::Failed(reason)) => {
                    tracing::warn!(external = payment.external, reference = %payment.reference, reason, "asked in vain");
                    told = false;
                }
            }
        }
        if told && let Err(error) = self.0.store.asked(payment.key, lease).await {
            tracing::warn!(%error, "a question will be asked once more: the store is not available");
        }
    }
}

fn tell_lapsed(lapsed: &Lapsed) {
    let operation = &lapsed.operation;
    let (external, reference, kind, outcome) =
        (&operation.external, &operation.reference, operation.kind.name(), lapsed.settled.name());
    tracing::warn!(external, %reference, kind, outcome, "an operation whose end nobody wrote was ended");
}
