//! The row of a payment, its refunds and captures, which are rows of `operations`.

use super::columns::{Columns, Json, Unsigned};
use super::database::{self, Connection, OptionalExtension, Params, Row, params};
use super::names::Named;
use super::news_json::KeptDispute;
use crate::clock::Timestamp;
use crate::model::{
    Amount, Capture, Kind, OfSubscription, Origin, Payment, PaymentKey, PaymentState, Reference, Refund,
};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT key, external, origin, subscription, reference, shop_transaction_id, payment_method, amount, ",
            "currency, authorized, captured, refunded, state, ids, told, description, metadata, decline_code, carry, ",
            "carry_format, review, dispute, sequence, observed_at, expires_at, ask_at, asks, open_since, checked_at, created_at, ",
            "updated_at, merged_into, ",
            "(SELECT coalesce(told, reference) FROM subscriptions WHERE subscriptions.key = payments.subscription), ",
            "(SELECT tokens FROM subscriptions WHERE subscriptions.key = payments.subscription AND told IS NULL) ",
            "FROM payments WHERE ",
            $condition
        )
    };
}

/// Loads a payment with its refunds and captures. One that was taken over leads to the one that did.
pub(super) fn load(connection: &Connection, key: PaymentKey) -> database::Result<Option<Payment>> {
    one(connection, select!("key = ?"), [key])
}

/// The same of the payment that has this name, or whose refund has it. To be called without a transaction too: all of
/// it sees the same moment.
pub(super) fn load_named(
    connection: &Connection,
    external: &str,
    named: Named,
    name: &str,
) -> database::Result<Option<Payment>> {
    let condition = select!("key = (SELECT payment FROM names WHERE external = ? AND kind = ? AND name = ?)");
    one(connection, condition, [external, named.column(), name])
}

fn one(connection: &Connection, sql: &str, values: impl Params) -> database::Result<Option<Payment>> {
    let mut statement = connection.prepare_cached(sql)?;
    // Open to the end: while a statement is, whatever else the connection reads is of the same moment.
    let mut rows = statement.query(values)?;
    let Some((mut payment, merged_into)) = rows.next()?.map(|row| read(&row)).transpose()? else {
        return Ok(None);
    };
    if let Some(heir) = merged_into {
        return load(connection, heir);
    }
    (payment.refunds, payment.captures) = actions_of(connection, payment.key)?;
    Ok(Some(payment))
}

fn read(row: &Row<'_>) -> database::Result<(Payment, Option<PaymentKey>)> {
    let mut columns = Columns::of(row);
    let mut payment = Payment {
        key: columns.next()?,
        external: columns.next()?,
        origin: columns.next()?,
        subscription: columns.next::<Option<_>>()?.map(|key| OfSubscription { key, token: String::new() }),
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
        dispute: columns.next::<Option<Json<KeptDispute>>>()?.map(|kept| kept.0.into()),
        sequence: columns.next::<Unsigned>()?.0,
        observed_at: columns.next()?,
        expires_at: columns.next()?,
        ask_at: columns.next()?,
        asks: columns.next()?,
        open_since: columns.next()?,
        checked_at: columns.next()?,
        created_at: columns.next()?,
        updated_at: columns.next()?,
        refunds: Vec::new(),
        captures: Vec::new(),
    };
    let merged_into = columns.next()?;
    // What it was told as; else the provider's token for it; else the host's own name.
    let (told, mut tokens): (Option<String>, Vec<String>) = (columns.next()?, columns.next_list()?);
    if let (Some(subscription), Some(told)) = (&mut payment.subscription, told) {
        subscription.token = if tokens.is_empty() { told } else { tokens.swap_remove(0) };
    }
    Ok((payment, merged_into))
}

