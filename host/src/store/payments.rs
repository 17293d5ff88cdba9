//! The row of a payment, and its refunds, which are rows of `operations`.

use super::columns::{Columns, Json, Unsigned};
use crate::model::{Amount, Payment, PaymentKey, PaymentState, Reference, Refund};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// How a payment came to be here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An operation of ours made it. `business_key`: whether its shop transaction id is kept from others (rule 15).
    Pay { business_key: bool },
    /// It was made elsewhere.
    Adopted,
}

/// Loads a payment with its refunds. One that was taken over leads to the one that did.
pub(super) fn load(connection: &Connection, key: PaymentKey) -> rusqlite::Result<Option<Payment>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, external, reference, shop_transaction_id, payment_method, amount, currency, authorized, captured,
                refunded, state, ids, told, description, metadata, decline_code, carry, carry_format, review, sequence,
                observed_at, expires_at, ask_at, checked_at, created_at, updated_at, merged_into
         FROM payments WHERE key = ?",
    )?;
    let Some((mut payment, merged_into)) = statement.query_row([key], read).optional()? else {
        return Ok(None);
    };
    if let Some(heir) = merged_into {
        return load(connection, heir);
    }
    payment.refunds = refunds_of(connection, key)?;
    Ok(Some(payment))
}

fn read(row: &Row<'_>) -> rusqlite::Result<(Payment, Option<PaymentKey>)> {
    let mut columns = Columns::of(row);
    let payment = Payment {
        key: columns.next()?,
        external: columns.next()?,
        reference: columns.next()?,
        shop_transaction_id: columns.next()?,
        payment_method: columns.next()?,
        amount: columns.next_amount()?,
        authorized: columns.next_minor()?,
        captured: columns.next_minor()?,
        refunded: columns.next_minor()?.unwrap_or_default(),
        state: columns.next()?,
        ids: columns.next_list()?,
        told: columns.next()?,
        description: columns.next()?,
        metadata: columns.next()?,
        decline_code: columns.next()?,
        carry: columns.next_carry()?,
        review: columns.next()?,
        sequence: columns.next::<Unsigned>()?.0,
        observed_at: columns.next()?,
        expires_at: columns.next()?,
        ask_at: columns.next()?,
        checked_at: columns.next()?,
        created_at: columns.next()?,
        updated_at: columns.next()?,
        refunds: Vec::new(),
    };
    Ok((payment, columns.next()?))
}

/// Writes a new payment, without refunds, and gives it its key.
pub(super) fn insert(connection: &Connection, payment: &mut Payment, origin: Origin) -> rusqlite::Result<()> {
    let (kind, holds_key) = match origin {
        Origin::Pay { business_key } => ("pay", business_key),
        Origin::Adopted => ("adopted", false),
    };
    let mut statement = connection.prepare_cached(
        "INSERT INTO payments (external, kind, reference, shop_transaction_id, business_key, business_key_held,
                               payment_method, amount, currency, refunded, state, ids, sequence, ask_at, created_at,
                               updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '[]', 0, ?, ?, ?)",
    )?;
    let key = statement.insert(params![
        payment.external,
        kind,
        payment.reference,
        payment.shop_transaction_id,
        payment.shop_transaction_id.as_ref().filter(|_| holds_key),
        holds_key,
        payment.payment_method,
        payment.amount.as_ref().map(|amount| Unsigned(amount.minor)),
        payment.amount.as_ref().map(|amount| &amount.currency),
        payment.state,
        payment.ask_at,
        payment.created_at,
        payment.updated_at,
    ])?;
    payment.key = PaymentKey(key);
    Ok(())
}

