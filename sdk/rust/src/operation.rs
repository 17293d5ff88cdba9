//! The call that is going on.

use std::time::Duration;

pub use crate::bindings::provost::provider::operation::Name;
use crate::host::operation;

/// The provider's idempotency key for this operation: a UUID v4 that stays the same over every
/// retry, restart and change of plugin.
pub fn idempotency_key() -> String {
    operation::idempotency_key(None)
}

/// The key of one step, where one operation makes several writes.
pub fn idempotency_key_for(step: &str) -> String {
    operation::idempotency_key(Some(step))
}

/// The host's own name for this operation, at most 32 letters and digits. Hand it to the provider
/// as the merchant's reference: it comes back in webhooks and searches.
pub fn reference() -> String {
    operation::reference()
}

/// 1 for the first try.
pub fn attempt() -> u32 {
    operation::attempt()
}

/// Where the provider can tell about this very operation; none where the operator set no public
/// address.
pub fn webhook_url() -> Option<String> {
    operation::webhook_url()
}

/// How long the call may still take.
pub fn remaining() -> Duration {
    Duration::from_millis(u64::from(operation::remaining_ms()))
}

/// The provider has named the payment: kept from here on, whatever happens to the call.
pub fn learned_payment(id: impl Into<String>) {
    operation::learned(&Name::Payment(id.into()));
}

/// The provider has named the refund.
pub fn learned_refund(id: impl Into<String>) {
    operation::learned(&Name::Refund(id.into()));
}

/// The provider has named the subscription.
pub fn learned_subscription(token: impl Into<String>) {
    operation::learned(&Name::Subscription(token.into()));
}
