//! The row of a subscription, and the names by which it is found.

use super::columns::{Columns, Json, Unsigned};
use super::database::{self, Connection, OptionalExtension, Row, params};
use crate::clock::Timestamp;
use crate::model::{Interval, Origin, PaymentKey, Plan, Reference, Subscription, SubscriptionKey, SubscriptionState};

/// Loads a subscription. One that was taken over leads to the one that did.
pub(super) fn load(connection: &Connection, key: SubscriptionKey) -> database::Result<Option<Subscription>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, external, reference, tokens, told, shop_transaction_id, payment_method, amount, currency,
                interval, interval_count, expires_after, state, metadata, carry, carry_format, sequence, observed_at,
                ask_at, asks, open_since, review, created_at, updated_at, merged_into
         FROM subscriptions WHERE key = ?",
    )?;
    match statement.query_row([key], read).optional()? {
        Some((_, Some(heir))) => load(connection, heir),
        found => Ok(found.map(|(subscription, _)| subscription)),
    }
}

fn read(row: &Row<'_>) -> database::Result<(Subscription, Option<SubscriptionKey>)> {
    let mut columns = Columns::of(row);
    let subscription = Subscription {
        key: columns.next()?,
        external: columns.next()?,
        reference: columns.next()?,
        tokens: columns.next_list()?,
        told: columns.next()?,
        shop_transaction_id: columns.next()?,
        payment_method: columns.next()?,
        amount: columns.next_amount()?,
        plan: plan(&mut columns)?,
        state: columns.next()?,
        metadata: columns.next()?,
        carry: columns.next_carry()?,
        sequence: columns.next::<Unsigned>()?.0,
        observed_at: columns.next()?,
        ask_at: columns.next()?,
        asks: columns.next()?,
        open_since: columns.next()?,
        review: columns.next()?,
        created_at: columns.next()?,
        updated_at: columns.next()?,
    };
    Ok((subscription, columns.next()?))
}

fn plan(columns: &mut Columns<'_>) -> database::Result<Option<Plan>> {
    let interval: Option<Interval> = columns.next()?;
    let (interval_count, expires_after) = (columns.next::<Option<u32>>()?, columns.next()?);
    Ok(interval.zip(interval_count).map(|(interval, interval_count)| Plan { interval, interval_count, expires_after }))
}

/// Writes a new subscription and gives it its key. `adopted`: it was made elsewhere.
pub(super) fn insert(connection: &Connection, subscription: &mut Subscription, adopted: bool) -> database::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO subscriptions (external, adopted, reference, tokens, state, sequence, created_at, updated_at)
         VALUES (?, ?, ?, '[]', ?, 0, ?, ?)",
    )?;
    subscription.key = SubscriptionKey(statement.insert(params![
        subscription.external,
        adopted,
        subscription.reference,
        subscription.state,
        subscription.created_at,
        subscription.updated_at,
    ])?);
    update(connection, subscription)
}

/// Writes what may change of a subscription.
pub(super) fn update(connection: &Connection, subscription: &Subscription) -> database::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE subscriptions SET tokens = ?, told = ?, shop_transaction_id = ?, payment_method = ?, amount = ?,
                                  currency = ?, interval = ?, interval_count = ?, expires_after = ?, state = ?,
                                  metadata = ?, carry = ?, carry_format = ?, sequence = ?, observed_at = ?, ask_at = ?,
                                  asks = ?, open_since = ?, review = ?, updated_at = ?
         WHERE key = ?",
    )?;
    statement.execute(params![
        Json(&subscription.tokens),
        subscription.told,
        subscription.shop_transaction_id,
        subscription.payment_method,
        subscription.amount.as_ref().map(|amount| Unsigned(amount.minor)),
        subscription.amount.as_ref().map(|amount| &amount.currency),
        subscription.plan.map(|plan| plan.interval),
        subscription.plan.map(|plan| plan.interval_count),
        subscription.plan.and_then(|plan| plan.expires_after),
        subscription.state,
        subscription.metadata,
        subscription.carry.as_ref().map(|carry| &carry.json),
        subscription.carry.as_ref().map(|carry| carry.format),
        Unsigned(subscription.sequence),
        subscription.observed_at,
        subscription.ask_at,
        subscription.asks,
        subscription.open_since,
        subscription.review,
        subscription.updated_at,
        subscription.key,
    ])?;
    Ok(())
}

