//! What a problem document of each code looks like.

use super::super::super::problem::{Code, Document, Problem};
use super::SUBSCRIPTION;
use crate::model::Fault;
use serde_json::Value;

/// The problem document of a code.
pub(in super::super) fn problem(code: Code) -> Value {
    let sort = |code| Problem::new(code, "What happened this time, in a sentence or two.");
    let problem = match code {
        Code::Invalid => Problem::invalid(&[Fault::new("/currency", "must be an ISO 4217 code in upper case")]),
        Code::ShopTransactionIdUsed | Code::StateForbids => sort(code).about_payment("pay_9f2c", "pending"),
        Code::CaptureRepeated => sort(code).about("pay_51c0"),
        Code::RefundRepeated => sort(code).about_refund("ref_41aa"),
        Code::SubscriptionForbids => sort(code).about_subscription(SUBSCRIPTION, "expired"),
        _ => sort(code),
    };
    let document: &Document = &problem.of_request(Some(path(code)), "8e03978e40d543e8bc936894a57f9324");
    serde_json::to_value(document).expect("strings, numbers and lists serialise")
}

/// A path where it may happen.
fn path(code: Code) -> &'static str {
    match code {
        Code::BadQuery | Code::PaymentNotFound | Code::ProviderSilent => "/v3/sandbox/status",
        Code::RefundRepeated | Code::RefundTooLarge | Code::StateForbids => "/v3/sandbox/refund",
        Code::CaptureRepeated | Code::CaptureTooLarge => "/v3/sandbox/capture",
        Code::SubscriptionNotFound | Code::SubscriptionForbids => "/v3/sandbox/subscription/pay",
        Code::OutcomeUnknown => "/v3/sandbox/subscription/expire/sub_3c1d",
        Code::UtilityNotFound => "/v3/sandbox/utility/unheard-of",
        Code::WebhookForged | Code::WebhookLater => "/v3/sandbox/callback",
        Code::ApiKeyForbids => "/v3/acme/pay",
        Code::NoSuchRoute => "/v3/sandbox/nothing",
        _ => "/v3/sandbox/pay",
    }
}
