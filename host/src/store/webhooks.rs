//! What webhooks tell (rules 24 to 27): verified news is applied once, a hint only says what to ask about, and news of
//! a payment that is not known yet is parked.

use super::change::{self, Changed, When};
use super::{Store, StoreError, names, parked, payments};
use crate::clock::Timestamp;
use crate::model::{DatedEvent, Event, News, Payment, Trust};
use rusqlite::{Connection, params};
use std::time::Duration;

/// As long as a provider is asked about one payment at most once (rule 24).
const A_MOMENT: Duration = Duration::from_secs(10);

/// What one webhook told.
#[derive(Clone, Debug)]
pub struct Receiving {
    /// The present.
    pub now: Timestamp,
    /// The external.
    pub external: String,
    /// How far it proves its sender.
    pub trust: Trust,
    /// What it tells.
    pub events: Vec<DatedEvent>,
    /// Until when news of a payment that is not known waits for it (rule 27).
    pub parked_until: Timestamp,
    /// How long verified events are remembered once applied (rule 26).
    pub events_live: Duration,
    /// When the provider is to be asked next about what is still open and has no time for it.
    pub ask_at: Option<Timestamp>,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Verified, and its payment is known. What cannot be judged before a refund of ours has ended is parked until then.
    Applied(Changed),
    /// Verified, parked for a day, and its payment is taken in now.
    Adopted(Changed),
    /// A hint about this payment: the provider is due to be asked about it.
    Ask(Payment),
    /// Its payment is not known yet.
    Parked,
    /// Verified, and seen before.
    Repeated,
    /// It waited long enough, or too much waits already.
    Dropped,
    /// About a subscription, a charge or a dispute: remembered, and not acted upon.
    NotHandledYet,
}

impl Store {
    /// Takes a webhook's events in: one result for each, in order. When this returns, what they tell is on disk.
    pub async fn receive(&self, receiving: Receiving) -> Result<Vec<Received>, StoreError> {
        if receiving.trust == Trust::Hint
            && let Some(asked_already) = self.parts.readers.read(|connection| without_change(connection, &receiving))?
        {
            return Ok(asked_already);
        }
        self.parts.writer.durable(move |connection| take(connection, &receiving)).await
    }
}

/// The results of hints that change nothing, so that a flood of them never reaches the writer.
fn without_change(connection: &Connection, receiving: &Receiving) -> Result<Option<Vec<Received>>, StoreError> {
    let mut results = Vec::with_capacity(receiving.events.len());
    for event in &receiving.events {
        let Event::Payment(news) = &event.event else {
            results.push(Received::NotHandledYet);
            continue;
        };
        match find(connection, &receiving.external, news)? {
            Some(payment) if is_due(&payment, receiving.now) => results.push(Received::Ask(payment)),
            Some(_) => return Ok(None),
            None if parked::has_room(connection, &receiving.external)? => return Ok(None),
            None => results.push(Received::Dropped),
        }
    }
    Ok(Some(results))
}

fn take(connection: &Connection, receiving: &Receiving) -> Result<Vec<Received>, StoreError> {
    forget_old(connection, receiving.now)?;
    receiving
        .events
        .iter()
        .map(|event| match receiving.trust {
            Trust::Verified => take_verified(connection, receiving, event),
            Trust::Hint => take_hint(connection, receiving, event),
        })
        .collect()
}

fn take_verified(connection: &Connection, receiving: &Receiving, event: &DatedEvent) -> Result<Received, StoreError> {
    let external = &receiving.external;
    if let Some(id) = &event.id
        && was_seen(connection, external, id)?
    {
        return Ok(Received::Repeated);
    }
    let Event::Payment(news) = &event.event else {
        remember(connection, receiving, event)?;
        return Ok(Received::NotHandledYet);
    };
    let news = dated(news, event);
    let Some(payment) = find(connection, external, &news)? else {
        parked::park(connection, receiving, event.id.as_deref(), &news)?;
        return Ok(Received::Parked);
    };
    let when = When { now: receiving.now, ask_at: receiving.ask_at };
    let applied = change::consider(&payment, &news, when);
    if applied.later {
        parked::park(connection, receiving, event.id.as_deref(), &news)?;
    } else {
        remember(connection, receiving, event)?;
    }
    let mut changed = change::write(connection, &payment, applied, when)?;
    parked::catch_up(connection, &mut changed, when)?;
    Ok(Received::Applied(changed))
}

fn take_hint(connection: &Connection, receiving: &Receiving, event: &DatedEvent) -> Result<Received, StoreError> {
    let Event::Payment(news) = &event.event else {
        return Ok(Received::NotHandledYet);
    };
    if let Some(payment) = find(connection, &receiving.external, news)? {
        return Ok(Received::Ask(ask_now(connection, payment, receiving.now)?));
    }
    if !parked::has_room(connection, &receiving.external)? {
        return Ok(Received::Dropped);
    }
    parked::park(connection, receiving, None, &dated(news, event))?;
    Ok(Received::Parked)
}

/// Makes a payment due to be asked for, so that a crash does not lose the hint.
pub(super) fn ask_now(connection: &Connection, mut payment: Payment, now: Timestamp) -> rusqlite::Result<Payment> {
    if !is_due(&payment, now) {
        payment.ask_at = Some(now);
        connection
            .prepare_cached("UPDATE payments SET ask_at = ? WHERE key = ?")?
            .execute(params![payment.ask_at, payment.key])?;
    }
    Ok(payment)
}

/// Due now or in a moment: then one more hint changes nothing, so that a flood of them never reaches the writer.
fn is_due(payment: &Payment, now: Timestamp) -> bool {
    payment.ask_at.is_some_and(|at| at <= now.plus(A_MOMENT))
}

pub(super) fn find(connection: &Connection, external: &str, news: &News) -> Result<Option<Payment>, StoreError> {
    let key = names::find(connection, external, news.action, news.action_id.as_deref(), &news.target)?;
    Ok(key.map(|key| payments::load(connection, key)).transpose()?.flatten())
}

/// The event's time stands for its news's where that has none.
fn dated(news: &News, event: &DatedEvent) -> News {
    News { occurred_at: news.occurred_at.or(event.occurred_at), ..news.clone() }
}

/// Seen: applied within the time that events are remembered, or parked.
fn was_seen(connection: &Connection, external: &str, id: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM webhook_events WHERE external = ? AND event_id = ?)")?
        .query_row([external, id], |row| row.get(0))
}

fn remember(connection: &Connection, receiving: &Receiving, event: &DatedEvent) -> rusqlite::Result<()> {
    let Some(id) = &event.id else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO webhook_events (external, event_id, verified, received_at, forget_at) VALUES (?, ?, 1, ?, ?)",
        )?
        .execute(params![receiving.external, id, receiving.now, receiving.now.plus(receiving.events_live)])?;
    Ok(())
}

/// A few of the oldest each time: as many go as come.
fn forget_old(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM webhook_events
             WHERE key IN (SELECT key FROM webhook_events ORDER BY key LIMIT 16) AND news IS NULL AND forget_at <= ?",
        )?
        .execute([now])?;
    Ok(())
}
