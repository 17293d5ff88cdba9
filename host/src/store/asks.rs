//! What the provider is to be asked about, taken by who asks and settled by what came of it (rules 6 and 10); and what
//! merchants ask for themselves (rule 34).

use super::database::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError, callbacks, payments, subscriptions};
use crate::clock::Timestamp;
use crate::model::{
    About, Callback, CallbackType, Payment, PaymentKey, Reference, Subscription, SubscriptionKey, with_reason,
};
use std::time::Duration;

/// How questions are taken that are due.
#[derive(Clone, Copy, Debug)]
pub struct Taking {
    /// The present.
    pub now: Timestamp,
    /// No question is planned later than this: what is was planned by a clock that has been set back since, and is due.
    pub furthest: Timestamp,
    /// When they are due again, should who takes them die. Says afterwards whether anybody planned anew meanwhile.
    pub lease_until: Timestamp,
    /// How many are taken at most.
    pub limit: usize,
}

/// What became of a round of questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskSettled {
    /// Rounds until now, since what is open came to stand so.
    pub asks: u32,
    /// When the next one is due; none: no more.
    pub next: Option<Timestamp>,
    /// Why a person must look, where one must.
    pub review: Option<&'static str>,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AskedAbout {
    /// A payment, and what was done to it.
    Payment(PaymentKey),
    /// A subscription.
    Subscription(SubscriptionKey),
}

/// The two that are asked about: their rows have the same columns for it.
#[derive(Clone, Copy)]
enum Table {
    Payments,
    Subscriptions,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::Subscriptions => "subscriptions",
        }
    }
}

impl Store {
    /// Externals of which something is due to be asked about.
    pub async fn due_ask_externals(&self, now: Timestamp, furthest: Timestamp) -> Result<Vec<String>, StoreError> {
        let due = move |connection: &Connection| {
            let mut due = externals_due(connection, Table::Payments, now, furthest)?;
            due.extend(externals_due(connection, Table::Subscriptions, now, furthest)?);
            due.sort_unstable();
            due.dedup();
            Ok(due)
        };
        self.parts.readers.read(due).await
    }

    /// Takes payments of an external that are due to be asked about, the longest due first.
    pub async fn take_asks(&self, external: &str, taking: Taking) -> Result<Vec<Payment>, StoreError> {
        let external = external.to_owned();
        let take = move |connection: &Connection| {
            let keys = take(connection, Table::Payments, &external, taking)?;
            let loaded = keys.into_iter().map(|key| payments::load(connection, PaymentKey(key)));
            Ok(loaded.filter_map(Result::transpose).collect::<database::Result<_>>()?)
        };
        self.parts.writer.durable(take).await
    }

    /// The same of subscriptions.
    pub async fn take_subscription_asks(
        &self,
        external: &str,
        taking: Taking,
    ) -> Result<Vec<Subscription>, StoreError> {
        let external = external.to_owned();
        let take = move |connection: &Connection| {
            let keys = take(connection, Table::Subscriptions, &external, taking)?;
            let loaded = keys.into_iter().map(|key| subscriptions::load(connection, SubscriptionKey(key)));
            Ok(loaded.filter_map(Result::transpose).collect::<database::Result<_>>()?)
        };
        self.parts.writer.durable(take).await
    }

    /// Writes down what became of a round of questions about a payment, unless somebody has planned anew since it was
    /// taken with this lease. Says whether a person must look for a reason that was not there before.
    pub async fn settle_ask(
        &self,
        payment: PaymentKey,
        lease: Timestamp,
        settled: AskSettled,
    ) -> Result<bool, StoreError> {
        let settle =
            move |connection: &Connection| Ok(settle(connection, Table::Payments, payment.0, lease, &settled)?);
        self.parts.writer.durable(settle).await
    }

    /// The same of a subscription.
    pub async fn settle_subscription_ask(
        &self,
        subscription: SubscriptionKey,
        lease: Timestamp,
        settled: AskSettled,
    ) -> Result<bool, StoreError> {
        let settle = move |connection: &Connection| {
            Ok(settle(connection, Table::Subscriptions, subscription.0, lease, &settled)?)
        };
        self.parts.writer.durable(settle).await
    }

