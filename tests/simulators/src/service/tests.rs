use super::*;
use crate::provider::{Misbehaviour, Rule};
use http::Method;
use serde_json::{Value, json};

/// A caller of the service: status and body.
async fn call(service: &Service, method: Method, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", service.base_url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method.clone(), url);
    let request = if method == Method::GET { request } else { request.header("idempotency-key", "k") };
    let request = match body {
        Value::Null => request,
        body => request.header("content-type", "application/json").body(body.to_string()),
    };
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

async fn post(service: &Service, path: &str, body: Value) -> (u16, Value) {
    call(service, Method::POST, path, body).await
}

async fn get(service: &Service, path: &str) -> (u16, Value) {
    call(service, Method::GET, path, Value::Null).await
}

fn payment(result: &str) -> Value {
    json!({ "amount": 500, "currency": "EUR", "shopTransactionId": "s-1", "providerData": { "result": result } })
}

#[tokio::test]
async fn a_payment_ends_as_its_caller_wishes_and_its_status_says_so() {
    let service = Service::start();
    for (result, status) in
        [("OK", "ACCEPTED"), ("KO", "FAILED"), ("PENDING", "PENDING"), ("REDIRECT_TO_URL", "PENDING")]
    {
        let (code, answer) = post(&service, "/pay", payment(result)).await;
        assert_eq!((code, &answer["result"]), (200, &json!(result)));
        assert_eq!(answer["redirectToUrl"].is_string(), result == "REDIRECT_TO_URL");
        let asked = format!("/status?paymentId={}", answer["paymentId"].as_str().unwrap());
        assert_eq!(get(&service, &asked).await.1["status"], status);
    }
    service.settle("pay-3", "ACCEPTED");
    assert_eq!(get(&service, "/status?paymentId=pay-3").await.1["status"], "ACCEPTED");
    assert_eq!(get(&service, "/status?paymentId=pay-9").await.0, 404);
    assert_eq!(service.ledger().complaints(), [""; 0]);
}

#[tokio::test]
async fn refunds_end_where_the_payment_is_used_up_and_the_newest_is_told_of() {
    let service = Service::start();
    post(&service, "/pay", payment("OK")).await;
    let refund = |amount: u64, wish: Value| json!({ "amount": amount, "currency": "EUR", "paymentId": "pay-1", "providerData": wish });
    assert_eq!(
        post(&service, "/refund", refund(100, json!({ "named": true }))).await.1,
        json!({ "result": "OK", "refundId": "ref-1" })
    );
    assert_eq!(
        post(&service, "/refund", refund(400, json!({ "result": "PENDING" }))).await.1,
        json!({ "result": "PENDING" })
    );
    assert_eq!(post(&service, "/refund", refund(1, json!({}))).await.0, 422);
    let newest = get(&service, "/status?paymentId=pay-1").await.1;
    assert_eq!(
        (&newest["action"], &newest["status"], &newest["refundId"]),
        (&json!("REFUND"), &json!("PENDING"), &Value::Null)
    );
    service.settle_refund("ref-2", "FAILED");
    assert_eq!(post(&service, "/refund", refund(400, json!({}))).await.0, 200);
    let named = get(&service, "/status?paymentId=pay-1&refundId=ref-1").await.1;
    assert_eq!((&named["status"], &named["refundId"]), (&json!("ACCEPTED"), &json!("ref-1")));
}

#[tokio::test]
async fn what_is_reserved_is_captured_or_released_once() {
    let service = Service::start();
    for _ in 0..2 {
        post(&service, "/pay", payment("PENDING")).await;
    }
    let capture = json!({ "amount": 500, "currency": "EUR", "paymentId": "pay-1", "final": true });
    assert_eq!(post(&service, "/capture", capture.clone()).await.1["result"], "OK");
    assert_eq!(post(&service, "/capture", capture).await.0, 409);
    assert_eq!(post(&service, "/void", json!({ "paymentId": "pay-2" })).await.1["result"], "OK");
    let voided = get(&service, "/status?paymentId=pay-2").await.1;
    assert_eq!((&voided["status"], &voided["metadata"]["state"]), (&json!("FAILED"), &json!("VOIDED")));
}

#[tokio::test]
async fn what_is_reserved_is_captured_in_parts_up_to_all_of_it() {
    let service = Service::start();
    let mut body = payment("OK");
    body["providerData"] = json!({ "reserve": true });
    let reserved = post(&service, "/pay", body).await.1;
    assert_eq!((&reserved["result"], &reserved["metadata"]["state"]), (&json!("PENDING"), &json!("AUTHORIZED")));
    let capture = |amount: u64, last: bool, result: &str| json!({ "amount": amount, "currency": "EUR", "paymentId": "pay-1", "final": last, "providerData": { "result": result } });
    assert_eq!(post(&service, "/capture", capture(200, true, "KO")).await.1["result"], "KO");
    assert_eq!(post(&service, "/capture", capture(200, false, "OK")).await.1["result"], "OK");
    assert_eq!(post(&service, "/capture", capture(301, true, "OK")).await.0, 422);
    assert_eq!(get(&service, "/status?paymentId=pay-1").await.1["status"], "PENDING");
    assert_eq!(post(&service, "/capture", capture(300, true, "OK")).await.1["result"], "OK");
    assert_eq!(get(&service, "/status?paymentId=pay-1").await.1["status"], "ACCEPTED");
}

#[tokio::test]
async fn a_subscription_lives() {
    let service = Service::start();
    let mut body = payment("OK");
    body["subscriptionInfo"] = json!({ "interval": "MONTH", "intervalCount": 1, "expiresAfter": 12 });
    for path in ["/subscription/schedule", "/subscription/start"] {
        assert_eq!(post(&service, path, body.clone()).await.1["result"], "OK");
    }
    let mut charge = payment("OK");
    charge["subscriptionInfo"] = json!({ "token": "sub-2" });
    assert_eq!(post(&service, "/subscription/pay", charge.clone()).await.1["paymentId"], "pay-3");
    let update = json!({ "subscriptionInfo": { "intervalCount": 3 } });
    assert_eq!(post(&service, "/subscription/update/sub-2", update).await.1["subscriptionToken"], "sub-2");
    assert_eq!(service.ledger().subscriptions()[1].interval_count, 3);
    assert_eq!(service.charge("sub-1"), "pay-4");
    let charged = get(&service, "/status?paymentId=pay-4").await.1;
    assert_eq!((&charged["shopTransactionId"], &charged["subscriptionToken"]), (&json!("s-1"), &json!("sub-1")));
    for _ in 0..2 {
        assert_eq!(call(&service, Method::DELETE, "/subscription/expire/sub-2", Value::Null).await.0, 204);
    }
    assert_eq!(get(&service, "/subscription/status/sub-2").await.1["status"], "CANCELED");
    assert_eq!(post(&service, "/subscription/pay", charge).await.0, 409);
    assert_eq!(service.ledger().complaints(), [""; 0]);
}

#[tokio::test]
async fn a_link_is_made_and_a_utility_says_what_it_got() {
    let service = Service::start();
    let link = post(&service, "/pay-by-link", payment("OK")).await.1;
    assert_eq!((&link["resultCode"], &link["link"]), (&json!("OK"), &json!("https://pay.example/pay-1")));
    assert_eq!(service.ledger().payments()[0].status, "PENDING");
    let said = call(&service, Method::PUT, "/utility/cards/4?a=b", json!([1])).await.1;
    assert_eq!(said, json!({ "method": "PUT", "name": "cards/4", "query": "a=b", "body": [1] }));
}

#[tokio::test]
async fn what_pgm_would_not_send_is_a_complaint() {
    let service = Service::start();
    let with = |key: &str, value: Value| {
        let mut body = payment("OK");
        body[key] = value;
        body
    };
    let bodies = [
        with("amount", json!("500")),
        with("amount", json!(500.0)),
        with("amount", json!(0)),
        with("currency", json!("eur")),
        with("shopTransactionId", Value::Null),
        with("successRedirectUrl", json!("example")),
        with("reference", json!("r")),
        with("providerData", json!("text")),
        json!([]),
    ];
    let count = bodies.len();
    for body in bodies {
        assert_eq!(post(&service, "/pay", body.clone()).await.0, 400, "{body}");
    }
    assert_eq!(get(&service, "/status").await.0, 400);
    assert_eq!(get(&service, "/elsewhere").await.0, 400);
    let ledger = service.ledger();
    assert_eq!(ledger.complaints().len(), count + 2, "{:#?}", ledger.complaints());
    assert!(ledger.complaints()[0].starts_with("POST /pgm/pay: "), "{:#?}", ledger.complaints());
    assert!(ledger.payments().is_empty());
}

#[tokio::test]
async fn it_fails_as_told_and_knows_its_callers() {
    let service = Service::start();
    service.fail(Rule::new(Method::POST, "/pgm/pay", Misbehaviour::html(502).after()));
    assert_eq!(post(&service, "/pay", payment("OK")).await.0, 502);
    assert_eq!(service.ledger().payments_for_shop("s-1").len(), 1);
    let guarded = Service::guarded("Bearer k");
    assert_eq!(post(&guarded, "/pay", payment("OK")).await.0, 401);
}
