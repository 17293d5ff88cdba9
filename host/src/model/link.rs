//! The answer to `pay-by-link`; the callback `link.created` carries the same.

use super::payment_status::object;
use serde::Serialize;
use serde_json::{Map, Value};

/// What became of a link.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkAnswer {
    /// `OK` or `KO`.
    #[schema(examples("OK"))]
    pub result_code: &'static str,
    /// The same: PGM documents both names.
    #[schema(examples("OK"))]
    pub result: &'static str,
    /// What became of it, for people.
    #[schema(examples("The link was created."))]
    pub result_description: String,
    /// The id of the payment behind it: the provider's, or the host's own where the provider has not told one yet.
    #[schema(examples("pay_9f2c"))]
    pub payment_id: String,
    /// Where the payer goes to pay; with `OK`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("https://pay.example.com/l/9f2c"))]
    pub link: Option<String>,
    /// The host's `outcome` and `declineCode`, and the provider's own data.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

impl LinkAnswer {
    /// A link that was made.
    pub fn created(payment_id: &str, url: &str, description: Option<&str>) -> Self {
        Self {
            result_code: "OK",
            result: "OK",
            result_description: description.unwrap_or("The link was created.").to_owned(),
            payment_id: payment_id.to_owned(),
            link: Some(url.to_owned()),
            metadata: object(None),
        }
    }

    /// One that was not made, or of which it is not known.
    pub fn not_created(payment_id: &str, description: String, metadata: Map<String, Value>) -> Self {
        Self {
            result_code: "KO",
            result: "KO",
            result_description: description,
            payment_id: payment_id.to_owned(),
            link: None,
            metadata,
        }
    }
}
