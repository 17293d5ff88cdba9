//! Callbacks that wait to be delivered: in order per payment or subscription, leased to who delivers them (rules 29 to 33).

use super::columns::{Columns, Unsigned};
use super::database::{self, Connection, OptionalExtension, params};
use super::lane::{Lane, Of};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::model::{Callback, CallbackType, Payment, Subscription, subscription_callback};
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

/// Which callbacks are due.
#[derive(Clone, Copy, Debug)]
pub struct DueBy {
    /// What was planned for no later than the present.
    pub now: Timestamp,
    /// None is planned later than this: what is was planned by a clock that has been set back since, and is due.
    pub furthest: Timestamp,
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

/// Where a callback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackState {
    /// Not delivered yet.
    Waiting,
    /// The merchant has it.
    Delivered,
    /// Given up: a dead letter.
    Dead,
}

impl CallbackState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Dead];

    /// Its name in the store and for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// The state that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
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

/// How many callbacks there are, each counted up to [`COUNTED`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallbackCounts {
    /// Not delivered yet.
    pub waiting: u64,
    /// Given up.
    pub dead: u64,
}

/// Counting ends here: beyond, what matters is that they are many.
pub const COUNTED: u64 = 100_000;

impl Store {
    /// Externals that have a callback due, of `among` alone where that is given: what has nowhere to go is not looked at.
    pub async fn due_externals(&self, by: DueBy, among: Option<&[String]>) -> Result<Vec<String>, StoreError> {
        let among = among.map(<[String]>::to_vec);
        let due = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM callbacks WHERE due_at IS NOT NULL AND external = ? AND due_at <= ?)
                     OR EXISTS (SELECT 1 FROM callbacks WHERE due_at IS NOT NULL AND external = ? AND due_at > ?)",
            )?;
            let mut due = Vec::new();
            for external in among.clone().map_or_else(|| waiting_externals(connection), Ok)? {
                if statement.query_row(params![external, by.now, external, by.furthest], |row| row.get(0))? {
                    due.push(external);
                }
            }
            Ok(due)
        };
        self.parts.readers.read(due).await
    }

    /// Leases callbacks of an external that are due, at most `limit`, of each payment or subscription only the
    /// oldest that is not finished.
    pub async fn lease_callbacks(
        &self,
        external: &str,
        by: DueBy,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (fence, external) = (self.next_fence(), external.to_owned());
        let lease = move |connection: &Connection| Ok(lease(connection, &external, by, lease_until, limit, fence)?);
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

    /// Gives back callbacks that were leased and not sent: they are due at once. Those that somebody else has by now stay
    /// as they are.
    pub async fn release_callbacks(&self, leased: Vec<(CallbackKey, u64)>, now: Timestamp) -> Result<(), StoreError> {
        let release = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "UPDATE callbacks SET due_at = ?, fence = NULL WHERE key = ? AND fence = ? AND state = 'waiting'",
            )?;
            for (key, fence) in &leased {
                statement.execute(params![now, key.0, Unsigned(*fence)])?;
            }
            Ok(())
        };
        self.parts.writer.durable(release).await
    }

    /// When the next callback becomes due after `now`, or a lease on one lapses, of `among` as in
    /// [`Store::due_externals`]. What is due already is not counted.
    pub async fn next_callback_due(
        &self,
        now: Timestamp,
        among: Option<&[String]>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let among = among.map(<[String]>::to_vec);
        let earliest = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT min(due_at) FROM callbacks WHERE due_at IS NOT NULL AND external = ? AND due_at > ?",
            )?;
            let mut next: Option<Timestamp> = None;
            for external in among.clone().map_or_else(|| waiting_externals(connection), Ok)? {
                let due: Option<Timestamp> = statement.query_row(params![external, now], |row| row.get(0))?;
                next = next.into_iter().chain(due).min();
            }
            Ok(next)
        };
        self.parts.readers.read(earliest).await
    }

    /// How many wait, and how many were given up: counted as far as [`COUNTED`], so that the work has an end.
    pub async fn callback_counts(&self) -> Result<CallbackCounts, StoreError> {
        let count = |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT (SELECT count(*) FROM (SELECT 1 FROM callbacks WHERE state = 'waiting' AND payment IS NOT NULL
                                               LIMIT ?) AS of_payments) +
                        (SELECT count(*) FROM (SELECT 1 FROM callbacks WHERE state = 'waiting'
                                               AND subscription IS NOT NULL LIMIT ?) AS of_subscriptions),
                        (SELECT count(*) FROM (SELECT 1 FROM callbacks WHERE state = 'dead' LIMIT ?) AS dead)",
            )?;
            let limit = Unsigned(COUNTED);
            Ok(statement.query_row(params![limit, limit, limit], |row| {
                let mut columns = Columns::of(row);
                Ok(CallbackCounts { waiting: columns.next::<Unsigned>()?.0, dead: columns.next::<Unsigned>()?.0 })
            })?)
        };
        self.parts.readers.read(count).await
    }
}

