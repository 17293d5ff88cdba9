//! How a subscription stands, in PGM's words: what `subscription/status` answers, and callbacks carry.

use super::payment_status::{note, object};
use super::{Subscription, SubscriptionState};
use crate::clock::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// How a subscription stands.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionStatus {
    /// `PENDING`, `ACTIVE`, `PAST_DUE`, `EXPIRED`, `CANCELED` or `UNKNOWN`.
    #[schema(examples("ACTIVE"))]
    pub status: &'static str,
    /// The token that the merchant was first told.
    #[schema(examples("sub_77e0"))]
    pub subscription_token: String,
    /// The external.
    #[schema(examples("sandbox"))]
    pub provider_name: String,
    /// The merchant's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shop_transaction_id: Option<String>,
    /// The plugin's metadata, and the host's: `outcome`, `asOf`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

impl SubscriptionStatus {
    /// `as_of` is set where the provider could not be asked: when the host last learnt of it.
    pub fn of(subscription: &Subscription, as_of: Option<Timestamp>) -> Self {
        let mut metadata = object(subscription.metadata.as_deref());
        note(&mut metadata, "outcome", outcome_word(subscription.state));
        note(&mut metadata, "asOf", as_of.map(Timestamp::rfc3339).as_deref());
        Self {
            status: match subscription.state {
                SubscriptionState::Started | SubscriptionState::Unknown => "UNKNOWN",
                SubscriptionState::Pending => "PENDING",
                SubscriptionState::Active => "ACTIVE",
                SubscriptionState::PastDue => "PAST_DUE",
                SubscriptionState::Expired => "EXPIRED",
                // PGM has no word for one that never began.
                SubscriptionState::Canceled | SubscriptionState::Declined | SubscriptionState::NotExecuted => {
                    "CANCELED"
                }
            },
            subscription_token: subscription.shown_token().to_owned(),
            provider_name: subscription.external.clone(),
            shop_transaction_id: subscription.shop_transaction_id.clone(),
            metadata,
        }
    }
}

fn outcome_word(state: SubscriptionState) -> Option<&'static str> {
    match state {
        SubscriptionState::Declined => Some("declined"),
        SubscriptionState::NotExecuted => Some("not_executed"),
        _ => None,
    }
}
