//! The one list of routes: the router and the OpenAPI document are both made of it.

use super::problem::{Code, Problem};
use super::{Api, document, documentation, health, v3};
use crate::telemetry;
use axum::routing::{MethodFilter, MethodRouter, on};

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Pay,
    Refund,
    Capture,
    Void,
    Status,
    StatusByBody,
    Check,
    Callback,
    Schedule,
    Start,
    /// Pay under a subscription.
    Charge,
    Update,
    SubscriptionStatus,
    Expire,
    Link,
    Utility,
    Externals,
    External,
    OpenApi,
    /// The page that shows the document, for people; the same behind a slash; and what it is made of.
    Page,
    PageBehindSlash,
    PageFile,
    Healthz,
    Ready,
    CheckUp,
    Metrics,
}

/// Who may use a route where callers have keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Whoever has a key for its external.
    OneExternal,
    /// Whoever has a key.
    AnyKey,
    /// Anybody: what it shows is no caller's.
    Open,
    /// Anybody: a plugin judges what they send.
    World,
}

/// A method as it stands in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Get,
    Post,
    Delete,
    /// What a utility may be called by: all that HTTP has but CONNECT and TRACE.
    Any,
}

/// One row.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) verb: Verb,
    pub(super) path: &'static str,
    pub(super) operation: Operation,
}

const fn row(verb: Verb, path: &'static str, operation: Operation) -> Route {
    Route { verb, path, operation }
}

use Operation as O;
use Verb::{Any, Delete, Get, Post};

/// Every route.
pub(super) const ROUTES: &[Route] = &[
    row(Get, "/v3", O::Externals),
    row(Get, "/v3/{external}", O::External),
    row(Post, "/v3/{external}/pay", O::Pay),
    row(Post, "/v3/{external}/{paymentMethod}/pay", O::Pay),
    row(Post, "/v3/{external}/refund", O::Refund),
    row(Get, "/v3/{external}/status", O::Status),
    row(Post, "/v3/{external}/status", O::StatusByBody),
    row(Get, "/v3/{external}/check", O::Check),
    row(Get, "/v3/{external}/callback", O::Callback),
    row(Post, "/v3/{external}/callback", O::Callback),
    row(Post, "/v3/{external}/capture", O::Capture),
    row(Post, "/v3/{external}/void", O::Void),
    row(Post, "/v3/{external}/subscription/schedule", O::Schedule),
    row(Post, "/v3/{external}/subscription/start", O::Start),
    row(Post, "/v3/{external}/subscription/pay", O::Charge),
    row(Post, "/v3/{external}/{paymentMethod}/subscription/schedule", O::Schedule),
    row(Post, "/v3/{external}/{paymentMethod}/subscription/start", O::Start),
    row(Post, "/v3/{external}/{paymentMethod}/subscription/pay", O::Charge),
    row(Post, "/v3/{external}/subscription/update/{subscriptionToken}", O::Update),
    row(Get, "/v3/{external}/subscription/status/{subscriptionToken}", O::SubscriptionStatus),
    row(Post, "/v3/{external}/subscription/expire/{subscriptionToken}", O::Expire),
    row(Delete, "/v3/{external}/subscription/expire/{subscriptionToken}", O::Expire),
    row(Post, "/v3/{external}/pay-by-link", O::Link),
    row(Any, "/v3/{external}/utility/{*name}", O::Utility),
    row(Get, "/documentation", O::Page),
    row(Get, "/documentation/", O::PageBehindSlash),
    row(Get, "/documentation/{file}", O::PageFile),
    row(Get, "/documentation/openapi.json", O::OpenApi),
    row(Get, "/-/healthz", O::Healthz),
    row(Get, "/-/ready", O::Ready),
    row(Get, "/-/check-up", O::CheckUp),
    row(Get, "/-/metrics", O::Metrics),
];

/// GET takes HEAD along.
const EVERY_METHOD: MethodFilter = MethodFilter::GET
    .or(MethodFilter::POST)
    .or(MethodFilter::PUT)
    .or(MethodFilter::PATCH)
    .or(MethodFilter::DELETE)
    .or(MethodFilter::OPTIONS);

