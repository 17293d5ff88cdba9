//! One round of questions about a payment that is due: the payment itself, and whatever was done to it and is open.

use super::plan::{Asked, Round, plan};
use crate::clock::Timestamp;
use crate::model::{
    Action, Decline, News, NewsState, Origin, Payment, PaymentState, Source, Standing, SubscriptionNews,
    SubscriptionState, Target, jitter,
};
use crate::operations::Operations;
use crate::operations::ask::{About, Heard, Silence};
use crate::store::{AskSettled, StoreError};
use crate::{crash_point, telemetry};

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
        let (round, failed) = self.ask_all_open(payment).await;
        crash_point!("asked");
        self.repeat_unknown(payment, &failed).await?;
        let Some(payment) = self.0.store.payment_by_key(payment.key).await? else { return Ok(()) };
        let now = self.0.clock.now();
        let asked = self.asked_about(&payment);
        if round.looked
            && payment.state == PaymentState::ActionRequired
            && asked.expires_at.is_some_and(|end| end <= now)
        {
            return self.expire_redirect(&payment, now).await;
        }
        let settled = plan(self.recovery(&payment.external), asked, round, now, jitter());
        if self.0.store.settle_ask(payment.key, lease, settled).await? {
            let (external, reference, state) = (&payment.external, &payment.reference, payment.state.name());
            tracing::error!(external, %reference, state, alert = NEEDS_REVIEW, "the provider did not decide in time: a person must look at this payment");
            tell_person(external);
        }
        Ok(())
    }

    /// What the questions brought, and which of them failed.
    async fn ask_all_open(&self, payment: &Payment) -> (Round, Vec<About>) {
        let refunds = (0..payment.refunds.len()).filter(|position| payment.refunds[*position].state.holds());
        let captures = (0..payment.captures.len()).filter(|position| payment.captures[*position].state.holds());
        let open = refunds.map(About::Refund).chain(captures.map(About::Capture));
        let (mut round, mut failed) = (Round::default(), Vec::new());
        for question in std::iter::once(About::Payment).chain(open) {
            let heard = self.hear(payment, question).await;
            count(&payment.external, &heard);
            round.looked |= question == About::Payment && heard.as_ref().is_ok_and(|heard: &Heard| heard.said);
            if let Err(silence) = heard {
                let (external, reference) = (&payment.external, &payment.reference);
                tracing::info!(external, %reference, ?question, ?silence, "asked in vain");
                if matches!(silence, Silence::NotNow(_) | Silence::Failed { .. }) {
                    failed.push(question);
                }
                round.note(silence);
            }
        }
        (round, failed)
    }

    fn asked_about(&self, payment: &Payment) -> Asked {
        let recovery = self.recovery(&payment.external);
        let since = payment.open_since.unwrap_or(payment.created_at);
        // A link is made to be followed whenever the payer likes.
        let patience = if payment.origin == Origin::Link { recovery.pending_for } else { recovery.redirect_for };
        let redirected = payment.state == PaymentState::ActionRequired;
        Asked {
            standing: payment.standing(),
            asks: payment.asks,
            since,
            until: payment.expires_at.filter(|_| payment.standing() != Some(Standing::Unknown)),
            expires_at: redirected.then(|| payment.expires_at.unwrap_or(since.plus(patience))),
        }
    }

    /// The payer never followed the redirect, and the provider has just said that it still waits (rule 10).
    async fn expire_redirect(&self, payment: &Payment, now: Timestamp) -> Result<(), StoreError> {
        let description = Some("The payer's time is over.".to_owned());
        let expired = Decline { code: "expired".to_owned(), description: description.clone(), ..Decline::default() };
        let target = Target { host_reference: Some(payment.reference.0.clone()), ..Target::default() };
        let state = NewsState::Failed(Some(expired));
        let news = News { description, ..News::new(Source::Inquiry, target, Action::Payment, state) };
        let first = self.first_asks(&payment.external, now);
        let changed = self.0.store.report_on(payment.key, news, now, first).await?;
        metrics::counter!(telemetry::REDIRECTS_EXPIRED, "external" => payment.external.clone()).increment(1);
        self.follow_up(&changed);
        self.expire_subscription(&changed.payment, now).await
    }

    /// The subscription that was to begin with it never will.
    async fn expire_subscription(&self, payment: &Payment, now: Timestamp) -> Result<(), StoreError> {
        if !matches!(payment.origin, Origin::Schedule | Origin::Start) {
            return Ok(());
        }
        let Some(subscription) = self.0.store.subscription(&payment.external, &payment.reference.0).await? else {
            return Ok(());
        };
        if subscription.state == SubscriptionState::Pending {
            let own = Some(payment.reference.0.clone());
            let news = SubscriptionNews::new(Source::Inquiry, own, SubscriptionState::Expired);
            let first = self.first_asks(&payment.external, now);
            let changed = self.0.store.report_on_subscription(subscription.key, news, now, first).await?;
            self.follow_up_subscription(&changed);
        }
        Ok(())
    }
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

impl Round {
    /// Counts a question that brought nothing.
    pub(super) fn note(&mut self, silence: Silence) {
        match silence {
            Silence::CannotAsk | Silence::NotFound => {}
            Silence::NotNow(_) => self.not_now = true,
            Silence::Failed { wish, .. } => {
                self.failed = true;
                self.wish = self.wish.max(wish);
            }
        }
    }
}
