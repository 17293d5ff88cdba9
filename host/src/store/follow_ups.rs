//! What plugins ask to be done next about a payment: kept in the transaction of the news that asks for it, once for each
//! payment and content, and carried out as an operation of its own (rule 14).

use super::database::{self, Connection, params};
use super::{Store, StoreError, payments};
use crate::clock::Timestamp;
use crate::model::{FollowUp, OperationKey, Payment, PaymentKey};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Where the store keeps a follow-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FollowUpKey(pub i64);

/// The gaps before one that was not executed is tried again; after the last a person is told.
const AGAIN: [Duration; 4] =
    [Duration::from_secs(60), Duration::from_secs(540), Duration::from_secs(3_000), Duration::from_secs(18_000)];

/// None is planned further ahead than the longest gap, give or take by what clocks differ.
const FURTHEST: Duration = Duration::from_secs(18_000 + 3_600);

/// A follow-up that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueFollowUp {
    /// Where the store keeps it.
    pub key: FollowUpKey,
    /// What it is to be done to.
    pub payment: Payment,
    /// What is to be done.
    pub follow_up: FollowUp,
}

impl Store {
    /// Follow-ups that are due by now, and behind them those that a clock has planned which was set back since.
    pub async fn due_follow_ups(&self, now: Timestamp, limit: usize) -> Result<Vec<DueFollowUp>, StoreError> {
        let find = move |connection: &Connection| {
            let mut found = due(connection, "<=", now, limit)?;
            found.extend(due(connection, ">", now.plus(FURTHEST), limit.saturating_sub(found.len()))?);
            Ok(found)
        };
        self.parts.readers.read(find).await
    }

    /// Puts a follow-up off, so that it is not begun twice.
    pub async fn put_off(&self, follow_up: FollowUpKey, until: Timestamp) -> Result<(), StoreError> {
        let put_off = move |connection: &Connection| {
            connection
                .prepare_cached("UPDATE follow_ups SET due_at = ? WHERE key = ? AND state = 'waiting'")?
                .execute(params![until, follow_up.0])?;
            Ok(())
        };
        self.parts.writer.durable(put_off).await
    }

    /// Ends a follow-up that nothing is to be done for any more.
    pub async fn drop_follow_up(&self, follow_up: FollowUpKey) -> Result<(), StoreError> {
        let end = move |connection: &Connection| {
            connection
                .prepare_cached("UPDATE follow_ups SET state = 'taken' WHERE key = ? AND state = 'waiting'")?
                .execute([follow_up.0])?;
            Ok(())
        };
        self.parts.writer.durable(end).await
    }
}

fn due(
    connection: &Connection,
    comparison: &str,
    moment: Timestamp,
    limit: usize,
) -> Result<Vec<DueFollowUp>, StoreError> {
    let sql = format!(
        "SELECT key, payment, resume FROM follow_ups WHERE state = 'waiting' AND due_at {comparison} ?
         ORDER BY due_at LIMIT ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![moment, limit])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let (key, payment) = (FollowUpKey(row.get(0)?), row.get(1)?);
        let resume: Option<String> = row.get(2)?;
        let payment = payments::load(connection, payment)?.ok_or(StoreError::Gone)?;
        due.push(DueFollowUp { key, payment, follow_up: resume.map_or(FollowUp::Capture, FollowUp::Resume) });
    }
    Ok(due)
}

/// Keeps what news asks for. Says whether any of it is new.
pub(super) fn keep(
    connection: &Connection,
    payment: PaymentKey,
    follow_ups: &[FollowUp],
    now: Timestamp,
) -> database::Result<bool> {
    let mut new = false;
    for follow_up in follow_ups {
        let resume = match follow_up {
            FollowUp::Capture => None,
            FollowUp::Resume(json) => Some(json),
        };
        let kept = connection
            .prepare_cached(
                "INSERT INTO follow_ups (payment, resume, digest, state, attempts, due_at, created_at)
                 VALUES (?, ?, ?, 'waiting', 0, ?, ?) ON CONFLICT DO NOTHING",
            )?
            .execute(params![payment, resume, digest(follow_up), now, now])?;
        new |= kept > 0;
    }
    Ok(new)
}

fn digest(follow_up: &FollowUp) -> String {
    match follow_up {
        FollowUp::Capture => hex::encode(Sha256::digest("capture")),
        FollowUp::Resume(json) => hex::encode(Sha256::digest(format!("resume {json}"))),
    }
}

pub(super) fn is_waiting(connection: &Connection, key: FollowUpKey) -> database::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM follow_ups WHERE key = ? AND state = 'waiting')")?
        .query_row([key.0], |row| row.get(0))
}

/// It is this operation's now.
pub(super) fn take(connection: &Connection, key: FollowUpKey, operation: OperationKey) -> database::Result<()> {
    connection
        .prepare_cached("UPDATE follow_ups SET state = 'taken', attempts = attempts + 1, operation = ? WHERE key = ?")?
        .execute(params![operation, key.0])?;
    Ok(())
}

/// The operation that was to carry it out was not executed: it waits again. Says whether it was given up.
pub(super) fn give_back(connection: &Connection, operation: OperationKey, now: Timestamp) -> database::Result<bool> {
    let mut found = connection.prepare_cached("SELECT key, attempts FROM follow_ups WHERE operation = ?")?;
    let mut rows = found.query([operation])?;
    let Some(row) = rows.next()? else {
        return Ok(false);
    };
    let (key, attempts): (i64, u32) = (row.get(0)?, row.get(1)?);
    let gap = AGAIN.get((attempts as usize).saturating_sub(1));
    let (state, due_at) = gap.map_or(("given_up", now), |gap| ("waiting", now.plus(*gap)));
    connection
        .prepare_cached("UPDATE follow_ups SET state = ?, due_at = ?, operation = NULL WHERE key = ?")?
        .execute(params![state, due_at, key])?;
    Ok(gap.is_none())
}
