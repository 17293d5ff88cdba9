//! One round of questions about a payment that is due: the payment itself, and whatever was done to it and is open.

use super::plan::{Asked, Round, plan};
use crate::clock::Timestamp;
use crate::model::{Origin, Payment, Standing, jitter};
use crate::operations::Operations;
use crate::operations::ask::{About, Heard, Silence};
use crate::store::{AskSettled, EndingRedirect, StoreError};
use crate::{crash_point, telemetry};
use std::time::Duration;

impl Operations {
    /// Asks, and plans what follows, unless it was asked a moment ago.
    pub(super) async fn ask_about_payment(&self, payment: Payment, lease: Timestamp) {
        let asked_already = self.0.asked.not_before(payment.key, self.0.clock.now(), self.0.settings.ask_gap);
        let settled = match asked_already {
            Some(again) => self.put_off(&payment, lease, again).await,
            None => self.ask_and_settle(&payment, lease).await,
        };
        if let Err(error) = settled {
            tracing::warn!(%error, "a question will be asked once more: the store is not available");
        }
    }

    async fn put_off(&self, payment: &Payment, lease: Timestamp, again: Timestamp) -> Result<(), StoreError> {
        let settled = AskSettled { asks: payment.asks, next: Some(again), review: None };
        self.0.store.settle_ask(payment.key, lease, settled).await.map(drop)
    }

    async fn ask_and_settle(&self, payment: &Payment, lease: Timestamp) -> Result<(), StoreError> {
        crash_point!("asking");
        let (round, failed) = self.ask_all_open(payment, lease).await;
        crash_point!("asked");
        self.repeat_unknown(payment, &failed).await?;
        let Some(payment) = self.0.store.payment_by_key(payment.key).await? else { return Ok(()) };
        let now = self.0.clock.now();
        let asked = self.asked_about(&payment);
        let seems_over = round.looked && asked.expires_at.is_some_and(|end| end <= now);
        if seems_over && self.end_redirect(&payment, lease, now).await? {
            return Ok(());
        }
        let settled = plan(self.recovery(&payment.external), asked, round, now, jitter());
        if self.0.store.settle_ask(payment.key, lease, settled).await? {
            let (external, reference, state) = (&payment.external, &payment.reference, payment.state.name());
            tracing::error!(external, %reference, state, alert = NEEDS_REVIEW, "the provider did not decide in time: a person must look at this payment");
            tell_person(external);
        }
        Ok(())
    }

    /// What the questions brought, and which of them failed. Those that must wait count as failed.
    async fn ask_all_open(&self, payment: &Payment, lease: Timestamp) -> (Round, Vec<About>) {
        let (mut round, mut failed) = (Round::default(), Vec::new());
        for question in std::iter::once(About::Payment).chain(open(payment, jitter())) {
            if question != About::Payment && !self.may_go_on(payment, lease) {
                round.failed = true;
                failed.push(question);
                continue;
            }
            let heard = self.hear(payment, question).await;
            count(&payment.external, &heard);
            round.looked |= question == About::Payment && heard.as_ref().is_ok_and(|heard: &Heard| heard.said);
            if let Err(silence) = heard {
                let (external, reference) = (&payment.external, &payment.reference);
                tracing::info!(external, %reference, ?question, ?silence, "asked in vain");
                if matches!(silence, Silence::NotNow(_) | Silence::Failed { .. }) {
                    failed.push(question);
                }
                self.note_silence(external, &mut round, silence);
            }
        }
        (round, failed)
    }

    /// Counts a question that brought nothing. Where the provider wants to be left alone, it is, whatever is due.
    pub(super) fn note_silence(&self, external: &str, round: &mut Round, silence: Silence) {
        match silence {
            Silence::CannotAsk | Silence::NotFound => {}
            Silence::NotNow(_) => round.not_now = true,
            Silence::Failed { wish, .. } => {
                round.failed = true;
                round.wish = round.wish.max(wish);
                if let Some(wish) = wish {
                    self.0.lanes.rest(external, self.0.clock.now(), wish);
                }
            }
        }
    }

