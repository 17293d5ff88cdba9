//! News for the merchant, beside what the call returns. The host takes it as a report on this
//! external's payments, and sends what changed, when and only if the call succeeds.

pub use crate::bindings::provost::provider::callbacks::Event;
use crate::host::callbacks;
use crate::types::{PaymentStatus, SubscriptionStatus};

/// Reports where a payment stands.
pub fn payment(status: PaymentStatus) {
    callbacks::emit(&Event::Payment(status));
}

/// Reports where a subscription stands.
pub fn subscription(status: SubscriptionStatus) {
    callbacks::emit(&Event::Subscription(status));
}
