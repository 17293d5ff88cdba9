//! What only reads.

use provost_sdk::prelude::*;

use crate::entry::Entry;
use crate::{Bank, first, url};

impl Inquiry for Bank {
    fn status(payment: Payment) -> Result<PaymentStatus> {
        let charge = entry(payment.id()?)?;
        Ok(charge.describe(PaymentStatus::of(&payment, charge.state())))
    }
}

impl Search for Bank {
    fn find(query: Query) -> Result<Vec<PaymentStatus>> {
        let kinds: &[&str] = match query.action {
            Action::Payment => &["charge", "link", "instalment"],
            Action::Refund => &["refund"],
            Action::Capture => &["capture"],
            Action::Void => &["void"],
        };
        let made = made(&query.host_reference)?;
        let mut found = made.iter().filter(|entry| kinds.iter().any(|kind| entry.is(kind)));
        let status = found.next().map(|entry| status(&query, entry));
        Ok(status.into_iter().collect())
    }

    fn find_subscription(query: Query) -> Result<Vec<SubscriptionStatus>> {
        let made = made(&query.host_reference)?;
        let found = made.iter().filter(|entry| entry.is("subscription")).map(|entry| {
            let reference = SubscriptionReference::token(entry.id()).with_host_reference(&query.host_reference);
            SubscriptionStatus::new(reference, entry.subscription_state())
        });
        Ok(found.collect())
    }
}

fn status(query: &Query, entry: &Entry) -> PaymentStatus {
    let reference = match (query.action, &query.payment) {
        (Action::Payment, _) | (_, None) => Reference::payment(entry.id()),
        (_, Some(payment)) => payment.reference.clone(),
    };
    let status = PaymentStatus::new(reference.with_host_reference(&query.host_reference), entry.state());
    let status = match query.action {
        Action::Payment => status,
        action => status.action(action, Some(entry.id().to_owned())),
    };
    entry.describe(status)
}

pub(crate) fn refund(payment: &Payment, refund: &KnownRefund) -> Result<PaymentStatus> {
    let found = match &refund.refund_id {
        Some(id) => entry(id)?,
        None => {
            let made = made(&refund.host_reference)?;
            made.into_iter().find(|entry| entry.is("refund")).ok_or_else(|| Error::not_found("no such refund"))?
        }
    };
    let status = PaymentStatus::of(payment, found.state()).refund(found.id());
    Ok(found.describe(status))
}

pub(crate) fn subscription(subscription: &Subscription) -> Result<SubscriptionStatus> {
    let found = entry(subscription.token()?)?;
    Ok(SubscriptionStatus::of(subscription, found.subscription_state()))
}

fn entry(id: &str) -> Result<Entry> {
    let answer = http::get(url(&["entries", id])?).bearer("api_key").send()?;
    first(Entry::read_all(answer.success()?.body())?)
}

/// Everything that the operation of this name has made.
fn made(reference: &str) -> Result<Vec<Entry>> {
    let answer = http::get(url(&["entries"])?).query("reference", reference).bearer("api_key").send()?;
    Entry::read_all(answer.success()?.body())
}