/// Writes a new payment, without refunds, and gives it its key. `business_key`: what its shop transaction id is kept
/// from others by (rule 15).
pub(super) fn insert(
    connection: &Connection,
    payment: &mut Payment,
    business_key: Option<&str>,
) -> database::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO payments (external, origin, subscription, reference, shop_transaction_id, business_key,
                               business_key_held, payment_method, amount, currency, refunded, state, ids, sequence,
                               ask_at, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '[]', 0, ?, ?, ?)",
    )?;
    let key = statement.insert(params![
        payment.external,
        payment.origin,
        payment.subscription.as_ref().map(|subscription| subscription.key),
        payment.reference,
        payment.shop_transaction_id,
        business_key,
        business_key.is_some(),
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
pub(super) fn update(connection: &Connection, before: &Payment, after: &Payment) -> database::Result<()> {
    update_row(connection, after)?;
    // Apart, because it stands in an index and hardly ever changes.
    if before.shop_transaction_id != after.shop_transaction_id {
        connection
            .prepare_cached("UPDATE payments SET shop_transaction_id = ? WHERE key = ?")?
            .execute(params![after.shop_transaction_id, after.key])?;
    }
    for capture in after.captures.iter().filter(|capture| !before.captures.contains(capture)) {
        if !update_capture(connection, capture)? {
            insert_adopted(
                connection,
                after,
                Kind::Capture,
                &capture.reference,
                capture.amount.as_ref(),
                capture.created_at,
            )?;
            update_capture(connection, capture)?;
        }
    }
    for refund in after.refunds.iter().filter(|refund| !before.refunds.contains(refund)) {
        if !update_refund(connection, refund)? {
            insert_adopted(
                connection,
                after,
                Kind::Refund,
                &refund.reference,
                Some(&refund.amount),
                refund.created_at,
            )?;
            update_refund(connection, refund)?;
        }
    }
    Ok(())
}

fn update_row(connection: &Connection, payment: &Payment) -> database::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE payments SET payment_method = ?, amount = ?, currency = ?, authorized = ?, captured = ?, refunded = ?,
                             state = ?, ids = ?, told = ?, description = ?, metadata = ?, decline_code = ?, carry = ?,
                             carry_format = ?, review = ?, dispute = ?, sequence = ?, observed_at = ?, expires_at = ?, ask_at = ?,
                             asks = ?, open_since = ?, checked_at = ?, updated_at = ?
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
        payment.dispute.clone().map(|dispute| Json(KeptDispute::from(dispute))),
        Unsigned(payment.sequence),
        payment.observed_at,
        payment.expires_at,
        payment.ask_at,
        payment.asks,
        payment.open_since,
        payment.checked_at,
        payment.updated_at,
        payment.key,
    ])?;
    Ok(())
}

fn actions_of(connection: &Connection, payment: PaymentKey) -> database::Result<(Vec<Refund>, Vec<Capture>)> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, key, caller IS NULL, reference, ids, told, amount, currency, action_state, description, carry,
                carry_format, created_at, last
         FROM operations WHERE payment = ? AND kind IN ('refund', 'capture', 'void') ORDER BY key",
    )?;
    let (mut refunds, mut captures) = (Vec::new(), Vec::new());
    let mut rows = statement.query([payment])?;
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(&row);
        let kind: Kind = columns.next()?;
        if kind == Kind::Refund {
            refunds.push(read_refund(&mut columns)?);
        } else {
            captures.push(read_capture(&mut columns, kind == Kind::Void)?);
        }
    }
    Ok((refunds, captures))
}

fn read_refund(columns: &mut Columns<'_>) -> database::Result<Refund> {
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
}

fn read_capture(columns: &mut Columns<'_>, void: bool) -> database::Result<Capture> {
    let (key, adopted) = (columns.next()?, columns.next::<bool>()?);
    let operation = (!adopted).then_some(key);
    let (reference, ids, _told) = (columns.next()?, columns.next_list()?, columns.next::<Option<String>>()?);
    // Of a payment that was made elsewhere, nobody here may know how much was reserved.
    let (amount, state) = (columns.next_amount()?, columns.next()?);
    let (_description, _carry) = (columns.next::<Option<String>>()?, columns.next_carry()?);
    let (created_at, last) = (columns.next()?, columns.next::<Option<bool>>()?.unwrap_or(true));
    Ok(Capture { operation, void, reference, ids, amount, last, state, created_at })
}

