//! What an event of a webhook is about, and what becomes of it: the same whether it is taken as it comes, or had to wait.

use super::change::{self, When};
use super::database::{self, Connection, params};
use super::webhooks::Received;
use super::{StoreError, charges, names, payments, subscription_change, subscriptions};
use crate::clock::Timestamp;
use crate::model::{Action, Charge, Dispute, Event, News, Payment, SubscriptionKey, SubscriptionNews, Target, Trust};
use std::time::Duration;

/// As long as a provider is asked about one payment at most once (rule 24).
const A_MOMENT: Duration = Duration::from_secs(10);

/// What an event has found.
pub(super) enum Finding {
    /// Its payment.
    Payment(Payment),
    /// Its subscription.
    Subscription(SubscriptionKey),
    /// A charge that nobody here has begun, of this subscription.
    Charge(SubscriptionKey),
    /// Its payment, but it cannot be judged yet: it may be about a refund of ours that has no name yet.
    Later(Payment),
    /// A charge of this subscription that may be one of ours that has no name yet.
    LaterCharge(SubscriptionKey),
    /// Nothing.
    Nothing,
}

/// What an event is about.
pub(super) fn seek(
    connection: &Connection,
    external: &str,
    event: &Event,
    trust: Trust,
    when: When,
) -> Result<Finding, StoreError> {
    match event {
        Event::Payment(news) => payment_of(connection, external, news, trust, when),
        Event::Subscription(news) => {
            Ok(subscription_of(connection, external, &news.tokens, news.host_reference.as_deref())?
                .map_or(Finding::Nothing, Finding::Subscription))
        }
        Event::Charge(Charge { tokens, host_reference, news }) => {
            match payment_of(connection, external, news, trust, when)? {
                Finding::Nothing => {}
                Finding::Payment(payment) if is_another(&payment, news) => {}
                found => return Ok(found),
            }
            Ok(match subscription_of(connection, external, tokens, host_reference.as_deref())? {
                None => Finding::Nothing,
                Some(key) if charges::may_be_ours(connection, key)? => Finding::LaterCharge(key),
                Some(key) => Finding::Charge(key),
            })
        }
        Event::Dispute(dispute) => {
            let key = names::find(connection, external, Action::Payment, None, &dispute.target)?;
            let payment = key.map(|key| payments::load(connection, key)).transpose()?.flatten();
            Ok(payment.map_or(Finding::Nothing, Finding::Payment))
        }
    }
}

/// Applies a verified event to what it has found.
pub(super) fn apply(
    connection: &Connection,
    event: &Event,
    finding: Finding,
    when: When,
) -> Result<Received, StoreError> {
    Ok(match (finding, event) {
        (
            Finding::Payment(payment) | Finding::Later(payment),
            Event::Payment(news) | Event::Charge(Charge { news, .. }),
        ) => Received::Applied(change::change(connection, payment, news, when)?),
        (Finding::Subscription(key), Event::Subscription(news)) => {
            Received::SubscriptionApplied(subscription_change::change(connection, key, news, when)?)
        }
        (Finding::Charge(key) | Finding::LaterCharge(key), Event::Charge(charge)) => {
            Received::Adopted(charges::make(connection, key, charge, when)?)
        }
        (Finding::Payment(payment), Event::Dispute(dispute)) => {
            Received::Applied(change::dispute(connection, payment, dispute, when)?)
        }
        // What is found is what the event is about.
        _ => Received::Dropped,
    })
}

/// What a hint has found is due to be asked about, so that a crash does not lose the hint; nothing else comes of it.
pub(super) fn ask(connection: &Connection, finding: Finding, now: Timestamp) -> Result<Option<Received>, StoreError> {
    match finding {
        Finding::Payment(payment) | Finding::Later(payment) => {
            Ok(Some(Received::Ask(ask_now(connection, payment, now)?)))
        }
        Finding::Subscription(key) | Finding::Charge(key) | Finding::LaterCharge(key) => {
            let mut subscription = subscriptions::load(connection, key)?.ok_or(StoreError::Gone)?;
            if !is_soon(subscription.ask_at, now) {
                subscription.ask_at = Some(now);
                subscription_change::set_ask(connection, key, subscription.ask_at)?;
            }
            Ok(Some(Received::AskSubscription(subscription)))
        }
        Finding::Nothing => Ok(None),
    }
}