/// Writes what changed of a payment and its refunds.
pub(super) fn update(connection: &Connection, before: &Payment, after: &Payment) -> rusqlite::Result<()> {
    update_row(connection, after)?;
    // Apart, because it stands in an index and hardly ever changes.
    if before.shop_transaction_id != after.shop_transaction_id {
        connection
            .prepare_cached("UPDATE payments SET shop_transaction_id = ? WHERE key = ?")?
            .execute(params![after.shop_transaction_id, after.key])?;
    }
    for refund in after.refunds.iter().filter(|refund| !before.refunds.contains(refund)) {
        if !update_refund(connection, refund)? {
            insert_adopted_refund(connection, after, refund)?;
        }
    }
    Ok(())
}

fn update_row(connection: &Connection, payment: &Payment) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE payments SET payment_method = ?, amount = ?, currency = ?, authorized = ?, captured = ?, refunded = ?,
                             state = ?, ids = ?, told = ?, description = ?, metadata = ?, decline_code = ?, carry = ?,
                             carry_format = ?, review = ?, sequence = ?, observed_at = ?, expires_at = ?, ask_at = ?,
                             checked_at = ?, updated_at = ?
         WHERE key = ?",
    )?;
    statement.execute(params![
        payment.payment_method,
        payment.amount.as_ref().map(|amount| Unsigned(amount.minor)),
        payment.amount.as_ref().map(|amount| &amount.currency),
        payment.authorized.map(Unsigned),
        payment.captured.map(Unsigned),
        Unsigned(payment.refunded),
        payment.state,
        Json(&payment.ids),
        payment.told,
        payment.description,
        payment.metadata,
        payment.decline_code,
        payment.carry.as_ref().map(|carry| &carry.json),
        payment.carry.as_ref().map(|carry| carry.format),
        payment.review,
        Unsigned(payment.sequence),
        payment.observed_at,
        payment.expires_at,
        payment.ask_at,
        payment.checked_at,
        payment.updated_at,
        payment.key,
    ])?;
    Ok(())
}

fn refunds_of(connection: &Connection, payment: PaymentKey) -> rusqlite::Result<Vec<Refund>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, caller IS NULL, reference, ids, told, amount, currency, refund_state, description, carry,
                carry_format, created_at
         FROM operations WHERE payment = ? AND kind = 'refund' ORDER BY key",
    )?;
    let refunds = statement.query_map([payment], |row| {
        let mut columns = Columns::of(row);
        let (key, adopted) = (columns.next()?, columns.next::<bool>()?);
        Ok(Refund {
            operation: (!adopted).then_some(key),
            reference: columns.next()?,
            ids: columns.next_list()?,
            told: columns.next()?,
            amount: Amount { minor: columns.next::<Unsigned>()?.0, currency: columns.next()? },
            state: columns.next()?,
            description: columns.next()?,
            carry: columns.next_carry()?,
            created_at: columns.next()?,
        })
    })?;
    refunds.collect()
}

/// Says whether there is such a refund.
fn update_refund(connection: &Connection, refund: &Refund) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached(
        "UPDATE operations SET refund_state = ?, ids = ?, told = ?, description = ?, carry = ?, carry_format = ?
         WHERE reference = ?",
    )?;
    let found = statement.execute(params![
        refund.state,
        Json(&refund.ids),
        refund.told,
        refund.description,
        refund.carry.as_ref().map(|carry| &carry.json),
        refund.carry.as_ref().map(|carry| carry.format),
        refund.reference,
    ])?;
    Ok(found > 0)
}

/// A refund that nobody called us for is finished from the start: it has no caller, no keys, no plugin.
fn insert_adopted_refund(connection: &Connection, payment: &Payment, refund: &Refund) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO operations (payment, external, kind, reference, fingerprint, seed, version, amount, currency,
                                 attempt, phase, fence, lease_until, created_at)
         VALUES (?, ?, 'refund', ?, '', zeroblob(16), '', ?, ?, 0, 'finished', 0, 0, ?)",
    )?;
    statement.execute(params![
        payment.key,
        payment.external,
        refund.reference,
        Unsigned(refund.amount.minor),
        refund.amount.currency,
        refund.created_at,
    ])?;
    update_refund(connection, refund)?;
    Ok(())
}

