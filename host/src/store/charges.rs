//! Payments that a provider makes by itself under a subscription: each becomes a payment of its own (rule 14).

use super::change::{self, Changed, When};
use super::database::{self, Connection};
use super::names::{self, Named};
use super::{StoreError, operations, payments, subscriptions};
use crate::model::{Charge, News, Origin, Payment, Reference, SubscriptionKey};

/// Whether a charge may be one that the host itself has begun and that has no name yet.
pub(super) fn may_be_ours(connection: &Connection, subscription: SubscriptionKey) -> database::Result<bool> {
    if operations::any_open_under(connection, subscription)? {
        return Ok(true);
    }
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM payments
                            WHERE subscription = ? AND ids = '[]'
                              AND state IN ('started', 'unknown', 'pending', 'action_required', 'authorized'))",
        )?
        .query_row([subscription], |row| row.get(0))
}

/// Makes the payment of a charge that nobody here has begun.
pub(super) fn make(
    connection: &Connection,
    subscription: SubscriptionKey,
    charge: &Charge,
    when: When,
) -> Result<Changed, StoreError> {
    let subscription = subscriptions::load(connection, subscription)?.ok_or(StoreError::Gone)?;
    let mut payment = Payment::blank(&subscription.external, Origin::ProviderCharge, Reference::random(), when.now);
    payment.subscription = Some(subscription.as_known_to_payments());
    payment.shop_transaction_id.clone_from(&charge.news.target.shop_transaction_id);
    payment.payment_method.clone_from(&subscription.payment_method);
    // What it charges is the provider's to say; where it does not, it is what was agreed.
    payment.amount = charge.news.amount.clone().or_else(|| subscription.amount.clone());
    payments::insert(connection, &mut payment, None)?;
    names::add(connection, &payment, Named::Payment, &payment.reference.0)?;
    let shop_transaction_id = subscription.shop_transaction_id.clone();
    let mut news: News = charge.news.clone();
    news.target.shop_transaction_id = news.target.shop_transaction_id.or(shop_transaction_id);
    change::change_strangers(connection, payment, &news, when)
}
