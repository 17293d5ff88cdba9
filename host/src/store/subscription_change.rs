//! The one way by which news changes a subscription on disk: `apply_to_subscription` decides, this writes all that
//! follows from it.

use super::change::When;
use super::database::{self, Connection, params};
use super::{Store, StoreError, callbacks, subscriptions};
use crate::clock::Timestamp;
use crate::model::{
    AppliedToSubscription, AskAt, Changes, Subscription, SubscriptionKey, SubscriptionNews, UNDECIDED,
    apply_to_subscription, without_reason,
};
use std::sync::Arc;

/// What news made of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionChanged {
    /// The subscription as it is now.
    pub subscription: Subscription,
    /// Whether anything was written.
    pub written: bool,
    /// The news contradicts what is known, or is older than it: the provider must be asked.
    pub ask: bool,
    /// What a person should be alerted to, as a metric's label.
    pub alert: Option<&'static str>,
}

impl Store {
    /// The subscription that a token belongs to: told, the provider's, or the host's own.
    pub async fn subscription(&self, external: &str, token: &str) -> Result<Option<Subscription>, StoreError> {
        let (external, token) = (external.to_owned(), token.to_owned());
        let find = move |connection: &Connection| {
            let key = subscriptions::owner(connection, &external, &token)?;
            Ok(key.map(|key| subscriptions::load(connection, key)).transpose()?.flatten())
        };
        self.parts.readers.read(find).await
    }

    /// Takes in what the provider said when it was asked about this very subscription, as it stood then. Where it has
    /// changed since, an older answer undoes nothing: the provider is asked once more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`]: there is no such subscription.
    pub async fn report_on_subscription(
        &self,
        asked: &Subscription,
        news: SubscriptionNews,
        now: Timestamp,
        ask_at: AskAt,
    ) -> Result<SubscriptionChanged, StoreError> {
        let (key, sequence, when) = (asked.key, asked.sequence, When { now, ask_at });
        let news = Arc::new(news);
        let looked_at = Arc::clone(&news);
        let look = move |connection: &Connection| {
            let before = subscriptions::load(connection, key)?.ok_or(StoreError::Gone)?;
            let applied = apply_to_subscription(&before, &looked_at, now);
            let AppliedToSubscription { ask, alert, .. } = applied;
            let changed = applied.differs_from(&before);
            Ok((!changed).then_some(SubscriptionChanged { subscription: before, written: false, ask, alert }))
        };
        if let Some(nothing_new) = self.parts.readers.read(look).await? {
            return Ok(nothing_new);
        }
        let take = move |connection: &Connection| {
            let before = subscriptions::load(connection, key)?.ok_or(StoreError::Gone)?;
            let applied = apply_to_subscription(&before, &news, now);
            let outdated = before.sequence != sequence && applied.undoes(&before);
            let applied = if outdated { AppliedToSubscription::question(&before, now) } else { applied };
            write(connection, &before, applied, when)
        };
        self.parts.writer.durable(take).await
    }

    /// Takes in a subscription that was made elsewhere and of which the provider told (rule 5).
    pub async fn adopt_subscription(
        &self,
        external: String,
        news: SubscriptionNews,
        now: Timestamp,
        ask_at: AskAt,
    ) -> Result<SubscriptionChanged, StoreError> {
        let when = When { now, ask_at };
        let take = move |connection: &Connection| adopt(connection, &external, &news, when);
        self.parts.writer.durable(take).await
    }

    /// Whether a call that was to end this subscription got no answer.
    pub async fn an_end_was_lost(&self, subscription: SubscriptionKey) -> Result<bool, StoreError> {
        let was_lost = move |connection: &Connection| {
            let mut lost = connection.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM operations
                                WHERE subscription = ? AND kind = 'expire' AND outcome = 'unknown')",
            )?;
            Ok(lost.query_row([subscription], |row| row.get(0))?)
        };
        self.parts.readers.read(was_lost).await
    }
}

pub(super) fn set_ask(
    connection: &Connection,
    subscription: SubscriptionKey,
    at: Option<Timestamp>,
) -> database::Result<()> {
    connection
        .prepare_cached("UPDATE subscriptions SET ask_at = ? WHERE key = ?")?
        .execute(params![at, subscription])?;
    Ok(())
}

