//! What a caller is answered when an operation is done: the bodies, in PGM's words.

use super::document::{change_result_schema, pay_result_schema, refund_result_schema};
use serde::Serialize;
use serde_json::{Map, Value};

/// The answer to `pay`, `capture` and `void`.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PayAnswer {
    #[schema(schema_with = pay_result_schema)]
    pub(super) result: &'static str,
    /// What became of it, for people.
    #[schema(examples("Transaction completed"))]
    pub(super) result_description: String,
    /// The payment's id: the provider's, or the host's own where the provider has not told one yet.
    #[schema(examples("pay_9f2c"))]
    pub(super) payment_id: String,
    /// Where the payer must go: a web page. With `REDIRECT_TO_URL`, this or the next or both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) redirect_to_url: Option<String>,
    /// Where the payer must go: a link into an app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) redirect_to_url_mobile: Option<String>,
    /// The provider's own data, and the host's `state`, `outcome`, `declineCode` and `review`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub(super) metadata: Map<String, Value>,
}

/// The answer to `refund`.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundAnswer {
    #[schema(schema_with = refund_result_schema)]
    pub(super) result: &'static str,
    /// What became of it, for people.
    #[schema(examples("Refund completed"))]
    pub(super) result_description: String,
    /// The refund's id: the provider's, or the host's own where the provider has not told one yet.
    #[schema(examples("ref_41aa"))]
    pub(super) refund_id: String,
    /// The provider's own data, and the host's `outcome`, `declineCode` and `review`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub(super) metadata: Map<String, Value>,
}

/// The answer to `subscription/schedule`, `subscription/start` and `subscription/pay`.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionAnswer {
    #[schema(schema_with = pay_result_schema)]
    pub(super) result: &'static str,
    /// What became of it, for people.
    #[schema(examples("Payment authorised"))]
    pub(super) result_description: String,
    /// The id of the payment: the provider's, or the host's own where the provider has not told one yet.
    #[schema(examples("pay_9f2c"))]
    pub(super) payment_id: String,
    /// The subscription's token: the provider's, or the host's own where the provider has not told one yet.
    #[schema(examples("sub_77e0"))]
    pub(super) subscription_token: String,
    /// Where the payer must go: a web page. With `REDIRECT_TO_URL`, this or the next or both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) redirect_to_url: Option<String>,
    /// Where the payer must go: a link into an app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) redirect_to_url_mobile: Option<String>,
    /// The provider's own data, and the host's `state`, `outcome`, `declineCode` and `review`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub(super) metadata: Map<String, Value>,
}

/// The answer to `subscription/update` and `subscription/expire`.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeAnswer {
    #[schema(schema_with = change_result_schema)]
    pub(super) result: &'static str,
    /// What became of it, for people.
    #[schema(examples("Successful transaction"))]
    pub(super) result_description: String,
    /// The subscription's token.
    #[schema(examples("sub_77e0"))]
    pub(super) subscription_token: String,
    /// The provider's own data, and the host's `declineCode`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub(super) metadata: Map<String, Value>,
}
