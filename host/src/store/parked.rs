//! News of payments that nobody knows yet: it waits for them, because it may overtake our own commit (rule 27). So does
//! news of a refund that may be one of ours, until ours has its name or its end.

use super::change::{Changed, When};
use super::columns::{Columns, Json, Unsigned};
use super::database::{self, Connection, OptionalExtension, Row, params};
use super::events::{self, Finding};
use super::news_json::KeptEvent;
use super::webhooks::{Received, Receiving};
use super::{Store, StoreError, adopt, charges, names, subscription_change, subscriptions};
use crate::clock::Timestamp;
use crate::model::{AskAt, Event, News, Payment, Subscription, Trust};
use std::time::Duration;

/// Hints that an external may have waiting: anybody can send them.
const PARKED_HINTS: i64 = 1000;

/// Parked news looked at in one command.
const AT_ONCE: usize = 100;

/// What became of news that was parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unparked {
    /// Its external.
    pub external: String,
    /// What became of it.
    pub received: Received,
}

/// A row of parked news.
struct Parked {
    key: i64,
    external: String,
    verified: bool,
    until: Timestamp,
    event: Event,
}

impl Store {
    /// Looks at parked news again: applies what finds its payment, and ends what has waited long enough: verified news
    /// is adopted where it says enough, hints are dropped. [`Store::finish`] does the same for its own payment.
    pub async fn unpark(&self, now: Timestamp, ask_at: AskAt) -> Result<Vec<Unparked>, StoreError> {
        let when = When { now, ask_at };
        let ready = self.parts.readers.read(move |connection| ready(connection, when)).await?;
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        self.parts.writer.durable(move |connection| end_all(connection, &ready, when)).await
    }
}

/// Parks an event under every name that it goes by.
pub(super) fn park(
    connection: &Connection,
    receiving: &Receiving,
    event_id: Option<&str>,
    event: &Event,
) -> database::Result<()> {
    let key = connection
        .prepare_cached(
            "INSERT INTO webhook_events (external, event_id, verified, received_at, news, parked_until, lives_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .insert(params![
            receiving.external,
            event_id,
            receiving.trust == Trust::Verified,
            receiving.now,
            Json(KeptEvent::of(event)),
            receiving.parked_until,
            Unsigned(u64::try_from(receiving.events_live.as_millis()).unwrap_or(u64::MAX)),
        ])?;
    let mut statement = connection
        .prepare_cached("INSERT INTO parked_names (external, name, event) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")?;
    for name in events::names_of(event) {
        statement.execute(params![receiving.external, name, key])?;
    }
    Ok(())
}

/// Parks news that cannot be judged before something of ours has its name or its end; once, however often it is brought.
pub(super) fn park_until_named(
    connection: &Connection,
    external: &str,
    news: &News,
    when: When,
) -> database::Result<()> {
    let event = Event::Payment(news.clone());
    let waits: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM webhook_events
                            WHERE external = ? AND verified = 1 AND news IS NOT NULL AND news = ?)",
        )?
        .query_row(params![external, Json(KeptEvent::of(&event))], |row| row.get(0))?;
    if waits {
        return Ok(());
    }
    let receiving = Receiving {
        now: when.now,
        external: external.to_owned(),
        trust: Trust::Verified,
        events: Vec::new(),
        parked_until: when.now,
        events_live: Duration::ZERO,
        ask_at: when.ask_at,
    };
    park(connection, &receiving, None, &event)
}

/// Whether another hint may be parked.
pub(super) fn has_room(connection: &Connection, external: &str) -> database::Result<bool> {
    let parked: i64 = connection
        .prepare_cached("SELECT count(*) FROM webhook_events WHERE external = ? AND verified = 0 AND news IS NOT NULL")?
        .query_row([external], |row| row.get(0))?;
    Ok(parked < PARKED_HINTS)
}

