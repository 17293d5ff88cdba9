//! What each operation takes and answers.

use super::super::routes::{Operation as Does, Route, Verb};
use super::parameters::parameters;
use super::parts::{any_answer, any_body, body, changed, executed, ok, ok_like, text, with_problems};
use super::{examples, schemas, subscriptions};
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::{Required, Response};

const PAYMENTS: &str = "Payments";
const SUBSCRIPTIONS: &str = "Subscriptions";
const EXTERNALS: &str = "Externals";
const HOST: &str = "The host";

/// What may go wrong with any request that has a body.
const BODY: &[u16] = &[400, 404, 408, 413, 415, 422];
/// What may go wrong with any operation, on top.
const OPERATION: &[u16] = &[409, 500, 501, 502, 503];
/// What may go wrong with a request that is said by its path alone, on top.
const PATH: &[u16] = &[400, 404, 422];
/// What may go wrong where a payment is looked up by the query.
const LOOKUP: &[u16] = &[400, 404, 500, 501, 502, 503];
/// What may go wrong with a webhook.
const WEBHOOK: &[u16] = &[400, 401, 404, 408, 413, 500, 501, 503];

/// One operation, as the document shows it.
pub(super) fn described(route: &Route, method: &HttpMethod) -> Operation {
    let operation = OperationBuilder::new().operation_id(Some(id(route, method)));
    let operation = parameters(route, method).into_iter().fold(operation, OperationBuilder::parameter);
    match route.operation {
        Does::Pay => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Take money"))
            .description(Some(
                "The same body again gets the same answer, with or without an Idempotency-Key: a payment is made once.",
            ))
            .request_body(Some(body("PayRequest", schemas::pay_example(), Required::True)))
            .response("200", executed("PayAnswer", examples::pay(), "What became of it; a decline is `KO`.")),
        Does::Refund => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Give money back"))
            .description(Some("Several partial refunds may follow one another, up to what was captured."))
            .request_body(Some(body("RefundRequest", schemas::refund_example(), Required::True)))
            .response("200", executed("RefundAnswer", examples::refund(), "What became of it; a decline is `KO`.")),
        Does::Capture => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Take what was reserved"))
            .description(Some(
                "All that is left, or the amount that is named. Without `final: false` it is the last capture of its \
                 payment, and the rest may be released.",
            ))
            .request_body(Some(body("CaptureRequest", schemas::capture_example(), Required::True)))
            .response("200", executed("PayAnswer", examples::capture(), "What became of it; a decline is `KO`.")),
        Does::Void => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Release what was reserved"))
            .description(Some("For a payment of which nothing was captured."))
            .request_body(Some(body("VoidRequest", schemas::void_example(), Required::True)))
            .response("200", executed("PayAnswer", examples::void(), "What became of it; a decline is `KO`.")),
        Does::Link => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Make a link behind which money is taken"))
            .description(Some(
                "What becomes of the payment behind it is told by callbacks. A link of which nobody knows whether it was \
                 made is `KO`, and is followed up like a payment.",
            ))
            .request_body(Some(body("PayRequest", schemas::pay_example(), Required::True)))
            .response("200", executed("LinkAnswer", examples::link(), "The link, or why there is none.")),
        Does::Schedule => with_problems(operation, &[BODY, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("Begin a subscription that the provider charges"))
            .description(Some("Its charges, and how it stands, are told by callbacks."))
            .request_body(Some(body("SubscribeRequest", subscriptions::subscribe_example(), Required::True)))
            .response("200", executed("SubscriptionAnswer", examples::subscription(), "What became of it.")),
        Does::Start => with_problems(operation, &[BODY, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("Begin a subscription that the caller charges"))
            .description(Some("Each charge is a `subscription/pay` with its token."))
            .request_body(Some(body("SubscribeRequest", subscriptions::subscribe_example(), Required::True)))
            .response("200", executed("SubscriptionAnswer", examples::subscription(), "What became of it.")),
        Does::Charge => with_problems(operation, &[BODY, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("Charge a subscription once"))
            .description(Some("The same body again gets the same answer: a charge is made once."))
            .request_body(Some(body("ChargeRequest", subscriptions::charge_example(), Required::True)))
            .response("200", executed("SubscriptionAnswer", examples::subscription(), "What became of it.")),
        Does::Update => with_problems(operation, &[BODY, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("Change a subscription"))
            .description(Some("What is not named stays as it is. It moves no money, and may be sent again."))
            .request_body(Some(body("UpdateRequest", subscriptions::update_example(), Required::True)))
            .response("200", changed("ChangeAnswer", examples::change(), "What became of it; a refusal is `KO`.")),
        Does::Expire => with_problems(operation, &[PATH, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("End a subscription"))
            .description(Some("One that has ended is no error. It moves no money, and may be sent again."))
            .response("200", changed("ChangeAnswer", examples::change(), "What became of it; a refusal is `KO`.")),
        Does::SubscriptionStatus => with_problems(operation, &[&[404, 500, 501, 502, 503]])
            .tag(SUBSCRIPTIONS)
            .summary(Some("How a subscription stands"))
            .description(Some(
                "Asks the provider. Where it cannot be asked: what is known, and since when, in `metadata.asOf`.",
            ))
            .response("200", ok_like("SubscriptionStatus", examples::subscription_status(), "How it stands.")),
        Does::Utility => {
            let operation = with_problems(operation, &[BODY, OPERATION])
                .tag(EXTERNALS)
                .summary(Some("Whatever else the plugin offers"))
                .description(Some("JSON goes in and comes out; what it means is between caller and plugin."))
                .response("200", any_answer(examples::utility(), "What the plugin answers."));
            match method {
                HttpMethod::Get => operation,
                _ => operation.request_body(Some(any_body(examples::utility_request()))),
            }
        }
        Does::Status => with_problems(operation, &[LOOKUP])
            .tag(PAYMENTS)
            .summary(Some("How a payment or a refund stands"))
            .description(Some(
                "Asks the provider. Where it cannot be asked: what is known, and since when, in `metadata.asOf`.",
            ))
            .response("200", ok_like("PaymentStatus", examples::payment_status(), "How it stands.")),
        Does::StatusByBody => with_problems(operation, &[BODY, &[500, 501, 502, 503]])
            .tag(PAYMENTS)
            .summary(Some("How a payment or a refund stands, named in a body"))
            .description(Some("As with GET. Without a body, the query is read."))
            .request_body(Some(body("StatusRequest", schemas::status_example(), Required::False)))
            .response("200", ok_like("PaymentStatus", examples::payment_status(), "How it stands.")),
        Does::Check => with_problems(operation, &[LOOKUP])
            .tag(PAYMENTS)
            .summary(Some("Ask the provider now, and send a callback"))
            .description(Some("The callback goes out even without a change, at most once per payment and 10 seconds."))
            .response("200", ok_like("PaymentStatus", examples::payment_status(), "How it stands.")),
        Does::Callback => with_problems(operation, &[WEBHOOK])
            .tag(EXTERNALS)
            .summary(Some("Where a provider sends its notifications"))
            .description(Some("Raw body and headers go to the plugin, which decides what is answered."))
            .response("200", Response::new("What the plugin answers; it may choose another status.")),
        Does::Externals => with_problems(operation, &[&[500]])
            .tag(EXTERNALS)
            .summary(Some("Every external, and what it can do"))
            .response("200", ok("Externals", "All that are configured.")),
        Does::External => with_problems(operation, &[&[404, 500]])
            .tag(EXTERNALS)
            .summary(Some("What one external can do"))
            .response("200", ok("External", "Its plugin, and what that supports.")),
        Does::OpenApi => {
            operation.tag(HOST).summary(Some("This document")).response("200", text("application/json", "OpenAPI 3.1."))
        }
        Does::Healthz => {
            operation.tag(HOST).summary(Some("The process runs")).response("200", ok("Health", "It does."))
        }
        Does::Ready => operation
            .tag(HOST)
            .summary(Some("The host takes work"))
            .response("200", ok("Health", "It does."))
            .response("503", ok("Health", "It does not: it is about to leave, or its store is away.")),
        Does::CheckUp => operation
            .tag(HOST)
            .summary(Some("The host and each external"))
            .response("200", ok("Health", "The host takes work."))
            .response("503", ok("Health", "The host takes no work.")),
        Does::Metrics => {
            operation.tag(HOST).summary(Some("Metrics")).response("200", text("text/plain", "Prometheus' text format."))
        }
        Does::Page | Does::PageBehindSlash | Does::PageFile => operation,
    }
    .build()
}

/// One id per row, for what is generated from the document.
fn id(route: &Route, method: &HttpMethod) -> &'static str {
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
