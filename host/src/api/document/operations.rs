//! What each operation takes and answers.

use super::super::routes::{Operation as Does, Route, Verb};
use super::responses::{executed, json, other, with_problems};
use super::{examples, parameters};
use serde_json::Value;
use utoipa::openapi::path::{Operation, OperationBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, Required, Response};

const PAYMENTS: &str = "Payments";
const EXTERNALS: &str = "Externals";
const HOST: &str = "The host";

/// What may go wrong with any request that has a body.
const BODY: &[u16] = &[400, 404, 408, 413, 415, 422];
/// What may go wrong with any operation, on top.
const OPERATION: &[u16] = &[409, 501, 502, 503];
/// What may go wrong where a payment is looked up.
const LOOKUP: &[u16] = &[400, 404, 501, 502, 503];
/// What may go wrong with a webhook.
const WEBHOOK: &[u16] = &[400, 401, 404, 408, 413, 501, 503];

/// One operation, as the document shows it.
pub(super) fn described(route: &Route) -> Operation {
    let operation = OperationBuilder::new().operation_id(Some(id(route)));
    let operation = parameters::of(route).into_iter().fold(operation, OperationBuilder::parameter);
    match route.operation {
        Does::Pay => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Take money"))
            .description(Some(
                "The same body again gets the same answer, with or without an Idempotency-Key: a payment is made once.",
            ))
            .request_body(Some(body(pay_schema(route), examples::pay())))
            .response("200", executed("PayAnswer", "What became of it; a decline is `KO`.", examples::paid())),
        Does::Refund => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Give money back"))
            .description(Some("Several partial refunds may follow one another, up to what was captured."))
            .request_body(Some(body("RefundRequest", examples::refund())))
            .response("200", executed("RefundAnswer", "What became of it; a decline is `KO`.", examples::refunded())),
        Does::Status => with_problems(operation, &[LOOKUP])
            .tag(PAYMENTS)
            .summary(Some("How a payment or a refund stands"))
            .description(Some(
                "Asks the provider. Where it cannot be asked: what is known, and since when, in `metadata.asOf`.",
            ))
            .response("200", json("PaymentStatus", "How it stands.", examples::status())),
        Does::StatusByBody => with_problems(operation, &[BODY, LOOKUP])
            .tag(PAYMENTS)
            .summary(Some("How a payment or a refund stands, named in a body"))
            .description(Some("As with GET. Without a body, the query is read."))
            .request_body(Some(body("StatusRequest", examples::lookup())))
            .response("200", json("PaymentStatus", "How it stands.", examples::status())),
        Does::Check => with_problems(operation, &[LOOKUP])
            .tag(PAYMENTS)
            .summary(Some("Ask the provider now, and send a callback"))
            .description(Some("The callback goes out even without a change, at most once per payment and 10 seconds."))
            .response("200", json("PaymentStatus", "How it stands.", examples::status())),
        Does::Callback => with_problems(operation, &[WEBHOOK])
            .tag(EXTERNALS)
            .summary(Some("Where a provider sends its notifications"))
            .description(Some("Raw body and headers go to the plugin, which decides what is answered."))
            .response("200", Response::new("What the plugin answers, in whatever form."))
            .response("default", Response::new("Another status that the plugin chose.")),
        Does::Externals => with_problems(operation, &[])
            .tag(EXTERNALS)
            .summary(Some("Every external, and what it can do"))
            .response("200", json("Externals", "All that are configured.", examples::externals())),
        Does::External => with_problems(operation, &[&[404]])
            .tag(EXTERNALS)
            .summary(Some("What one external can do"))
            .response("200", json("External", "Its plugin, and what that supports.", examples::external())),
        Does::OpenApi => with_problems(operation, &[]).tag(HOST).summary(Some("This document")).response(
            "200",
            other(
                "application/json",
                "OpenAPI 3.1.",
                ObjectBuilder::new().schema_type(Type::Object),
                examples::openapi(),
            ),
        ),
        Does::Healthz => with_problems(operation, &[])
            .tag(HOST)
            .summary(Some("The process runs"))
            .response("200", json("Health", "It does.", examples::health())),
        Does::Ready => with_problems(operation, &[])
            .tag(HOST)
            .summary(Some("The host takes work"))
            .response("200", json("Health", "It does.", examples::health()))
            .response(
                "503",
                json("Health", "It does not: it is about to leave, or its store is away.", examples::draining()),
            ),
        Does::CheckUp => with_problems(operation, &[])
            .tag(HOST)
            .summary(Some("The host and each external"))
            .response("200", json("Health", "The host takes work.", examples::check_up()))
            .response("503", json("Health", "The host takes no work.", examples::draining())),
        Does::Metrics => with_problems(operation, &[]).tag(HOST).summary(Some("Metrics")).response(
            "200",
            other(
                "text/plain",
                "Prometheus' text format.",
                ObjectBuilder::new().schema_type(Type::String),
                examples::metrics(),
            ),
        ),
        Does::NotSupported | Does::Page | Does::PageBehindSlash | Does::PageFile => {
            with_problems(operation, &[&[404, 501]])
        }
    }
    .build()
}

/// One id per row, for what is generated from the document.
fn id(route: &Route) -> &'static str {
    match (route.operation, route.verb) {
        (Does::Pay, _) if route.path.contains("{paymentMethod}") => "payWithMethod",
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
        (Does::Page, _) => "page",
        (Does::PageBehindSlash, _) => "pageBehindSlash",
        (Does::PageFile, _) => "pageFile",
        (Does::NotSupported, _) => "notSupported",
    }
}

/// A payment method stands in the path or in the body.
fn pay_schema(route: &Route) -> &'static str {
    if route.path.contains("{paymentMethod}") { "PayByMethodRequest" } else { "PayRequest" }
}

fn body(schema: &str, example: Value) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(Some(example)).build();
    RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True)).build()
}
