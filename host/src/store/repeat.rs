//! Calls that may be made again (rule 8): what the plugin was asked is kept sealed from the first write on, taken by one
//! who makes the call again, and erased once it is decided or too late (rule 36).

use super::columns::{Columns, KeptWrite, Unsigned};
use super::database::{self, Connection, OptionalExtension, params};
use super::seal::Seal;
use super::{Store, StoreError, Subject, kept_request, operations};
use crate::clock::Timestamp;
use crate::model::{
    ActionState, Kind, Operation, OperationKey, Payment, PaymentKey, PaymentState, Reference, Request, Version, Write,
};
use std::time::Duration;

/// What a plugin was asked to do, encrypted for its operation. Prints as nothing.
#[derive(Clone)]
pub struct SealedRequest(pub(super) Vec<u8>);

impl std::fmt::Debug for SealedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedRequest(…)")
    }
}

/// Under which conditions a call may be made again.
#[derive(Clone, Debug)]
pub struct Repeating {
    /// The present.
    pub now: Timestamp,
    /// Its first write was about to leave no longer ago than this.
    pub within: Duration,
    /// The plugin that would be called: the same as then, or it is not.
    pub version: Version,
    /// Until then nobody else makes it again.
    pub lease_until: Timestamp,
}

/// A call that is to be made again.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// The operation, under a new fence.
    pub operation: Operation,
    /// What it belongs to, as it is now.
    pub subject: Subject,
    /// What the plugin was asked then.
    pub request: Request,
    /// What was about to leave then, in order.
    pub writes: Vec<Write>,
}

impl Store {
    /// A request as it is kept; none of one that is never made again, and where there is no key to seal it with.
    pub fn seal(&self, operation: &Reference, request: &Request) -> Option<SealedRequest> {
        let seal = self.parts.seal.as_ref()?;
        seal.seal(operation, kept_request::text(request)?).map(SealedRequest)
    }

    /// The operations of a payment that ended as unknown, and of which it is kept what was asked.
    pub async fn repeatable(&self, payment: PaymentKey) -> Result<Vec<OperationKey>, StoreError> {
        let repeatable = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key FROM operations
                 WHERE payment = ? AND request IS NOT NULL AND phase = 'finished' AND outcome = 'unknown' ORDER BY key",
            )?;
            let keys = statement.query_map([payment], |row| row.get(0))?;
            Ok(keys.collect::<database::Result<_>>()?)
        };
        self.parts.readers.read(repeatable).await
    }

    /// Takes a call to be made again, in one conditional update: who comes second finds none. When this returns one, its
    /// new fence is on disk. None where the conditions do not hold, or what is kept was sealed with another key.
    pub async fn take_repeat(
        &self,
        operation: OperationKey,
        repeating: Repeating,
    ) -> Result<Option<Repeat>, StoreError> {
        let Some(seal) = self.parts.seal.clone() else { return Ok(None) };
        let fence = self.next_fence();
        let take = move |connection: &Connection| take(connection, operation, &repeating, fence, &seal);
        self.parts.writer.durable(take).await
    }

    /// Notes that a write of a call that is made again is about to leave once more. When this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`]: the call is decided, another's, or its time is over. Nothing may leave.
    pub async fn sent_again(
        &self,
        operation: OperationKey,
        fence: u64,
        now: Timestamp,
        within: Duration,
    ) -> Result<(), StoreError> {
        let note = move |connection: &Connection| note_sent_again(connection, operation, fence, now, within);
        self.parts.writer.durable(note).await
    }

    /// When something of this operation may have left last: the end of the lease where it is being made again. None where
    /// there is no such operation.
    pub async fn last_attempt(&self, operation: &Reference) -> Result<Option<Timestamp>, StoreError> {
        let reference = operation.clone();
        let last = move |connection: &Connection| {
            let sql = "SELECT coalesce(attempted_at, sent_at, created_at) FROM operations WHERE reference = ?";
            Ok(connection.prepare_cached(sql)?.query_row([&reference], |row| row.get(0)).optional()?)
        };
        self.parts.readers.read(last).await
    }

    /// Erases what was kept of calls whose first write is too long ago, or by its date was not made yet: neither is ever
    /// made again.
    pub async fn forget_requests(&self, now: Timestamp, within: Duration) -> Result<(), StoreError> {
        let (oldest, newest) = (now.minus(within), now.plus(within));
        let any = move |connection: &Connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM operations
                                      WHERE request IS NOT NULL AND phase = 'finished' AND (sent_at < ? OR sent_at > ?))";
            Ok(connection.prepare_cached(sql)?.query_row(params![oldest, newest], |row| row.get::<bool>(0))?)
        };
        if !self.parts.readers.read(any).await? {
            return Ok(());
        }
        let forget = move |connection: &Connection| {
            connection
                .prepare_cached(
                    "UPDATE operations SET request = NULL
                     WHERE request IS NOT NULL AND phase = 'finished' AND (sent_at < ? OR sent_at > ?)",
                )?
                .execute(params![oldest, newest])?;
            Ok(())
        };
        self.parts.writer.durable(forget).await
    }
}

