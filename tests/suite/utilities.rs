//! Utilities: whatever a plugin exports, through real HTTP. JSON goes in and comes out.

use crate::harness::{Host, Reply, Setup, send};
use reqwest::Method;
use serde_json::{Value, json};

async fn start() -> Host {
    Setup::new().sandbox().start().await
}

async fn ask(host: &Host, method: Method, path: &str) -> Reply {
    send(host.request(method, &format!("/v3/sandbox/utility/{path}"))).await
}

#[tokio::test]
async fn a_plugin_gets_method_name_query_and_body_as_they_came() {
    let host = start().await;
    let body = json!({ "n": 1.5, "list": [1, null] });
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let request = host.request(method.clone(), "/v3/sandbox/utility/ech%6F?a=1&a=%C3%BC%20%26&b");
        let reply = send(request.json(&body)).await;
        let query = json!([["a", "1"], ["a", "ü &"], ["b", ""]]);
        let expected = json!({ "method": method.as_str(), "name": "echo", "query": query, "body": body });
        assert_eq!((reply.status, &reply.json), (200, &expected), "{method}");
        assert_eq!(reply.header("content-type"), "application/json");
        let bare = ask(&host, method.clone(), "echo").await;
        assert_eq!((bare.status, &bare.json["body"]), (200, &Value::Null), "{method}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let host = start().await;
    let reply = ask(&host, Method::HEAD, "time").await;
    assert_eq!((reply.status, reply.bytes.len()), (200, 0), "{reply:?}");
    assert_eq!(host.rows("operations"), 0, "what only reads leaves no record");
}

#[tokio::test]
async fn a_name_that_the_plugin_does_not_know_is_not_found() {
    let host = start().await;
    for path in ["nothing", "echo/more", "..%2Fecho", "a%00b", &"x".repeat(256)] {
        let reply = ask(&host, Method::POST, path).await;
        assert_eq!(reply.problem(), (404, "utility_not_found".into()), "{path}");
    }
    let none = ask(&host, Method::GET, "").await;
    assert_eq!(none.problem(), (404, "no_such_route".into()));
}

#[tokio::test]
async fn a_method_that_is_none_of_a_utility_is_405() {
    let host = start().await;
    for method in [Method::TRACE, Method::from_bytes(b"BREW").unwrap()] {
        let reply = ask(&host, method.clone(), "echo").await;
        assert_eq!(reply.problem(), (405, "method_not_allowed".into()), "{method}");
        assert!(reply.header("allow").contains("PATCH"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_body_is_json_or_it_is_refused() {
    let host = start().await;
    let raw = |kind: &'static str, body: &'static str| {
        let request = host.request(Method::POST, "/v3/sandbox/utility/echo").header("content-type", kind);
        send(request.body(body))
    };
    assert_eq!(raw("application/json", "{").await.problem(), (400, "not_json".into()));
    assert_eq!(raw("application/json", r#"{"a": 1, "a": 2}"#).await.problem(), (400, "not_json".into()));
    assert_eq!(raw("text/plain", "{}").await.problem(), (415, "not_json_type".into()));
    assert_eq!(raw("application/json", "[7]").await.json["body"], json!([7]));
    assert_eq!(host.rows("operations"), 1);
}

/// Rule 18; the query is a part of the request.
#[tokio::test]
async fn a_key_is_honoured_for_whatever_does_not_only_read() {
    let host = start().await;
    let with_key = |method: Method, path: &str| {
        send(host.request(method, &format!("/v3/sandbox/utility/{path}")).header("idempotency-key", "k"))
    };
    let first = with_key(Method::PATCH, "echo?a=1").await;
    let again = with_key(Method::PATCH, "echo?a=1").await;
    assert_eq!((again.header("idempotent-replayed"), &again.bytes), ("true", &first.bytes));
    for (method, path) in [(Method::PATCH, "echo?a=2"), (Method::PUT, "echo?a=1"), (Method::PATCH, "tokens?a=1")] {
        let reply = with_key(method, path).await;
        assert_eq!(reply.problem(), (422, "idempotency_key_reused".into()), "{path}");
    }
    for _ in 0..2 {
        let reply = with_key(Method::GET, "echo?a=1").await;
        assert_eq!((reply.status, reply.header("idempotent-replayed")), (200, ""));
    }
    assert_eq!(host.rows("operations"), 1);
}
