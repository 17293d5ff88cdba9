//! What a merchant is told: the payment status, and the callback that carries it (rule 30).

use super::{Payment, PaymentState, Refund, RefundState};
use crate::clock::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

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
    /// Paid back.
    RefundAccepted,
    /// Not paid back.
    RefundFailed,
    /// Not decided yet, or not known.
    RefundPending,
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
            Self::RefundAccepted => "refund.accepted",
            Self::RefundFailed => "refund.failed",
            Self::RefundPending => "refund.pending",
            Self::Check => "check",
        }
    }
}

/// One thing to tell the merchant, before the store has numbered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callback {
    /// What it tells of.
    pub kind: CallbackType,
    /// Which of the payment's refunds it is about, by position; none: the payment itself.
    pub refund: Option<usize>,
}

impl Callback {
    /// The callback's body: the status, and what the envelope adds to it.
    pub fn body(&self, payment: &Payment, id: &str, sequence: u64, now: Timestamp) -> Vec<u8> {
        let status = match self.refund.and_then(|position| payment.refunds.get(position)) {
            Some(refund) => status_of_refund(payment, refund, None),
            None => status_of_payment(payment, None),
        };
        let body = Envelope { id, timestamp: rfc3339(now), sequence, kind: self.kind.name(), status };
        serde_json::to_vec(&body).expect("strings, integers and JSON values serialise")
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    id: &'a str,
    timestamp: String,
    sequence: u64,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    status: PaymentStatus,
}

/// How a payment or a refund stands, in PGM's words: what `status` and `check` answer, and a callback carries.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentStatus {
    /// `ACCEPTED`, `FAILED` or `PENDING`.
    #[schema(examples("ACCEPTED"))]
    pub status: &'static str,
    /// The id that the merchant was first told.
    pub payment_id: String,
    /// The merchant's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shop_transaction_id: Option<String>,
    /// The external.
    pub provider_name: String,
    /// The payment method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// `PAYMENT` or `REFUND`.
    pub action: &'static str,
    /// Minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Of a refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<String>,
    /// The plugin's metadata, and the host's: `state`, `outcome`, `declineCode`, `review`, `asOf`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

/// How a payment stands. `as_of` is set where the provider could not be asked: when the host last learnt of it.
pub fn status_of_payment(payment: &Payment, as_of: Option<Timestamp>) -> PaymentStatus {
    let mut metadata = object(payment.metadata.as_deref());
    note(&mut metadata, "state", state_word(payment.state));
    note(&mut metadata, "outcome", outcome_word(payment.state));
    note(&mut metadata, "declineCode", payment.decline_code.as_deref());
    note(&mut metadata, "description", payment.description.as_deref());
    note(&mut metadata, "review", payment.review.as_deref());
    note(&mut metadata, "asOf", as_of.map(rfc3339).as_deref());
    PaymentStatus {
        status: match payment.state {
            PaymentState::Accepted => "ACCEPTED",
            PaymentState::Failed | PaymentState::Voided | PaymentState::NotExecuted => "FAILED",
            _ => "PENDING",
        },
        payment_id: payment.shown_id().to_owned(),
        shop_transaction_id: payment.shop_transaction_id.clone(),
        provider_name: payment.external.clone(),
        payment_method: payment.payment_method.clone(),
        action: "PAYMENT",
        amount: payment.amount.as_ref().map(|amount| amount.minor),
        currency: payment.amount.as_ref().map(|amount| amount.currency.clone()),
        refund_id: None,
        metadata,
    }
}

/// How a refund stands.
pub fn status_of_refund(payment: &Payment, refund: &Refund, as_of: Option<Timestamp>) -> PaymentStatus {
    let mut metadata = Map::new();
    note(&mut metadata, "outcome", refund_outcome_word(refund.state));
    note(&mut metadata, "description", refund.description.as_deref());
    note(&mut metadata, "asOf", as_of.map(rfc3339).as_deref());
    PaymentStatus {
        status: match refund.state {
            RefundState::Accepted => "ACCEPTED",
            RefundState::Failed | RefundState::NotExecuted => "FAILED",
            RefundState::Started | RefundState::Unknown | RefundState::Pending => "PENDING",
        },
        payment_id: payment.shown_id().to_owned(),
        shop_transaction_id: payment.shop_transaction_id.clone(),
        provider_name: payment.external.clone(),
        payment_method: payment.payment_method.clone(),
        action: "REFUND",
        amount: Some(refund.amount.minor),
        currency: Some(refund.amount.currency.clone()),
        refund_id: Some(refund.shown_id().to_owned()),
        metadata,
    }
}

/// PGM has no word for these: they stand in the metadata.
fn state_word(state: PaymentState) -> Option<&'static str> {
    match state {
        PaymentState::Authorized => Some("AUTHORIZED"),
        PaymentState::Voided => Some("VOIDED"),
        _ => None,
    }
}

fn outcome_word(state: PaymentState) -> Option<&'static str> {
    match state {
        PaymentState::Unknown => Some("unknown"),
        PaymentState::NotExecuted => Some("not_executed"),
        _ => None,
    }
}

fn refund_outcome_word(state: RefundState) -> Option<&'static str> {
    match state {
        RefundState::Unknown => Some("unknown"),
        RefundState::NotExecuted => Some("not_executed"),
        _ => None,
    }
}

fn object(text: Option<&str>) -> Map<String, Value> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn note(metadata: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        metadata.insert(key.to_owned(), json!(value));
    }
}

fn rfc3339(moment: Timestamp) -> String {
    let millis = i64::try_from(moment.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_string()
}