fn take(
    connection: &Connection,
    key: OperationKey,
    repeating: &Repeating,
    fence: u64,
    seal: &Seal,
) -> Result<Option<Repeat>, StoreError> {
    let Repeating { now, within, version, lease_until } = repeating;
    let Some(found) = operations::load(connection, key)? else { return Ok(None) };
    let subject = Subject::of(connection, &found.operation)?;
    // News may have decided it before it ended as unknown.
    if subject.payment.as_ref().is_some_and(|payment| is_decided(payment, key, found.operation.kind)) {
        forget(connection, key)?;
        return Ok(None);
    }
    // A host with another key leaves it to one that can read it.
    let Some(request) = opened(connection, &found.operation, seal)? else { return Ok(None) };
    let writes = connection
        .prepare_cached(
            "UPDATE operations SET fence = ?, attempt = attempt + 1, repeat_until = ?, attempted_at = ?
             WHERE key = ? AND request IS NOT NULL AND phase = 'finished' AND outcome = 'unknown' AND version = ?
               AND sent_at <= ? AND sent_at >= ?
               AND (repeat_until IS NULL OR repeat_until <= ? OR repeat_until > ?)
             RETURNING writes",
        )?
        .query_row(
            params![Unsigned(fence), lease_until, lease_until, key, version, now, now.minus(*within), now, lease_until],
            |row| Columns::of(row).next_list::<KeptWrite>(),
        )
        .optional()?;
    let Some(writes) = writes else { return Ok(None) };
    let operation = operations::load(connection, key)?.ok_or(StoreError::Gone)?.operation;
    Ok(Some(Repeat { operation, subject, request, writes: writes.into_iter().map(Write::from).collect() }))
}

fn opened(connection: &Connection, operation: &Operation, seal: &Seal) -> database::Result<Option<Request>> {
    let sealed: Option<Vec<u8>> = connection
        .prepare_cached("SELECT request FROM operations WHERE key = ? AND request IS NOT NULL")?
        .query_row([operation.key], |row| row.get(0))
        .optional()?;
    let text = sealed.and_then(|sealed| seal.open(&operation.reference, &sealed));
    Ok(text.and_then(|text| kept_request::request(&text)))
}

fn note_sent_again(
    connection: &Connection,
    key: OperationKey,
    fence: u64,
    now: Timestamp,
    within: Duration,
) -> Result<(), StoreError> {
    let noted = connection
        .prepare_cached(
            "UPDATE operations SET attempted_at = repeat_until
             WHERE key = ? AND fence = ? AND request IS NOT NULL AND phase = 'finished' AND outcome = 'unknown'
               AND repeat_until > ? AND sent_at <= ? AND sent_at >= ?",
        )?
        .execute(params![key, Unsigned(fence), now, now, now.minus(within)])?;
    if noted == 0 { Err(StoreError::Gone) } else { Ok(()) }
}

/// Erases what was kept of a payment's operations that are decided now.
pub(super) fn forget_decided(connection: &Connection, payment: &Payment) -> database::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT key, kind FROM operations WHERE payment = ? AND request IS NOT NULL AND phase = 'finished'",
    )?;
    let kept = statement.query_map([payment.key], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let kept = kept.collect::<database::Result<Vec<(OperationKey, Kind)>>>()?;
    for (key, _) in kept.into_iter().filter(|(key, kind)| is_decided(payment, *key, *kind)) {
        forget(connection, key)?;
    }
    Ok(())
}

fn forget(connection: &Connection, key: OperationKey) -> database::Result<()> {
    connection
        .prepare_cached("UPDATE operations SET request = NULL WHERE key = ? AND phase = 'finished'")?
        .execute([key])?;
    Ok(())
}

fn is_decided(payment: &Payment, operation: OperationKey, kind: Kind) -> bool {
    let refund = payment.refunds.iter().find(|refund| refund.operation == Some(operation)).map(|refund| refund.state);
    let capture =
        payment.captures.iter().find(|capture| capture.operation == Some(operation)).map(|capture| capture.state);
    match kind {
        Kind::Refund => refund != Some(ActionState::Unknown),
        Kind::Capture | Kind::Void => capture != Some(ActionState::Unknown),
        Kind::Resume => payment.state.is_terminal(),
        _ => payment.state != PaymentState::Unknown,
    }
}
