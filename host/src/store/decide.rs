//! What becomes of a claim: all of it decided and written under the writer's lock.

use super::claim::{Claim, Claimed, NewPayment, What, Whose};
use super::database::Connection;
use super::operations::{self, Kept};
use super::subject::{Keys, Subject};
use super::{StoreError, follow_ups, payments, subscriptions};
use crate::model::{
    ActionState, Amount, Kind, Operation, Origin, Payment, PaymentKey, PaymentState, Phase, Subscription,
    SubscriptionState,
};
use std::time::Duration;

pub(super) fn decide(connection: &Connection, claim: &Claim, fence: u64) -> Result<Claimed, StoreError> {
    if let Some(before) = with_idempotency_key(connection, claim)? {
        return if before.fingerprint == claim.fingerprint {
            repeat(connection, before)
        } else {
            Ok(Claimed::KeyReused)
        };
    }
    match &claim.what {
        What::Pay(new) => make_payment(connection, claim, Origin::Pay, new, None, fence),
        What::Link(new) => make_payment(connection, claim, Origin::Link, new, None, fence),
        What::Subscribe(kind, new, plan) => {
            let origin = if *kind == Kind::Schedule { Origin::Schedule } else { Origin::Start };
            let mut subscription = Subscription::blank(&claim.external, claim.reference.clone(), claim.now);
            subscription.shop_transaction_id = Some(new.shop_transaction_id.clone());
            subscription.payment_method.clone_from(&new.payment_method);
            (subscription.amount, subscription.plan) = (claim.amount.clone(), Some(*plan));
            make_payment(connection, claim, origin, new, Some(subscription), fence)
        }
        What::Charge(whose, new) => match chargeable(connection, claim, whose)? {
            Ok(subscription) => make_payment(connection, claim, Origin::Charge, new, Some(subscription), fence),
            Err(refused) => Ok(refused),
        },
        What::Refund { payment, repeat_window } => {
            let payment = loaded(connection, *payment)?;
            match refuse_refund(claim, &payment, *repeat_window) {
                Some(refused) => Ok(refused),
                None => act_on(connection, claim, payment.key, claim.amount.clone(), fence),
            }
        }
        What::Capture { payment, repeat_window, follow_up, .. } => {
            let payment = loaded(connection, *payment)?;
            if let Some(key) = follow_up
                && !follow_ups::is_waiting(connection, *key)?
            {
                return Ok(Claimed::FollowedUp);
            }
            match capture(claim, &payment, *repeat_window, follow_up.is_some()) {
                Ok(amount) => act_on(connection, claim, payment.key, Some(amount), fence),
                Err(refused) => Ok(*refused),
            }
        }
        What::Void(payment) => {
            let payment = loaded(connection, *payment)?;
            // A capture or void that is not decided holds what was reserved (rule 12).
            let held = payment.captures.iter().any(|capture| capture.state.holds());
            if payment.state != PaymentState::Authorized || held {
                return Ok(Claimed::StateForbids { payment });
            }
            act_on(connection, claim, payment.key, payment.amount, fence)
        }
        What::Resume(payment, follow_up) => {
            let payment = loaded(connection, *payment)?;
            if payment.state.is_terminal() || !follow_ups::is_waiting(connection, *follow_up)? {
                return Ok(Claimed::FollowedUp);
            }
            // Nothing moves by itself until a person has looked (rule 13).
            if payment.review.is_some() {
                return Ok(Claimed::StateForbids { payment });
            }
            act_on(connection, claim, payment.key, payment.amount, fence)
        }
        What::Update(whose, _) | What::Expire(whose) => {
            let subscription = taken_in(connection, claim, whose)?;
            if is_unnamed(&subscription) {
                return Ok(Claimed::SubscriptionForbids { subscription });
            }
            let keys = Keys { payment: None, subscription: Some(subscription.key) };
            new(connection, claim, keys, claim.amount.clone(), fence)
        }
        What::Utility => new(connection, claim, Keys::default(), None, fence),
    }
}

/// Writes a payment with the operation that makes it, and the subscription that the same operation begins.
fn make_payment(
    connection: &Connection,
    claim: &Claim,
    origin: Origin,
    new_payment: &NewPayment,
    subscription: Option<Subscription>,
    fence: u64,
) -> Result<Claimed, StoreError> {
    let NewPayment { shop_transaction_id, payment_method, business_key } = new_payment;
    let key = match (&subscription, origin) {
        (Some(charged), Origin::Charge) => format!("{}/{shop_transaction_id}", charged.reference),
        _ => shop_transaction_id.clone(),
    };
    if *business_key && let Some(holder) = holder_of(connection, claim, origin, &key)? {
        return against_holder(connection, claim, holder);
    }
    let subscription = match subscription {
        Some(mut begun) if claim.what.kind().makes_subscription() => {
            subscriptions::insert(connection, &mut begun, false)?;
            Some(begun)
        }
        known => known,
    };
    let mut payment = Payment::blank(&claim.external, origin, claim.reference.clone(), claim.now);
    payment.subscription = subscription.as_ref().map(Subscription::as_known_to_payments);
    payment.shop_transaction_id = Some(shop_transaction_id.clone());
    payment.payment_method.clone_from(payment_method);
    payment.amount.clone_from(&claim.amount);
    payments::insert(connection, &mut payment, business_key.then_some(&key))?;
    let of = subscription.as_ref().map(|subscription| subscription.key);
    let keys = Keys { payment: Some(payment.key), subscription: of };
    let operation = operations::insert(connection, claim, keys, claim.amount.clone(), fence)?;
    Ok(Claimed::New { operation, subject: Subject { payment: Some(payment), subscription } })
}

