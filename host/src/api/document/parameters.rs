//! What an operation takes beside its body.

use super::super::routes::{Operation as Does, Route};
use super::schemas;
use utoipa::openapi::path::{HttpMethod, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Object, Required};

/// The parameters of one operation.
pub(super) fn parameters(route: &Route, method: &HttpMethod) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    if route.path.contains("{external}") {
        parameters.push(parameter("external", ParameterIn::Path, schemas::external()));
    }
    if route.path.contains("{paymentMethod}") {
        parameters.push(parameter("paymentMethod", ParameterIn::Path, schemas::payment_method()));
    }
    if route.path.contains("{subscriptionToken}") {
        let about = "Any token of the subscription that the caller was told, or that the provider gave it.";
        parameters.push(parameter("subscriptionToken", ParameterIn::Path, schemas::id(about)));
    }
    if route.operation == Does::Utility {
        let about = "The utility, as its plugin names it; may have several segments.";
        parameters.push(parameter("name", ParameterIn::Path, schemas::id(about)));
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
    if takes_key(route.operation) && *method != HttpMethod::Get {
        let about = "Bare or in double quotes; 1 to 255 visible ASCII characters. Kept for seven days by default.";
        let key = r#"^([!#-~][!-~]{0,254}|"([!#-\[\]-~]|\\["\\]){1,255}")$"#;
        let schema = schemas::string(about).pattern(Some(key)).build();
        parameters.push(parameter("Idempotency-Key", ParameterIn::Header, schema));
    }
    let about = "1 to 128 visible ASCII characters; made where it is missing. Answered, and in every log line.";
    parameters.push(parameter("X-Request-Id", ParameterIn::Header, schemas::string(about).build()));
    parameters
}

/// Whether it is recognised when it is sent again.
fn takes_key(operation: Does) -> bool {
    let payments = matches!(operation, Does::Pay | Does::Refund | Does::Capture | Does::Void | Does::Link);
    let subscriptions = matches!(operation, Does::Schedule | Does::Start | Does::Charge | Does::Update | Does::Expire);
    payments || subscriptions || operation == Does::Utility
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
