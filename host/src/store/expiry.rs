//! What is kept for a time only, and then let go: in small steps, so that the traffic never waits for them, and never
//! what is not decided. Payments stay for ever, and with them what their business keys need (rule 15).
//!
//! What lives by when it was made is walked in the order in which it was made, so that no row needs an index for its end;
//! how far the walk has come is kept.

use super::callbacks::CallbackState;
use super::database::{self, Connection, OptionalExtension, params};
use super::decide::is_decided;
use super::{Store, StoreError, operations, state};
use crate::clock::Timestamp;
use crate::model::{Kind, OperationKey, Phase};
use std::time::Duration;

/// Rows that one step looks at, at most.
pub const STEP: usize = 200;

/// When the walk, having found something undecided, looks at it again.
const LOOK_AGAIN: Duration = Duration::from_secs(86_400);

/// What is kept for a time only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// Idempotency keys, and the answers under them (rule 20).
    Keys,
    /// Those that were not decided when the walk came by.
    LateKeys,
    /// Webhook events that were applied (rule 26).
    Events,
    /// What plugins keep until a moment that they named.
    State,
    /// Delivered callbacks with their attempts.
    Callbacks,
    /// Those that were not delivered long enough ago when the walk came by.
    LateCallbacks,
    /// Subscriptions that somebody named, and that nobody has heard of since.
    Tokens,
}

impl Passing {
    /// All of it.
    pub const ALL: [Self; 7] =
        [Self::Keys, Self::LateKeys, Self::Events, Self::State, Self::Callbacks, Self::LateCallbacks, Self::Tokens];
}

/// The present, and how long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Expiring {
    /// The present.
    pub now: Timestamp,
    /// Idempotency keys, and tokens that lead to nothing.
    pub keys_live: Duration,
    /// Delivered callbacks.
    pub callbacks_kept: Duration,
}

impl Store {
    /// Takes one step. Says whether there may be more to do at once.
    pub async fn expire(&self, what: Passing, expiring: Expiring) -> Result<bool, StoreError> {
        let seen = self.parts.writer.durable(move |connection| step(connection, what, expiring)).await?;
        Ok(seen >= STEP)
    }
}

/// How many rows were looked at.
fn step(connection: &Connection, what: Passing, expiring: Expiring) -> Result<usize, StoreError> {
    let Expiring { now, keys_live, callbacks_kept } = expiring;
    match what {
        Passing::Keys => {
            let keys = walk(connection, "operations", now.minus(keys_live))?;
            let_keys_go(connection, &keys, now)
        }
        Passing::LateKeys => {
            let keys = some(
                connection,
                "SELECT key FROM operations WHERE look_again_at IS NOT NULL AND look_again_at <= ?
                 ORDER BY look_again_at LIMIT ?",
                now,
            )?;
            let_keys_go(connection, &keys, now)
        }
        Passing::Events => {
            let keys = some(
                connection,
                "SELECT key FROM webhook_events WHERE forget_at IS NOT NULL AND forget_at <= ? AND news IS NULL
                 ORDER BY forget_at LIMIT ?",
                now,
            )?;
            each(connection, "DELETE FROM webhook_events WHERE key = ?", &keys)
        }
        Passing::State => expire_state(connection, now),
        Passing::Callbacks => {
            let kept_since = now.minus(callbacks_kept);
            let keys = walk(connection, "callbacks", kept_since)?;
            let_callbacks_go(connection, &keys, kept_since)
        }
        Passing::LateCallbacks => {
            let kept_since = now.minus(callbacks_kept);
            let keys = some(
                connection,
                "SELECT key FROM callbacks WHERE passed = 1 AND state = 'delivered' AND finished_at <= ?
                 ORDER BY finished_at LIMIT ?",
                kept_since,
            )?;
            let_callbacks_go(connection, &keys, kept_since)
        }
        Passing::Tokens => {
            let keys = walk(connection, "subscriptions", now.minus(keys_live))?;
            if keys.is_empty() {
                // What was not decided when the walk came by is found by the next one.
                set_passed(connection, "subscriptions", 0)?;
            }
            for key in &keys {
                forget_token(connection, *key)?;
            }
            Ok(keys.len())
        }
    }
}

/// The next rows of a table that were made by then, in the order in which they were made. The walk has come by them when
/// the command is on disk. Where a clock was set back in between, it waits until that moment has come again.
fn walk(connection: &Connection, table: &'static str, made_by: Timestamp) -> database::Result<Vec<i64>> {
    let passed: Option<i64> = connection
        .prepare_cached("SELECT passed FROM expiry WHERE name = ?")?
        .query_row([table], |row| row.get(0))
        .optional()?;
    let mut next = connection
        .prepare_cached(&format!("SELECT key, created_at FROM {table} WHERE key > ? ORDER BY key LIMIT ?"))?;
    let rows = next.query_map(params![passed.unwrap_or_default(), STEP as i64], |row| {
        Ok((row.get::<i64>(0)?, row.get::<Timestamp>(1)?))
    })?;
    let rows: Vec<(i64, Timestamp)> = rows.collect::<database::Result<_>>()?;
    let old = rows.into_iter().take_while(|(_, created_at)| *created_at <= made_by);
    let keys: Vec<i64> = old.map(|(key, _)| key).collect();
    if let Some(last) = keys.last() {
        set_passed(connection, table, *last)?;
    }
    Ok(keys)
}

fn set_passed(connection: &Connection, table: &str, key: i64) -> database::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO expiry (name, passed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET passed = excluded.passed",
        )?
        .execute(params![table, key])?;
    Ok(())
}