/// Says whether there is such a capture or void.
fn update_capture(connection: &Connection, capture: &Capture) -> database::Result<bool> {
    let mut statement =
        connection.prepare_cached("UPDATE operations SET action_state = ?, ids = ?, last = ? WHERE reference = ?")?;
    let found = statement.execute(params![capture.state, Json(&capture.ids), capture.last, capture.reference])?;
    Ok(found > 0)
}

/// Says whether there is such a refund.
fn update_refund(connection: &Connection, refund: &Refund) -> database::Result<bool> {
    let mut statement = connection.prepare_cached(
        "UPDATE operations SET action_state = ?, ids = ?, told = ?, description = ?, carry = ?, carry_format = ?
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

/// A refund or capture that nobody called us for is finished from the start: it has no caller, no keys, no plugin.
fn insert_adopted(
    connection: &Connection,
    payment: &Payment,
    kind: Kind,
    reference: &Reference,
    amount: Option<&Amount>,
    created_at: Timestamp,
) -> database::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO operations (payment, external, kind, reference, fingerprint, seed, version, amount, currency,
                                 attempt, phase, fence, lease_until, created_at)
         VALUES (?, ?, ?, ?, '', ?, '', ?, ?, 0, 'finished', 0, 0, ?)",
    )?;
    statement.execute(params![
        payment.key,
        payment.external,
        kind,
        reference,
        [0_u8; 16],
        amount.map(|amount| Unsigned(amount.minor)),
        amount.map(|amount| &amount.currency),
        created_at,
    ])?;
    Ok(())
}

/// Where it stands is to be asked for from the beginning.
pub(super) fn ask_anew(
    connection: &Connection,
    payment: PaymentKey,
    at: Timestamp,
    now: Timestamp,
) -> database::Result<()> {
    connection
        .prepare_cached("UPDATE payments SET ask_at = ?, asks = 0, open_since = ? WHERE key = ?")?
        .execute(params![at, now, payment])?;
    Ok(())
}

/// Lets the shop transaction id go, for another try (rule 15).
pub(super) fn free_business_key(connection: &Connection, key: PaymentKey) -> database::Result<()> {
    connection.prepare_cached("UPDATE payments SET business_key_held = 0 WHERE key = ?")?.execute([key])?;
    Ok(())
}

/// Takes a business key back that was let go. Returns who has it by now, if anybody has.
pub(super) fn regain_business_key(connection: &Connection, key: PaymentKey) -> database::Result<Option<PaymentKey>> {
    let mut holder = connection.prepare_cached(
        "SELECT other.key FROM payments own
         JOIN payments other ON other.external = own.external AND other.origin = own.origin
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
pub(super) fn holder_of(
    connection: &Connection,
    external: &str,
    origin: Origin,
    key: &str,
) -> database::Result<Option<PaymentKey>> {
    let mut statement = connection.prepare_cached(
        "SELECT key FROM payments WHERE external = ? AND origin = ? AND business_key = ? AND business_key_held = 1",
    )?;
    statement.query_row(params![external, origin, key], |row| row.get(0)).optional()
}

/// How a payment came to be, and where it stands.
pub(super) fn standing(connection: &Connection, key: PaymentKey) -> database::Result<(Origin, PaymentState)> {
    let mut statement = connection.prepare_cached("SELECT origin, state FROM payments WHERE key = ?")?;
    statement.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The payment that an operation of this name belongs to: the host's names are unique over all.
pub(super) fn by_reference(
    connection: &Connection,
    external: &str,
    reference: &str,
) -> database::Result<Option<PaymentKey>> {
    let mut statement =
        connection.prepare_cached("SELECT payment FROM operations WHERE reference = ? AND external = ?")?;
    Ok(statement.query_row([reference, external], |row| row.get(0)).optional()?.flatten())
}

/// The payment of a shop transaction id: the one that lives, else the newest (rule 5).
pub(super) fn by_shop_transaction(
    connection: &Connection,
    external: &str,
    id: &str,
) -> database::Result<Option<PaymentKey>> {
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
