//! The words of the contract, as plain types. Each is made with its shortest constructor and
//! completed by methods that read as a sentence; the fields are open as well.

mod amount;
mod description;
mod error;
mod json;
mod link;
mod outcome;
mod plan;
mod refund;
mod request;
mod status;
mod subscription;
mod webhook;

pub use serde_json::Value;

pub use crate::bindings::captures::CaptureRequest;
pub use crate::bindings::description::{Description, Need, SafeRequest};
pub use crate::bindings::links::{Link, LinkOutcome};
pub use crate::bindings::provost::provider::types::{
    Acknowledgement, Action, Amount, ChangeOutcome, Decline, Destination, Error, Fault, FollowUp, Interval, Json, Loss,
    PayRequest, Payment, PaymentOutcome, PaymentState, PaymentStatus, Plan, Redirection, Reference, Refusal,
    Subscribed, Subscription, SubscriptionOutcome, SubscriptionReference, SubscriptionState, SubscriptionStatus,
};
pub use crate::bindings::refunds::{KnownRefund, RefundOutcome, RefundRequest, Refunded};
pub use crate::bindings::search::Query;
pub use crate::bindings::subscriptions::Changes;
pub use crate::bindings::utilities::UtilityRequest;
pub use crate::bindings::webhooks::{
    Charge, DatedEvent, Dispute, DisputeState, Event, Receipt, Rejection, Reply, Trust, Webhook,
};
pub use error::Result;
