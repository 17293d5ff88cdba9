//! The end of an operation: outcome, payment, names, callbacks, answer and keys, in one transaction (rules 4, 19, 29).

use super::change::{self, Changed, When};
use super::{Store, StoreError, names, operations, parked, payments};
use crate::clock::Timestamp;
use crate::model::{Answer, Kind, News, Operation, OperationKey, Payment, PaymentState, RefundState, Settled};
use rusqlite::Connection;

/// How an operation ended.
#[derive(Clone, Debug)]
pub struct Finish {
    /// The present.
    pub now: Timestamp,
    /// The operation.
    pub operation: OperationKey,
    /// The fence that it was claimed under.
    pub fence: u64,
    /// Its outcome.
    pub settled: Settled,
    /// The same as news for its payment, from [`crate::model::Source::Answer`].
    pub news: News,
    /// What the plugin emitted; each is applied to the payment that it names.
    pub emitted: Vec<News>,
    /// The payment's id as the caller is told it.
    pub told_payment_id: Option<String>,
    /// The refund's id as the caller is told it.
    pub told_refund_id: Option<String>,
    /// What the caller is answered; none where it is not kept (rule 19).
    pub answer: Option<Answer>,
    /// What the caller is answered, and what is kept, should it end as *not executed* here while verified news says
    /// that it was executed (rule 1).
    pub answer_if_contradicted: Option<Answer>,
    /// When the provider is to be asked first, should the payment or refund still be open (rule 6).
    pub ask_at: Option<Timestamp>,
}

/// What became of an operation's payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The payment, and what to do about it.
    pub changed: Changed,
    /// Its outcome as it was written.
    pub settled: Settled,
    /// Emits for payments that nobody knows here; they are lost.
    pub unmatched_emits: usize,
}

impl Store {
    /// Ends an operation. When this returns, all of it is on disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`]: the lease lapsed, or the claim never reached the disk.
    pub async fn finish(&self, finish: Finish) -> Result<Finished, StoreError> {
        self.parts.writer.durable(move |connection| end(connection, &finish)).await
    }
}

fn end(connection: &Connection, finish: &Finish) -> Result<Finished, StoreError> {
    let operation = operations::held(connection, finish.operation, finish.fence)?;
    let when = When { now: finish.now, ask_at: finish.ask_at };
    let mut changed = settle(connection, &operation, &finish.news, when, |payment| tell(payment, &operation, finish))?;
    let settled = unless_contradicted(finish.settled, &operation, &changed.payment);
    let answer = if settled == finish.settled { &finish.answer } else { &finish.answer_if_contradicted };
    operations::finish(connection, operation.key, settled, answer.as_ref(), finish.now)?;
    let mut unmatched_emits = 0;
    for news in &finish.emitted {
        if !emit(connection, news, when, &mut changed)? {
            unmatched_emits += 1;
        }
    }
    parked::catch_up(connection, &mut changed, when)?;
    Ok(Finished { changed, settled, unmatched_emits })
}

/// Applies an operation's end to its payment; `tell` fixes what the merchant is told, before callbacks are made of it.
pub(super) fn settle(
    connection: &Connection,
    operation: &Operation,
    news: &News,
    when: When,
    tell: impl FnOnce(&mut Payment),
) -> Result<Changed, StoreError> {
    let before = payments::load(connection, operation.payment)?.ok_or(StoreError::Gone)?;
    let mut applied = change::consider(&before, news, when);
    tell(&mut applied.payment);
    change::write(connection, &before, applied, when)
}

/// *Not executed* would free the keys: it does not stand where verified news has told that it was executed. The
/// provider is asked then, and until it has answered the end is *unknown* (rule 1).
pub(super) fn unless_contradicted(settled: Settled, operation: &Operation, payment: &Payment) -> Settled {
    let of_this = payment.refunds.iter().find(|refund| refund.operation == Some(operation.key));
    let agrees = match operation.kind {
        Kind::Pay => payment.state == PaymentState::NotExecuted,
        Kind::Refund => of_this.is_none_or(|refund| refund.state == RefundState::NotExecuted),
    };
    if settled == Settled::NotExecuted && !agrees { Settled::Unknown } else { settled }
}

/// What the merchant was told first stays (rule 5).
fn tell(payment: &mut Payment, operation: &Operation, finish: &Finish) {
    if payment.told.is_none() {
        payment.told.clone_from(&finish.told_payment_id);
    }
    if operation.kind == Kind::Refund
        && let Some(refund) = payment.refunds.iter_mut().find(|refund| refund.operation == Some(operation.key))
        && refund.told.is_none()
    {
        refund.told.clone_from(&finish.told_refund_id);
    }
}

/// Applies what the plugin emitted. Says whether its payment is known.
fn emit(connection: &Connection, news: &News, when: When, own: &mut Changed) -> Result<bool, StoreError> {
    let external = &own.payment.external;
    let Some(key) = names::find(connection, external, news.action, news.action_id.as_deref(), &news.target)? else {
        return Ok(false);
    };
    let emitted = change::change_by_key(connection, key, news, when)?;
    own.ask |= emitted.ask;
    own.alert = emitted.alert.or(own.alert);
    if emitted.payment.key == own.payment.key {
        own.payment = emitted.payment;
    }
    Ok(true)
}