/// Who has the business key: a payment, or a subscription that lives, whatever became of the payment it began with.
fn holder_of(
    connection: &Connection,
    claim: &Claim,
    origin: Origin,
    key: &str,
) -> Result<Option<PaymentKey>, StoreError> {
    let holder = payments::holder_of(connection, &claim.external, origin, key)?;
    if holder.is_some() || !claim.what.kind().makes_subscription() {
        return Ok(holder);
    }
    Ok(subscriptions::living_with(connection, &claim.external, origin, key)?)
}

/// An operation on a payment that is known.
fn act_on(
    connection: &Connection,
    claim: &Claim,
    payment: PaymentKey,
    amount: Option<Amount>,
    fence: u64,
) -> Result<Claimed, StoreError> {
    new(connection, claim, Keys { payment: Some(payment), subscription: None }, amount, fence)
}

fn new(
    connection: &Connection,
    claim: &Claim,
    keys: Keys,
    amount: Option<Amount>,
    fence: u64,
) -> Result<Claimed, StoreError> {
    let operation = operations::insert(connection, claim, keys, amount, fence)?;
    if let What::Capture { follow_up: Some(key), .. } | What::Resume(_, key) = &claim.what {
        follow_ups::take(connection, *key, operation.key)?;
    }
    let subject = Subject::of(connection, &operation)?;
    Ok(Claimed::New { operation, subject })
}

/// The operation that has the claim's idempotency key. A key that has outlived its time, and whose operation is
/// decided, is let go (rule 20).
fn with_idempotency_key(connection: &Connection, claim: &Claim) -> Result<Option<Operation>, StoreError> {
    let Some(Kept { operation, .. }) = operations::by_idempotency_key(connection, claim)? else {
        return Ok(None);
    };
    let outlived = operation.created_at.plus(claim.keys_live) <= claim.now;
    if outlived && is_decided(connection, &operation)? {
        operations::free_idempotency_key(connection, operation.key)?;
        return Ok(None);
    }
    Ok(Some(operation))
}

/// Whether nothing about an operation is open any more: what it made, or did, is terminal.
pub(super) fn is_decided(connection: &Connection, operation: &Operation) -> Result<bool, StoreError> {
    let Subject { payment, .. } = Subject::of(connection, operation)?;
    let decided = payment.is_none_or(|payment| match operation.kind {
        Kind::Refund => {
            let of_this = |refund: &&crate::model::Refund| refund.operation == Some(operation.key);
            payment.refunds.iter().find(of_this).is_none_or(|refund| !refund.state.holds())
        }
        Kind::Capture | Kind::Void => {
            let of_this = |capture: &&crate::model::Capture| capture.operation == Some(operation.key);
            payment.captures.iter().find(of_this).is_none_or(|capture| !capture.state.holds())
        }
        _ => payment.state.is_terminal(),
    });
    Ok(decided && operation.phase == Phase::Finished)
}

fn repeat(connection: &Connection, operation: Operation) -> Result<Claimed, StoreError> {
    if operation.phase != Phase::Finished {
        return Ok(Claimed::Running { reference: operation.reference });
    }
    let subject = Subject::of(connection, &operation)?;
    Ok(Claimed::Replay { operation, subject })
}

/// Rule 15: the same body again gets the same answer; another body, or another idempotency key, does not.
fn against_holder(connection: &Connection, claim: &Claim, holder: PaymentKey) -> Result<Claimed, StoreError> {
    let payment = loaded(connection, holder)?;
    let before = operations::by_reference(connection, &payment.reference.0)?.ok_or(StoreError::Gone)?;
    let other_key = claim.idempotency_key.as_ref().zip(before.idempotency_key.as_ref()).is_some_and(|(a, b)| a != b);
    if before.operation.fingerprint != claim.fingerprint || other_key {
        return Ok(Claimed::BusinessKeyUsed { payment });
    }
    // Who waits asks often: nothing is written that would disturb the one that runs.
    if claim.idempotency_key.is_some() && before.idempotency_key.is_none() {
        operations::take_idempotency_key(connection, before.operation.key, claim)?;
    }
    repeat(connection, before.operation)
}

