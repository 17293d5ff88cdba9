//! What follows from a change, at once and by the clock: alerts, questions that wait for their time, and parked news.

use super::Operations;
use super::ask::Silence;
use crate::clock::Timestamp;
use crate::model::{News, Payment};
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
        if changed.ask {
            self.0.follow.notify_one();
        }
        if changed.written {
            self.0.outbox.wake();
        }
    }

    /// Ends what a host that died has left behind: before anything is served (rule 3).
    pub async fn take_over(&self) -> Result<(), StoreError> {
        for lapsed in self.0.store.lapse_all(self.0.clock.now()).await? {
            tell_lapsed(&lapsed);
            self.follow_up(&lapsed.changed);
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
            tell_lapsed(&lapsed);
            self.follow_up(&lapsed.changed);
        }
        for unparked in self.0.store.unpark(now, None).await? {
            self.after_event(&unparked.external, unparked.received);
        }
        for payment in self.0.store.due_asks(now, QUESTIONS)? {
            let again = self.0.asked.not_before(payment.key, now, self.0.settings.ask_gap);
            // Asked for again should this host die now; and a hint that comes meanwhile is not wiped out by its end.
            let lease = again.unwrap_or(now.plus(ASK_AGAIN));
            self.0.store.set_ask(payment.key, Some(lease)).await?;
            if again.is_none() {
                // One provider that stalls holds up no other.
                task::spawn("question", self.clone().ask_due(payment, lease));
            }
        }
        Ok(())
    }

    /// Asks about the payment and whatever of its refunds is open; what got no answer is asked again later.
    async fn ask_due(self, payment: Payment, lease: Timestamp) {
        let open = (0..payment.refunds.len()).filter(|position| payment.refunds[*position].state.holds());
        let mut told = true;
        for question in std::iter::once(None).chain(open.map(Some)) {
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

/// A plugin asks for a capture or a continuation. The host has no such operation, and must not stay silent about it.
pub(super) fn tell_follow_ups(external: &str, news: &News) {
    if !news.follow_ups.is_empty() {
        let asked = news.follow_ups.len();
        tracing::warn!(external, asked, "the plugin asks for a capture or continuation: not carried out");
    }
}

fn tell_lapsed(lapsed: &Lapsed) {
    let payment = &lapsed.changed.payment;
    let (external, reference, kind, outcome) =
        (&payment.external, &payment.reference, lapsed.kind.name(), lapsed.settled.name());
    tracing::warn!(external, %reference, kind, outcome, "an operation whose end nobody wrote was ended");
}
