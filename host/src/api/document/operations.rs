//! What each operation takes and answers.

use super::super::routes::{Access, Operation as Does, Route};
use super::responses::{any_json, changed, executed, json, other, with_problems};
use super::{examples, ids, parameters, requests};
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Response};

const PAYMENTS: &str = "Payments";
const SUBSCRIPTIONS: &str = "Subscriptions";
const EXTERNALS: &str = "Externals";
const HOST: &str = "The host";

/// What may go wrong with any request that has a body.
const BODY: &[u16] = &[400, 404, 408, 413, 415, 422];
/// What may go wrong with any operation, on top.
const OPERATION: &[u16] = &[409, 501, 502, 503];
/// What may go wrong with a request that is said by its path alone, on top.
const PATH: &[u16] = &[400, 404, 422];
/// What may go wrong where a payment is looked up by the query.
const LOOKUP: &[u16] = &[400, 404, 501, 502, 503];
/// What may go wrong where callers have keys, on top.
const KEY: &[u16] = &[401, 429];
/// What may go wrong with a webhook.
const WEBHOOK: &[u16] = &[400, 401, 404, 408, 413, 501, 503];

/// One operation, as the document shows it.
pub(super) fn described(route: &Route, method: &HttpMethod) -> Operation {
    let operation = OperationBuilder::new().operation_id(Some(ids::of(route, method)));
    let operation = parameters::of(route, method).into_iter().fold(operation, OperationBuilder::parameter);
    let operation = operation.request_body(requests::of(route, method));
    let operation = match route.operation.access() {
        Access::OneExternal => with_problems(operation, &[KEY, &[403]]),
        Access::AnyKey => with_problems(operation, &[KEY]),
        Access::Open | Access::World => operation,
    };
    match route.operation {
        Does::Pay => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Take money"))
            .description(Some(
                "The same body again gets the same answer, with or without an Idempotency-Key: a payment is made once.",
            ))
            .response("200", executed("PayAnswer", "What became of it; a decline is `KO`.", examples::paid())),
        Does::Refund => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Give money back"))
            .description(Some("Several partial refunds may follow one another, up to what was captured."))
            .response("200", executed("RefundAnswer", "What became of it; a decline is `KO`.", examples::refunded())),
        Does::Capture => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Take what was reserved"))
            .description(Some(
                "All that is left, or the amount that is named. Without `final: false` it is the last capture of its \
                 payment, and the rest may be released.",
            ))
            .response("200", executed("PayAnswer", "What became of it; a decline is `KO`.", examples::captured())),
        Does::Void => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Release what was reserved"))
            .description(Some("For a payment of which nothing was captured."))
            .response("200", executed("PayAnswer", "What became of it; a decline is `KO`.", examples::released())),
        Does::Link => with_problems(operation, &[BODY, OPERATION])
            .tag(PAYMENTS)
            .summary(Some("Make a link behind which money is taken"))
            .description(Some(
                "What becomes of the payment behind it is told by callbacks. A link of which nobody knows whether it was \
                 made is `KO`, and is followed up like a payment.",
            ))
            .response("200", executed("LinkAnswer", "The link, or why there is none.", examples::link())),
        Does::Schedule => with_problems(operation, &[BODY, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("Begin a subscription that the provider charges"))
            .description(Some("Its charges, and how it stands, are told by callbacks."))
            .response("200", executed("SubscriptionAnswer", "What became of it; a decline is `KO`.", examples::scheduled())),
        Does::Start => with_problems(operation, &[BODY, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("Begin a subscription that the caller charges"))
            .description(Some("Each charge is a `subscription/pay` with its token."))
            .response("200", executed("SubscriptionAnswer", "What became of it; a decline is `KO`.", examples::begun())),
        Does::Charge => with_problems(operation, &[BODY, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("Charge a subscription once"))
            .description(Some("The same body again gets the same answer: a charge is made once."))
            .response("200", executed("SubscriptionAnswer", "What became of it; a decline is `KO`.", examples::charged())),
        Does::Update => with_problems(operation, &[BODY, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("Change a subscription"))
            .description(Some("What is not named stays as it is. It moves no money, and may be sent again."))
            .response("200", changed("ChangeAnswer", "What became of it; a refusal is `KO`.", examples::changed())),
        Does::Expire => with_problems(operation, &[PATH, OPERATION])
            .tag(SUBSCRIPTIONS)
            .summary(Some("End a subscription"))
            .description(Some("One that has ended is no error. It moves no money, and may be sent again."))
            .response("200", changed("ChangeAnswer", "What became of it; a refusal is `KO`.", examples::changed())),
        Does::SubscriptionStatus => with_problems(operation, &[&[404, 501, 502, 503]])
            .tag(SUBSCRIPTIONS)
            .summary(Some("How a subscription stands"))
            .description(Some(
                "Asks the provider. Where it cannot be asked: what is known, and since when, in `metadata.asOf`.",
            ))
            .response("200", json("SubscriptionStatus", "How it stands.", examples::standing())),
        Does::Utility => with_problems(operation, &[BODY, OPERATION])
            .tag(EXTERNALS)
            .summary(Some("Whatever else the plugin offers"))
            .description(Some("JSON goes in and comes out; what it means is between caller and plugin."))
            .response("200", any_json("What the plugin answers.", examples::utility_answer())),
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
        Does::Page | Does::PageBehindSlash | Does::PageFile => operation,
    }
    .build()
}
