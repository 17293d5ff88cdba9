//! The language of the domain: money, payments, operations, outcomes, news, callbacks. Plain values and pure
//! functions; nothing here knows JSON's interface, WIT, SQL, HTTP or wasmtime.
//!
//! Start at [`apply`], the only way a payment changes, and [`classify`], which decides what became of a call.

mod apply;
mod callback;
mod classify;
mod link;
mod money;
mod name;
mod news;
mod operation;
mod outcome;
mod payment;
mod payment_status;
mod plugin;
mod request;
mod review;
mod schedule;
mod secret;
mod subscription;
mod subscription_status;

pub use apply::{Applied, AppliedToSubscription, apply, apply_dispute, apply_to_subscription};
pub use callback::{About, Callback, CallbackType, subscription_callback};
pub use classify::{Departures, Ending, Failure, classify};
pub use link::LinkAnswer;
pub use money::{Amount, CurrencyError, Exponents, MAX_MINOR, is_currency};
pub use name::{Reference, Seed, is_external_name};
pub use news::{Action, Carry, Charge, Dispute, DisputeState, Event, FollowUp, News, NewsState, Target};
pub use news::{DatedEvent, Source, Trust};
pub use operation::{Answer, Kind, Operation, OperationKey, Phase, Settled, Write};
pub use outcome::{
    Acknowledgement, ChangeOutcome, Decline, Destination, Fault, Outcome, PluginError, PluginOutcome, Refused,
    Subscribed, SubscriptionOutcome,
};
pub use payment::{ActionState, Capture, Disputed, OfSubscription, Origin, Payment, PaymentKey, PaymentState, Refund};
pub use payment_status::{PaymentStatus, status_of_payment, status_of_refund};
pub use plugin::{Description, Interface, Interfaces, Interval, Need, SafeRequest, Version};
pub use request::{
    CaptureRequest, KnownPayment, KnownRefund, KnownSubscription, PayRequest, Query, Receipt, RefundRequest, Rejection,
    Reply, Request, Response, UtilityRequest, Webhook,
};
pub use review::{with_reason, without_reason};
pub use schedule::{AskAt, AskedSoFar, NextAsk, Schedule, Standing, UNDECIDED, jitter};
pub use secret::SecretBytes;
pub use subscription::{Changes, Plan, Subscription, SubscriptionKey, SubscriptionNews, SubscriptionState};
pub use subscription_status::SubscriptionStatus;
