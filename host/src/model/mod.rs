//! The language of the domain: money, payments, operations, outcomes, news, callbacks. Plain values and pure
//! functions; nothing here knows JSON's interface, WIT, SQL, HTTP or wasmtime.
//!
//! Start at [`apply`], the only way a payment changes, and [`classify`], which decides what became of a call.

mod apply;
mod callback;
mod classify;
mod money;
mod name;
mod news;
mod operation;
mod outcome;
mod payment;
mod plugin;
mod request;
mod secret;

pub use apply::{Applied, apply};
pub use callback::{Callback, CallbackType, PaymentStatus, status_of_payment, status_of_refund};
pub use classify::{Departures, Ending, Failure, classify};
pub use money::{Amount, CurrencyError, Exponents, MAX_MINOR, is_currency};
pub use name::{Reference, Seed, is_external_name};
pub use news::{
    Action, Carry, Charge, Dispute, DisputeState, Event, FollowUp, News, NewsState, SubscriptionNews,
    SubscriptionState, Target,
};
pub use news::{DatedEvent, Source, Trust};
pub use operation::{Answer, Kind, Operation, OperationKey, Phase, Settled, Write};
pub use outcome::{Acknowledgement, Decline, Destination, Fault, Outcome, PluginError, PluginOutcome, Refused};
pub use payment::{Payment, PaymentKey, PaymentState, Refund, RefundState};
pub use plugin::{Description, Interface, Interfaces, Interval, Need, SafeRequest, Version};
pub use request::{
    KnownPayment, KnownRefund, PayRequest, Query, Receipt, RefundRequest, Rejection, Reply, Request, Response, Webhook,
};
pub use secret::SecretBytes;
