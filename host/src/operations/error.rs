//! Why something was not done, named after what the caller can do about it. Nothing was executed at the provider by
//! the request that gets one of these.

use crate::model::{Fault, Interface, Refused};
use std::time::Duration;

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The external was never configured.
    #[error("there is no external of this name")]
    UnknownExternal,
    /// It is configured, but no plugin serves it now.
    #[error("no plugin serves this external now")]
    Absent,
    /// The plugin does not export this.
    #[error("the plugin does not export {}", .0.name())]
    Unsupported(Interface),
    /// A field cannot be right for this plugin: currency, payment method, amount.
    #[error("the request has {} faults", .0.len())]
    Invalid(Vec<Fault>),
    /// Neither the host nor the provider knows the payment.
    #[error("no such payment")]
    PaymentNotFound,
    /// An equal request still runs (rule 18).
    #[error("the same request is still running")]
    StillRunning {
        /// When to try again.
        retry_after: Duration,
    },
    /// The idempotency key was used with another body (rule 18).
    #[error("the idempotency key was used with another request")]
    KeyReused,
    /// The shop transaction id was used with another body or key (rule 15).
    #[error("this shop transaction id belongs to payment {payment_id}, which is {state}")]
    BusinessKeyUsed {
        /// The payment that has it.
        payment_id: String,
        /// Its state's name.
        state: &'static str,
    },
    /// Neither the host nor the provider knows the subscription.
    #[error("no such subscription")]
    SubscriptionNotFound,
    /// The subscription's state does not allow it.
    #[error("subscription {subscription_token} is {state}")]
    SubscriptionForbids {
        /// The subscription.
        subscription_token: String,
        /// Its state's name.
        state: &'static str,
    },
    /// An equal capture was made a moment ago (rule 16).
    #[error("an equal capture of payment {payment_id} was made within the last minutes")]
    CaptureRepeated {
        /// The payment.
        payment_id: String,
    },
    /// More than what is left of what was reserved (rule 12).
    #[error("{left} minor units are left to capture")]
    CaptureTooLarge {
        /// Minor units that are left.
        left: u64,
    },
    /// An equal refund was made a moment ago (rule 16).
    #[error("an equal refund of this payment was made within the last minutes")]
    RefundRepeated {
        /// The refund that was made.
        refund_id: String,
    },
    /// The payment's state does not allow it (rule 7).
    #[error("payment {payment_id} is {state}")]
    StateForbids {
        /// The payment.
        payment_id: String,
        /// Its state's name.
        state: &'static str,
    },
    /// More than what is left (rule 12).
    #[error("{left} minor units are left to refund")]
    RefundTooLarge {
        /// Minor units that are left.
        left: u64,
    },
    /// The provider or the plugin refused before anything was done.
    #[error("refused: {0:?}")]
    Refused(Refused),
    /// The provider could not say, and nothing is known here; asking again is harmless.
    #[error("the provider could not be asked: {0}")]
    ProviderSilent(String),
    /// The provider's plugin has all the calls that it may have.
    #[error("too many calls of this provider at once")]
    Busy,
    /// The store cannot take or give anything now; nothing was sent.
    #[error("the store is not available")]
    StoreAway,
}