/// Applies news that waited for this payment, in the transaction in which it learnt its names.
pub(super) fn catch_up(connection: &Connection, changed: &mut Changed, when: When) -> Result<(), StoreError> {
    if is_empty(connection)? {
        return Ok(());
    }
    // Applied news may bring names under which more is parked.
    while let Some(parked) = next_of_payment(connection, &changed.payment, when)? {
        match end(connection, &parked, when)? {
            Some(Received::Applied(newer)) => {
                changed.written |= newer.written;
                changed.ask |= newer.ask;
                changed.follow_up |= newer.follow_up;
                changed.alert = newer.alert.or(changed.alert);
                changed.payment = newer.payment;
            }
            Some(Received::Ask(payment)) => {
                changed.ask = true;
                changed.payment = payment;
            }
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// The same for a subscription, and for charges of it.
pub(super) fn catch_up_subscription(
    connection: &Connection,
    subscription: &mut Subscription,
    when: When,
) -> Result<(), StoreError> {
    if is_empty(connection)? {
        return Ok(());
    }
    while let Some(parked) = next_of_subscription(connection, subscription, when)? {
        match end(connection, &parked, when)? {
            Some(Received::SubscriptionApplied(newer)) => *subscription = newer.subscription,
            Some(Received::AskSubscription(newer)) => *subscription = newer,
            Some(_) => {}
            None => return Ok(()),
        }
    }
    Ok(())
}

fn is_empty(connection: &Connection) -> database::Result<bool> {
    connection.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM parked_names)")?.query_row([], |row| row.get(0))
}

/// The oldest parked news that finds this payment and can be applied to it: so each is taken at most once.
fn next_of_payment(connection: &Connection, payment: &Payment, when: When) -> Result<Option<Parked>, StoreError> {
    let actions = payment.refunds.iter().map(|refund| &refund.reference.0);
    let references = actions.chain(payment.captures.iter().map(|capture| &capture.reference.0));
    let own = names::of(payment).map(|(_, name)| name).chain(references).chain([&payment.reference.0]);
    let names = own.chain(&payment.shop_transaction_id);
    let is_it = |finding: &Finding| matches!(finding, Finding::Payment(found) if found.key == payment.key);
    next_of(connection, &payment.external, names, is_it, when)
}

fn next_of_subscription(
    connection: &Connection,
    subscription: &Subscription,
    when: When,
) -> Result<Option<Parked>, StoreError> {
    let names = subscription.tokens.iter().chain(&subscription.told).chain([&subscription.reference.0]);
    let is_it = |finding: &Finding| matches!(finding, Finding::Subscription(key) | Finding::Charge(key) if *key == subscription.key);
    next_of(connection, &subscription.external, names, is_it, when)
}

fn next_of<'a>(
    connection: &Connection,
    external: &str,
    names: impl Iterator<Item = &'a String>,
    is_it: impl Fn(&Finding) -> bool,
    when: When,
) -> Result<Option<Parked>, StoreError> {
    let mut by_name = connection.prepare_cached("SELECT event FROM parked_names WHERE external = ? AND name = ?")?;
    let mut keys = Vec::new();
    for name in names {
        for key in by_name.query_map([external, name], |row| row.get::<i64>(0))? {
            keys.push(key?);
        }
    }
    keys.sort_unstable();
    for key in keys {
        if let Some(parked) = load(connection, key)?
            && is_it(&find(connection, &parked, when)?)
        {
            return Ok(Some(parked));
        }
    }
    Ok(None)
}

/// Parked news that has found its payment and can be applied, or waited long enough for one.
fn ready(connection: &Connection, when: When) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT key, external, verified, parked_until, news FROM webhook_events INDEXED BY webhook_events_parked
         WHERE news IS NOT NULL ORDER BY key",
    )?;
    let mut ready = Vec::new();
    for parked in statement.query_map([], read)? {
        let parked = parked?;
        let is_ready = match find(connection, &parked, when)? {
            Finding::Payment(_) | Finding::Subscription(_) | Finding::Charge(_) => true,
            Finding::Later(_) => false,
            Finding::Nothing | Finding::LaterCharge(_) => parked.until <= when.now,
        };
        if is_ready {
            ready.push(parked.key);
        }
        if ready.len() == AT_ONCE {
            break;
        }
    }
    Ok(ready)
}