/// Takes in a subscription that was made elsewhere and is known by these tokens: where it stands, nobody here knows.
pub(super) fn adopt(
    connection: &Connection,
    external: &str,
    tokens: &[String],
    now: Timestamp,
) -> database::Result<Subscription> {
    let mut subscription = Subscription::blank(external, Reference::random(), now);
    subscription.state = SubscriptionState::Unknown;
    subscription.tokens = tokens.to_vec();
    subscription.told = tokens.first().cloned();
    insert(connection, &mut subscription, true)?;
    for token in tokens {
        name(connection, &subscription, token)?;
    }
    Ok(subscription)
}

/// Gives a name to a subscription unless another has it. Returns that other.
pub(super) fn name(
    connection: &Connection,
    subscription: &Subscription,
    token: &str,
) -> database::Result<Option<SubscriptionKey>> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO subscription_names (external, name, subscription) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    )?;
    if statement.execute(params![subscription.external, token, subscription.key])? > 0 {
        return Ok(None);
    }
    Ok(owner(connection, &subscription.external, token)?.filter(|owner| *owner != subscription.key))
}

/// The subscription that has this name: the provider's, what a merchant was told, or the host's own.
pub(super) fn owner(connection: &Connection, external: &str, token: &str) -> database::Result<Option<SubscriptionKey>> {
    let named = connection
        .prepare_cached("SELECT subscription FROM subscription_names WHERE external = ? AND name = ?")?
        .query_row([external, token], |row| row.get(0))
        .optional()?;
    match named {
        Some(key) => Ok(Some(key)),
        None => by_reference(connection, external, token),
    }
}

/// The payment of a subscription that was begun for this shop transaction in this way, and is not over: as long as it
/// lives, another would charge the payer twice (rule 15).
pub(super) fn living_with(
    connection: &Connection,
    external: &str,
    origin: Origin,
    shop_transaction_id: &str,
) -> database::Result<Option<PaymentKey>> {
    connection
        .prepare_cached(
            "SELECT payments.key FROM payments JOIN subscriptions ON subscriptions.reference = payments.reference
             WHERE payments.external = ? AND payments.shop_transaction_id = ? AND payments.origin = ?
               AND payments.business_key IS NOT NULL
               AND subscriptions.state NOT IN ('expired', 'canceled', 'declined', 'not_executed')
             ORDER BY payments.key LIMIT 1",
        )?
        .query_row(params![external, shop_transaction_id, origin], |row| row.get(0))
        .optional()
}

/// The subscription that news is about: by tokens, then by the host's name.
pub(super) fn find(
    connection: &Connection,
    external: &str,
    tokens: &[String],
    host_reference: Option<&str>,
) -> database::Result<Option<SubscriptionKey>> {
    let own = host_reference.map(|reference| by_reference(connection, external, reference)).transpose()?.flatten();
    if own.is_some() {
        return Ok(own);
    }
    for token in tokens {
        if let Some(key) = owner(connection, external, token)? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn by_reference(connection: &Connection, external: &str, reference: &str) -> database::Result<Option<SubscriptionKey>> {
    connection
        .prepare_cached("SELECT key FROM subscriptions WHERE reference = ? AND external = ?")?
        .query_row([reference, external], |row| row.get(0))
        .optional()
}

/// One of ours takes over a subscription that was adopted under a token that both have. Says whether it was adopted.
pub(super) fn absorb(connection: &Connection, own: &Subscription, other: SubscriptionKey) -> database::Result<bool> {
    let (adopted, reference): (bool, String) = connection
        .prepare_cached("SELECT adopted, reference FROM subscriptions WHERE key = ?")?
        .query_row([other], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if !adopted {
        return Ok(false);
    }
    let after_reference = i64::try_from(reference.chars().count()).unwrap_or(i64::MAX).saturating_add(1);
    // The business key of a charge begins with its subscription's name, and must be found under the one that lives on.
    connection
        .prepare_cached(
            "UPDATE payments SET business_key = ?1 || substr(business_key, ?2)
             WHERE subscription = ?3 AND origin = 'charge' AND business_key IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM payments held
                               WHERE held.external = payments.external AND held.origin = payments.origin
                                 AND held.business_key = ?1 || substr(payments.business_key, ?2)
                                 AND held.business_key_held = 1 AND payments.business_key_held = 1)",
        )?
        .execute(params![own.reference, after_reference, other])?;
    for table in [
        "UPDATE payments SET subscription = ?1 WHERE subscription = ?2",
        "UPDATE operations SET subscription = ?1 WHERE subscription = ?2",
        "UPDATE subscription_names SET subscription = ?1 WHERE subscription = ?2",
        "UPDATE subscriptions SET merged_into = ?1, ask_at = NULL WHERE key = ?2",
    ] {
        connection.prepare_cached(table)?.execute([own.key, other])?;
    }
    Ok(true)
}
