//! What an operation takes beside its body: in the path, the query and the headers.

use super::super::routes::{Operation as Does, Route};
use super::{examples, schemas};
use utoipa::openapi::path::{HttpMethod, Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::{Object, Required};

/// All of one operation.
pub(super) fn of(route: &Route, method: &HttpMethod) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    if route.path.contains("{external}") {
        parameters.push(in_path("external", schemas::external(), examples::EXTERNAL));
    }
    if route.path.contains("{paymentMethod}") {
        parameters.push(in_path("paymentMethod", schemas::payment_method(), examples::PAYMENT_METHOD));
    }
    if route.path.contains("{subscriptionToken}") {
        parameters.push(in_path("subscriptionToken", schemas::token(), examples::SUBSCRIPTION));
    }
    if route.operation == Does::Utility {
        parameters.push(in_path("name", schemas::utility(), examples::UTILITY));
    }
    if matches!(route.operation, Does::Status | Does::Check) {
        parameters.push(lookup());
    }
    if route.operation == Does::Callback {
        let about = "The operation whose webhook URL this is, and its proof; in the URLs that the host gave out.";
        parameters.push(optional("ref", ParameterIn::Query, schemas::string(about).build()));
        let about = "Alone it proves nothing: it only makes the host ask the provider.";
        parameters.push(optional("paymentId", ParameterIn::Query, schemas::string(about).build()));
    }
    if takes_key(route.operation) && *method != HttpMethod::Get {
        parameters.push(optional("Idempotency-Key", ParameterIn::Header, schemas::idempotency_key()));
    }
    let about =
        "1 to 128 visible ASCII characters; made where it is missing or not so. Answered, and in every log line.";
    parameters.push(optional("X-Request-Id", ParameterIn::Header, schemas::string(about).build()));
    parameters
}

/// Whether it is recognised when it is sent again.
fn takes_key(operation: Does) -> bool {
    let payments = matches!(operation, Does::Pay | Does::Refund | Does::Capture | Does::Void | Does::Link);
    let subscriptions = matches!(operation, Does::Schedule | Does::Start | Does::Charge | Does::Update | Does::Expire);
    payments || subscriptions || operation == Does::Utility
}

fn in_path(name: &str, schema: Object, example: &str) -> Parameter {
    described(name, ParameterIn::Path, schema).required(Required::True).example(Some(example.into())).build()
}

fn optional(name: &str, place: ParameterIn, schema: Object) -> Parameter {
    described(name, place, schema).required(Required::False).build()
}

fn described(name: &str, place: ParameterIn, schema: Object) -> ParameterBuilder {
    let about = schema.description.clone();
    ParameterBuilder::new().name(name).parameter_in(place).description(about).schema(Some(schema))
}

/// Exactly one of three names. Three optional parameters could not say so; an object that is spread over the query can.
fn lookup() -> Parameter {
    ParameterBuilder::new()
        .name("lookup")
        .parameter_in(ParameterIn::Query)
        .required(Required::True)
        .description(Some(
            "Exactly one of `?paymentId=`, `?shopTransactionId=` and `?refundId=`. Others of the query are ignored.",
        ))
        .style(Some(ParameterStyle::Form))
        .explode(Some(true))
        .schema(Some(schemas::lookup_in_query()))
        .example(Some(examples::lookup()))
        .build()
}