    /// Gives back what was taken and not asked to the end: it is due at once, unless somebody has planned anew since.
    pub async fn release_asks(&self, taken: Vec<(AskedAbout, Timestamp)>, now: Timestamp) -> Result<(), StoreError> {
        let release = move |connection: &Connection| {
            for (about, lease) in &taken {
                let (table, key) = match about {
                    AskedAbout::Payment(key) => (Table::Payments, key.0),
                    AskedAbout::Subscription(key) => (Table::Subscriptions, key.0),
                };
                let table = table.name();
                let sql = format!("UPDATE {table} SET ask_at = ?, asking = 0 WHERE key = ? AND ask_at = ?");
                connection.prepare_cached(&sql)?.execute(params![now, key, lease])?;
            }
            Ok(())
        };
        self.parts.writer.durable(release).await
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
    // One that lies ahead is of a clock that has been set back since.
    if before.checked_at.is_some_and(|checked| checked.plus(gap) > now && checked <= now.plus(gap)) {
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

/// Who had taken questions is gone: they are due at once, and so are calls that were being made again.
pub(super) fn release_leases(connection: &Connection, now: Timestamp) -> database::Result<()> {
    for table in [Table::Payments, Table::Subscriptions] {
        let table = table.name();
        let sql = format!("UPDATE {table} SET ask_at = ?, asking = 0 WHERE asking = 1 AND ask_at IS NOT NULL");
        connection.execute(&sql, [now])?;
    }
    let repeats = "UPDATE operations SET repeat_until = NULL
                   WHERE request IS NOT NULL AND phase = 'finished' AND repeat_until IS NOT NULL";
    connection.execute(repeats, [])?;
    Ok(())
}

/// Jumps from one external to the next in the index: what is not due is not looked at.
fn externals_due(
    connection: &Connection,
    table: Table,
    now: Timestamp,
    furthest: Timestamp,
) -> database::Result<Vec<String>> {
    let table = table.name();
    let sql = format!(
        "WITH RECURSIVE waiting (external) AS (
             SELECT min(external) FROM {table} WHERE ask_at IS NOT NULL
             UNION ALL
             SELECT (SELECT min(external) FROM {table} WHERE ask_at IS NOT NULL AND external > waiting.external)
             FROM waiting WHERE waiting.external IS NOT NULL)
         SELECT external FROM waiting
         WHERE external IS NOT NULL
           AND (EXISTS (SELECT 1 FROM {table}
                        WHERE ask_at IS NOT NULL AND external = waiting.external AND ask_at <= ?)
                OR EXISTS (SELECT 1 FROM {table}
                           WHERE ask_at IS NOT NULL AND external = waiting.external AND ask_at > ?))"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let externals = statement.query_map(params![now, furthest], |row| row.get(0))?;
    externals.collect()
}

/// Takes what is due, and what a clock that ran ahead has planned, in one command: who comes second finds neither.
fn take(connection: &Connection, table: Table, external: &str, taking: Taking) -> database::Result<Vec<i64>> {
    let Taking { now, furthest, lease_until, limit } = taking;
    let mut keys = push_on(connection, table, external, "<=", now, lease_until, limit)?;
    let left = limit.saturating_sub(keys.len());
    if left > 0 {
        keys.extend(push_on(connection, table, external, ">", furthest, lease_until, left)?);
    }
    Ok(keys)
}

fn push_on(
    connection: &Connection,
    table: Table,
    external: &str,
    comparison: &str,
    moment: Timestamp,
    lease_until: Timestamp,
    limit: usize,
) -> database::Result<Vec<i64>> {
    let table = table.name();
    let sql = format!(
        "UPDATE {table} SET ask_at = ?, asking = 1
         WHERE key IN (SELECT key FROM {table}
                       WHERE ask_at IS NOT NULL AND external = ? AND ask_at {comparison} ? ORDER BY ask_at LIMIT ? FOR UPDATE SKIP LOCKED)
         RETURNING key"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let keys = statement.query_map(params![lease_until, external, moment, limit], |row| row.get(0))?;
    keys.collect()
}

fn settle(
    connection: &Connection,
    table: Table,
    key: i64,
    lease: Timestamp,
    settled: &AskSettled,
) -> database::Result<bool> {
    let table = table.name();
    let before = connection
        .prepare_cached(&format!("SELECT review FROM {table} WHERE key = ? AND ask_at = ?"))?
        .query_row(params![key, lease], |row| row.get::<Option<String>>(0))
        .optional()?;
    let Some(review) = before else {
        return Ok(false);
    };
    let more = settled.review.and_then(|reason| with_reason(review.as_deref(), reason));
    let is_new = more.is_some();
    connection
        .prepare_cached(&format!("UPDATE {table} SET ask_at = ?, asking = 0, asks = ?, review = ? WHERE key = ?"))?
        .execute(params![settled.next, settled.asks, more.or(review), key])?;
    Ok(is_new)
}
