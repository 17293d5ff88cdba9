//! The end of an operation: outcome, payment, subscription, names, callbacks, answer and keys, in one transaction
//! (rules 4, 19, 29).

use super::change::{self, Changed, When};
use super::database::{self, Connection};
use super::subscription_change::{self, SubscriptionChanged};
use super::webhooks::{self, Received, Receiving};
use super::{Store, StoreError, follow_ups, operations, parked, payments, repeat, subscriptions};
use crate::clock::Timestamp;
use crate::model::{
    ActionState, Answer, AskAt, Changes, DatedEvent, Event, Kind, News, NewsState, Operation, OperationKey, Payment,
    PaymentState, Settled, SubscriptionNews, SubscriptionState, Trust,
};
use std::time::Duration;

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
    /// The same as news for its payment, from [`crate::model::Source::Answer`]; none where it belongs to none.
    pub news: Option<News>,
    /// The same as news for its subscription; none where it says nothing of one.
    pub subscription_news: Option<SubscriptionNews>,
    /// What an update changed, where the provider has taken it.
    pub changes: Option<Changes>,
    /// What the plugin emitted; each is applied to the payment or subscription that it names.
    pub emitted: Vec<Event>,
    /// The ids that the caller is told.
    pub told: Told,
    /// What the caller is answered; none where it is not kept (rule 19).
    pub answer: Option<Answer>,
    /// What the caller is answered, and what is kept, should it end as *not executed* here while verified news says
    /// that it was executed (rule 1).
    pub answer_if_contradicted: Option<Answer>,
    /// Until when emits about what is not known wait for it (rule 27).
    pub parked_until: Timestamp,
    /// When the provider is to be asked first about what is left open (rule 6).
    pub ask_at: AskAt,
    /// It had ended as unknown, and was made again (rule 8): its answer is kept as it was given.
    pub again: bool,
}

/// What the merchant is told for the first time stays for ever (rule 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The payment's id.
    pub payment_id: Option<String>,
    /// The refund's id.
    pub refund_id: Option<String>,
    /// The subscription's token.
    pub subscription_token: Option<String>,
}

/// What became of what an operation belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The payment, and what to do about it.
    pub changed: Option<Changed>,
    /// The subscription, and what to do about it.
    pub subscription: Option<SubscriptionChanged>,
    /// Its outcome as it was written.
    pub settled: Settled,
    /// What became of each emit.
    pub emitted: Vec<Received>,
    /// It was what a plugin had asked for, and was tried often enough: a person must look.
    pub given_up: bool,
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
    let held = if finish.again { operations::held_again } else { operations::held };
    let operation = held(connection, finish.operation, finish.fence)?;
    let when = When { now: finish.now, ask_at: finish.ask_at };
    // The subscription first: its callback goes before that of its first payment.
    let mut subscription = end_subscription(connection, &operation, finish, when)?;
    let began = subscription.as_ref().map(|changed| changed.subscription.state);
    let settled = unless_begun(finish.settled, &operation, began);
    let mut changed = match &finish.news {
        Some(news) => {
            let news = doubted(news, settled != finish.settled);
            settle(connection, &operation, &news, when, |payment| tell(payment, &operation, finish))?
        }
        None => None,
    };
    let settled = match &changed {
        Some(changed) => unless_contradicted(settled, &operation, &changed.payment),
        None => settled,
    };
    if settled == Settled::Unknown {
        ask_about_what_was_lost(connection, &operation, when)?;
    }
    let answer = if settled == finish.settled { &finish.answer } else { &finish.answer_if_contradicted };
    match finish.again {
        true => operations::finish_again(connection, operation.key, settled)?,
        false => operations::finish(connection, &operation, settled, answer.as_ref(), finish.now)?,
    }
    let given_up = settled == Settled::NotExecuted && follow_ups::give_back(connection, operation.key, finish.now)?;
    let emitted = take_emits(connection, &operation, finish, changed.as_mut(), subscription.as_mut())?;
    if let Some(changed) = &mut changed {
        parked::catch_up(connection, changed, when)?;
        // News may have decided it while its call ran.
        if settled == Settled::Unknown {
            repeat::forget_decided(connection, &changed.payment)?;
        }
    }
    if let Some(subscription) = &mut subscription {
        parked::catch_up_subscription(connection, &mut subscription.subscription, when)?;
    }
    Ok(Finished { changed, subscription, settled, emitted, given_up })
}

/// What has no state of its own left no trace on what it was done to: where that stands can be asked.
pub(super) fn ask_about_what_was_lost(
    connection: &Connection,
    operation: &Operation,
    when: When,
) -> database::Result<()> {
    match (operation.kind, operation.payment, operation.subscription) {
        (Kind::Resume, Some(payment), _) => payments::ask_anew(connection, payment, when.ask_at.unknown, when.now),
        (Kind::Update | Kind::Expire, _, Some(subscription)) => {
            subscription_change::ask_anew(connection, subscription, when.ask_at.unknown, when.now)
        }
        _ => Ok(()),
    }
}

