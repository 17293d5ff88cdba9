//! The row of an operation.

use super::columns::{Columns, Json, Unsigned};
use super::database::{self, Connection, OptionalExtension, Row, params};
use super::subject::Keys;
use super::{Claim, StoreError, What};
use crate::clock::Timestamp;
use crate::model::{ActionState, Amount, Answer, Kind, Operation, OperationKey, PaymentKey, Phase, Settled, Target};

/// Who may claim what: the idempotency key that an operation was claimed with goes along.
pub(super) struct Kept {
    pub(super) operation: Operation,
    pub(super) idempotency_key: Option<String>,
}

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT key, external, payment, subscription, kind, reference, seed, fingerprint, version, amount, currency, attempt, phase, ",
            "outcome, fence, created_at, answer_status, answer_headers, answer_body, idempotency_key ",
            "FROM operations WHERE ",
            $condition
        )
    };
}

pub(super) fn load(connection: &Connection, key: OperationKey) -> database::Result<Option<Kept>> {
    connection.prepare_cached(select!("key = ?"))?.query_row([key], read).optional()
}

/// The operation that was claimed with this idempotency key (rule 17).
pub(super) fn by_idempotency_key(connection: &Connection, claim: &Claim) -> database::Result<Option<Kept>> {
    let Some(key) = &claim.idempotency_key else {
        return Ok(None);
    };
    connection
        .prepare_cached(select!("idempotency_key = ? AND caller = ? AND external = ? AND kind = ?"))?
        .query_row(params![key, claim.caller, claim.external, claim.what.kind()], read)
        .optional()
}

/// The operation that made a payment: the two share their name.
pub(super) fn by_reference(connection: &Connection, reference: &str) -> database::Result<Option<Kept>> {
    connection.prepare_cached(select!("reference = ?"))?.query_row([reference], read).optional()
}

/// An operation that is the caller's to write: not finished, and claimed under this very fence.
pub(super) fn held(connection: &Connection, key: OperationKey, fence: u64) -> Result<Operation, StoreError> {
    let kept = load(connection, key)?.ok_or(StoreError::Gone)?;
    let held = kept.operation.fence == fence && kept.operation.phase != Phase::Finished;
    held.then_some(kept.operation).ok_or(StoreError::Gone)
}

/// An operation that is being made again by whoever has this fence: it has ended as unknown, and is still that.
pub(super) fn held_again(connection: &Connection, key: OperationKey, fence: u64) -> Result<Operation, StoreError> {
    let kept = load(connection, key)?.ok_or(StoreError::Gone)?;
    let held = kept.operation.fence == fence && kept.operation.outcome == Some(Settled::Unknown);
    held.then_some(kept.operation).ok_or(StoreError::Gone)
}

fn read(row: &Row<'_>) -> database::Result<Kept> {
    let mut columns = Columns::of(row);
    let mut operation = Operation {
        key: columns.next()?,
        external: columns.next()?,
        payment: columns.next()?,
        subscription: columns.next()?,
        kind: columns.next()?,
        reference: columns.next()?,
        seed: columns.next()?,
        fingerprint: columns.next()?,
        version: columns.next()?,
        amount: columns.next_amount()?,
        attempt: columns.next()?,
        phase: columns.next()?,
        outcome: columns.next()?,
        fence: columns.next::<Unsigned>()?.0,
        created_at: columns.next()?,
        answer: None,
    };
    let status: Option<u16> = columns.next()?;
    let (headers, body) = (columns.next_list()?, columns.next::<Option<Vec<u8>>>()?);
    operation.answer = status.zip(body).map(|(status, body)| Answer { status, headers, body });
    Ok(Kept { operation, idempotency_key: columns.next()? })
}

/// Writes a new operation, started.
pub(super) fn insert(
    connection: &Connection,
    claim: &Claim,
    keys: Keys,
    amount: Option<Amount>,
    fence: u64,
) -> database::Result<Operation> {
    let kind = claim.what.kind();
    let last = match claim.what {
        What::Capture { last, .. } => Some(last),
        _ => None,
    };
    let mut statement = connection.prepare_cached(
        "INSERT INTO operations (payment, subscription, external, kind, reference, caller, idempotency_key,
                                 fingerprint, seed, version, amount, currency, attempt, phase, fence, lease_until,
                                 created_at, action_state, last)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
    )?;
    let key = statement.insert(params![
        keys.payment,
        keys.subscription,
        claim.external,
        kind,
        claim.reference,
        claim.caller,
        claim.idempotency_key,
        claim.fingerprint,
        claim.seed,
        claim.version,
        amount.as_ref().map(|amount| Unsigned(amount.minor)),
        amount.as_ref().map(|amount| &amount.currency),
        Phase::Started,
        Unsigned(fence),
        claim.lease_until,
        claim.now,
        matches!(kind, Kind::Refund | Kind::Capture | Kind::Void).then_some(ActionState::Started),
        last,
    ])?;
    Ok(Operation {
        key: OperationKey(key),
        external: claim.external.clone(),
        payment: keys.payment,
        subscription: keys.subscription,
        kind,
        reference: claim.reference.clone(),
        seed: claim.seed,
        fingerprint: claim.fingerprint.clone(),
        version: claim.version.clone(),
        amount,
        attempt: 1,
        phase: Phase::Started,
        outcome: None,
        fence,
        created_at: claim.now,
        answer: None,
    })
}

