//! When payments are asked for next, and what merchants ask for themselves (rules 6 and 34).

use super::database::{self, Connection, params};
use super::{Store, StoreError, callbacks, payments};
use crate::clock::Timestamp;
use crate::model::{About, Callback, CallbackType, Payment, PaymentKey, Reference};
use std::time::Duration;

impl Store {
    /// Payments that the provider is to be asked about by now, the longest due first.
    pub async fn due_asks(&self, now: Timestamp, limit: usize) -> Result<Vec<Payment>, StoreError> {
        let due = move |connection: &Connection| {
            let mut statement =
                connection.prepare_cached("SELECT key FROM payments WHERE ask_at <= ? ORDER BY ask_at LIMIT ?")?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let keys = statement.query_map(params![now, limit], |row| row.get(0))?;
            let loaded = keys.map(|key| payments::load(connection, key?));
            Ok(loaded.filter_map(Result::transpose).collect::<database::Result<_>>()?)
        };
        self.parts.readers.read(due).await
    }

    /// When the next payment is due to be asked for.
    pub async fn next_ask_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let due = |connection: &Connection| {
            Ok(connection
                .query_row("SELECT min(ask_at) FROM payments WHERE ask_at IS NOT NULL", [], |row| row.get(0))?)
        };
        self.parts.readers.read(due).await
    }

    /// Says when the provider is to be asked next about a payment; none: no more.
    pub async fn set_ask(&self, payment: PaymentKey, at: Option<Timestamp>) -> Result<(), StoreError> {
        self.parts
            .writer
            .durable(move |connection| {
                connection
                    .prepare_cached("UPDATE payments SET ask_at = ? WHERE key = ?")?
                    .execute(params![at, payment])?;
                Ok(())
            })
            .await
    }

    /// The provider was asked: no more is due, unless somebody asked for more since `set` was said.
    pub async fn asked(&self, payment: PaymentKey, set: Timestamp) -> Result<(), StoreError> {
        self.parts
            .writer
            .durable(move |connection| {
                connection
                    .prepare_cached("UPDATE payments SET ask_at = NULL WHERE key = ? AND ask_at = ?")?
                    .execute(params![payment, set])?;
                Ok(())
            })
            .await
    }

    /// Enqueues a callback of type `check` about a payment, or about one of its refunds: at most one per payment and
    /// `gap`. Says whether it did.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`]: there is no such payment.
    pub async fn check(
        &self,
        payment: PaymentKey,
        refund: Option<Reference>,
        now: Timestamp,
        gap: Duration,
    ) -> Result<bool, StoreError> {
        self.parts.writer.durable(move |connection| enqueue_check(connection, payment, refund.as_ref(), now, gap)).await
    }
}

fn enqueue_check(
    connection: &Connection,
    key: PaymentKey,
    refund: Option<&Reference>,
    now: Timestamp,
    gap: Duration,
) -> Result<bool, StoreError> {
    let before = payments::load(connection, key)?.ok_or(StoreError::Gone)?;
    if before.checked_at.is_some_and(|checked| checked.plus(gap) > now) {
        return Ok(false);
    }
    let position = refund.and_then(|name| before.refunds.iter().position(|refund| refund.reference == *name));
    let mut after = before.clone();
    after.checked_at = Some(now);
    after.sequence += 1;
    payments::update(connection, &before, &after)?;
    let about = position.map_or(About::Payment, About::Refund);
    let callback = Callback { kind: CallbackType::Check, about };
    callbacks::enqueue(connection, &after, &callback, after.sequence, now)?;
    Ok(true)
}
