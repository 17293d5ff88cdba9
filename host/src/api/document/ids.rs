//! What each operation is called by what is generated from the document.

use super::super::routes::{Operation as Does, Route, Verb};
use utoipa::openapi::path::HttpMethod;

/// The id of a row, by one of its methods.
pub(super) fn of(route: &Route, method: &HttpMethod) -> &'static str {
    let with_method = route.path.contains("{paymentMethod}");
    match (route.operation, route.verb) {
        (Does::Pay, _) if with_method => "payWithMethod",
        (Does::Pay, _) => "pay",
        (Does::Refund, _) => "refund",
        (Does::Status, _) => "status",
        (Does::StatusByBody, _) => "statusByBody",
        (Does::Check, _) => "check",
        (Does::Callback, Verb::Get) => "callbackByGet",
        (Does::Callback, _) => "callbackByPost",
        (Does::Externals, _) => "externals",
        (Does::External, _) => "external",
        (Does::OpenApi, _) => "openapi",
        (Does::Healthz, _) => "healthz",
        (Does::Ready, _) => "ready",
        (Does::CheckUp, _) => "checkUp",
        (Does::Metrics, _) => "metrics",
        (Does::Capture, _) => "capture",
        (Does::Void, _) => "void",
        (Does::Link, _) => "payByLink",
        (Does::Schedule, _) if with_method => "scheduleSubscriptionWithMethod",
        (Does::Schedule, _) => "scheduleSubscription",
        (Does::Start, _) if with_method => "startSubscriptionWithMethod",
        (Does::Start, _) => "startSubscription",
        (Does::Charge, _) if with_method => "paySubscriptionWithMethod",
        (Does::Charge, _) => "paySubscription",
        (Does::Update, _) => "updateSubscription",
        (Does::SubscriptionStatus, _) => "subscriptionStatus",
        (Does::Expire, Verb::Post) => "expireSubscriptionByPost",
        (Does::Expire, _) => "expireSubscription",
        (Does::Utility, _) => match method {
            HttpMethod::Get => "utilityByGet",
            HttpMethod::Post => "utilityByPost",
            HttpMethod::Put => "utilityByPut",
            HttpMethod::Patch => "utilityByPatch",
            _ => "utilityByDelete",
        },
        (Does::Page, _) => "page",
        (Does::PageBehindSlash, _) => "pageBehindSlash",
        (Does::PageFile, _) => "pageFile",
    }
}
