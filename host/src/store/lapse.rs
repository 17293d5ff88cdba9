//! What becomes of operations whose host stopped: *unknown* where something may have left, else *not executed* (rule 3).

use super::change::{Changed, When};
use super::database::{self, Connection};
use super::{Store, StoreError, finish, follow_ups, operations, parked, repeat, subscription_change, subscriptions};
use crate::clock::Timestamp;
use crate::model::{
    Action, AskAt, Kind, News, NewsState, Operation, OperationKey, Payment, Phase, Reference, Settled, Source,
    SubscriptionNews, SubscriptionState, Target, apply_to_subscription,
};
use std::collections::HashSet;
use std::sync::Arc;

/// An operation that was ended because its lease had lapsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapsed {
    /// The operation.
    pub operation: Operation,
    /// [`Settled::Unknown`] or [`Settled::NotExecuted`].
    pub settled: Settled,
    /// Its payment, and what to do about it.
    pub changed: Option<Changed>,
    /// It was what a plugin had asked for, and was tried often enough: a person must look.
    pub given_up: bool,
}

impl Store {
    /// Ends the operations whose lease has lapsed, but for those that run in this process: the clock has jumped. Those that
    /// are unknown now are due to be asked for at once.
    pub async fn lapse(&self, now: Timestamp, running: HashSet<Reference>) -> Result<Vec<Lapsed>, StoreError> {
        self.lapse_until(now, now, running).await
    }

    /// At start, ends every operation that is not finished, because who ran them is gone. Other hosts that share the
    /// store may run them still: then only those whose lease has lapsed.
    pub async fn lapse_all(&self, now: Timestamp) -> Result<Vec<Lapsed>, StoreError> {
        let until = if self.is_shared() { now } else { Timestamp(u64::MAX) };
        self.lapse_until(until, now, HashSet::new()).await
    }

    async fn lapse_until(
        &self,
        until: Timestamp,
        now: Timestamp,
        running: HashSet<Reference>,
    ) -> Result<Vec<Lapsed>, StoreError> {
        let running = Arc::new(running);
        let here = Arc::clone(&running);
        if self.parts.readers.read(move |connection| Ok(lapsed(connection, until, &here)?)).await?.is_empty() {
            return Ok(Vec::new());
        }
        let end_all = move |connection: &Connection| {
            lapsed(connection, until, &running)?.into_iter().map(|key| end(connection, key, now)).collect()
        };
        self.parts.writer.durable(end_all).await
    }
}

fn lapsed(
    connection: &Connection,
    until: Timestamp,
    running: &HashSet<Reference>,
) -> database::Result<Vec<OperationKey>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, reference FROM operations INDEXED BY operations_open WHERE phase <> 'finished' AND lease_until <= ?
         ORDER BY lease_until, key",
    )?;
    let found = statement.query_map([until], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found = found.collect::<database::Result<Vec<(OperationKey, Reference)>>>()?;
    Ok(found.into_iter().filter(|(_, reference)| !running.contains(reference)).map(|(key, _)| key).collect())
}

fn end(connection: &Connection, key: OperationKey, now: Timestamp) -> Result<Lapsed, StoreError> {
    let operation = operations::load(connection, key)?.ok_or(StoreError::Gone)?.operation;
    let settled = match operation.phase {
        Phase::Sent => Settled::Unknown,
        Phase::Started | Phase::Finished => Settled::NotExecuted,
    };
    let when = When { now, ask_at: AskAt::once(now) };
    let mut began = None;
    if operation.kind.makes_subscription() {
        began = end_subscription(connection, &operation, settled, when)?;
    }
    let settled = finish::unless_begun(settled, &operation, began);
    let news = operation.kind.action().map(|action| news_of(&operation, action, settled));
    let mut changed = match news {
        Some(news) => finish::settle(connection, &operation, &news, when, |payment| {
            if settled == Settled::Unknown {
                tell(payment, key);
            }
        })?,
        None => None,
    };
    let settled = match &changed {
        Some(changed) => finish::unless_contradicted(settled, &operation, &changed.payment),
        None => settled,
    };
    if settled == Settled::Unknown {
        finish::ask_about_what_was_lost(connection, &operation, when)?;
    }
    operations::finish(connection, &operation, settled, None, now)?;
    let given_up = settled == Settled::NotExecuted && follow_ups::give_back(connection, key, now)?;
    if let Some(changed) = &mut changed {
        parked::catch_up(connection, changed, when)?;
        // News may have decided it while its call ran.
        repeat::forget_decided(connection, &changed.payment)?;
    }
    Ok(Lapsed { operation, settled, changed, given_up })
}

/// What an operation that makes no payment of its own leaves open is the payment's to tell.
fn news_of(operation: &Operation, action: Action, settled: Settled) -> News {
    let state = match settled {
        Settled::NotExecuted if operation.kind != Kind::Resume => NewsState::NotExecuted,
        _ => NewsState::Unknown,
    };
    let target = Target { host_reference: Some(operation.reference.0.clone()), ..Target::default() };
    News::new(Source::Answer, target, action, state)
}

fn end_subscription(
    connection: &Connection,
    operation: &Operation,
    settled: Settled,
    when: When,
) -> Result<Option<SubscriptionState>, StoreError> {
    let Some(key) = operation.subscription else {
        return Ok(None);
    };
    let state = match settled {
        Settled::Unknown => SubscriptionState::Unknown,
        _ => SubscriptionState::NotExecuted,
    };
    let before = subscriptions::load(connection, key)?.ok_or(StoreError::Gone)?;
    let news = SubscriptionNews::new(Source::Answer, Some(operation.reference.0.clone()), state);
    let mut applied = apply_to_subscription(&before, &news, when.now);
    if settled == Settled::Unknown && applied.subscription.told.is_none() {
        applied.subscription.told = Some(applied.subscription.shown_token().to_owned());
    }
    let changed = subscription_change::write(connection, &before, applied, when)?;
    Ok(Some(changed.subscription.state))
}

/// The callback is the first that the merchant hears: the id that it carries stays valid for ever (rule 5).
fn tell(payment: &mut Payment, operation: OperationKey) {
    if payment.told.is_none() {
        payment.told = Some(payment.shown_id().to_owned());
    }
    let refund = payment.refunds.iter_mut().find(|refund| refund.operation == Some(operation));
    if let Some(refund) = refund.filter(|refund| refund.told.is_none()) {
        refund.told = Some(refund.shown_id().to_owned());
    }
}
