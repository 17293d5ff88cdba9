//! What each operation takes and answers.

use super::super::problem::{Code, PROBLEM_JSON};
use super::super::routes::{Operation as Does, Route, Verb};
use super::schemas;
use serde_json::Value;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::{
    Content, ContentBuilder, HeaderBuilder, Object, ObjectBuilder, Ref, Required, Response, ResponseBuilder,
};

const PAYMENTS: &str = "Payments";
const EXTERNALS: &str = "Externals";
const HOST: &str = "The host";

/// What may go wrong with any request that has a body.
const BODY: &[u16] = &[400, 404, 408, 413, 415, 422];
/// What may go wrong with any operation, on top.
const OPERATION: &[u16] = &[409, 500, 501, 502, 503];
/// What may go wrong where a payment is looked up by the query.
const LOOKUP: &[u16] = &[400, 404, 500, 501, 502, 503];
/// What may go wrong with a webhook.
const WEBHOOK: &[u16] = &[400, 401, 404, 408, 413, 500, 501, 503];

/// One operation, as the document shows it.
pub(super) fn described(route: &Route) -> Operation {
    let operation = OperationBuilder::new().operation_id(Some(id(route)));
    let operation = parameters(route).into_iter().fold(operation, OperationBuilder::parameter);
    match route.operation {
        Does::Pay => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Take money"))
            .description(Some(
                "The same body again gets the same answer, with or without an Idempotency-Key: a payment is made once.",
            ))
            .request_body(Some(body("PayRequest", schemas::pay_example(), Required::True)))
            .response("200", executed("PayAnswer", "What became of it; a decline is `KO`.")),
        Does::Refund => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Give money back"))
            .description(Some("Several partial refunds may follow one another, up to what was captured."))
            .request_body(Some(body("RefundRequest", schemas::refund_example(), Required::True)))
            .response("200", executed("RefundAnswer", "What became of it; a decline is `KO`.")),
        Does::Status => with_problems(operation, &[LOOKUP])
            .tag(PAYMENTS)
            .summary(Some("How a payment or a refund stands"))
            .description(Some(
                "Asks the provider. Where it cannot be asked: what is known, and since when, in `metadata.asOf`.",
            ))
            .response("200", ok("PaymentStatus", "How it stands.")),
        Does::StatusByBody => with_problems(operation, &[BODY, &[500, 501, 502, 503]])
            .tag(PAYMENTS)
            .summary(Some("How a payment or a refund stands, named in a body"))
            .description(Some("As with GET. Without a body, the query is read."))
            .request_body(Some(body("StatusRequest", schemas::status_example(), Required::False)))
            .response("200", ok("PaymentStatus", "How it stands.")),
        Does::Check => with_problems(operation, &[LOOKUP])
            .tag(PAYMENTS)
            .summary(Some("Ask the provider now, and send a callback"))
            .description(Some("The callback goes out even without a change, at most once per payment and 10 seconds."))
            .response("200", ok("PaymentStatus", "How it stands.")),
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

fn parameters(route: &Route) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    if route.path.contains("{external}") {
        parameters.push(parameter("external", ParameterIn::Path, schemas::external()));
    }
    if route.path.contains("{paymentMethod}") {
        parameters.push(parameter("paymentMethod", ParameterIn::Path, schemas::payment_method()));
    }
    if matches!(route.operation, Does::Status | Does::StatusByBody | Does::Check) {
        let about = "Name exactly one of paymentId, shopTransactionId and refundId.";
        let names = ["paymentId", "shopTransactionId", "refundId"];
        parameters.extend(names.map(|name| parameter(name, ParameterIn::Query, schemas::id(about))));
    }
    if route.operation == Does::Callback {
        let about = "The operation whose webhook URL this is, and its proof; in the URLs that the host gave out.";
        parameters.push(parameter("ref", ParameterIn::Query, schemas::string(about).build()));
        let about = "Alone it proves nothing: it only makes the host ask the provider.";
        parameters.push(parameter("paymentId", ParameterIn::Query, schemas::string(about).build()));
    }
    if matches!(route.operation, Does::Pay | Does::Refund) {
        let about = "Bare or in double quotes; 1 to 255 visible ASCII characters. Kept for seven days by default.";
        parameters.push(parameter("Idempotency-Key", ParameterIn::Header, schemas::string(about).build()));
    }
    let about = "1 to 128 visible ASCII characters; made where it is missing. Answered, and in every log line.";
    parameters.push(parameter("X-Request-Id", ParameterIn::Header, schemas::string(about).build()));
    parameters
}

fn parameter(name: &str, place: ParameterIn, schema: Object) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    let about = schema.description.clone();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(about)
        .schema(Some(schema))
        .build()
}

fn body(schema: &str, example: Value, required: Required) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(Some(example)).build();
    RequestBodyBuilder::new().content("application/json", content).required(Some(required)).build()
}

fn ok(schema: &str, about: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    answered(about).content("application/json", content).build()
}

/// The answer to an operation that may move money.
fn executed(schema: &str, about: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    answered(about)
        .content("application/json", content)
        .header("Idempotent-Replayed", header("`true` where the answer was given before."))
        .header("X-Payment-Outcome", header("`unknown` where the provider has not confirmed what became of it."))
        .build()
}

fn text(media_type: &str, about: &str) -> Response {
    answered(about).content(media_type, Content::new(None::<Ref>)).build()
}

fn answered(about: &str) -> ResponseBuilder {
    ResponseBuilder::new().description(about).header("X-Request-Id", header("The request's id."))
}

fn header(about: &str) -> utoipa::openapi::Header {
    let text = ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
    HeaderBuilder::new().schema(Some(text)).description(Some(about)).build()
}

/// Adds a problem document for each of these statuses.
fn with_problems(operation: OperationBuilder, statuses: &[&[u16]]) -> OperationBuilder {
    let statuses = statuses.iter().copied().flatten();
    statuses.fold(operation, |operation, status| operation.response(status.to_string(), problem(*status)))
}

fn problem(status: u16) -> Response {
    let codes = Code::ALL.into_iter().filter(|code| code.status() == status);
    let codes: Vec<_> = codes.map(|code| format!("`{}`", code.name())).collect();
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = answered(&codes.join(", ")).content(PROBLEM_JSON, content);
    match status {
        409 | 503 => response.header("Retry-After", header("Seconds to wait, where waiting helps.")).build(),
        _ => response.build(),
    }
}
