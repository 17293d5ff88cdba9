//! The examples of the Payment Gateway Manager's own documentation, as they stand there: comments out, `{...}` as `{}`,
//! ids as answered before. They go in as they are, and come out in the shapes that are given there.

use crate::harness::{Host, Reply, Setup, send};
use reqwest::Method;
use serde_json::{Map, Value, json};

const PAY: &str = r#"
{
    "amount": 500,                                   // in minor units
    "currency": "EUR",                               // ISO 4217
    "shopTransactionId": "123456789",                // the merchant's own
    "successRedirectUrl": "http://example.com/ok",   // optional
    "failureRedirectUrl": "http://example.com/ko",   // optional
    "providerData": {...}                            // optional
}"#;

const PAID: &str = r#"
{
    "result": "OK",
    "resultDescription": "Transaction Completed",
    "paymentId": "payment-123456789",
    "redirectToUrl": "https://provider-redirect-url.com",            // with a redirect
    "redirectToUrlMobile": "provider-app://redirect?token=example"   // with a redirect
}"#;

const REFUND: &str = r#"
{
    "amount": 500,
    "currency": "EUR",
    "paymentId": "123456789",
    "providerData": {...}   // optional
}"#;

const REFUNDED: &str = r#"
{
    "result": "OK"
}"#;

/// Schedule, start and update.
const SUBSCRIBE: &str = r#"
{
    "amount": 200,                     // of each payment
    "currency": "EUR",
    "shopTransactionId": "1234567890",
    "subscriptionInfo": {
        "interval": "DAY",
        "intervalCount": 1,
        "expiresAfter": 1              // optional
    },
    "providerData": {...}              // optional
}"#;

const CHARGE: &str = r#"
{
    "amount": 200,
    "currency": "EUR",
    "shopTransactionId": "1234567890",
    "subscriptionInfo": {
        "token": "0987654321"          // as answered before
    },
    "providerData": {...}              // optional
}"#;

/// Schedule, start and pay.
const SUBSCRIBED: &str = r#"
{
    "result": "OK",
    "resultDescription": "Payment Authorised",
    "paymentId": "1234567890",
    "subscriptionToken": "0987654321",
    "metadata": {...}                 // optional
}"#;

const UPDATED: &str = r#"
{
    "result": "OK",
    "resultDescription": "Successful transaction",
    "subscriptionToken": "0987654321"
}"#;

const SUBSCRIPTION_STATUS: &str = r#"
{
    "status": "ACTIVE",
    "subscriptionToken": "098764321",
    "providerName": "stripe",
    "metadata": {...}
}"#;

const LINKED: &str = r#"
{
    "resultCode": "OK",
    "resultDescription": "Transaction Completed",
    "paymentId": "payment-123456789",             // optional
    "link": "https://provider-redirect-url.com",
}"#;

const PAYMENT_STATUS: &str = r#"
{
  "status": "ACCEPTED",
  "paymentId": "1234567890",
  "shopTransactionId": "0987654321",
  "providerName": "PROVIDER_NAME",
  "paymentMethod": "PAYMENT_METHOD",
  "action": "PAYMENT",
  "metadata": {...}
}"#;

