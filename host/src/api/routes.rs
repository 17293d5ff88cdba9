//! The one list of routes: the router and the OpenAPI document are both made of it.

use super::problem::{Code, Problem};
use super::{Api, document, documentation, health, v3};
use crate::telemetry;
use axum::routing::{MethodFilter, MethodRouter, any, on};

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Pay,
    Refund,
    Status,
    StatusByBody,
    Check,
    Callback,
    Externals,
    External,
    /// Part of PGM's interface that no plugin is asked for: 501, or 404 where there is no such external.
    NotSupported,
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

/// A method as it stands in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Get,
    Post,
    Delete,
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
    row(Post, "/v3/{external}/capture", O::NotSupported),
    row(Post, "/v3/{external}/void", O::NotSupported),
    row(Post, "/v3/{external}/subscription/schedule", O::NotSupported),
    row(Post, "/v3/{external}/subscription/start", O::NotSupported),
    row(Post, "/v3/{external}/subscription/pay", O::NotSupported),
    row(Post, "/v3/{external}/{paymentMethod}/subscription/schedule", O::NotSupported),
    row(Post, "/v3/{external}/{paymentMethod}/subscription/start", O::NotSupported),
    row(Post, "/v3/{external}/{paymentMethod}/subscription/pay", O::NotSupported),
    row(Post, "/v3/{external}/subscription/update/{subscriptionToken}", O::NotSupported),
    row(Get, "/v3/{external}/subscription/status/{subscriptionToken}", O::NotSupported),
    row(Post, "/v3/{external}/subscription/expire/{subscriptionToken}", O::NotSupported),
    row(Delete, "/v3/{external}/subscription/expire/{subscriptionToken}", O::NotSupported),
    row(Post, "/v3/{external}/pay-by-link", O::NotSupported),
    row(Any, "/v3/{external}/utility/{*name}", O::NotSupported),
    row(Get, "/documentation", O::Page),
    row(Get, "/documentation/", O::PageBehindSlash),
    row(Get, "/documentation/{file}", O::PageFile),
    row(Get, "/documentation/openapi.json", O::OpenApi),
    row(Get, "/-/healthz", O::Healthz),
    row(Get, "/-/ready", O::Ready),
    row(Get, "/-/check-up", O::CheckUp),
    row(Get, "/-/metrics", O::Metrics),
];

impl Route {
    /// The handler behind it.
    pub(super) fn handler(&self) -> MethodRouter<Api> {
        let filter = match self.verb {
            Get => MethodFilter::GET,
            Post => MethodFilter::POST,
            Delete => MethodFilter::DELETE,
            Any => return any(v3::not_supported),
        };
        match self.operation {
            O::Pay => on(filter, v3::pay),
            O::Refund => on(filter, v3::refund),
            O::Status => on(filter, v3::status),
            O::StatusByBody => on(filter, v3::status_by_body),
            O::Check => on(filter, v3::check),
            O::Callback => on(filter, v3::callback),
            O::Externals => on(filter, v3::externals),
            O::External => on(filter, v3::external),
            O::NotSupported => on(filter, v3::not_supported),
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

    /// PGM's counter for it.
    pub(super) fn counter(self) -> Option<&'static str> {
        match self {
            O::Pay => Some(telemetry::HTTP_PAYMENT_CREATED),
            O::Refund => Some(telemetry::HTTP_PAYMENT_REFUNDED),
            O::Status | O::StatusByBody | O::Check => Some(telemetry::HTTP_PAYMENT_STATUS),
            O::Callback => Some(telemetry::HTTP_CALLBACK),
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