/// Writes an operation's end. What was not executed, and what may be done again, frees its idempotency key (rule 19).
pub(super) fn finish(
    connection: &Connection,
    operation: &Operation,
    settled: Settled,
    answer: Option<&Answer>,
    now: Timestamp,
) -> database::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE operations SET phase = 'finished', outcome = ?, finished_at = ?, answer_status = ?,
                               answer_headers = ?, answer_body = ?,
                               request = CASE WHEN ? = 'unknown' THEN request ELSE NULL END
         WHERE key = ?",
    )?;
    statement.execute(params![
        settled,
        now,
        answer.map(|answer| answer.status),
        answer.map(|answer| Json(&answer.headers)),
        answer.map(|answer| &answer.body),
        settled,
        operation.key,
    ])?;
    if settled == Settled::NotExecuted || settled == Settled::Unknown && operation.kind.can_repeat() {
        free_idempotency_key(connection, operation.key)?;
    }
    Ok(())
}

/// Writes what came of making it again. Its answer is kept as it was given (rule 19).
pub(super) fn finish_again(connection: &Connection, key: OperationKey, settled: Settled) -> database::Result<()> {
    connection
        .prepare_cached("UPDATE operations SET outcome = ?, request = NULL, repeat_until = NULL WHERE key = ?")?
        .execute(params![settled, key])?;
    Ok(())
}

/// A repeat under a key of an operation that was claimed without one: from now on the key is that operation's, so that
/// it cannot be used for anything else (rule 17).
pub(super) fn take_idempotency_key(connection: &Connection, key: OperationKey, claim: &Claim) -> database::Result<()> {
    connection
        .prepare_cached(
            "UPDATE operations SET idempotency_key = ? WHERE key = ? AND idempotency_key IS NULL AND caller = ?",
        )?
        .execute(params![claim.idempotency_key, key, claim.caller])?;
    Ok(())
}

/// Whether an operation of this external that makes a payment under this subscription still runs.
pub(super) fn any_open_under(
    connection: &Connection,
    subscription: crate::model::SubscriptionKey,
) -> database::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM operations INDEXED BY operations_open
                            WHERE phase <> 'finished' AND subscription = ?)",
        )?
        .query_row([subscription], |row| row.get(0))
}

/// Whether a call runs that was made for this payment, or is being made again.
pub(super) fn any_runs_for(connection: &Connection, payment: PaymentKey, now: Timestamp) -> database::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM operations INDEXED BY operations_open
                            WHERE phase <> 'finished' AND payment = ?)
                 OR EXISTS (SELECT 1 FROM operations
                            WHERE payment = ? AND repeat_until IS NOT NULL AND repeat_until > ?)",
        )?
        .query_row(params![payment, payment, now], |row| row.get(0))
}

/// Lets an operation's idempotency key go.
pub(super) fn free_idempotency_key(connection: &Connection, key: OperationKey) -> database::Result<()> {
    connection.prepare_cached("UPDATE operations SET idempotency_key = NULL WHERE key = ?")?.execute([key])?;
    Ok(())
}

/// Whether an operation of this external runs that may be making the very payment of this news: one whose payment the
/// provider has not named yet, and that no other name of the news contradicts.
pub(super) fn may_be_making(connection: &Connection, external: &str, target: &Target) -> database::Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT operations.reference, payments.shop_transaction_id
         FROM operations INDEXED BY operations_open JOIN payments ON payments.key = operations.payment
         WHERE phase <> 'finished' AND operations.external = ? AND payments.reference = operations.reference
           AND payments.ids = '[]'",
    )?;
    let mut rows = statement.query([external])?;
    while let Some(row) = rows.next()? {
        let (reference, shop): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        let other_name = target.host_reference.as_ref().is_some_and(|said| *said != reference);
        let other_shop = target.shop_transaction_id.is_some() && target.shop_transaction_id != shop;
        if !other_name && !other_shop {
            return Ok(true);
        }
    }
    Ok(false)
}