/// Rules 7, 12 and 16, under the lock.
fn refuse_refund(claim: &Claim, payment: &Payment, window: Duration) -> Option<Claimed> {
    if payment.state != PaymentState::Accepted {
        return Some(Claimed::StateForbids { payment: payment.clone() });
    }
    if let Some(refused) = other_currency(claim, payment) {
        return Some(refused);
    }
    let asked = claim.amount.as_ref()?;
    let counts = |refund: &&crate::model::Refund| {
        refund.amount == *asked && counts_as_repeat(claim, refund.created_at, refund.state, window)
    };
    if claim.idempotency_key.is_none()
        && let Some(refund) = payment.refunds.iter().rev().find(counts)
    {
        return Some(Claimed::RefundRepeated { refund: refund.clone() });
    }
    payment.refundable().filter(|left| asked.minor > *left).map(|left| Claimed::TooLarge { left })
}

/// How much is captured, or why nothing is (rules 12 and 16). What a plugin asks for is asked of approved payments too.
fn capture(claim: &Claim, payment: &Payment, window: Duration, followed_up: bool) -> Result<Amount, Box<Claimed>> {
    let approved = matches!(payment.state, PaymentState::Pending | PaymentState::ActionRequired);
    let reserved = payment.state == PaymentState::Authorized
        || (payment.state == PaymentState::Accepted && payment.authorized.is_some());
    // Nothing moves by itself until a person has looked (rule 13).
    let doubtful = followed_up && payment.review.is_some();
    if !(reserved || followed_up && approved) || doubtful {
        return Err(Box::new(Claimed::StateForbids { payment: payment.clone() }));
    }
    if let Some(refused) = other_currency(claim, payment) {
        return Err(Box::new(refused));
    }
    let left = payment.capturable();
    let Some(asked) = &claim.amount else {
        let all = left.zip(payment.amount.as_ref()).ok_or_else(|| Box::new(Claimed::AmountNeeded))?;
        let amount = Amount { minor: all.0, currency: all.1.currency.clone() };
        return if amount.minor > 0 { Ok(amount) } else { Err(Box::new(Claimed::TooLarge { left: 0 })) };
    };
    let counts = |capture: &crate::model::Capture| {
        !capture.void
            && capture.amount.as_ref() == Some(asked)
            && counts_as_repeat(claim, capture.created_at, capture.state, window)
    };
    if claim.idempotency_key.is_none() && payment.captures.iter().any(counts) {
        return Err(Box::new(Claimed::CaptureRepeated { payment: payment.clone() }));
    }
    match left.filter(|left| asked.minor > *left) {
        Some(left) => Err(Box::new(Claimed::TooLarge { left })),
        None => Ok(asked.clone()),
    }
}

fn other_currency(claim: &Claim, payment: &Payment) -> Option<Claimed> {
    let (asked, made) = (claim.amount.as_ref()?, payment.amount.as_ref()?);
    (asked.currency != made.currency).then(|| Claimed::CurrencyDiffers { currency: made.currency.clone() })
}

fn counts_as_repeat(claim: &Claim, made: crate::clock::Timestamp, state: ActionState, window: Duration) -> bool {
    made.plus(window) > claim.now && !matches!(state, ActionState::Failed | ActionState::NotExecuted)
}

/// The subscription, if it may be charged now. One that was made elsewhere is the provider's to judge.
fn chargeable(
    connection: &Connection,
    claim: &Claim,
    whose: &Whose,
) -> Result<Result<Subscription, Claimed>, StoreError> {
    let subscription = taken_in(connection, claim, whose)?;
    if subscription.state.is_over() || is_unnamed(&subscription) {
        return Ok(Err(Claimed::SubscriptionForbids { subscription }));
    }
    Ok(Ok(subscription))
}

/// While it is not known whether it began, there is nothing that could be charged or changed.
fn is_unnamed(subscription: &Subscription) -> bool {
    let unknown = subscription.state == SubscriptionState::Unknown && subscription.tokens.is_empty();
    unknown || subscription.state == SubscriptionState::Started
}

fn taken_in(connection: &Connection, claim: &Claim, whose: &Whose) -> Result<Subscription, StoreError> {
    let key = match whose {
        Whose::Known(key) => Some(*key),
        Whose::Elsewhere(token) => subscriptions::owner(connection, &claim.external, token)?,
    };
    match (key, whose) {
        (Some(key), _) => subscriptions::load(connection, key)?.ok_or(StoreError::Gone),
        (None, Whose::Elsewhere(token)) => {
            Ok(subscriptions::adopt(connection, &claim.external, std::slice::from_ref(token), claim.now)?)
        }
        (None, Whose::Known(_)) => Err(StoreError::Gone),
    }
}

fn loaded(connection: &Connection, key: PaymentKey) -> Result<Payment, StoreError> {
    payments::load(connection, key)?.ok_or(StoreError::Gone)
}