/// An example as JSON.
fn plain(example: &str) -> Value {
    let lines = example.lines().map(|line| line.split(" //").next().unwrap_or(line).trim());
    let text = lines.collect::<String>().replace("{...}", "{}").replace(",}", "}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The shape of an example: every member that is not optional is there, of the same type; and none that PGM has not,
/// except what is beyond it.
fn assert_like(reply: &Reply, example: &str, optional: &[&str], beyond: &[&str]) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/json");
    let (answer, example) = (members(&reply.json), plain(example));
    let example = members(&example);
    for (name, value) in example {
        match answer.get(name) {
            Some(answered) => assert_eq!(kind(answered), kind(value), "{name} of {reply:?}"),
            None => assert!(optional.contains(&name.as_str()), "{name} is missing in {reply:?}"),
        }
    }
    for name in answer.keys() {
        assert!(example.contains_key(name) || beyond.contains(&name.as_str()), "{name} in {reply:?}");
    }
}

fn members(object: &Value) -> &Map<String, Value> {
    object.as_object().unwrap_or_else(|| panic!("{object} is no object"))
}

fn kind(value: &Value) -> std::mem::Discriminant<Value> {
    std::mem::discriminant(value)
}

async fn start() -> Host {
    Setup::new().sandbox().start().await
}

async fn pay(host: &Host) -> Reply {
    host.post("/v3/sandbox/card/pay", &plain(PAY)).await
}

#[tokio::test]
async fn the_example_of_pay_goes_in_and_comes_out() {
    let host = start().await;
    let paid = pay(&host).await;
    assert_like(&paid, PAID, &["redirectToUrl", "redirectToUrlMobile"], &["metadata"]);
    assert_eq!(paid.text("result"), "OK");
    let mut redirected = plain(PAY);
    redirected["shopTransactionId"] = json!("redirected");
    redirected["providerData"] = json!({ "scenario": "redirect" });
    let redirected = host.post("/v3/sandbox/card/pay", &redirected).await;
    assert_like(&redirected, PAID, &[], &["metadata"]);
    assert_eq!(redirected.text("result"), "REDIRECT_TO_URL");
}

#[tokio::test]
async fn the_example_of_refund_goes_in_and_comes_out() {
    let host = start().await;
    let mut refund = plain(REFUND);
    refund["paymentId"] = pay(&host).await.json["paymentId"].clone();
    let refunded = host.post("/v3/sandbox/refund", &refund).await;
    assert_like(&refunded, REFUNDED, &[], &["resultDescription", "refundId", "metadata"]);
    assert_eq!(refunded.text("result"), "OK");
}

#[tokio::test]
async fn status_and_check_answer_in_the_shape_of_the_example() {
    let host = start().await;
    let id = pay(&host).await.text("paymentId");
    for path in ["status", "check"] {
        let status = host.get(&format!("/v3/sandbox/{path}?paymentId={id}")).await;
        assert_like(&status, PAYMENT_STATUS, &["metadata"], &["amount", "currency"]);
        assert_eq!((status.text("status"), status.text("paymentMethod")), ("ACCEPTED".into(), "card".into()));
    }
}

#[tokio::test]
async fn the_examples_of_subscriptions_go_in_and_come_out() {
    let host = start().await;
    for begin in ["schedule", "start"] {
        let begun = host.post(&format!("/v3/sandbox/card/subscription/{begin}"), &plain(SUBSCRIBE)).await;
        assert_like(&begun, SUBSCRIBED, &["metadata"], &[]);
        assert_eq!(begun.text("result"), "OK");
        let token = begun.text("subscriptionToken");

        let mut charge = plain(CHARGE);
        charge["subscriptionInfo"]["token"] = json!(token);
        let charged = host.post("/v3/sandbox/card/subscription/pay", &charge).await;
        assert_like(&charged, SUBSCRIBED, &["metadata"], &[]);
        assert_eq!((charged.text("result"), charged.text("subscriptionToken")), ("OK".into(), token.clone()));

        let updated = host.post(&format!("/v3/sandbox/subscription/update/{token}"), &plain(SUBSCRIBE)).await;
        assert_like(&updated, UPDATED, &[], &["metadata"]);
        assert_eq!((updated.text("result"), updated.text("subscriptionToken")), ("OK".into(), token.clone()));

        let status = host.get(&format!("/v3/sandbox/subscription/status/{token}")).await;
        assert_like(&status, SUBSCRIPTION_STATUS, &[], &["shopTransactionId"]);
        assert_eq!((status.text("status"), status.text("providerName")), ("ACTIVE".into(), "sandbox".into()));

        let expired = host.request(Method::DELETE, &format!("/v3/sandbox/subscription/expire/{token}"));
        assert_like(&send(expired).await, UPDATED, &[], &["metadata"]);
    }
}

#[tokio::test]
async fn the_example_of_pay_by_link_goes_in_and_comes_out() {
    let host = start().await;
    let linked = host.post("/v3/sandbox/pay-by-link", &plain(PAY)).await;
    assert_like(&linked, LINKED, &[], &["result", "metadata"]);
    assert_eq!((linked.text("resultCode"), linked.text("result")), ("OK".into(), "OK".into()));
}
