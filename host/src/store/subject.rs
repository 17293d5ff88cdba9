//! What an operation belongs to: a payment, a subscription, both, or neither.

use super::database::Connection;
use super::{StoreError, payments, subscriptions};
use crate::model::{Operation, Payment, PaymentKey, Subscription, SubscriptionKey};

/// What an operation belongs to, as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The payment that it makes or is done to.
    pub payment: Option<Payment>,
    /// The subscription that it makes or is done to.
    pub subscription: Option<Subscription>,
}

/// The keys of both.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keys {
    pub(super) payment: Option<PaymentKey>,
    pub(super) subscription: Option<SubscriptionKey>,
}

impl Subject {
    /// That of an operation.
    pub(super) fn of(connection: &Connection, operation: &Operation) -> Result<Self, StoreError> {
        let payment = operation.payment.map(|key| payments::load(connection, key)).transpose()?.flatten();
        let subscription = operation.subscription.map(|key| subscriptions::load(connection, key)).transpose()?;
        Ok(Self { payment, subscription: subscription.flatten() })
    }
}
