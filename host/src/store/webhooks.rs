//! What webhooks tell (rules 24 to 27): verified news is applied once, a hint only says what to ask about, and news of
//! a payment that is not known yet is parked.

use super::change::{Changed, When};
use super::database::{self, Connection, params};
use super::events::{self, Finding};
use super::subscription_change::SubscriptionChanged;
use super::{Store, StoreError, parked};
use crate::clock::Timestamp;
use crate::model::{AskAt, DatedEvent, Payment, Subscription, Trust};
use std::sync::Arc;
use std::time::Duration;

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
    /// When the provider is to be asked first about what is left open.
    pub ask_at: AskAt,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Verified, and its payment is known. What cannot be judged before a refund of ours has ended is parked until then.
    Applied(Changed),
    /// Verified, and its payment is taken in now: a charge that the provider made by itself, or parked for a day.
    Adopted(Changed),
    /// Verified, and its subscription is known.
    SubscriptionApplied(SubscriptionChanged),
    /// A hint about this subscription: the provider is due to be asked about it.
    AskSubscription(Subscription),
    /// A hint about this payment: the provider is due to be asked about it.
    Ask(Payment),
    /// Its payment is not known yet.
    Parked,
    /// Verified, and seen before.
    Repeated,
    /// It waited long enough, or too much waits already.
    Dropped,
}

impl Store {
    /// Takes a webhook's events in: one result for each, in order. When this returns, what they tell is on disk.
    pub async fn receive(&self, receiving: Receiving) -> Result<Vec<Received>, StoreError> {
        let receiving = Arc::new(receiving);
        if receiving.trust == Trust::Hint {
            let looked_at = Arc::clone(&receiving);
            let look = move |connection: &Connection| without_change(connection, &looked_at);
            if let Some(asked_already) = self.parts.readers.read(look).await? {
                return Ok(asked_already);
            }
        }
        self.parts.writer.durable(move |connection| take(connection, &receiving)).await
    }
}

/// The results of hints that change nothing, so that a flood of them never reaches the writer.
fn without_change(connection: &Connection, receiving: &Receiving) -> Result<Option<Vec<Received>>, StoreError> {
    let mut results = Vec::with_capacity(receiving.events.len());
    for DatedEvent { event, .. } in &receiving.events {
        match events::seek(connection, &receiving.external, event, Trust::Hint, receiving.when())? {
            Finding::Nothing if parked::has_room(connection, &receiving.external)? => return Ok(None),
            Finding::Nothing => results.push(Received::Dropped),
            found => match events::asked_already(connection, &found, receiving.now)? {
                Some(asked) => results.push(asked),
                None => return Ok(None),
            },
        }
    }
    Ok(Some(results))
}

fn take(connection: &Connection, receiving: &Receiving) -> Result<Vec<Received>, StoreError> {
    receiving
        .events
        .iter()
        .map(|event| match receiving.trust {
            Trust::Verified => take_verified(connection, receiving, event),
            Trust::Hint => take_hint(connection, receiving, event),
        })
        .collect()
}

/// Takes a verified event in. What a plugin emits is as good as one.
pub(super) fn take_verified(
    connection: &Connection,
    receiving: &Receiving,
    dated: &DatedEvent,
) -> Result<Received, StoreError> {
    let (external, when) = (&receiving.external, receiving.when());
    if let Some(id) = &dated.id
        && was_seen(connection, external, id)?
    {
        return Ok(Received::Repeated);
    }
    let event = events::dated(&dated.event, dated.occurred_at);
    let finding = events::seek(connection, external, &event, Trust::Verified, when)?;
    match finding {
        Finding::Nothing | Finding::LaterCharge(_) => {
            parked::park(connection, receiving, dated.id.as_deref(), &event)?;
            return Ok(Received::Parked);
        }
        _ => remember(connection, receiving, dated)?,
    }
    let mut received = events::apply(connection, &event, finding, when)?;
    match &mut received {
        Received::Applied(changed) | Received::Adopted(changed) => parked::catch_up(connection, changed, when)?,
        Received::SubscriptionApplied(changed) => {
            parked::catch_up_subscription(connection, &mut changed.subscription, when)?;
        }
        _ => {}
    }
    Ok(received)
}

fn take_hint(connection: &Connection, receiving: &Receiving, dated: &DatedEvent) -> Result<Received, StoreError> {
    let event = events::dated(&dated.event, dated.occurred_at);
    let finding = events::seek(connection, &receiving.external, &event, Trust::Hint, receiving.when())?;
    if let Some(asked) = events::ask(connection, finding, receiving.now)? {
        return Ok(asked);
    }
    if !parked::has_room(connection, &receiving.external)? {
        return Ok(Received::Dropped);
    }
    parked::park(connection, receiving, None, &event)?;
    Ok(Received::Parked)
}

impl Receiving {
    fn when(&self) -> When {
        When { now: self.now, ask_at: self.ask_at }
    }
}

/// Seen: applied within the time that events are remembered, or parked.
fn was_seen(connection: &Connection, external: &str, id: &str) -> database::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM webhook_events WHERE external = ? AND event_id = ?)")?
        .query_row([external, id], |row| row.get(0))
}

fn remember(connection: &Connection, receiving: &Receiving, event: &DatedEvent) -> database::Result<()> {
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
