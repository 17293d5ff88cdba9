//! News of payments that nobody knows yet: it waits for them, because it may overtake our own commit (rule 27). So does
//! news of a refund that may be one of ours, until ours has its name or its end.

use super::change::{self, Changed, When};
use super::columns::{Columns, Json, Unsigned};
use super::news_json::KeptNews;
use super::webhooks::{self, Received, Receiving};
use super::{Store, StoreError, adopt, names};
use crate::clock::Timestamp;
use crate::model::{News, Payment, Target, Trust};
use rusqlite::{Connection, Row, params};

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
    event: i64,
    external: String,
    verified: bool,
    until: Timestamp,
    news: News,
}

/// What parked news has found.
#[expect(clippy::large_enum_variant, reason = "made and taken apart at once")]
enum Finding {
    /// Its payment, to which it can be applied now.
    Payment(Payment),
    /// Its payment, but it cannot be judged yet.
    Later,
    /// Nothing.
    Nothing,
}

impl Store {
    /// Looks at parked news again: applies what finds its payment, and ends what has waited long enough: verified news
    /// is adopted where it says enough, hints are dropped. [`Store::finish`] does the same for its own payment.
    pub async fn unpark(&self, now: Timestamp, ask_at: Option<Timestamp>) -> Result<Vec<Unparked>, StoreError> {
        let when = When { now, ask_at };
        let ready = self.parts.readers.read(|connection| ready(connection, when))?;
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        self.parts.writer.durable(move |connection| end_all(connection, &ready, when)).await
    }
}

/// Parks news under every name that it goes by.
pub(super) fn park(
    connection: &Connection,
    receiving: &Receiving,
    event_id: Option<&str>,
    news: &News,
) -> rusqlite::Result<()> {
    let event = connection
        .prepare_cached(
            "INSERT INTO webhook_events (external, event_id, verified, received_at, news, parked_until, lives_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .insert(params![
            receiving.external,
            event_id,
            receiving.trust == Trust::Verified,
            receiving.now,
            Json(KeptNews::from(news)),
            receiving.parked_until,
            Unsigned(u64::try_from(receiving.events_live.as_millis()).unwrap_or(u64::MAX)),
        ])?;
    let mut statement =
        connection.prepare_cached("INSERT OR IGNORE INTO parked_names (external, name, event) VALUES (?, ?, ?)")?;
    let Target { payment_ids, shop_transaction_id, host_reference } = &news.target;
    for name in payment_ids.iter().chain(shop_transaction_id).chain(host_reference).chain(&news.action_id) {
        statement.execute(params![receiving.external, name, event])?;
    }
    Ok(())
}

/// Whether another hint may be parked.
pub(super) fn has_room(connection: &Connection, external: &str) -> rusqlite::Result<bool> {
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
    while let Some(parked) = next_of(connection, &changed.payment, when)? {
        match end(connection, &parked, when)? {
            Some(Received::Applied(newer)) => {
                changed.written |= newer.written;
                changed.ask |= newer.ask;
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

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM parked_names)")?.query_row([], |row| row.get(0))
}

/// The oldest parked news that finds this payment and can be applied to it: so each is taken at most once.
fn next_of(connection: &Connection, payment: &Payment, when: When) -> Result<Option<Parked>, StoreError> {
    let mut by_name = connection.prepare_cached("SELECT event FROM parked_names WHERE external = ? AND name = ?")?;
    let mut events = Vec::new();
    let references = payment.refunds.iter().map(|refund| &refund.reference.0).chain([&payment.reference.0]);
    for name in names::of(payment).map(|(_, name)| name).chain(references).chain(&payment.shop_transaction_id) {
        for event in by_name.query_map([&payment.external, name], |row| row.get::<_, i64>(0))? {
            events.push(event?);
        }
    }
    events.sort_unstable();
    for event in events {
        if let Some(parked) = load(connection, event)?
            && let Finding::Payment(found) = find(connection, &parked, when)?
            && found.key == payment.key
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
            Finding::Payment(_) => true,
            Finding::Later => false,
            Finding::Nothing => parked.until <= when.now,
        };
        if is_ready {
            ready.push(parked.event);
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
    let received = match find(connection, parked, when)? {
        Finding::Payment(payment) if parked.verified => {
            forget_news(connection, parked.event, when.now)?;
            return Ok(Some(Received::Applied(change::change(connection, payment, &parked.news, when)?)));
        }
        Finding::Payment(payment) => Received::Ask(webhooks::ask_now(connection, payment, when.now)?),
        Finding::Later => return Ok(None),
        Finding::Nothing if parked.until > when.now => return Ok(None),
        Finding::Nothing if parked.verified => match adopt::adopt(connection, &parked.external, &parked.news, when)? {
            Some(changed) => Received::Adopted(changed),
            None if adopt::may_later(connection, &parked.external, &parked.news)? => return Ok(None),
            None => Received::Dropped,
        },
        Finding::Nothing => Received::Dropped,
    };
    forget_news(connection, parked.event, when.now)?;
    Ok(Some(received))
}

fn find(connection: &Connection, parked: &Parked, when: When) -> Result<Finding, StoreError> {
    Ok(match webhooks::find(connection, &parked.external, &parked.news)? {
        Some(payment) if parked.verified && change::consider(&payment, &parked.news, when).later => Finding::Later,
        Some(payment) => Finding::Payment(payment),
        None => Finding::Nothing,
    })
}

/// From now on the event is only remembered, so that a repeat is dropped (rule 26); without an id, it is not.
fn forget_news(connection: &Connection, event: i64, now: Timestamp) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM parked_names WHERE event = ?")?.execute([event])?;
    connection
        .prepare_cached("UPDATE webhook_events SET news = NULL, forget_at = ? + lives_ms WHERE key = ?")?
        .execute(params![now, event])?;
    connection.prepare_cached("DELETE FROM webhook_events WHERE key = ? AND event_id IS NULL")?.execute([event])?;
    Ok(())
}

fn load(connection: &Connection, event: i64) -> rusqlite::Result<Option<Parked>> {
    use rusqlite::OptionalExtension;
    let mut statement = connection.prepare_cached(
        "SELECT key, external, verified, parked_until, news FROM webhook_events WHERE key = ? AND news IS NOT NULL",
    )?;
    statement.query_row([event], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Parked> {
    let mut columns = Columns::of(row);
    Ok(Parked {
        event: columns.next()?,
        external: columns.next()?,
        verified: columns.next()?,
        until: columns.next()?,
        news: columns.next::<Json<KeptNews>>()?.0.into(),
    })
}