/// Lets the shop transaction id go, for another try (rule 15).
pub(super) fn free_business_key(connection: &Connection, key: PaymentKey) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE payments SET business_key_held = 0 WHERE key = ?")?.execute([key])?;
    Ok(())
}

/// Takes a business key back that was let go. Returns who has it by now, if anybody has.
pub(super) fn regain_business_key(connection: &Connection, key: PaymentKey) -> rusqlite::Result<Option<PaymentKey>> {
    let mut holder = connection.prepare_cached(
        "SELECT other.key FROM payments own
         JOIN payments other ON other.external = own.external AND other.kind = own.kind
                            AND other.business_key = own.business_key AND other.business_key_held = 1
         WHERE own.key = ? AND other.key <> own.key",
    )?;
    let other = holder.query_row([key], |row| row.get(0)).optional()?;
    if other.is_none() {
        connection
            .prepare_cached("UPDATE payments SET business_key_held = 1 WHERE key = ? AND business_key IS NOT NULL")?
            .execute([key])?;
    }
    Ok(other)
}

/// The payment that holds a business key (rule 15).
pub(super) fn holder_of(connection: &Connection, external: &str, key: &str) -> rusqlite::Result<Option<PaymentKey>> {
    let mut statement = connection.prepare_cached(
        "SELECT key FROM payments
         WHERE external = ? AND kind = 'pay' AND business_key = ? AND business_key_held = 1",
    )?;
    statement.query_row([external, key], |row| row.get(0)).optional()
}

/// Whether a payment was adopted, and where it stands.
pub(super) fn standing(connection: &Connection, key: PaymentKey) -> rusqlite::Result<(bool, PaymentState)> {
    let mut statement = connection.prepare_cached("SELECT kind = 'adopted', state FROM payments WHERE key = ?")?;
    statement.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The payment that an operation of this name belongs to: the host's names are unique over all.
pub(super) fn by_reference(
    connection: &Connection,
    external: &str,
    reference: &str,
) -> rusqlite::Result<Option<PaymentKey>> {
    let mut statement =
        connection.prepare_cached("SELECT payment FROM operations WHERE reference = ? AND external = ?")?;
    statement.query_row([reference, external], |row| row.get(0)).optional()
}

/// The payment of a shop transaction id: the one that lives, else the newest (rule 5).
pub(super) fn by_shop_transaction(
    connection: &Connection,
    external: &str,
    id: &str,
) -> rusqlite::Result<Option<PaymentKey>> {
    let lives = "SELECT key FROM payments WHERE external = ? AND shop_transaction_id = ? AND merged_into IS NULL
                 AND state NOT IN ('failed', 'voided', 'not_executed') ORDER BY key DESC LIMIT 1";
    let newest = "SELECT key FROM payments WHERE external = ? AND shop_transaction_id = ? AND merged_into IS NULL
                  ORDER BY key DESC LIMIT 1";
    for sql in [lives, newest] {
        let found = connection.prepare_cached(sql)?.query_row([external, id], |row| row.get(0)).optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// A payment before anything is known of it.
pub(super) fn blank(external: &str, reference: Reference, now: crate::clock::Timestamp) -> Payment {
    Payment {
        key: PaymentKey(0),
        external: external.to_owned(),
        reference,
        shop_transaction_id: None,
        payment_method: None,
        amount: None,
        authorized: None,
        captured: None,
        refunded: 0,
        state: PaymentState::Started,
        ids: Vec::new(),
        told: None,
        description: None,
        metadata: None,
        decline_code: None,
        carry: None,
        review: None,
        sequence: 0,
        observed_at: None,
        expires_at: None,
        ask_at: None,
        checked_at: None,
        created_at: now,
        updated_at: now,
        refunds: Vec::new(),
    }
}