/// The result of a hint that changes nothing; none where something is to be written.
pub(super) fn asked_already(
    connection: &Connection,
    finding: &Finding,
    now: Timestamp,
) -> Result<Option<Received>, StoreError> {
    Ok(match finding {
        Finding::Payment(payment) if is_soon(payment.ask_at, now) => Some(Received::Ask(payment.clone())),
        Finding::Subscription(key) | Finding::Charge(key) | Finding::LaterCharge(key) => {
            subscriptions::load(connection, *key)?
                .filter(|subscription| is_soon(subscription.ask_at, now))
                .map(Received::AskSubscription)
        }
        _ => None,
    })
}

/// The event's time stands for its news's where that has none.
pub(super) fn dated(event: &Event, occurred_at: Option<Timestamp>) -> Event {
    let payment = |news: &News| News { occurred_at: news.occurred_at.or(occurred_at), ..news.clone() };
    match event {
        Event::Payment(news) => Event::Payment(payment(news)),
        Event::Charge(charge) => Event::Charge(Charge { news: payment(&charge.news), ..charge.clone() }),
        Event::Subscription(news) => {
            Event::Subscription(SubscriptionNews { occurred_at: news.occurred_at.or(occurred_at), ..news.clone() })
        }
        Event::Dispute(dispute) => {
            Event::Dispute(Dispute { occurred_at: dispute.occurred_at.or(occurred_at), ..dispute.clone() })
        }
    }
}

/// Every name under which an event waits.
pub(super) fn names_of(event: &Event) -> Vec<&String> {
    match event {
        Event::Payment(news) => names_of_news(news),
        Event::Charge(Charge { tokens, host_reference, news }) => {
            names_of_news(news).into_iter().chain(tokens).chain(host_reference).collect()
        }
        Event::Subscription(news) => news.tokens.iter().chain(&news.host_reference).collect(),
        Event::Dispute(dispute) => names_of_target(&dispute.target).collect(),
    }
}

/// A provider may hand the name of the subscription back with each of its charges: only the first is its first payment.
fn is_another(payment: &Payment, news: &News) -> bool {
    let ids = &news.target.payment_ids;
    !ids.is_empty() && !payment.ids.is_empty() && ids.iter().all(|id| !payment.ids.contains(id))
}

fn names_of_news(news: &News) -> Vec<&String> {
    names_of_target(&news.target).chain(&news.action_id).collect()
}

fn names_of_target(target: &Target) -> impl Iterator<Item = &String> {
    target.payment_ids.iter().chain(&target.shop_transaction_id).chain(&target.host_reference)
}

fn payment_of(
    connection: &Connection,
    external: &str,
    news: &News,
    trust: Trust,
    when: When,
) -> Result<Finding, StoreError> {
    let key = names::find(connection, external, news.action, news.action_id.as_deref(), &news.target)?;
    let payment = key.map(|key| payments::load(connection, key)).transpose()?.flatten();
    Ok(match payment {
        Some(payment) if trust == Trust::Verified && change::consider(&payment, news, when).later => {
            Finding::Later(payment)
        }
        Some(payment) => Finding::Payment(payment),
        None => Finding::Nothing,
    })
}

fn subscription_of(
    connection: &Connection,
    external: &str,
    tokens: &[String],
    host_reference: Option<&str>,
) -> database::Result<Option<SubscriptionKey>> {
    subscriptions::find(connection, external, tokens, host_reference)
}

fn ask_now(connection: &Connection, mut payment: Payment, now: Timestamp) -> database::Result<Payment> {
    if !is_soon(payment.ask_at, now) {
        payment.ask_at = Some(now);
        connection
            .prepare_cached("UPDATE payments SET ask_at = ? WHERE key = ?")?
            .execute(params![payment.ask_at, payment.key])?;
    }
    Ok(payment)
}

/// Due now or in a moment: then one more hint changes nothing, so that a flood of them never reaches the writer.
fn is_soon(ask_at: Option<Timestamp>, now: Timestamp) -> bool {
    ask_at.is_some_and(|at| at <= now.plus(A_MOMENT))
}
