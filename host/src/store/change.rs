//! The one way by which news changes what is on disk: `apply` decides, this writes all that follows from it.

use super::StoreError;
use super::database::Connection;
use super::names::{self, Named};
use super::{adopt, callbacks, follow_ups, parked, payments, repeat};
use crate::clock::Timestamp;
use crate::model::{
    ActionState, Applied, AskAt, Dispute, News, Origin, Payment, PaymentKey, PaymentState, UNDECIDED, apply,
    apply_dispute, without_reason,
};
use std::collections::HashSet;

/// What news made of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The payment as it is now.
    pub payment: Payment,
    /// Whether anything was written.
    pub written: bool,
    /// The news contradicts what is known, or is older than it: the provider must be asked.
    pub ask: bool,
    /// What a person should be alerted to, as a metric's label.
    pub alert: Option<&'static str>,
    /// The plugin asks for something that was not asked for before: it is due now.
    pub follow_up: bool,
}

/// The present, and when the provider is to be asked first about what a change leaves open (rule 6).
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) now: Timestamp,
    pub(super) ask_at: AskAt,
}

/// What news would make of a payment; nothing is written.
pub(super) fn consider(before: &Payment, news: &News, when: When) -> Applied {
    apply(before, news, when.now)
}

/// Questions begin anew with whatever is open in another way than before, and end where nothing is (rule 6). Who asks
/// already sees by the time that it set that there is another.
fn plan_questions(before: &Payment, applied: &mut Applied, when: When) {
    let payment = &mut applied.payment;
    if before.open() == payment.open() {
        return;
    }
    let first = payment.standing().map(|standing| when.ask_at.of(standing));
    if first.is_none() {
        payment.review = without_reason(payment.review.as_deref(), UNDECIDED);
    }
    let at_once = applied.ask.then_some(when.now);
    (payment.ask_at, payment.asks, payment.open_since) = (at_once.or(first), 0, Some(when.now));
}

/// Applies news to a payment and writes what came of it.
pub(super) fn change(connection: &Connection, before: Payment, news: &News, when: When) -> Result<Changed, StoreError> {
    let applied = consider(&before, news, when);
    if applied.later {
        parked::park_until_named(connection, &before.external, news, when)?;
    }
    write(connection, &before, applied, when)
}

/// The same of a payment that nobody here made. What is not believed of it leaves it unknown, to be asked for: no call
/// of ours will end and say how it stands.
pub(super) fn change_strangers(
    connection: &Connection,
    before: Payment,
    news: &News,
    when: When,
) -> Result<Changed, StoreError> {
    let mut changed = change(connection, before, news, when)?;
    if changed.payment.state == PaymentState::Started {
        let before = changed.payment.clone();
        let payment = &mut changed.payment;
        payment.state = PaymentState::Unknown;
        (payment.ask_at, payment.asks, payment.open_since) = (Some(when.now), 0, Some(when.now));
        payments::update(connection, &before, payment)?;
        (changed.written, changed.ask) = (true, true);
    }
    Ok(changed)
}

/// The same of what is told of a dispute.
pub(super) fn dispute(
    connection: &Connection,
    before: Payment,
    dispute: &Dispute,
    when: When,
) -> Result<Changed, StoreError> {
    let applied = apply_dispute(&before, dispute, when.now);
    write(connection, &before, applied, when)
}

/// Applies news to the payment that has this key.
pub(super) fn change_by_key(
    connection: &Connection,
    key: PaymentKey,
    news: &News,
    when: When,
) -> Result<Changed, StoreError> {
    change(connection, payments::load(connection, key)?.ok_or(StoreError::Gone)?, news, when)
}

/// Writes an applied change: payment, refunds, names, business key, callbacks.
pub(super) fn write(
    connection: &Connection,
    before: &Payment,
    mut applied: Applied,
    when: When,
) -> Result<Changed, StoreError> {
    let written = applied.differs_from(before);
    let mut follow_up = false;
    if written {
        take_names(connection, before, &mut applied, when)?;
        settle_business_key(connection, before, &mut applied)?;
        plan_questions(before, &mut applied, when);
        let first = applied.payment.sequence + 1;
        applied.payment.sequence += applied.callbacks.len() as u64;
        payments::update(connection, before, &applied.payment)?;
        for (sequence, callback) in (first..).zip(&applied.callbacks) {
            callbacks::enqueue(connection, &applied.payment, callback, sequence, when.now)?;
        }
        follow_up = follow_ups::keep(connection, before.key, &applied.follow_ups, when.now)?;
        give_back_undone(connection, before, &applied, when)?;
        if before.open() != applied.payment.open() {
            repeat::forget_decided(connection, &applied.payment)?;
        }
    }
    Ok(Changed { payment: applied.payment, written, ask: applied.ask, alert: applied.alert, follow_up })
}

/// A capture that was lost and turns out not to have happened: what asked for it asks again.
fn give_back_undone(
    connection: &Connection,
    before: &Payment,
    applied: &Applied,
    when: When,
) -> Result<(), StoreError> {
    let undone = |capture: &&crate::model::Capture| capture.state == ActionState::NotExecuted;
    for capture in applied.payment.captures.iter().filter(undone) {
        let known = before.captures.iter().find(|known| known.operation == capture.operation);
        if let Some(operation) = capture.operation
            && known.is_some_and(|known| known.state == ActionState::Unknown)
        {
            follow_ups::give_back(connection, operation, when.now)?;
        }
    }
    Ok(())
}

/// Registers the names that are new. One that an adopted payment has makes the two one (rule 5); one of a payment
/// that came to nothing goes to the payment that lives; any other stays where it is, and a person is told.
fn take_names(connection: &Connection, before: &Payment, applied: &mut Applied, when: When) -> Result<(), StoreError> {
    let known: HashSet<_> = names::of(before).collect();
    let new: Vec<(Named, String)> = names::of(&applied.payment)
        .filter(|name| !known.contains(name))
        .map(|(named, name)| (named, name.clone()))
        .collect();
    for (named, name) in new {
        let Some(other) = names::add(connection, &applied.payment, named, &name)? else {
            continue;
        };
        let (origin, state) = payments::standing(connection, other)?;
        if matches!(origin, Origin::Adopted | Origin::ProviderCharge) {
            adopt::absorb(connection, applied, other, when)?;
        } else if state.frees_business_key() {
            names::give(connection, &applied.payment, named, &name)?;
        } else {
            applied.alert = Some("name_shared");
        }
    }
    Ok(())
}

/// Rule 15: free again when the payment has failed or was not executed. Rule 11: a late success takes it back, or is
/// flagged where another payment of that key has lived since.
fn settle_business_key(connection: &Connection, before: &Payment, applied: &mut Applied) -> Result<(), StoreError> {
    match (before.state.frees_business_key(), applied.payment.state.frees_business_key()) {
        (false, true) => payments::free_business_key(connection, before.key)?,
        (true, false) => {
            if let Some(other) = payments::regain_business_key(connection, before.key)? {
                let other = payments::load(connection, other)?.ok_or(StoreError::Gone)?;
                let review = format!("its shop transaction id has another payment, {}", other.shown_id());
                applied.call_a_person(&review, "duplicate_payment");
                // However much there is to look at already.
                applied.alert = Some("duplicate_payment");
            }
        }
        _ => {}
    }
    Ok(())
}
