use super::*;
use crate::api::testing;
use axum::http::Request as HttpRequest;
use serde_json::{Value, json};

const TOKEN: &str = "a-token-that-nobody-guesses";

struct Answered {
    status: u16,
    headers: HeaderMap,
    json: Value,
}

async fn ask(request: HttpRequest<Body>) -> Answered {
    let (parts, _folder) = testing::parts().await;
    let router = router(parts.operations, &SecretBytes::new(TOKEN.as_bytes().to_vec()));
    let (status, headers, body) = testing::answer(&router, request).await;
    Answered { status, headers, json: serde_json::from_slice(&body).unwrap_or_default() }
}

fn get(path: &str, authorization: Option<&str>) -> HttpRequest<Body> {
    let request = HttpRequest::builder().uri(path);
    let request = authorization.into_iter().fold(request, |request, value| request.header("authorization", value));
    request.body(Body::empty()).unwrap()
}

fn post(path: &str, body: &Value) -> HttpRequest<Body> {
    let request = HttpRequest::builder().method("POST").uri(path).header("authorization", format!("Bearer {TOKEN}"));
    request.header("content-type", "application/json").body(body.to_string().into()).unwrap()
}

#[tokio::test]
async fn nothing_is_told_without_the_token() {
    let prefix = &TOKEN[..TOKEN.len() - 1];
    let wrong = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(format!("Bearer {prefix}")),
        Some(format!("Bearer {TOKEN}x")),
        Some(format!("Basic {TOKEN}")),
        Some(TOKEN.to_owned()),
    ];
    for path in ["/admin/v1/payments", "/admin/v1/callbacks", "/admin/v1/payments/x", "/nowhere"] {
        for authorization in &wrong {
            let answered = ask(get(path, authorization.as_deref())).await;
            assert_eq!((answered.status, &answered.json["code"]), (401, &json!("token_required")), "{path}");
            assert_eq!(answered.headers["www-authenticate"], "Bearer");
        }
    }
    let answered = ask(get("/admin/v1/payments", Some(&format!("Bearer {TOKEN}")))).await;
    assert_eq!((answered.status, answered.json), (200, json!({ "payments": [], "next": null })));
    let answered = ask(get("/admin/v1/callbacks", Some(&format!("bearer {TOKEN}")))).await;
    assert_eq!((answered.status, answered.json), (200, json!({ "callbacks": [], "next": null })));
}

#[tokio::test]
async fn what_cannot_be_right_is_refused_with_a_code_and_a_sentence() {
    let signed = |mut body: Value| {
        body["who"] = "ann".into();
        body["reason"] = "seen in the portal".into();
        body
    };
    let with_token = |path: &str| get(path, Some(&format!("Bearer {TOKEN}")));
    for (request, status, code) in [
        (with_token("/nowhere"), 404, "no_such_route"),
        (with_token("/admin/v1/payments/x/settle"), 405, "method_not_allowed"),
        (with_token("/admin/v1/payments?state=paid"), 400, "bad_request"),
        (with_token("/admin/v1/payments?colour=red"), 400, "bad_request"),
        (with_token("/admin/v1/payments?since=yesterday"), 400, "bad_request"),
        (with_token("/admin/v1/callbacks?cursor=x"), 400, "bad_request"),
        (with_token("/admin/v1/payments/x"), 404, "not_known"),
        (with_token("/admin/v1/callbacks/x"), 404, "not_known"),
        (post("/admin/v1/payments/x/settle", &signed(json!({ "outcome": "accepted" }))), 404, "not_known"),
        (post("/admin/v1/payments/x/settle", &signed(json!({ "outcome": "paid" }))), 400, "bad_request"),
        (post("/admin/v1/payments/x/settle", &json!({ "outcome": "accepted" })), 400, "bad_request"),
        (
            post("/admin/v1/payments/x/settle", &json!({ "outcome": "accepted", "who": " ", "reason": "r" })),
            400,
            "bad_request",
        ),
        (post("/admin/v1/callbacks/replay", &signed(json!({}))), 400, "bad_request"),
        (post("/admin/v1/callbacks/replay", &signed(json!({ "id": "msg_0" }))), 404, "not_known"),
        (post("/admin/v1/callbacks/replay", &signed(json!({ "all": {}, "id": "msg_0" }))), 400, "bad_request"),
    ] {
        let about = format!("{} {}", request.method(), request.uri());
        let answered = ask(request).await;
        assert_eq!((answered.status, &answered.json["code"]), (status, &json!(code)), "{about}: {}", answered.json);
        assert_eq!(answered.headers["content-type"], "application/problem+json");
        assert!(answered.json["detail"].is_string());
    }
    let all = ask(post("/admin/v1/callbacks/replay", &signed(json!({ "all": {} })))).await;
    assert_eq!((all.status, all.json), (200, json!({ "replayed": [], "next": null })));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_taken() {
    let body = json!({ "outcome": "accepted", "who": "ann", "reason": "r".repeat(BODY_LIMIT) });
    assert_eq!(ask(post("/admin/v1/payments/x/settle", &body)).await.status, 400);
}
