//! How payments and callbacks look to operators: the same in the answers of the admin listener and under `--json`.
//! Members that say nothing are left out.

use crate::clock::Timestamp;
use crate::model::{ActionState, Amount, Capture, Payment, Refund};
use crate::store::{AttemptRecord, AuditEntry, CallbackRecord, OperationRecord, WholeCallback, WholePayment};
use serde_json::{Map, Value, json};

/// A page of payments, and where the next one begins.
pub(crate) fn payments(page: &[Payment], limit: usize) -> Value {
    let next = page.last().filter(|_| page.len() >= limit).map(|last| last.key.0.to_string());
    json!({ "payments": page.iter().map(payment).collect::<Vec<_>>(), "next": next })
}

/// A page of callbacks, and where the next one begins.
pub(crate) fn callbacks(page: &[CallbackRecord], limit: usize) -> Value {
    let next = page.last().filter(|_| page.len() >= limit).map(|last| last.key.0.to_string());
    json!({ "callbacks": page.iter().map(callback).collect::<Vec<_>>(), "next": next })
}

/// A payment in a list.
pub(crate) fn payment(payment: &Payment) -> Value {
    object([
        ("reference", Some(payment.reference.0.clone().into())),
        ("paymentId", Some(payment.shown_id().into())),
        ("external", Some(payment.external.clone().into())),
        ("shopTransactionId", payment.shop_transaction_id.clone().map(Value::from)),
        ("state", Some(payment.state.name().into())),
        ("review", payment.review.clone().map(Value::from)),
        ("amount", payment.amount.as_ref().map(|amount| amount.minor.into())),
        ("currency", payment.currency().map(Value::from)),
        ("authorized", payment.authorized.map(Value::from)),
        ("captured", payment.captured.map(Value::from)),
        ("refunded", Some(payment.refunded.into())),
        ("held", Some(payment.held().into())),
        ("openActions", open_actions(payment)),
        ("nextQuestionAt", payment.ask_at.map(moment)),
        ("createdAt", Some(moment(payment.created_at))),
        ("updatedAt", Some(moment(payment.updated_at))),
    ])
}

/// All that is known of a payment. What a plugin keeps with it is not shown.
pub(crate) fn whole_payment(whole: &WholePayment) -> Value {
    let known = &whole.payment;
    let mut shown = payment(known);
    let more = object([
        ("ids", Some(known.ids.clone().into())),
        ("origin", Some(known.origin.name().into())),
        ("paymentMethod", known.payment_method.clone().map(Value::from)),
        ("subscriptionToken", known.subscription.as_ref().map(|of| of.token.clone().into())),
        ("description", known.description.clone().map(Value::from)),
        ("declineCode", known.decline_code.clone().map(Value::from)),
        ("expiresAt", known.expires_at.map(moment)),
        ("refunds", Some(known.refunds.iter().map(refund).collect::<Vec<_>>().into())),
        ("captures", Some(known.captures.iter().map(capture).collect::<Vec<_>>().into())),
        ("operations", Some(whole.operations.iter().map(operation).collect::<Vec<_>>().into())),
        ("callbacks", Some(whole.callbacks.iter().map(callback).collect::<Vec<_>>().into())),
        ("audit", Some(whole.audit.iter().map(audit).collect::<Vec<_>>().into())),
    ]);
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    shown
}

/// A callback in a list.
pub(crate) fn callback(callback: &CallbackRecord) -> Value {
    object([
        ("id", Some(callback.id.clone().into())),
        ("external", Some(callback.external.clone().into())),
        ("paymentId", callback.payment.clone().map(Value::from)),
        ("subscriptionToken", callback.subscription.clone().map(Value::from)),
        ("type", Some(callback.kind.clone().into())),
        ("sequence", Some(callback.sequence.into())),
        ("state", Some(callback.state.name().into())),
        ("attempts", Some(callback.attempts.into())),
        ("replayed", Some(callback.replayed.into())),
        ("createdAt", Some(moment(callback.created_at))),
        ("dueAt", callback.due_at.map(moment)),
        ("finishedAt", callback.finished_at.map(moment)),
    ])
}

/// A callback with its body and every attempt.
pub(crate) fn whole_callback(whole: &WholeCallback) -> Value {
    let mut shown = callback(&whole.callback);
    if let Value::Object(shown) = &mut shown {
        shown.insert("body".to_owned(), serde_json::from_slice(&whole.body).unwrap_or(Value::Null));
        shown.insert("deliveries".to_owned(), whole.attempts.iter().map(attempt).collect::<Vec<_>>().into());
        shown.insert("audit".to_owned(), whole.audit.iter().map(audit).collect::<Vec<_>>().into());
    }
    shown
}

/// What is open of what was done to it.
fn open_actions(payment: &Payment) -> Option<Value> {
    let open = |state: ActionState| state.holds();
    let refunds = payment.refunds.iter().filter(|refund| open(refund.state)).count();
    let captures = payment.captures.iter().filter(|capture| open(capture.state)).count();
    (refunds + captures > 0).then(|| (refunds + captures).into())
}

fn refund(refund: &Refund) -> Value {
    object([
        ("reference", Some(refund.reference.0.clone().into())),
        ("refundId", Some(refund.shown_id().into())),
        ("amount", Some(refund.amount.minor.into())),
        ("currency", Some(refund.amount.currency.clone().into())),
        ("state", Some(refund.state.name().into())),
        ("elsewhere", refund.operation.is_none().then(|| true.into())),
        ("description", refund.description.clone().map(Value::from)),
        ("createdAt", Some(moment(refund.created_at))),
    ])
}

fn capture(capture: &Capture) -> Value {
    object([
        ("reference", Some(capture.reference.0.clone().into())),
        ("void", Some(capture.void.into())),
        ("amount", capture.amount.as_ref().map(|amount| amount.minor.into())),
        ("state", Some(capture.state.name().into())),
        ("createdAt", Some(moment(capture.created_at))),
    ])
}

fn operation(operation: &OperationRecord) -> Value {
    let amount: Option<&Amount> = operation.amount.as_ref();
    object([
        ("kind", Some(operation.kind.name().into())),
        ("reference", Some(operation.reference.0.clone().into())),
        ("caller", operation.caller.clone().map(Value::from)),
        ("version", Some(operation.version.0.clone()).filter(|version| !version.is_empty()).map(Value::from)),
        ("amount", amount.map(|amount| amount.minor.into())),
        ("phase", Some(operation.phase.name().into())),
        ("outcome", operation.outcome.map(|outcome| outcome.name().into())),
        ("state", operation.state.map(|state| state.name().into())),
        ("createdAt", Some(moment(operation.created_at))),
        ("sentAt", operation.sent_at.map(moment)),
        ("finishedAt", operation.finished_at.map(moment)),
    ])
}

fn attempt(attempt: &AttemptRecord) -> Value {
    object([
        ("at", Some(moment(attempt.at))),
        ("status", attempt.status.map(Value::from)),
        ("error", attempt.error.clone().map(Value::from)),
        ("milliseconds", Some(u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX).into())),
    ])
}

fn audit(entry: &AuditEntry) -> Value {
    json!({
        "at": moment(entry.at),
        "who": entry.who,
        "action": entry.action.name(),
        "subject": entry.subject,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
    })
}

fn moment(at: Timestamp) -> Value {
    at.rfc3339().into()
}

fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let known = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(known.collect::<Map<_, _>>())
}
