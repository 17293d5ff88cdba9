//! `GET /documentation/openapi.json`: the OpenAPI 3.1 document, made of the list of routes and of the types that the
//! answers are made of. What a body may hold is described in [`schemas`]; tests hold it against what is read.

mod examples;
mod ids;
mod operations;
mod parameters;
mod requests;
mod responses;
mod schemas;
mod security;

use super::routes::{Operation, ROUTES, Route, Verb};
use super::{Api, Settings, answers, health, problem, v3};
use crate::model::{LinkAnswer, PaymentStatus, SubscriptionStatus};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use utoipa::openapi::path::{HttpMethod, Paths};
use utoipa::openapi::{Components, ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

pub(super) use schemas::{
    change_result_schema, outcome_schema, pay_result_schema, problem_code_schema, refund_result_schema,
};

/// What of the interface a listener shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// Callers need a key.
    locked: bool,
    /// Webhooks are taken there.
    callbacks: bool,
}

impl Shown {
    pub(super) fn of(settings: &Settings) -> Self {
        Self { locked: !settings.keys.is_empty(), callbacks: settings.callbacks_listen.is_none() }
    }
}

/// The document's text.
pub(super) fn json(shown: Shown) -> Vec<u8> {
    serde_json::to_vec_pretty(&document(shown)).expect("the document is plain data")
}

/// Serves the document.
pub(super) async fn serve(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], api.0.document.clone()).into_response()
}

fn document(shown: Shown) -> OpenApi {
    let Shown { locked, callbacks } = shown;
    let info = InfoBuilder::new()
        .title("Provost")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Payments through plugins, behind the REST interface of the Payment Gateway Manager. Amounts are integers \
             in the currency's minor unit. A decline is 200 with `result: KO`; an error is a problem document \
             (RFC 9457); an outcome that is not known yet is 200 with `result: PENDING`, and a callback follows. A path \
             with its query may have 8 KiB, the headers 32 KiB and be 100, a body 1 MiB unless the operator says \
             otherwise, and its JSON 64 levels; no key twice in one object. Parameters of the query that are not listed \
             are ignored.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
    let mut paths = Paths::new();
    let is_shown = |route: &&Route| !route.operation.is_page() && (callbacks || route.operation != Operation::Callback);
    for route in ROUTES.iter().filter(is_shown) {
        for method in methods(route.verb) {
            let mut operation = operations::described(route, &method);
            operation.security = security::of(route.operation, locked);
            paths.add_path_operation(template(route.path), vec![method], operation);
        }
    }
    OpenApiBuilder::new().info(info.build()).paths(paths).components(Some(components(locked))).build()
}

/// The methods that the document shows for a row.
fn methods(verb: Verb) -> Vec<HttpMethod> {
    match verb {
        Verb::Get => vec![HttpMethod::Get],
        Verb::Post => vec![HttpMethod::Post],
        Verb::Delete => vec![HttpMethod::Delete],
        Verb::Any => {
            vec![HttpMethod::Get, HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch, HttpMethod::Delete]
        }
    }
}

/// A path as OpenAPI writes it, which has no word for a hole that takes the rest of the path.
fn template(path: &str) -> String {
    path.replace("{*", "{")
}

fn components(locked: bool) -> Components {
    let components = security::scheme(ComponentsBuilder::new(), locked)
        .schema("Currency", schemas::currencies())
        .schema("PayRequest", schemas::pay_request())
        .schema("PayByMethodRequest", schemas::pay_by_method_request())
        .schema("RefundRequest", schemas::refund_request())
        .schema("CaptureRequest", schemas::capture_request())
        .schema("VoidRequest", schemas::void_request())
        .schema("SubscribeRequest", schemas::subscribe_request())
        .schema("SubscribeByMethodRequest", schemas::subscribe_by_method_request())
        .schema("ChargeRequest", schemas::charge_request())
        .schema("ChargeByMethodRequest", schemas::charge_by_method_request())
        .schema("UpdateRequest", schemas::update_request())
        .schema("StatusRequest", schemas::status_request())
        .schema_from::<answers::PayAnswer>()
        .schema_from::<answers::RefundAnswer>()
        .schema_from::<answers::SubscriptionAnswer>()
        .schema_from::<answers::ChangeAnswer>()
        .schema_from::<LinkAnswer>()
        .schema_from::<SubscriptionStatus>()
        .schema_from::<PaymentStatus>()
        .schema_from::<v3::externals::Externals>()
        .schema_from::<v3::externals::External>()
        .schema_from::<v3::externals::Plugin>()
        .schema_from::<health::Health>()
        .schema_from::<health::Dependency>()
        .schema_from::<problem::Document>()
        .schema_from::<problem::FieldError>();
    responses::problems().fold(components, |components, (name, response)| components.response(name, response)).build()
}

#[cfg(test)]
mod tests;
