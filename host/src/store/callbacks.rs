//! Callbacks that wait to be delivered: in order per payment or subscription, leased to who delivers them (rules 29 to 33).

use super::columns::{Columns, Unsigned};
use super::database::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::model::{Callback, CallbackType, Payment, PaymentKey, Subscription, SubscriptionKey, subscription_callback};
use std::time::Duration;
use uuid::Uuid;

/// Where the store keeps a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallbackKey(pub i64);

/// A callback to deliver, leased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where the store keeps it.
    pub key: CallbackKey,
    /// Its id, the same for all attempts: `webhook-id`.
    pub id: String,
    /// The external of its payment or subscription.
    pub external: String,
    /// The same bytes at every attempt.
    pub body: Vec<u8>,
    /// 1 for the first.
    pub attempt: u32,
    /// Who may settle it.
    pub fence: u64,
}

/// What became of an attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The merchant has it.
    Delivered,
    /// To be tried again then.
    RetryAt(Timestamp),
    /// Given up: the next of its payment goes out.
    Dead,
}

/// One attempt to deliver, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The merchant's status, where it answered.
    pub status: Option<u16>,
    /// What went wrong, where it did not.
    pub error: Option<String>,
    /// How long it took.
    pub duration: Duration,
}

/// How many callbacks there are, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallbackCounts {
    /// Not delivered yet.
    pub waiting: u64,
    /// Given up.
    pub dead: u64,
}

/// Jumps from one external to the next in the index: the backlog is not looked at.
macro_rules! waiting_externals {
    () => {
        "WITH RECURSIVE waiting (external) AS (
             SELECT min(external) FROM callbacks WHERE due_at IS NOT NULL
             UNION ALL
             SELECT (SELECT min(external) FROM callbacks WHERE due_at IS NOT NULL AND external > waiting.external)
             FROM waiting WHERE waiting.external IS NOT NULL) "
    };
}

impl Store {
    /// Externals that have a callback due.
    pub async fn due_externals(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let due = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(concat!(
                waiting_externals!(),
                "SELECT external FROM waiting
                 WHERE external IS NOT NULL
                   AND EXISTS (SELECT 1 FROM callbacks
                               WHERE due_at IS NOT NULL AND external = waiting.external AND due_at <= ?)"
            ))?;
            let externals = statement.query_map([now], |row| row.get(0))?;
            Ok(externals.collect::<database::Result<_>>()?)
        };
        self.parts.readers.read(due).await
    }

    /// Leases callbacks of an external that are due, at most `limit`, of each payment or subscription only the
    /// oldest that is not finished.
    pub async fn lease_callbacks(
        &self,
        external: &str,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (fence, external) = (self.next_fence(), external.to_owned());
        let lease = move |connection: &Connection| Ok(lease(connection, &external, now, lease_until, limit, fence)?);
        self.parts.writer.durable(lease).await
    }

    /// Writes down what became of an attempt.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`]: the lease lapsed, and somebody else delivers it now.
    pub async fn settle_callback(
        &self,
        key: CallbackKey,
        fence: u64,
        now: Timestamp,
        settlement: Settlement,
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        self.parts.writer.durable(move |connection| settle(connection, key, fence, now, settlement, &attempt)).await
    }

    /// When the next callback becomes due after `now`, or a lease on one lapses. What is due already is not counted.
    pub async fn next_callback_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let next = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(concat!(
                waiting_externals!(),
                "SELECT min((SELECT min(due_at) FROM callbacks
                             WHERE due_at IS NOT NULL AND external = waiting.external AND due_at > ?))
                 FROM waiting WHERE external IS NOT NULL"
            ))?;
            Ok(statement.query_row([now], |row| row.get(0))?)
        };
        self.parts.readers.read(next).await
    }

    /// How many wait, and how many were given up.
    pub async fn callback_counts(&self) -> Result<CallbackCounts, StoreError> {
        let count = |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT (SELECT count(*) FROM callbacks WHERE state = 'waiting'),
                        (SELECT count(*) FROM callbacks WHERE state = 'dead')",
            )?;
            Ok(statement.query_row([], |row| {
                let mut columns = Columns::of(row);
                Ok(CallbackCounts { waiting: columns.next::<Unsigned>()?.0, dead: columns.next::<Unsigned>()?.0 })
            })?)
        };
        self.parts.readers.read(count).await
    }
}

/// What callbacks are delivered in order of: one of the two.
#[derive(Clone, Copy)]
struct Lane {
    payment: Option<PaymentKey>,
    subscription: Option<SubscriptionKey>,
}

/// Writes a callback, in the transaction of the change that it tells of.
pub(super) fn enqueue(
    connection: &Connection,
    payment: &Payment,
    callback: &Callback,
    sequence: u64,
    now: Timestamp,
) -> database::Result<()> {
    let id = new_id();
    let body = callback.body(payment, &id, sequence, now);
    let lane = Lane { payment: Some(payment.key), subscription: None };
    insert(connection, lane, &payment.external, &id, callback.kind, sequence, body, now)
}

