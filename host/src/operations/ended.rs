//! What goes in and out of an operation, in the domain's words.

use super::Error;
use crate::model::{Amount, Answer, Kind, Outcome};

/// Who asks, and how a repeat of it is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name of the API key; empty where none is used. Never the credential.
    pub name: String,
    /// The `Idempotency-Key`, unquoted.
    pub idempotency_key: Option<String>,
    /// sha256 in hex over method, path and canonical JSON (rule 17).
    pub fingerprint: String,
}

/// By which name a payment is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Any id that the merchant was told, that the provider gave, or the host's own reference.
    Payment(String),
    /// The same of a refund.
    Refund(String),
    /// The merchant's own id: the payment that lives, else the newest.
    ShopTransaction(String),
}

/// How an operation ended, with the ids that the merchant is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What it was.
    pub kind: Kind,
    /// What became of it.
    pub outcome: Outcome,
    /// The payment's id.
    pub payment_id: String,
    /// The refund's id; of a refund only.
    pub refund_id: String,
    /// The subscription's token; of what belongs to a subscription only.
    pub subscription_token: String,
}

/// Makes an HTTP answer of an end or an error: pure, and the same for the same input, because it is replayed.
pub type Respond = fn(&Result<Ended, Error>) -> Answer;

/// What a caller gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// It was given before (rule 18): `Idempotent-Replayed: true`.
    pub replayed: bool,
}

/// A refund, as a caller asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundAsked {
    /// Any id of the payment.
    pub payment_id: String,
    /// How much of it.
    pub amount: Amount,
    /// A JSON object, as text, passed on untouched.
    pub provider_data: Option<String>,
}

/// A capture, as a caller asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureAsked {
    /// Any id of the payment.
    pub payment_id: String,
    /// How much of what was reserved; none: all that is left.
    pub amount: Option<Amount>,
    /// No further capture will follow.
    pub last: bool,
    /// A JSON object, as text, passed on untouched.
    pub provider_data: Option<String>,
}

/// Why a webhook was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookRefused {
    /// The external was never configured.
    UnknownExternal,
    /// The plugin takes no webhooks.
    Unsupported,
    /// It does not prove its sender.
    Forged,
    /// It cannot be taken now: its sender should send it again.
    Later,
}