impl Route {
    /// The handler behind it.
    pub(super) fn handler(&self) -> MethodRouter<Api> {
        let filter = match self.verb {
            Get => MethodFilter::GET,
            Post => MethodFilter::POST,
            Delete => MethodFilter::DELETE,
            Any => EVERY_METHOD,
        };
        match self.operation {
            O::Pay => on(filter, v3::pay),
            O::Refund => on(filter, v3::refund),
            O::Capture => on(filter, v3::capture),
            O::Void => on(filter, v3::void),
            O::Status => on(filter, v3::status),
            O::StatusByBody => on(filter, v3::status_by_body),
            O::Check => on(filter, v3::check),
            O::Callback => on(filter, v3::callback),
            O::Schedule => on(filter, v3::schedule),
            O::Start => on(filter, v3::start),
            O::Charge => on(filter, v3::charge),
            O::Update => on(filter, v3::update),
            O::SubscriptionStatus => on(filter, v3::subscription_status),
            O::Expire => on(filter, v3::expire),
            O::Link => on(filter, v3::link),
            O::Utility => on(filter, v3::utility),
            O::Externals => on(filter, v3::externals),
            O::External => on(filter, v3::external),
            O::OpenApi => on(filter, document::serve),
            O::Page => on(filter, documentation::page),
            O::PageBehindSlash => on(filter, documentation::page_behind_slash),
            O::PageFile => on(filter, documentation::file),
            O::Healthz => on(filter, health::healthz),
            O::Ready => on(filter, health::ready),
            O::CheckUp => on(filter, health::check_up),
            O::Metrics => on(filter, health::metrics),
        }
    }
}

impl Operation {
    /// Whether it is for people with a browser, and no part of the interface that the document describes.
    pub(super) fn is_page(self) -> bool {
        matches!(self, O::Page | O::PageBehindSlash | O::PageFile)
    }

    /// Who may use it where callers have keys. What is not named here needs one.
    pub(super) fn access(self) -> Access {
        match self {
            O::Callback => Access::World,
            O::OpenApi | O::Page | O::PageBehindSlash | O::PageFile => Access::Open,
            O::Healthz | O::Ready | O::CheckUp | O::Metrics => Access::Open,
            O::Externals => Access::AnyKey,
            _ => Access::OneExternal,
        }
    }

    /// PGM's counter for it.
    pub(super) fn counter(self) -> Option<&'static str> {
        match self {
            O::Pay => Some(telemetry::HTTP_PAYMENT_CREATED),
            O::Refund => Some(telemetry::HTTP_PAYMENT_REFUNDED),
            O::Status | O::StatusByBody | O::Check => Some(telemetry::HTTP_PAYMENT_STATUS),
            O::Callback => Some(telemetry::HTTP_CALLBACK),
            O::Capture => Some(telemetry::HTTP_PAYMENT_AUTHORIZED),
            O::Void => Some(telemetry::HTTP_PAYMENT_EXPIRED),
            O::Link => Some(telemetry::HTTP_PAYMENT_LINK_CREATED),
            O::Schedule | O::Start => Some(telemetry::HTTP_SUBSCRIPTION_CREATED),
            O::Charge => Some(telemetry::HTTP_SUBSCRIPTION_AUTHORIZED),
            O::Update | O::Expire => Some(telemetry::HTTP_SUBSCRIPTION_UPDATE),
            O::SubscriptionStatus => Some(telemetry::HTTP_SUBSCRIPTION_HANDLER),
            O::Utility => Some(telemetry::HTTP_UTILS),
            _ => None,
        }
    }
}

/// The row whose path the router matched. All methods of a path count alike.
pub(super) fn of_path(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path)
}

pub(super) async fn no_such_route() -> Problem {
    Problem::new(Code::NoSuchRoute, "See /documentation/openapi.json for what there is.")
}

/// The router adds `Allow`.
pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "The header Allow names the methods that the path takes.")
}

#[cfg(test)]
mod tests;
