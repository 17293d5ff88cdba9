//! Payments that were made elsewhere: taken in when news tells of them, and made one with a payment of ours when the
//! two turn out to be the same (rules 5 and 14).

use super::change::{self, Changed, When, change_strangers, consider};
use super::database::{self, Connection};
use super::names::{self, Named};
use super::{StoreError, operations, payments};
use crate::model::{
    Action, Applied, Dispute, News, NewsState, Origin, Payment, PaymentKey, PaymentState, Reference, Source, Target,
};

/// Takes in the payment that news tells of. None where the news does not say enough, and while an operation runs that may
/// be making that very payment.
pub(super) fn adopt(
    connection: &Connection,
    external: &str,
    news: &News,
    when: When,
) -> Result<Option<Changed>, StoreError> {
    if !says_enough(news) || operations::may_be_making(connection, external, &news.target)? {
        return Ok(None);
    }
    // A refund or capture tells little about the payment itself.
    let payment = take_in(connection, external, &news.target, news.action == Action::Payment, when)?;
    change_strangers(connection, payment, news, when).map(Some)
}

/// The same of a payment that is disputed, of which nothing else is known.
pub(super) fn adopt_disputed(
    connection: &Connection,
    external: &str,
    dispute: &Dispute,
    when: When,
) -> Result<Option<Changed>, StoreError> {
    let target = &dispute.target;
    if target.payment_ids.is_empty() || operations::may_be_making(connection, external, target)? {
        return Ok(None);
    }
    let payment = take_in(connection, external, target, false, when)?;
    change::dispute(connection, payment, dispute, when).map(Some)
}

fn take_in(
    connection: &Connection,
    external: &str,
    target: &Target,
    told: bool,
    when: When,
) -> Result<Payment, StoreError> {
    let mut payment = Payment::blank(external, Origin::Adopted, Reference::random(), when.now);
    payment.shop_transaction_id.clone_from(&target.shop_transaction_id);
    if !told {
        payment.state = PaymentState::Unknown;
        payment.ask_at = Some(when.now);
    }
    payments::insert(connection, &mut payment, None)?;
    names::add(connection, &payment, Named::Payment, &payment.reference.0)?;
    Ok(payment)
}

/// Whether news that was not adopted may be, once no operation runs that may be making it.
pub(super) fn may_later(connection: &Connection, external: &str, news: &News) -> database::Result<bool> {
    Ok(says_enough(news) && operations::may_be_making(connection, external, &news.target)?)
}

/// The same of a payment that is disputed.
pub(super) fn disputed_may_later(connection: &Connection, external: &str, dispute: &Dispute) -> database::Result<bool> {
    let named = !dispute.target.payment_ids.is_empty();
    Ok(named && operations::may_be_making(connection, external, &dispute.target)?)
}

fn says_enough(news: &News) -> bool {
    !matches!(news.state, NewsState::Unknown | NewsState::NotExecuted) && !news.target.payment_ids.is_empty()
}

/// One of ours takes over a payment that was adopted under a name that both have: its names, its refunds, and what
/// is known of its state. Callbacks that wait under the adopted one still go out.
pub(super) fn absorb(
    connection: &Connection,
    own: &mut Applied,
    adopted: PaymentKey,
    when: When,
) -> Result<(), StoreError> {
    let adopted = payments::load(connection, adopted)?.ok_or(StoreError::Gone)?;
    if adopted.key == own.payment.key {
        return Ok(());
    }
    for owner in [
        "UPDATE operations SET payment = ?1 WHERE payment = ?2",
        "UPDATE follow_ups SET payment = ?1 WHERE payment = ?2
         AND NOT EXISTS (SELECT 1 FROM follow_ups own WHERE own.payment = ?1 AND own.digest = follow_ups.digest)",
    ] {
        connection.prepare_cached(owner)?.execute([own.payment.key, adopted.key])?;
    }
    // What both ask for is done once.
    connection
        .prepare_cached("DELETE FROM follow_ups WHERE payment = ? AND state = 'waiting'")?
        .execute([adopted.key])?;
    connection
        .prepare_cached("UPDATE payments SET merged_into = ?, ask_at = NULL WHERE key = ?")?
        .execute([own.payment.key, adopted.key])?;
    let references = [(Named::Payment, &adopted.reference.0)];
    for (named, name) in names::of(&adopted).chain(references) {
        names::give(connection, &own.payment, named, name)?;
    }
    own.payment.refunds.extend(adopted.refunds.iter().cloned());
    own.payment.refunded = own.payment.paid_back();
    own.payment.dispute = own.payment.dispute.take().or_else(|| adopted.dispute.clone());
    own.payment.captures.extend(adopted.captures.iter().cloned());
    let merged = consider(&own.payment, &as_news(&adopted), when);
    own.callbacks.extend(merged.callbacks);
    own.payment = merged.payment;
    own.ask |= merged.ask;
    own.alert = merged.alert.or(own.alert);
    Ok(())
}

/// What is known of an adopted payment, as the provider would tell it.
fn as_news(adopted: &Payment) -> News {
    let state = match adopted.state {
        PaymentState::Accepted => NewsState::Accepted,
        PaymentState::Authorized => NewsState::Authorized,
        PaymentState::Failed => NewsState::Failed(None),
        PaymentState::Voided => NewsState::Voided,
        PaymentState::Pending | PaymentState::ActionRequired => NewsState::Pending,
        PaymentState::NotCharged => NewsState::NotCharged,
        PaymentState::Started | PaymentState::Unknown | PaymentState::NotExecuted => NewsState::Unknown,
    };
    let target = Target { payment_ids: adopted.ids.clone(), ..Target::default() };
    let amount = |minor: u64| adopted.amount.as_ref().map(|amount| crate::model::Amount { minor, ..amount.clone() });
    News {
        amount: adopted.amount.clone(),
        partial: true,
        captured: adopted.captured.and_then(amount),
        payment_method: adopted.payment_method.clone(),
        metadata: adopted.metadata.clone(),
        carry: adopted.carry.clone(),
        occurred_at: adopted.observed_at,
        ..News::new(Source::Verified { can_ask: true }, target, Action::Payment, state)
    }
}
