//! How a payment or a refund stands, in PGM's words: what `status` and `check` answer, and callbacks carry.

use super::{ActionState, Payment, PaymentState, Refund};
use crate::clock::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

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
    /// The subscription that it was made under, by the token that the merchant was first told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_token: Option<String>,
    /// The plugin's metadata, and the host's: `state`, `outcome`, `declineCode`, `description`, `captured`, `review`,
    /// `dispute`, `disputeReason`, `disputedAmount`, `asOf`.
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
    note(&mut metadata, "asOf", as_of.map(Timestamp::rfc3339).as_deref());
    if let Some(dispute) = &payment.dispute {
        note(&mut metadata, "dispute", Some(dispute.state.name()));
        note(&mut metadata, "disputeReason", dispute.reason.as_deref());
        if let Some(amount) = &dispute.amount {
            metadata.insert("disputedAmount".to_owned(), json!(amount.minor));
        }
    }
    if let Some(captured) = captured_in_part(payment) {
        metadata.insert("captured".to_owned(), json!(captured));
    }
    PaymentStatus {
        status: match payment.state {
            PaymentState::Accepted | PaymentState::NotCharged => "ACCEPTED",
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
        subscription_token: payment.subscription.as_ref().map(|subscription| subscription.token.clone()),
        metadata,
    }
}

/// How a refund stands.
pub fn status_of_refund(payment: &Payment, refund: &Refund, as_of: Option<Timestamp>) -> PaymentStatus {
    let mut metadata = Map::new();
    note(&mut metadata, "outcome", refund_outcome_word(refund.state));
    note(&mut metadata, "description", refund.description.as_deref());
    note(&mut metadata, "asOf", as_of.map(Timestamp::rfc3339).as_deref());
    PaymentStatus {
        status: match refund.state {
            ActionState::Accepted => "ACCEPTED",
            ActionState::Failed | ActionState::NotExecuted => "FAILED",
            ActionState::Started | ActionState::Unknown | ActionState::Pending => "PENDING",
        },
        payment_id: payment.shown_id().to_owned(),
        shop_transaction_id: payment.shop_transaction_id.clone(),
        provider_name: payment.external.clone(),
        payment_method: payment.payment_method.clone(),
        action: "REFUND",
        amount: Some(refund.amount.minor),
        currency: Some(refund.amount.currency.clone()),
        refund_id: Some(refund.shown_id().to_owned()),
        subscription_token: payment.subscription.as_ref().map(|subscription| subscription.token.clone()),
        metadata,
    }
}

/// Minor units taken, where that is not all that was asked.
fn captured_in_part(payment: &Payment) -> Option<u64> {
    let asked = payment.amount.as_ref().map(|amount| amount.minor);
    payment.captured.filter(|captured| payment.state == PaymentState::Accepted && Some(*captured) != asked)
}

/// PGM has no word for these: they stand in the metadata.
fn state_word(state: PaymentState) -> Option<&'static str> {
    match state {
        PaymentState::Authorized => Some("AUTHORIZED"),
        PaymentState::Voided => Some("VOIDED"),
        PaymentState::NotCharged => Some("NOT_CHARGED"),
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

fn refund_outcome_word(state: ActionState) -> Option<&'static str> {
    match state {
        ActionState::Unknown => Some("unknown"),
        ActionState::NotExecuted => Some("not_executed"),
        _ => None,
    }
}

pub(super) fn object(text: Option<&str>) -> Map<String, Value> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

pub(super) fn note(metadata: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        metadata.insert(key.to_owned(), json!(value));
    }
}
