//! What a merchant is told: the callback, which carries the status of a payment or subscription (rule 30).

use super::{
    LinkAnswer, Payment, PaymentStatus, Subscription, SubscriptionState, SubscriptionStatus, status_of_payment,
    status_of_refund,
};
use crate::clock::Timestamp;
use serde::Serialize;

/// What a callback tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallbackType {
    /// Paid.
    PaymentAccepted,
    /// Reserved.
    PaymentAuthorized,
    /// Refused.
    PaymentFailed,
    /// Not decided yet, or not known.
    PaymentPending,
    /// Released.
    PaymentVoided,
    /// Accepted after it had been told as failed (rule 11).
    PaymentLateSuccess,
    /// The payer disputes it, or the dispute was decided (rule 14).
    PaymentDisputed,
    /// Paid back.
    RefundAccepted,
    /// Not paid back.
    RefundFailed,
    /// Not decided yet, or not known.
    RefundPending,
    /// A link was made.
    LinkCreated,
    /// The first payment of a subscription is to come.
    SubscriptionPending,
    /// A subscription's last payment was made.
    SubscriptionActive,
    /// A subscription's last payment failed.
    SubscriptionPastDue,
    /// A subscription has come to its end.
    SubscriptionExpired,
    /// A subscription was ended.
    SubscriptionCanceled,
    /// Nobody knows whether a subscription began.
    SubscriptionUnknown,
    /// Asked for by `check` (rule 34).
    Check,
}

impl CallbackType {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::PaymentAccepted => "payment.accepted",
            Self::PaymentAuthorized => "payment.authorized",
            Self::PaymentFailed => "payment.failed",
            Self::PaymentPending => "payment.pending",
            Self::PaymentVoided => "payment.voided",
            Self::PaymentLateSuccess => "payment.late_success",
            Self::PaymentDisputed => "payment.disputed",
            Self::RefundAccepted => "refund.accepted",
            Self::RefundFailed => "refund.failed",
            Self::RefundPending => "refund.pending",
            Self::LinkCreated => "link.created",
            Self::SubscriptionPending => "subscription.pending",
            Self::SubscriptionActive => "subscription.active",
            Self::SubscriptionPastDue => "subscription.past_due",
            Self::SubscriptionExpired => "subscription.expired",
            Self::SubscriptionCanceled => "subscription.canceled",
            Self::SubscriptionUnknown => "subscription.unknown",
            Self::Check => "check",
        }
    }

    /// What a merchant is told of a subscription that has come to stand so; none where nothing began.
    pub fn of_subscription(state: SubscriptionState) -> Option<Self> {
        match state {
            SubscriptionState::Pending => Some(Self::SubscriptionPending),
            SubscriptionState::Active => Some(Self::SubscriptionActive),
            SubscriptionState::PastDue => Some(Self::SubscriptionPastDue),
            SubscriptionState::Expired => Some(Self::SubscriptionExpired),
            SubscriptionState::Canceled => Some(Self::SubscriptionCanceled),
            SubscriptionState::Unknown => Some(Self::SubscriptionUnknown),
            SubscriptionState::Started | SubscriptionState::Declined | SubscriptionState::NotExecuted => None,
        }
    }
}

/// What a callback about a payment shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The payment itself.
    Payment,
    /// One of its refunds, by position.
    Refund(usize),
    /// The link that was made for it.
    Link {
        /// Where the payer goes to pay.
        url: String,
        /// The provider's text.
        description: Option<String>,
    },
}

/// One thing to tell the merchant about a payment, before the store has numbered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// What it tells of.
    pub kind: CallbackType,
    /// What it shows.
    pub about: About,
}

impl Callback {
    /// The callback's body: the status, and what the envelope adds to it.
    pub fn body(&self, payment: &Payment, id: &str, sequence: u64, now: Timestamp) -> Vec<u8> {
        let shown = match &self.about {
            About::Refund(position) if *position < payment.refunds.len() => {
                Shown::Payment(status_of_refund(payment, &payment.refunds[*position], None))
            }
            About::Payment | About::Refund(_) => Shown::Payment(status_of_payment(payment, None)),
            About::Link { url, description } => {
                Shown::Link(LinkAnswer::created(payment.shown_id(), url, description.as_deref()))
            }
        };
        enveloped(self.kind, id, sequence, now, shown)
    }
}

/// The body of a callback about a subscription.
pub fn subscription_callback(
    kind: CallbackType,
    subscription: &Subscription,
    id: &str,
    sequence: u64,
    now: Timestamp,
) -> Vec<u8> {
    enveloped(kind, id, sequence, now, Shown::Subscription(SubscriptionStatus::of(subscription, None)))
}

fn enveloped(kind: CallbackType, id: &str, sequence: u64, now: Timestamp, shown: Shown) -> Vec<u8> {
    let body = Envelope { id, timestamp: now.rfc3339(), sequence, kind: kind.name(), shown };
    serde_json::to_vec(&body).expect("strings, integers and JSON values serialise")
}

#[derive(Serialize)]
struct Envelope<'a> {
    id: &'a str,
    timestamp: String,
    sequence: u64,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    shown: Shown,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Payment(PaymentStatus),
    Subscription(SubscriptionStatus),
    Link(LinkAnswer),
}
