//! What the body of each operation's request is.

use super::super::routes::{Operation as Does, Route};
use super::{examples, schemas};
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::{Content, ContentBuilder, Ref, Required};

/// The body that one operation takes, if it takes one.
pub(super) fn of(route: &Route, method: &HttpMethod) -> Option<RequestBody> {
    // The payment method stands in the path or in the body.
    let in_path = route.path.contains("{paymentMethod}");
    let (schema, example) = match route.operation {
        Does::Pay if in_path => ("PayByMethodRequest", examples::pay()),
        Does::Pay | Does::Link => ("PayRequest", examples::pay()),
        Does::Refund => ("RefundRequest", examples::refund()),
        Does::Capture => ("CaptureRequest", examples::capture()),
        Does::Void => ("VoidRequest", examples::void()),
        Does::StatusByBody => ("StatusRequest", examples::lookup()),
        Does::Schedule | Does::Start if in_path => ("SubscribeByMethodRequest", examples::subscribe()),
        Does::Schedule | Does::Start => ("SubscribeRequest", examples::subscribe()),
        Does::Charge if in_path => ("ChargeByMethodRequest", examples::charge()),
        Does::Charge => ("ChargeRequest", examples::charge()),
        Does::Update => ("UpdateRequest", examples::update()),
        Does::Utility if *method != HttpMethod::Get => {
            let content = ContentBuilder::new().schema(Some(schemas::any_json()));
            return Some(body(content.example(Some(examples::utility_request())).build(), Required::False));
        }
        _ => return None,
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(Some(example));
    Some(body(content.build(), Required::True))
}

fn body(content: Content, required: Required) -> RequestBody {
    RequestBodyBuilder::new().content("application/json", content).required(Some(required)).build()
}