/// Applies an operation's end to its payment; `tell` fixes what the merchant is told, before callbacks are made of it.
pub(super) fn settle(
    connection: &Connection,
    operation: &Operation,
    news: &News,
    when: When,
    tell: impl FnOnce(&mut Payment),
) -> Result<Option<Changed>, StoreError> {
    let Some(key) = operation.payment else {
        return Ok(None);
    };
    let before = payments::load(connection, key)?.ok_or(StoreError::Gone)?;
    let mut applied = change::consider(&before, news, when);
    tell(&mut applied.payment);
    change::write(connection, &before, applied, when).map(Some)
}

/// Applies an operation's end to its subscription.
fn end_subscription(
    connection: &Connection,
    operation: &Operation,
    finish: &Finish,
    when: When,
) -> Result<Option<SubscriptionChanged>, StoreError> {
    let Some(key) = operation.subscription else {
        return Ok(None);
    };
    if let Some(changes) = &finish.changes {
        subscription_change::update(connection, key, changes, finish.now)?;
    }
    let before = subscriptions::load(connection, key)?.ok_or(StoreError::Gone)?;
    let Some(news) = finish.subscription_news.as_ref().filter(|_| !ended_again(operation, &before)) else {
        return Ok(None);
    };
    let mut applied = crate::model::apply_to_subscription(&before, news, when.now);
    if applied.subscription.told.is_none() {
        applied.subscription.told.clone_from(&finish.told.subscription_token);
    }
    subscription_change::write(connection, &before, applied, when).map(Some)
}

/// One that is over stays as it is over, however often it is ended.
fn ended_again(operation: &Operation, subscription: &crate::model::Subscription) -> bool {
    operation.kind == Kind::Expire && subscription.state.is_over()
}

/// *Not executed* would free the keys: it does not stand where verified news has told that it was executed. The
/// provider is asked then, and until it has answered the end is *unknown* (rule 1).
pub(super) fn unless_contradicted(settled: Settled, operation: &Operation, payment: &Payment) -> Settled {
    let refund = payment.refunds.iter().find(|refund| refund.operation == Some(operation.key));
    let capture = payment.captures.iter().find(|capture| capture.operation == Some(operation.key));
    let undone = |state: ActionState| state == ActionState::NotExecuted;
    let agrees = match operation.kind {
        Kind::Refund => refund.is_none_or(|refund| undone(refund.state)),
        Kind::Capture | Kind::Void => capture.is_none_or(|capture| undone(capture.state)),
        kind if kind.makes_payment() => payment.state == PaymentState::NotExecuted,
        _ => true,
    };
    if settled == Settled::NotExecuted && !agrees { Settled::Unknown } else { settled }
}

/// The same for what began a subscription: *not executed* does not stand where verified news has told of it.
pub(super) fn unless_begun(settled: Settled, operation: &Operation, state: Option<SubscriptionState>) -> Settled {
    let begun =
        operation.kind.makes_subscription() && state.is_some_and(|state| state != SubscriptionState::NotExecuted);
    if settled == Settled::NotExecuted && begun { Settled::Unknown } else { settled }
}

/// The news of an end that does not stand.
pub(super) fn doubted(news: &News, doubtful: bool) -> News {
    let state = if doubtful { NewsState::Unknown } else { news.state.clone() };
    News { state, ..news.clone() }
}

/// What the merchant was told first stays (rule 5).
fn tell(payment: &mut Payment, operation: &Operation, finish: &Finish) {
    if payment.told.is_none() {
        payment.told.clone_from(&finish.told.payment_id);
    }
    if let Some(refund) = payment.refunds.iter_mut().find(|refund| refund.operation == Some(operation.key))
        && refund.told.is_none()
    {
        refund.told.clone_from(&finish.told.refund_id);
    }
}

/// Takes in what the plugin emitted: as good as a verified webhook, it waits for what is not known yet.
fn take_emits(
    connection: &Connection,
    operation: &Operation,
    finish: &Finish,
    mut own: Option<&mut Changed>,
    mut own_subscription: Option<&mut SubscriptionChanged>,
) -> Result<Vec<Received>, StoreError> {
    let receiving = Receiving {
        now: finish.now,
        external: operation.external.clone(),
        trust: Trust::Verified,
        events: Vec::new(),
        parked_until: finish.parked_until,
        events_live: Duration::ZERO,
        ask_at: finish.ask_at,
    };
    let mut all = Vec::with_capacity(finish.emitted.len());
    for event in &finish.emitted {
        let dated = DatedEvent { id: None, occurred_at: None, event: event.clone() };
        let received = webhooks::take_verified(connection, &receiving, &dated)?;
        match &received {
            Received::Applied(emitted) | Received::Adopted(emitted) => {
                if let Some(own) = own.as_deref_mut().filter(|own| own.payment.key == emitted.payment.key) {
                    own.payment = emitted.payment.clone();
                }
            }
            Received::SubscriptionApplied(emitted) => {
                let is_own = |own: &&mut SubscriptionChanged| own.subscription.key == emitted.subscription.key;
                if let Some(own) = own_subscription.as_deref_mut().filter(is_own) {
                    own.subscription = emitted.subscription.clone();
                }
            }
            _ => {}
        }
        all.push(received);
    }
    Ok(all)
}