    /// Whether the lease leaves time for another question, and the provider wants it.
    fn may_go_on(&self, payment: &Payment, lease: Timestamp) -> bool {
        let (external, now) = (&payment.external, self.0.clock.now());
        let serving = self.0.registry.serving(external);
        let deadline = serving.map_or(Duration::ZERO, |serving| serving.provider.limits.deadline);
        now.plus(deadline) <= lease && !self.0.lanes.rests(external, now)
    }

    fn asked_about(&self, payment: &Payment) -> Asked {
        Asked {
            standing: payment.standing(),
            asks: payment.asks,
            since: payment.open_since.unwrap_or(payment.created_at),
            until: payment.expires_at.filter(|_| payment.standing() != Some(Standing::Unknown)),
            expires_at: payment.redirect_ends(self.patience(payment)),
        }
    }

    /// How long a payer has to follow a redirect. A link is made to be followed whenever the payer likes.
    fn patience(&self, payment: &Payment) -> Duration {
        let recovery = self.recovery(&payment.external);
        if payment.origin == Origin::Link { recovery.pending_for } else { recovery.redirect_for }
    }

    /// The payer seems never to have followed the redirect, and the provider has just said that it still waits (rule 10).
    /// Says whether it is over.
    async fn end_redirect(&self, payment: &Payment, lease: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let (external, patience) = (&payment.external, self.patience(payment));
        let ask_at = self.first_asks(external, now);
        let ending = EndingRedirect { now, payment: payment.key, lease, patience, ask_at };
        let Some(ended) = self.0.store.end_redirect(ending).await? else { return Ok(false) };
        metrics::counter!(telemetry::REDIRECTS_EXPIRED, "external" => external.clone()).increment(1);
        self.follow_up(&ended.changed);
        if let Some(changed) = &ended.subscription {
            self.follow_up_subscription(changed);
        }
        Ok(true)
    }
}

/// What was done to a payment and is open. Who comes first changes from round to round with `turn`, which is from 0 to 1:
/// where there is no time for all, each has its turn.
fn open(payment: &Payment, turn: f64) -> Vec<About> {
    let refunds = (0..payment.refunds.len()).filter(|position| payment.refunds[*position].state.holds());
    let captures = (0..payment.captures.len()).filter(|position| payment.captures[*position].state.holds());
    let mut open: Vec<About> = refunds.map(About::Refund).chain(captures.map(About::Capture)).collect();
    let first = (open.len() as f64 * turn) as usize;
    open.rotate_left(first);
    open
}

/// The alert that a person must look at what nobody decides.
pub(super) const NEEDS_REVIEW: &str = "needs_review";

fn count(external: &str, heard: &Result<Heard, Silence>) {
    let result = match heard {
        Ok(heard) if heard.said => "told",
        Ok(_) => "unknown",
        Err(Silence::CannotAsk | Silence::NotFound) => "silent",
        Err(Silence::Failed { .. }) => "failed",
        Err(Silence::NotNow(_)) => "not_now",
    };
    metrics::counter!(telemetry::QUESTIONS, "external" => external.to_owned(), "result" => result).increment(1);
}

pub(super) fn tell_person(external: &str) {
    metrics::counter!(telemetry::ALERTS, "external" => external.to_owned(), "alert" => NEEDS_REVIEW).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ActionState, Amount, Reference, Refund};

    #[test]
    fn each_of_many_open_refunds_has_its_turn_to_be_asked_about_first() {
        let refund = |state| Refund {
            operation: None,
            reference: Reference("r".into()),
            ids: Vec::new(),
            told: None,
            amount: Amount { minor: 1, currency: "EUR".into() },
            state,
            description: None,
            carry: None,
            created_at: Timestamp(0),
        };
        let refunds = [ActionState::Pending, ActionState::Failed, ActionState::Unknown, ActionState::Pending];
        let refunds = refunds.map(refund).to_vec();
        let payment = Payment { refunds, ..Payment::blank("acme", Origin::Pay, Reference("p".into()), Timestamp(0)) };
        let in_order = [0, 2, 3].map(About::Refund);
        for (turn, first) in [(0.0, 0), (0.34, 1), (0.67, 2), (1.0, 0)] {
            let mut expected = in_order;
            expected.rotate_left(first);
            assert_eq!(open(&payment, turn), expected, "{turn}");
        }
        assert_eq!(open(&Payment { refunds: Vec::new(), ..payment }, 0.5), []);
    }
}