fn end_all(connection: &Connection, events: &[i64], when: When) -> Result<Vec<Unparked>, StoreError> {
    let mut results = Vec::new();
    for event in events {
        if let Some(parked) = load(connection, *event)?
            && let Some(received) = end(connection, &parked, when)?
        {
            results.push(Unparked { external: parked.external, received });
        }
    }
    Ok(results)
}

/// Ends the waiting where it is over; none: it goes on.
fn end(connection: &Connection, parked: &Parked, when: When) -> Result<Option<Received>, StoreError> {
    let finding = find(connection, parked, when)?;
    let over = parked.until <= when.now;
    let received = match finding {
        Finding::Later(_) => return Ok(None),
        Finding::Nothing | Finding::LaterCharge(_) if !over => return Ok(None),
        Finding::Nothing if parked.verified => match adopt(connection, parked, when)? {
            Some(received) => received,
            None => return Ok(None),
        },
        Finding::Nothing => Received::Dropped,
        found if parked.verified => {
            // First, so that what is applied does not find it again.
            forget_news(connection, parked.key, when.now)?;
            return events::apply(connection, &parked.event, found, when).map(Some);
        }
        found => events::ask(connection, found, when.now)?.unwrap_or(Received::Dropped),
    };
    forget_news(connection, parked.key, when.now)?;
    Ok(Some(received))
}

/// What nobody has known for so long was made elsewhere; none: it may still be taken in.
fn adopt(connection: &Connection, parked: &Parked, when: When) -> Result<Option<Received>, StoreError> {
    let external = &parked.external;
    Ok(match &parked.event {
        Event::Payment(news) => match adopt::adopt(connection, external, news, when)? {
            Some(changed) => Some(Received::Adopted(changed)),
            None if adopt::may_later(connection, external, news)? => None,
            None => Some(Received::Dropped),
        },
        Event::Dispute(dispute) => match adopt::adopt_disputed(connection, external, dispute, when)? {
            Some(changed) => Some(Received::Adopted(changed)),
            None if adopt::disputed_may_later(connection, external, dispute)? => None,
            None => Some(Received::Dropped),
        },
        Event::Subscription(news) if !news.tokens.is_empty() => {
            Some(Received::SubscriptionApplied(subscription_change::adopt(connection, external, news, when)?))
        }
        Event::Charge(charge) if !charge.tokens.is_empty() => {
            let subscription = subscriptions::adopt(connection, external, &charge.tokens, when.now)?;
            Some(Received::Adopted(charges::make(connection, subscription.key, charge, when)?))
        }
        _ => Some(Received::Dropped),
    })
}

fn find(connection: &Connection, parked: &Parked, when: When) -> Result<Finding, StoreError> {
    let trust = if parked.verified { Trust::Verified } else { Trust::Hint };
    events::seek(connection, &parked.external, &parked.event, trust, when)
}

/// From now on the event is only remembered, so that a repeat is dropped (rule 26); without an id, it is not.
fn forget_news(connection: &Connection, event: i64, now: Timestamp) -> database::Result<()> {
    connection.prepare_cached("DELETE FROM parked_names WHERE event = ?")?.execute([event])?;
    connection
        .prepare_cached("UPDATE webhook_events SET news = NULL, forget_at = ? + lives_ms WHERE key = ?")?
        .execute(params![now, event])?;
    connection.prepare_cached("DELETE FROM webhook_events WHERE key = ? AND event_id IS NULL")?.execute([event])?;
    Ok(())
}

fn load(connection: &Connection, event: i64) -> database::Result<Option<Parked>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, external, verified, parked_until, news FROM webhook_events WHERE key = ? AND news IS NOT NULL",
    )?;
    statement.query_row([event], read).optional()
}

fn read(row: &Row<'_>) -> database::Result<Parked> {
    let mut columns = Columns::of(row);
    Ok(Parked {
        key: columns.next()?,
        external: columns.next()?,
        verified: columns.next()?,
        until: columns.next()?,
        event: columns.next::<Json<KeptEvent>>()?.0.into(),
    })
}