/// The same for a change of a subscription, which has counted it already.
pub(super) fn enqueue_subscription(
    connection: &Connection,
    subscription: &Subscription,
    kind: CallbackType,
    now: Timestamp,
) -> database::Result<()> {
    let (id, sequence) = (new_id(), subscription.sequence);
    let body = subscription_callback(kind, subscription, &id, sequence, now);
    let lane = Lane { payment: None, subscription: Some(subscription.key) };
    insert(connection, lane, &subscription.external, &id, kind, sequence, body, now)
}

fn new_id() -> String {
    format!("msg_{}", Uuid::new_v4().simple())
}

/// It is due at once, unless another of its lane waits before it.
#[expect(clippy::too_many_arguments, reason = "one for each column")]
fn insert(
    connection: &Connection,
    lane: Lane,
    external: &str,
    id: &str,
    kind: CallbackType,
    sequence: u64,
    body: Vec<u8>,
    now: Timestamp,
) -> database::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO callbacks (payment, subscription, external, id, type, sequence, body, state, attempts, created_at,
                                due_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', 0, ?8,
                 CASE WHEN EXISTS (SELECT 1 FROM callbacks
                                   WHERE payment IS NOT DISTINCT FROM ?1 AND subscription IS NOT DISTINCT FROM ?2
                                     AND state = 'waiting')
                      THEN NULL ELSE ?8 END)",
    )?;
    let sequence = Unsigned(sequence);
    statement.execute(params![lane.payment, lane.subscription, external, id, kind.name(), sequence, body, now])?;
    Ok(())
}

/// At start, who held a lease is gone.
pub(super) fn release_leases(connection: &Connection, now: Timestamp) -> database::Result<()> {
    connection.execute(
        "UPDATE callbacks SET due_at = CASE WHEN due_at < ?1 THEN due_at ELSE ?1 END, fence = NULL
         WHERE due_at IS NOT NULL AND fence IS NOT NULL",
        [now],
    )?;
    Ok(())
}

fn lease(
    connection: &Connection,
    external: &str,
    now: Timestamp,
    lease_until: Timestamp,
    limit: usize,
    fence: u64,
) -> database::Result<Vec<Delivery>> {
    let mut due = connection.prepare_cached(
        "SELECT key, id, external, body, attempts FROM callbacks
         WHERE due_at IS NOT NULL AND external = ? AND due_at <= ? ORDER BY due_at LIMIT ?",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let deliveries = due.query_map(params![external, now, limit], |row| {
        let mut columns = Columns::of(row);
        Ok(Delivery {
            key: CallbackKey(columns.next()?),
            id: columns.next()?,
            external: columns.next()?,
            body: columns.next()?,
            attempt: columns.next::<u32>()? + 1,
            fence,
        })
    })?;
    let deliveries: Vec<Delivery> = deliveries.collect::<database::Result<_>>()?;
    let mut take = connection.prepare_cached("UPDATE callbacks SET due_at = ?, fence = ? WHERE key = ?")?;
    for delivery in &deliveries {
        take.execute(params![lease_until, Unsigned(fence), delivery.key.0])?;
    }
    Ok(deliveries)
}

fn settle(
    connection: &Connection,
    key: CallbackKey,
    fence: u64,
    now: Timestamp,
    settlement: Settlement,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let lane = connection
        .prepare_cached(
            "SELECT payment, subscription FROM callbacks WHERE key = ? AND fence = ? AND state = 'waiting'",
        )?
        .query_row(params![key.0, Unsigned(fence)], |row| Ok(Lane { payment: row.get(0)?, subscription: row.get(1)? }))
        .optional()?
        .ok_or(StoreError::Gone)?;
    connection
        .prepare_cached(
            "INSERT INTO callback_attempts (callback, at, status, error, duration_ms) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            key.0,
            now,
            attempt.status,
            attempt.error,
            Unsigned(u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX)),
        ])?;
    let state = match settlement {
        Settlement::RetryAt(due_at) => {
            connection
                .prepare_cached("UPDATE callbacks SET due_at = ?, fence = NULL, attempts = attempts + 1 WHERE key = ?")?
                .execute(params![due_at, key.0])?;
            return Ok(());
        }
        Settlement::Delivered => "delivered",
        Settlement::Dead => "dead",
    };
    connection
        .prepare_cached(
            "UPDATE callbacks SET state = ?, due_at = NULL, fence = NULL, attempts = attempts + 1, finished_at = ?
             WHERE key = ?",
        )?
        .execute(params![state, now, key.0])?;
    connection
        .prepare_cached(
            "UPDATE callbacks SET due_at = ?
             WHERE key = (SELECT key FROM callbacks WHERE payment IS NOT DISTINCT FROM ? AND subscription IS NOT DISTINCT FROM ? AND state = 'waiting'
                          ORDER BY key LIMIT 1)",
        )?
        .execute(params![now, lane.payment, lane.subscription])?;
    Ok(())
}