/// Externals that have a callback waiting. Jumps from one to the next in the index: the backlog is not looked at.
fn waiting_externals(connection: &Connection) -> database::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE waiting (external) AS (
             SELECT min(external) FROM callbacks WHERE due_at IS NOT NULL
             UNION ALL
             SELECT (SELECT min(external) FROM callbacks WHERE due_at IS NOT NULL AND external > waiting.external)
             FROM waiting WHERE waiting.external IS NOT NULL)
         SELECT external FROM waiting WHERE external IS NOT NULL",
    )?;
    let externals = statement.query_map([], |row| row.get(0))?;
    externals.collect()
}

/// Writes a callback, in the transaction of the change that it tells of.
pub(super) fn enqueue(
    connection: &Connection,
    payment: &Payment,
    callback: &Callback,
    sequence: u64,
    now: Timestamp,
) -> database::Result<()> {
    let id = new_id(now);
    let body = callback.body(payment, &id, sequence, now);
    let lane = Lane { of: Of::Payment(payment.key), replayed: false };
    insert(connection, lane, &payment.external, &id, callback.kind, sequence, body, now)
}

/// The same for a change of a subscription, which has counted it already.
pub(super) fn enqueue_subscription(
    connection: &Connection,
    subscription: &Subscription,
    kind: CallbackType,
    now: Timestamp,
) -> database::Result<()> {
    let (id, sequence) = (new_id(now), subscription.sequence);
    let body = subscription_callback(kind, subscription, &id, sequence, now);
    let lane = Lane { of: Of::Subscription(subscription.key), replayed: false };
    insert(connection, lane, &subscription.external, &id, kind, sequence, body, now)
}

/// Begins with the time, so that the index of ids grows at its end.
fn new_id(now: Timestamp) -> String {
    let mut random = [0; 10];
    // The bits that say which kind of id it is stand at the same places in both kinds.
    random.copy_from_slice(&Uuid::new_v4().as_bytes()[6..]);
    format!("msg_{}", uuid::Builder::from_unix_timestamp_millis(now.0, &random).into_uuid().simple())
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
    let due_at = if lane.is_waited_in(connection)? { None } else { Some(now) };
    let (payment, subscription) = match lane.of {
        Of::Payment(key) => (Some(key), None),
        Of::Subscription(key) => (None, Some(key)),
    };
    connection
        .prepare_cached(
            "INSERT INTO callbacks (payment, subscription, external, id, type, sequence, body, state, attempts,
                                    created_at, due_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, ?)",
        )?
        .execute(params![payment, subscription, external, id, kind.name(), Unsigned(sequence), body, now, due_at])?;
    Ok(())
}

/// At start, who held a lease is gone.
pub(super) fn release_leases(connection: &Connection, now: Timestamp) -> database::Result<()> {
    connection.execute(
        "UPDATE callbacks SET due_at = CASE WHEN due_at < ? THEN due_at ELSE ? END, fence = NULL
         WHERE due_at IS NOT NULL AND fence IS NOT NULL",
        [now, now],
    )?;
    Ok(())
}

/// What is due, and behind it what a clock that ran ahead has planned.
fn lease(
    connection: &Connection,
    external: &str,
    by: DueBy,
    lease_until: Timestamp,
    limit: usize,
    fence: u64,
) -> database::Result<Vec<Delivery>> {
    let mut deliveries = due(connection, external, "<=", by.now, limit, fence)?;
    let left = limit.saturating_sub(deliveries.len());
    if left > 0 {
        deliveries.extend(due(connection, external, ">", by.furthest, left, fence)?);
    }
    let mut take = connection.prepare_cached("UPDATE callbacks SET due_at = ?, fence = ? WHERE key = ?")?;
    for delivery in &deliveries {
        take.execute(params![lease_until, Unsigned(fence), delivery.key.0])?;
    }
    Ok(deliveries)
}

fn due(
    connection: &Connection,
    external: &str,
    comparison: &str,
    moment: Timestamp,
    limit: usize,
    fence: u64,
) -> database::Result<Vec<Delivery>> {
    let sql = format!(
        "SELECT key, id, external, body, attempts - schedule_from FROM callbacks
         WHERE due_at IS NOT NULL AND external = ? AND due_at {comparison} ? ORDER BY due_at LIMIT ?
         FOR UPDATE SKIP LOCKED"
    );
    let mut due = connection.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let deliveries = due.query_map(params![external, moment, limit], |row| {
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
    deliveries.collect()
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
            "SELECT payment, subscription, replayed FROM callbacks WHERE key = ? AND fence = ? AND state = 'waiting'",
        )?
        .query_row(params![key.0, Unsigned(fence)], |row| Ok(Lane::new(row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?
        .flatten()
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
            // An older one may have been replayed while this one was on its way.
            if lane.replayed {
                lane.put_in_order(connection, now)?;
            }
            return Ok(());
        }
        Settlement::Delivered => CallbackState::Delivered,
        Settlement::Dead => CallbackState::Dead,
    };
    connection
        .prepare_cached(
            "UPDATE callbacks SET state = ?, due_at = NULL, fence = NULL, attempts = attempts + 1, finished_at = ?
             WHERE key = ?",
        )?
        .execute(params![state, now, key.0])?;
    Ok(lane.advance(connection, now)?)
}