fn some(connection: &Connection, sql: &str, moment: Timestamp) -> database::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(sql)?;
    let keys = statement.query_map(params![moment, STEP as i64], |row| row.get(0))?;
    keys.collect()
}

fn each(connection: &Connection, sql: &str, keys: &[i64]) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    for key in keys {
        statement.execute([*key])?;
    }
    Ok(keys.len())
}

fn let_keys_go(connection: &Connection, keys: &[i64], now: Timestamp) -> Result<usize, StoreError> {
    for key in keys {
        // Most have nothing to let go, or no more.
        if has_nothing_to_let_go(connection, *key)? {
            connection
                .prepare_cached(
                    "UPDATE operations SET look_again_at = NULL WHERE key = ? AND look_again_at IS NOT NULL",
                )?
                .execute([*key])?;
            continue;
        }
        let operation = operations::load(connection, OperationKey(*key))?.ok_or(StoreError::Gone)?.operation;
        if operation.phase != Phase::Finished || !is_decided(connection, &operation)? {
            connection
                .prepare_cached("UPDATE operations SET look_again_at = ? WHERE key = ?")?
                .execute(params![now.plus(LOOK_AGAIN), operation.key])?;
        } else if operation.kind == Kind::Utility {
            connection.prepare_cached("DELETE FROM operations WHERE key = ?")?.execute([operation.key])?;
        } else if operation.kind.makes_payment() {
            // Whoever asks for the payment again by its business key gets the answer from then.
            connection
                .prepare_cached("UPDATE operations SET idempotency_key = NULL, look_again_at = NULL WHERE key = ?")?
                .execute([operation.key])?;
        } else {
            connection
                .prepare_cached(
                    "UPDATE operations SET idempotency_key = NULL, look_again_at = NULL, answer_status = NULL,
                                           answer_headers = NULL, answer_body = NULL
                     WHERE key = ?",
                )?
                .execute([operation.key])?;
        }
    }
    Ok(keys.len())
}

fn has_nothing_to_let_go(connection: &Connection, key: i64) -> database::Result<bool> {
    let (kind, has_key, has_answer): (Kind, bool, bool) = connection
        .prepare_cached(
            "SELECT kind, CASE WHEN idempotency_key IS NULL THEN 0 ELSE 1 END,
                    CASE WHEN answer_status IS NULL THEN 0 ELSE 1 END
             FROM operations WHERE key = ?",
        )?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(!has_key && kind != Kind::Utility && (kind.makes_payment() || !has_answer))
}

fn expire_state(connection: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    let mut expired = connection.prepare_cached(
        "SELECT external, key FROM state WHERE expires_at IS NOT NULL AND expires_at <= ? ORDER BY expires_at LIMIT ?",
    )?;
    let rows = expired.query_map(params![now, STEP as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(String, String)> = rows.collect::<database::Result<_>>()?;
    for (external, key) in &rows {
        state::remove(connection, external, key)?;
    }
    Ok(rows.len())
}

fn let_callbacks_go(connection: &Connection, keys: &[i64], kept_since: Timestamp) -> Result<usize, StoreError> {
    for key in keys {
        let (state, finished_at): (CallbackState, Option<Timestamp>) = connection
            .prepare_cached("SELECT state, finished_at FROM callbacks WHERE key = ?")?
            .query_row([*key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let long_ago = finished_at.is_some_and(|finished_at| finished_at <= kept_since);
        if state == CallbackState::Delivered && long_ago {
            connection.prepare_cached("DELETE FROM callback_attempts WHERE callback = ?")?.execute([*key])?;
            connection.prepare_cached("DELETE FROM callbacks WHERE key = ?")?.execute([*key])?;
        } else {
            connection.prepare_cached("UPDATE callbacks SET passed = 1 WHERE key = ?")?.execute([*key])?;
        }
    }
    Ok(keys.len())
}

/// Forgets a token that somebody made up: one of which the provider has told nothing, under which nothing was paid, and
/// all that was tried came to nothing.
fn forget_token(connection: &Connection, key: i64) -> database::Result<()> {
    let leads_to_nothing: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM subscriptions
                            WHERE key = ? AND adopted = 1 AND state = 'unknown' AND sequence = 0 AND ask_at IS NULL
                              AND metadata IS NULL AND carry IS NULL AND amount IS NULL AND merged_into IS NULL)
                AND NOT EXISTS (SELECT 1 FROM payments WHERE subscription IS NOT NULL AND subscription = ?)
                AND NOT EXISTS (SELECT 1 FROM subscriptions WHERE merged_into IS NOT NULL AND merged_into = ?)
                AND NOT EXISTS (SELECT 1 FROM callbacks WHERE subscription IS NOT NULL AND subscription = ?)
                AND NOT EXISTS (SELECT 1 FROM audit WHERE subscription IS NOT NULL AND subscription = ?)
                AND NOT EXISTS (SELECT 1 FROM operations
                                WHERE subscription IS NOT NULL AND subscription = ?
                                  AND (outcome IS NULL OR outcome NOT IN ('declined', 'not_executed')
                                       OR idempotency_key IS NOT NULL))",
        )?
        .query_row(params![key, key, key, key, key, key], |row| row.get(0))?;
    if leads_to_nothing {
        for sql in [
            "DELETE FROM operations WHERE subscription IS NOT NULL AND subscription = ?",
            "DELETE FROM subscription_names WHERE subscription = ?",
            "DELETE FROM subscriptions WHERE key = ?",
        ] {
            connection.prepare_cached(sql)?.execute([key])?;
        }
    }
    Ok(())
}
