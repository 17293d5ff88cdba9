use super::super::testing::{answer, parts};
use super::*;
use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use serde_json::Value;

/// The path of a row, with something in each of its holes.
fn filled(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        "{external}" => "acme",
        "{*name}" => "some/thing",
        "{file}" => "page.js",
        hole if hole.starts_with('{') => "x-1",
        plain => plain,
    });
    segments.collect::<Vec<_>>().join("/")
}

fn method(verb: Verb) -> Method {
    match verb {
        Get => Method::GET,
        Post => Method::POST,
        Delete => Method::DELETE,
        Any => Method::PATCH,
    }
}

async fn ask(router: &Router, method: Method, path: &str, body: &'static str) -> (u16, http::HeaderMap, Value) {
    let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
    let (status, headers, body) = answer(router, request).await;
    (status, headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn every_row_is_routed_and_an_external_that_is_not_configured_is_404() {
    let (parts, _folder) = parts().await;
    let router = crate::api::router(parts);
    for route in ROUTES {
        let path = filled(route.path);
        let (status, headers, body) = ask(&router, method(route.verb), &path, "not JSON").await;
        assert!(headers.contains_key("x-request-id"), "{path}");
        if path.contains("acme") {
            assert_eq!((status, &body["code"]), (404, &Value::from("unknown_external")), "{path}");
            assert_eq!(body["instance"], path);
            assert_eq!(body["requestId"].as_str().unwrap().as_bytes(), headers["x-request-id"].as_bytes());
        } else {
            let expected = if route.operation == O::PageBehindSlash { 308 } else { 200 };
            assert_eq!(status, expected, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_list_is_a_404_problem() {
    let (parts, _folder) = parts().await;
    let router = crate::api::router(parts);
    for path in ["/", "/v3/acme/pay/", "/v3/acme/card/visa/pay", "/v2", "/v3/%ff/refund", "/-/nothing", "/v3//pay"] {
        let (status, headers, body) = ask(&router, Method::POST, path, "").await;
        assert_eq!(status, 404, "{path}");
        assert_eq!(headers["content-type"], "application/problem+json", "{path}");
        assert!(["no_such_route", "unknown_external"].contains(&body["code"].as_str().unwrap()), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_405_problem_that_names_the_right_ones() {
    let (parts, _folder) = parts().await;
    let router = crate::api::router(parts);
    let cases = [
        (Method::GET, "/v3/acme/pay", "POST"),
        (Method::DELETE, "/v3/acme/status", "GET,HEAD,POST"),
        (Method::POST, "/v3", "GET,HEAD"),
        (Method::GET, "/v3/acme/subscription/expire/1", "POST,DELETE"),
        (Method::TRACE, "/v3/acme/utility/x", "GET,HEAD,PUT,POST,PATCH,OPTIONS,DELETE"),
        (Method::from_bytes(b"BREW").unwrap(), "/v3/acme/utility/x", "GET,HEAD,PUT,POST,PATCH,OPTIONS,DELETE"),
    ];
    for (method, path, allow) in cases {
        let (status, headers, body) = ask(&router, method, path, "").await;
        assert_eq!((status, &body["code"]), (405, &Value::from("method_not_allowed")), "{path}");
        assert_eq!(headers["allow"], allow, "{path}");
    }
}
