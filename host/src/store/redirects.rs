//! The end of a redirect that the payer never followed (rule 10). Decided under the payment's lock: whatever was looked
//! at before may have changed since.

use super::change::{self, Changed, When};
use super::database::{self, Connection};
use super::subscription_change::{self, SubscriptionChanged};
use super::{Store, StoreError, parked, payments, subscriptions};
use crate::clock::Timestamp;
use crate::model::{
    Action, AskAt, Decline, News, NewsState, Origin, Payment, PaymentKey, PaymentState, Source, SubscriptionNews,
    SubscriptionState, Target,
};
use std::time::Duration;

/// A redirect whose time seems to be over.
#[derive(Clone, Copy, Debug)]
pub struct EndingRedirect {
    /// The present.
    pub now: Timestamp,
    /// The payment that the payer was redirected for.
    pub payment: PaymentKey,
    /// The lease that the question was taken with, which brought that the provider still waits.
    pub lease: Timestamp,
    /// How long a payer has, where the provider does not say.
    pub patience: Duration,
    /// When the provider is to be asked first about what this leaves open.
    pub ask_at: AskAt,
}

/// What became of what a redirect was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectEnded {
    /// The payment.
    pub changed: Changed,
    /// The subscription that was to begin with it, and never will.
    pub subscription: Option<SubscriptionChanged>,
}

impl Store {
    /// Ends a redirect as failed (expired). None where it is not over: the payment stands otherwise by now, somebody has
    /// planned anew since the lease was taken, or anything was done that only a payer who came back brings about.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`]: there is no such payment.
    pub async fn end_redirect(&self, ending: EndingRedirect) -> Result<Option<RedirectEnded>, StoreError> {
        self.parts.writer.durable(move |connection| end(connection, ending)).await
    }
}

fn end(connection: &Connection, ending: EndingRedirect) -> Result<Option<RedirectEnded>, StoreError> {
    let EndingRedirect { now, payment, lease, patience, ask_at } = ending;
    let before = payments::load(connection, payment)?.ok_or(StoreError::Gone)?;
    let is_over = before.redirect_ends(patience).is_some_and(|end| end <= now);
    if !is_over || before.ask_at != Some(lease) || was_followed(connection, &before)? {
        return Ok(None);
    }
    let (when, expired) = (When { now, ask_at }, expired(&before));
    let mut changed = change::change(connection, before, &expired, when)?;
    parked::catch_up(connection, &mut changed, when)?;
    let subscription = end_subscription(connection, &changed.payment, when)?;
    Ok(Some(RedirectEnded { changed, subscription }))
}

/// A plugin goes on, and captures, once the payer has come back: whatever became of it, the provider alone knows.
fn was_followed(connection: &Connection, payment: &Payment) -> database::Result<bool> {
    if !payment.captures.is_empty() {
        return Ok(true);
    }
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM follow_ups WHERE payment = ?)")?
        .query_row([payment.key], |row| row.get(0))
}

fn expired(payment: &Payment) -> News {
    let description = Some("The payer's time is over.".to_owned());
    let decline = Decline { code: "expired".to_owned(), description: description.clone(), ..Decline::default() };
    let target = Target { host_reference: Some(payment.reference.0.clone()), ..Target::default() };
    News { description, ..News::new(Source::Inquiry, target, Action::Payment, NewsState::Failed(Some(decline))) }
}

/// The subscription that was to begin with it never will, unless it has begun.
fn end_subscription(
    connection: &Connection,
    payment: &Payment,
    when: When,
) -> Result<Option<SubscriptionChanged>, StoreError> {
    let begins = payment.state == PaymentState::Failed && matches!(payment.origin, Origin::Schedule | Origin::Start);
    let Some(of) = payment.subscription.as_ref().filter(|_| begins) else {
        return Ok(None);
    };
    let subscription = subscriptions::load(connection, of.key)?.ok_or(StoreError::Gone)?;
    if subscription.state != SubscriptionState::Pending {
        return Ok(None);
    }
    let news =
        SubscriptionNews::new(Source::Inquiry, Some(subscription.reference.0.clone()), SubscriptionState::Expired);
    subscription_change::change(connection, of.key, &news, when).map(Some)
}