/// Where it stands is to be asked for from the beginning.
pub(super) fn ask_anew(
    connection: &Connection,
    subscription: SubscriptionKey,
    at: Timestamp,
    now: Timestamp,
) -> database::Result<()> {
    connection
        .prepare_cached("UPDATE subscriptions SET ask_at = ?, asks = 0, open_since = ? WHERE key = ?")?
        .execute(params![at, now, subscription])?;
    Ok(())
}

pub(super) fn adopt(
    connection: &Connection,
    external: &str,
    news: &SubscriptionNews,
    when: When,
) -> Result<SubscriptionChanged, StoreError> {
    let known = subscriptions::find(connection, external, &news.tokens, news.host_reference.as_deref())?;
    let key = match known {
        Some(key) => key,
        None => subscriptions::adopt(connection, external, &news.tokens, when.now)?.key,
    };
    change(connection, key, news, when)
}

/// Applies news to the subscription that has this key, and writes what came of it.
pub(super) fn change(
    connection: &Connection,
    key: SubscriptionKey,
    news: &SubscriptionNews,
    when: When,
) -> Result<SubscriptionChanged, StoreError> {
    let before = subscriptions::load(connection, key)?.ok_or(StoreError::Gone)?;
    let applied = apply_to_subscription(&before, news, when.now);
    write(connection, &before, applied, when)
}

/// Writes what an update changed, once the provider has taken it.
pub(super) fn update(
    connection: &Connection,
    key: SubscriptionKey,
    changes: &Changes,
    now: Timestamp,
) -> Result<Subscription, StoreError> {
    let before = subscriptions::load(connection, key)?.ok_or(StoreError::Gone)?;
    let after = Subscription { updated_at: now, ..changes.of(&before) };
    subscriptions::update(connection, &after)?;
    Ok(after)
}

/// Writes an applied change: the subscription, its names, its callback.
pub(super) fn write(
    connection: &Connection,
    before: &Subscription,
    mut applied: AppliedToSubscription,
    when: When,
) -> Result<SubscriptionChanged, StoreError> {
    let written = applied.differs_from(before);
    if written {
        take_names(connection, before, &mut applied)?;
        plan_questions(before, &mut applied, when);
        applied.subscription.sequence += u64::from(applied.callback.is_some());
        subscriptions::update(connection, &applied.subscription)?;
        if let Some(kind) = applied.callback {
            callbacks::enqueue_subscription(connection, &applied.subscription, kind, when.now)?;
        }
        if before.state != applied.subscription.state {
            ask_about_unknown_payments(connection, before.key, when.now)?;
        }
    }
    let AppliedToSubscription { subscription, ask, alert, .. } = applied;
    Ok(SubscriptionChanged { subscription, written, ask, alert })
}

/// Questions begin anew where it stands in another way, and end where nothing is open (rule 6).
fn plan_questions(before: &Subscription, applied: &mut AppliedToSubscription, when: When) {
    let subscription = &mut applied.subscription;
    if before.standing() == subscription.standing() {
        return;
    }
    let first = subscription.standing().map(|standing| when.ask_at.of(standing));
    if first.is_none() {
        subscription.review = without_reason(subscription.review.as_deref(), UNDECIDED);
    }
    let at_once = applied.ask.then_some(when.now);
    (subscription.ask_at, subscription.asks, subscription.open_since) = (at_once.or(first), 0, Some(when.now));
}

/// Where a subscription has come to stand says what its unknown payment can be: the provider is asked again.
fn ask_about_unknown_payments(
    connection: &Connection,
    subscription: SubscriptionKey,
    now: Timestamp,
) -> database::Result<()> {
    connection
        .prepare_cached("UPDATE payments SET ask_at = ? WHERE subscription = ? AND state = 'unknown'")?
        .execute(params![now, subscription])?;
    Ok(())
}

/// Registers the tokens that are new. One that an adopted subscription has makes the two one; any other stays where it
/// is, and a person is told.
fn take_names(
    connection: &Connection,
    before: &Subscription,
    applied: &mut AppliedToSubscription,
) -> Result<(), StoreError> {
    let after = &applied.subscription;
    let told = after.told.iter().filter(|told| **told != after.reference.0 && before.told.is_none());
    for token in after.tokens.iter().filter(|token| !before.tokens.contains(token)).chain(told) {
        let Some(other) = subscriptions::name(connection, after, token)? else {
            continue;
        };
        if !subscriptions::absorb(connection, after, other)? {
            applied.alert = Some("name_shared");
        }
    }
    Ok(())
}
