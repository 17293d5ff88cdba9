//! What follows from a change, at once and by the clock: alerts, questions that wait for their time (`recovery`), and parked news.

use super::Operations;
use super::recovery::LONGEST_REPEAT;
use crate::clock::Timestamp;
use crate::store::{Changed, Lapsed, StoreError};
use crate::{task, telemetry};
use std::time::Duration;
use tokio::sync::watch;

/// How often the clock is looked at for questions and parked news.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Follow-ups begun in one look.
const FOLLOW_UPS: usize = 32;

/// When a follow-up is begun again whose host died.
const BEGIN_AGAIN: Duration = Duration::from_secs(60);

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
            self.0.store.announce();
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
        let mut others = self.0.store.others();
        loop {
            let now = self.0.clock.now();
            if let Err(error) = self.follow_once(now).await {
                tracing::warn!(%error, "questions wait: the store is not available");
            }
            tokio::select! {
                () = self.0.follow.notified() => {}
                () = others.wrote() => {}
                () = self.0.clock.sleep_until(now.plus(LOOK_EVERY)) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn follow_once(&self, now: Timestamp) -> Result<(), StoreError> {
        // Looked at for whoever wants to know later: no jump is missed.
        self.0.clock.jumped_within(Duration::ZERO);
        for lapsed in self.0.store.lapse(now, self.0.running.all()).await? {
            self.follow_up_lapsed(&lapsed);
        }
        for unparked in self.0.store.unpark(now, self.first_asks("", now)).await? {
            self.after_event(&unparked.external, &unparked.received);
        }
        self.0.store.forget_requests(now, LONGEST_REPEAT).await?;
        self.ask_what_is_due(now).await?;
        for due in self.0.store.due_follow_ups(now, FOLLOW_UPS).await? {
            // Begun again should this host die now; the claim lets only one through.
            self.0.store.put_off(due.key, now.plus(BEGIN_AGAIN)).await?;
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
}

fn tell_lapsed(lapsed: &Lapsed) {
    let operation = &lapsed.operation;
    let (external, reference, kind, outcome) =
        (&operation.external, &operation.reference, operation.kind.name(), lapsed.settled.name());
    tracing::warn!(external, %reference, kind, outcome, "an operation whose end nobody wrote was ended");
}
