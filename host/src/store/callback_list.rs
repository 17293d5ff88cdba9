//! Callbacks as people look at them: lists, and one with every attempt (rule 33). Reads alone.

use super::audit::{self, Entry};
use super::callbacks::{CallbackKey, CallbackState};
use super::columns::{Columns, Unsigned};
use super::database::{self, Connection, OptionalExtension, Row, ToValue, params};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::model::PaymentKey;
use std::time::Duration;

/// Which callbacks; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackFilter {
    /// Of this external.
    pub external: Option<String>,
    /// Of this payment.
    pub payment: Option<PaymentKey>,
    /// That stand so.
    pub state: Option<CallbackState>,
    /// Made then or later.
    pub since: Option<Timestamp>,
    /// Made before then.
    pub until: Option<Timestamp>,
}

/// A callback, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackRecord {
    /// Where the store keeps it.
    pub key: CallbackKey,
    /// Its id, the same for all attempts.
    pub id: String,
    /// The external.
    pub external: String,
    /// The payment that it tells of, by the id that the merchant was told, or else the host's name for it.
    pub payment: Option<String>,
    /// The same of a subscription.
    pub subscription: Option<String>,
    /// What it tells of.
    pub kind: String,
    /// Its number among those of its payment or subscription.
    pub sequence: u64,
    /// Where it stands.
    pub state: CallbackState,
    /// Attempts until now, those before it was replayed included.
    pub attempts: u32,
    /// Whether a person had it sent again.
    pub replayed: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is due; none where another of its payment goes first.
    pub due_at: Option<Timestamp>,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}

/// One attempt to deliver a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// When it ended.
    pub at: Timestamp,
    /// The merchant's status, where it answered.
    pub status: Option<u16>,
    /// What went wrong, where it did not.
    pub error: Option<String>,
    /// How long it took.
    pub duration: Duration,
}

/// All that is known of one callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeCallback {
    /// The callback.
    pub callback: CallbackRecord,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Every attempt, oldest first.
    pub attempts: Vec<AttemptRecord>,
    /// What people did to it, oldest first.
    pub audit: Vec<Entry>,
}

impl Store {
    /// Callbacks that fit, the newest first, at most `limit`, made before `before`.
    pub async fn callbacks(
        &self,
        filter: &CallbackFilter,
        before: Option<CallbackKey>,
        limit: usize,
    ) -> Result<Vec<CallbackRecord>, StoreError> {
        let (filter, before) = (filter.clone(), before.map_or(i64::MAX, |key| key.0));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = move |connection: &Connection| {
            let mut values = Vec::new();
            let conditions = filter.conditions(&mut values);
            values.extend([&before as &dyn ToValue, &limit]);
            let sql = format!("{SELECT} WHERE {conditions} callbacks.key < ? ORDER BY callbacks.key DESC LIMIT ?");
            list(connection, &sql, &values)
        };
        self.parts.readers.read(read).await
    }

    /// One callback with its body and every attempt.
    pub async fn callback(&self, id: &str) -> Result<Option<WholeCallback>, StoreError> {
        let id = id.to_owned();
        let whole = move |connection: &Connection| {
            let sql = format!("{SELECT} WHERE callbacks.id = ?");
            let Some(callback) = connection.prepare_cached(&sql)?.query_row([&id], read).optional()? else {
                return Ok(None);
            };
            let body = connection
                .prepare_cached("SELECT body FROM callbacks WHERE key = ?")?
                .query_row([callback.key.0], |row| row.get(0))?;
            let (attempts, audit) = (attempts_of(connection, callback.key)?, audit::of_callback(connection, &id)?);
            Ok(Some(WholeCallback { callback, body, attempts, audit }))
        };
        self.parts.readers.read(whole).await
    }
}

/// Callbacks of a payment, oldest first.
pub(super) fn of_payment(connection: &Connection, payment: PaymentKey) -> Result<Vec<CallbackRecord>, StoreError> {
    list(connection, &format!("{SELECT} WHERE callbacks.payment = ? ORDER BY callbacks.key"), &[&payment])
}

const SELECT: &str =
    "SELECT callbacks.key, callbacks.id, callbacks.external, coalesce(payments.told, payments.reference),
        coalesce(subscriptions.told, subscriptions.reference), callbacks.type, callbacks.sequence, callbacks.state,
        callbacks.attempts, callbacks.replayed, callbacks.created_at, callbacks.due_at, callbacks.finished_at
 FROM callbacks LEFT JOIN payments ON payments.key = callbacks.payment
                LEFT JOIN subscriptions ON subscriptions.key = callbacks.subscription";

impl CallbackFilter {
    /// What a row must fulfil, with `AND` behind each; the values come in the same order.
    pub(super) fn conditions<'a>(&'a self, values: &mut Vec<&'a dyn ToValue>) -> String {
        let mut sql = String::new();
        let mut and = |condition: &str, value: &'a dyn ToValue| {
            sql += condition;
            values.push(value);
        };
        if let Some(payment) = &self.payment {
            and("callbacks.payment = ? AND ", payment);
        }
        if let Some(external) = &self.external {
            and("callbacks.external = ? AND ", external);
        }
        if let Some(since) = &self.since {
            and("callbacks.created_at >= ? AND ", since);
        }
        if let Some(until) = &self.until {
            and("callbacks.created_at < ? AND ", until);
        }
        // Written out, so that the index of dead letters is found.
        sql + &self.state.map(|state| format!("callbacks.state = '{}' AND ", state.name())).unwrap_or_default()
    }
}

fn list(connection: &Connection, sql: &str, values: &[&dyn ToValue]) -> Result<Vec<CallbackRecord>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let records = statement.query_map(values, read)?;
    Ok(records.collect::<database::Result<_>>()?)
}

fn read(row: &Row<'_>) -> database::Result<CallbackRecord> {
    let mut columns = Columns::of(row);
    Ok(CallbackRecord {
        key: CallbackKey(columns.next()?),
        id: columns.next()?,
        external: columns.next()?,
        payment: columns.next()?,
        subscription: columns.next()?,
        kind: columns.next()?,
        sequence: columns.next::<Unsigned>()?.0,
        state: columns.next()?,
        attempts: columns.next()?,
        replayed: columns.next()?,
        created_at: columns.next()?,
        due_at: columns.next()?,
        finished_at: columns.next()?,
    })
}

fn attempts_of(connection: &Connection, callback: CallbackKey) -> database::Result<Vec<AttemptRecord>> {
    let mut statement = connection.prepare_cached(
        "SELECT at, status, error, duration_ms FROM callback_attempts WHERE callback = ? ORDER BY key",
    )?;
    let attempts = statement.query_map(params![callback.0], |row| {
        let mut columns = Columns::of(row);
        Ok(AttemptRecord {
            at: columns.next()?,
            status: columns.next()?,
            error: columns.next()?,
            duration: Duration::from_millis(columns.next::<Unsigned>()?.0),
        })
    })?;
    attempts.collect()
}
