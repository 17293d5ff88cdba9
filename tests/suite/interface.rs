//! The interface of every operation through a real component: each row of the routes table, each form of it, every
//! interval, and currencies with no, two and three decimals.

use crate::harness::{Host, Reply, Setup, payment, payment_with, refund, send, told};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::Merchant;

const INTERVALS: [&str; 4] = ["DAY", "WEEK", "MONTH", "YEAR"];

async fn start() -> Host {
    Setup::new().sandbox().start().await
}

/// A body that begins a subscription.
fn subscription(shop_transaction_id: &str, interval: &str) -> Value {
    let mut body = payment(shop_transaction_id, 1200);
    body["subscriptionInfo"] = json!({ "interval": interval, "intervalCount": 2 });
    body
}

/// A body that charges one.
fn charge(shop_transaction_id: &str, token: &str) -> Value {
    let mut body = payment(shop_transaction_id, 1200);
    body["subscriptionInfo"] = json!({ "token": token });
    body
}

/// A subscription that is charged by its caller, by its token.
async fn begun(host: &Host, shop_transaction_id: &str) -> String {
    let reply = host.post("/v3/sandbox/subscription/start", &subscription(shop_transaction_id, "MONTH")).await;
    assert_eq!(reply.result(), (200, "OK".into()), "{reply:?}");
    reply.text("subscriptionToken")
}

/// A payment that is reserved, by its id.
async fn reserved(host: &Host, shop_transaction_id: &str, currency: &str) -> String {
    let mut body = payment_with(shop_transaction_id, 500, json!({ "scenario": "authorize" }));
    body["currency"] = json!(currency);
    let reply = host.post("/v3/sandbox/pay", &body).await;
    assert_eq!(reply.result(), (200, "PENDING".into()), "{reply:?}");
    assert_eq!(reply.json["metadata"]["state"], "AUTHORIZED");
    reply.text("paymentId")
}

async fn delete(host: &Host, path: &str) -> Reply {
    send(host.request(Method::DELETE, path)).await
}

async fn status(host: &Host, payment_id: &str) -> Value {
    let reply = host.get(&format!("/v3/sandbox/status?paymentId={payment_id}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json
}

#[tokio::test]
async fn every_row_of_the_routes_table_is_served() {
    let host = start().await;
    let v3 = |path: &str| format!("/v3/sandbox/{path}");
    let paid = host.post(&v3("pay"), &payment("1", 500)).await;
    let id = paid.text("paymentId");
    let (first, second) = (begun(&host, "2").await, begun(&host, "3").await);
    let (taken, released) = (reserved(&host, "4", "EUR").await, reserved(&host, "5", "EUR").await);
    let operations = [
        ("card/pay", payment("6", 500)),
        ("refund", refund(&id, 500)),
        ("capture", json!({ "paymentId": taken })),
        ("void", json!({ "paymentId": released })),
        ("subscription/schedule", subscription("7", "DAY")),
        ("card/subscription/schedule", subscription("8", "DAY")),
        ("subscription/start", subscription("9", "DAY")),
        ("card/subscription/start", subscription("10", "DAY")),
        ("subscription/pay", charge("11", &first)),
        ("card/subscription/pay", charge("12", &first)),
        (&format!("subscription/update/{first}"), json!({})),
        (&format!("subscription/expire/{first}"), json!({})),
        ("pay-by-link", payment("13", 500)),
    ];
    for (path, body) in &operations {
        let reply = host.post(&v3(path), body).await;
        assert_eq!(reply.result(), (200, "OK".into()), "{path}: {reply:?}");
    }
    assert_eq!(delete(&host, &v3(&format!("subscription/expire/{second}"))).await.result(), (200, "OK".into()));
    for path in [
        &format!("status?paymentId={id}"),
        "status?shopTransactionId=1",
        &format!("check?paymentId={id}"),
        &format!("callback?paymentId={id}"),
        &format!("subscription/status/{first}"),
        "utility/time",
        "",
    ] {
        let reply = host.get(v3(path).trim_end_matches('/')).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
    }
    assert_eq!(host.post(&v3("status"), &json!({ "paymentId": id })).await.status, 200);
    assert_eq!(host.post(&v3("utility/tokens"), &json!({ "card": 1 })).await.status, 200);
    let notice = json!({ "id": "evt_1", "paymentId": id, "state": "accepted" });
    assert_eq!(host.sandbox_webhook(&notice).await.status, 200);
    assert_eq!(host.get("/v3").await.status, 200);
}

#[tokio::test]
async fn the_payment_method_stands_in_the_path_or_in_the_body() {
    let host = start().await;
    let token = begun(&host, "start").await;
    let operations = [
        ("pay", payment("pay", 500)),
        ("subscription/schedule", subscription("schedule", "DAY")),
        ("subscription/start", subscription("other start", "DAY")),
        ("subscription/pay", charge("charge", &token)),
    ];
    for (operation, body) in operations {
        let named = |name: &str, method: &str| {
            let mut body = body.clone();
            body["shopTransactionId"] = json!(format!("{operation} {name}"));
            if !method.is_empty() {
                body["paymentMethod"] = json!(method);
            }
            body
        };
        let cases = [
            (format!("/v3/sandbox/{operation}"), named("without", ""), Value::Null),
            (format!("/v3/sandbox/{operation}"), named("in the body", "card"), json!("card")),
            (format!("/v3/sandbox/apple-pay/{operation}"), named("in the path", ""), json!("apple-pay")),
            (format!("/v3/sandbox/card/{operation}"), named("in both", "card"), json!("card")),
        ];
        for (path, body, method) in cases {
            let reply = host.post(&path, &body).await;
            assert_eq!(reply.result(), (200, "OK".into()), "{path}: {reply:?}");
            assert_eq!(status(&host, &reply.text("paymentId")).await["paymentMethod"], method, "{path}");
        }
        let torn = host.post(&format!("/v3/sandbox/card/{operation}"), &named("torn", "paypal")).await;
        assert_eq!((torn.problem(), torn.pointers()), ((422, "invalid".into()), vec!["/paymentMethod".into()]));
    }
}

#[tokio::test]
async fn a_subscription_is_billed_by_any_of_the_four_intervals() {
    let host = start().await;
    for begin in ["schedule", "start"] {
        for (interval, next) in INTERVALS.iter().zip(INTERVALS.iter().cycle().skip(1)) {
            let path = format!("/v3/sandbox/subscription/{begin}");
            let reply = host.post(&path, &subscription(interval, interval)).await;
            assert_eq!(reply.result(), (200, "OK".into()), "{interval}: {reply:?}");
            let token = reply.text("subscriptionToken");
            let change = json!({ "subscriptionInfo": { "interval": next } });
            let reply = host.post(&format!("/v3/sandbox/subscription/update/{token}"), &change).await;
            assert_eq!(reply.result(), (200, "OK".into()), "{interval}: {reply:?}");
            let status = host.get(&format!("/v3/sandbox/subscription/status/{token}")).await;
            let metadata = &status.json["metadata"];
            assert_eq!((&metadata["interval"], &metadata["intervalCount"]), (&json!(next), &json!(2)), "{status:?}");
        }
    }
    let shown = host.get("/v3/sandbox").await;
    assert_eq!(shown.json["intervals"], json!(INTERVALS));
}

#[tokio::test]
async fn amounts_stay_what_they_are_in_currencies_of_no_two_and_three_decimals() {
    let host = start().await;
    for (currency, amount) in [("JPY", 500), ("EUR", 1), ("KWD", 1230), ("EUR", 9_007_199_254_740_991_u64)] {
        let body = |shop: &str, more: Value| {
            // The sandbox takes a 1 for a wish to be declined.
            let succeed = json!({ "scenario": "succeed" });
            let mut body = payment_with(&format!("{shop} {currency} {amount}"), amount, succeed);
            body["currency"] = json!(currency);
            for (name, value) in more.as_object().into_iter().flatten() {
                body[name] = value.clone();
            }
            body
        };
        let plan = json!({ "subscriptionInfo": { "interval": "MONTH", "intervalCount": 1 } });
        let scheduled = host.post("/v3/sandbox/subscription/schedule", &body("schedule", plan.clone())).await;
        let started = host.post("/v3/sandbox/subscription/start", &body("start", plan)).await;
        let token = json!({ "subscriptionInfo": { "token": started.text("subscriptionToken") } });
        let paid = host.post("/v3/sandbox/pay", &body("pay", json!({}))).await;
        let replies = [
            scheduled,
            started,
            host.post("/v3/sandbox/subscription/pay", &body("charge", token)).await,
            host.post("/v3/sandbox/pay-by-link", &body("link", json!({}))).await,
        ];
        for reply in replies.iter().chain([&paid]) {
            assert_eq!(reply.result(), (200, "OK".into()), "{reply:?}");
            let status = status(&host, &reply.text("paymentId")).await;
            assert_eq!((&status["amount"], &status["currency"]), (&json!(amount), &json!(currency)), "{status}");
        }
        let back = body("", json!({ "paymentId": paid.text("paymentId") }));
        let back = host.post("/v3/sandbox/refund", &back).await;
        assert_eq!(back.result(), (200, "OK".into()), "{back:?}");
        let refunded = host.get(&format!("/v3/sandbox/status?refundId={}", back.text("refundId"))).await;
        assert_eq!((&refunded.json["amount"], &refunded.json["currency"]), (&json!(amount), &json!(currency)));
    }
}

#[tokio::test]
async fn a_part_of_what_was_reserved_is_captured_in_its_own_currency() {
    let host = start().await;
    for currency in ["JPY", "EUR", "KWD"] {
        let id = reserved(&host, currency, currency).await;
        let part = json!({ "paymentId": id, "amount": 200, "currency": currency, "final": false });
        let reply = host.post("/v3/sandbox/capture", &part).await;
        assert_eq!(reply.result(), (200, "OK".into()), "{reply:?}");
        assert_eq!(reply.text("paymentId"), id);
        let rest = host.post("/v3/sandbox/capture", &json!({ "paymentId": id })).await;
        assert_eq!(rest.result(), (200, "OK".into()), "{rest:?}");
        let status = status(&host, &id).await;
        assert_eq!((&status["status"], &status["currency"]), (&json!("ACCEPTED"), &json!(currency)), "{status}");
    }
    let released = reserved(&host, "released", "EUR").await;
    let reply = host.post("/v3/sandbox/void", &json!({ "paymentId": released })).await;
    assert_eq!((reply.result(), &reply.json["metadata"]["state"]), ((200, "OK".into()), &json!("VOIDED")));
    assert_eq!(status(&host, &released).await["status"], "FAILED");
}

#[tokio::test]
async fn a_link_is_told_to_the_merchant_as_it_was_answered() {
    let merchant = Merchant::start();
    let host = Setup::new().sandbox().merchant(&merchant).start().await;
    let reply = host.post("/v3/sandbox/pay-by-link", &payment("shop-1", 500)).await;
    assert!(told(&merchant, 1).await.contains(&"link.created".to_owned()));
    let event = merchant.deliveries().into_iter().map(|delivery| delivery.event());
    let event = event.into_iter().find(|event| event["type"] == "link.created").unwrap();
    for (name, value) in reply.json.as_object().unwrap() {
        assert_eq!(event[name], *value, "{name}");
    }
}

#[tokio::test]
async fn a_link_that_was_not_made_or_of_which_nobody_knows_is_ko() {
    let host = start().await;
    let link = |shop: &str, scenario: &str| payment_with(shop, 500, json!({ "scenario": scenario }));
    let declined = host.post("/v3/sandbox/pay-by-link", &link("1", "decline")).await;
    assert_eq!((declined.result(), declined.text("resultCode")), ((200, "KO".into()), "KO".into()));
    assert_eq!(
        (&declined.json["metadata"]["declineCode"], &declined.json["link"]),
        (&json!("card_declined"), &Value::Null)
    );
    let lost = host.post("/v3/sandbox/pay-by-link", &link("2", "unknown")).await;
    assert_eq!((lost.result(), lost.header("x-payment-outcome")), ((200, "KO".into()), "unknown"));
    assert_eq!((&lost.json["metadata"]["outcome"], &lost.json["link"]), (&json!("unknown"), &Value::Null));
    assert_eq!(status(&host, &lost.text("paymentId")).await["status"], "PENDING", "it is followed up as a payment");
}

/// Rule 17. What is said by the path alone is recognised by it.
#[tokio::test]
async fn an_expire_without_a_body_is_recognised_by_its_key() {
    let host = start().await;
    let path = format!("/v3/sandbox/subscription/expire/{}", begun(&host, "1").await);
    let expire = |method: Method, path: &str| send(host.request(method, path).header("idempotency-key", "k"));
    let first = expire(Method::DELETE, &path).await;
    assert_eq!(first.result(), (200, "OK".into()), "{first:?}");
    let again = expire(Method::DELETE, &path).await;
    assert_eq!((again.header("idempotent-replayed"), &again.bytes), ("true", &first.bytes));
    let other = format!("/v3/sandbox/subscription/expire/{}", begun(&host, "2").await);
    for (method, path) in [(Method::POST, &path), (Method::DELETE, &other)] {
        assert_eq!(expire(method, path).await.problem(), (422, "idempotency_key_reused".into()), "{path}");
    }
}

#[tokio::test]
async fn a_key_is_required_of_every_operation_where_the_operator_says_so() {
    let mut setup = Setup::new().sandbox();
    setup.require_idempotency_key = true;
    let host = setup.start().await;
    let posts = [
        "pay",
        "card/pay",
        "refund",
        "capture",
        "void",
        "pay-by-link",
        "subscription/schedule",
        "subscription/start",
        "subscription/pay",
        "subscription/update/t",
        "subscription/expire/t",
        "utility/echo",
    ];
    for path in posts {
        let reply = host.post(&format!("/v3/sandbox/{path}"), &json!({})).await;
        assert_eq!(reply.problem(), (400, "idempotency_key_required".into()), "{path}");
    }
    for path in ["subscription/expire/t", "utility/echo"] {
        let reply = delete(&host, &format!("/v3/sandbox/{path}")).await;
        assert_eq!(reply.problem(), (400, "idempotency_key_required".into()), "{path}");
    }
    for path in ["utility/time", "status?paymentId=p", "subscription/status/t"] {
        let reply = host.get(&format!("/v3/sandbox/{path}")).await;
        assert_ne!(reply.status, 400, "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn each_wrong_field_is_named_before_anything_is_begun() {
    let host = start().await;
    let cases: [(&str, Value, &[&str]); 7] = [
        ("capture", json!({ "amount": 1 }), &["/paymentId", "/currency"]),
        ("void", json!({ "paymentId": "" }), &["/paymentId"]),
        ("pay-by-link", json!({}), &["/amount", "/currency", "/shopTransactionId"]),
        ("subscription/schedule", subscription("1", "HOUR"), &["/subscriptionInfo/interval"]),
        ("subscription/start", payment("1", 500), &["/subscriptionInfo"]),
        ("subscription/pay", charge("1", ""), &["/subscriptionInfo/token"]),
        (
            "subscription/update/token",
            json!({ "amount": 0, "currency": "eur", "subscriptionInfo": { "intervalCount": 10_001 } }),
            &["/amount", "/currency", "/subscriptionInfo/intervalCount"],
        ),
    ];
    for (path, body, pointers) in cases {
        let reply = host.post(&format!("/v3/sandbox/{path}"), &body).await;
        assert_eq!(reply.problem(), (422, "invalid".into()), "{path}: {reply:?}");
        assert_eq!(reply.pointers(), pointers, "{path}");
    }
    for path in ["subscription/status/a%00b", &format!("subscription/status/{}", "x".repeat(256))] {
        let reply = host.get(&format!("/v3/sandbox/{path}")).await;
        assert_eq!(reply.problem(), (404, "subscription_not_found".into()), "{path}");
    }
    assert_eq!((host.rows("operations"), host.rows("subscriptions")), (0, 0));
}

#[tokio::test]
async fn what_a_plugin_does_not_export_is_501() {
    let host = Setup::new().plugin("pay-only", "pay-only.wasm").start().await;
    let posts = [
        ("refund", refund("p", 100)),
        ("capture", json!({ "paymentId": "p" })),
        ("void", json!({ "paymentId": "p" })),
        ("pay-by-link", payment("1", 500)),
        ("subscription/schedule", subscription("1", "DAY")),
        ("card/subscription/schedule", subscription("1", "DAY")),
        ("subscription/start", subscription("1", "DAY")),
        ("card/subscription/start", subscription("1", "DAY")),
        ("subscription/pay", charge("1", "t")),
        ("card/subscription/pay", charge("1", "t")),
        ("subscription/update/t", json!({})),
        ("subscription/expire/t", json!({})),
        ("utility/echo", json!({})),
    ];
    let mut replies = Vec::new();
    for (path, body) in &posts {
        replies.push((*path, host.post(&format!("/v3/pay-only/{path}"), body).await));
    }
    replies.push(("status", host.get("/v3/pay-only/subscription/status/t").await));
    replies.push(("expire", delete(&host, "/v3/pay-only/subscription/expire/t").await));
    replies.push(("utility", host.get("/v3/pay-only/utility/echo").await));
    for (path, reply) in replies {
        assert_eq!(reply.problem(), (501, "not_supported".into()), "{path}");
    }
    assert_eq!(host.rows("operations"), 0);
}

#[tokio::test]
async fn every_operation_is_counted_under_the_gateway_managers_name() {
    let host = Setup::new().sandbox().with(|provider| provider.external = "counted-all".into()).start().await;
    let v3 = |path: &str| format!("/v3/counted-all/{path}");
    let token = host.post(&v3("subscription/start"), &subscription("1", "DAY")).await.text("subscriptionToken");
    for (path, body) in [
        ("subscription/schedule", subscription("2", "DAY")),
        ("subscription/pay", charge("3", &token)),
        (&format!("subscription/update/{token}"), json!({})),
        ("pay-by-link", payment("4", 500)),
        ("utility/echo", json!({ "result": "whatever" })),
        ("capture", json!({})),
        ("void", json!({})),
    ] {
        host.post(&v3(path), &body).await;
    }
    host.get(&v3(&format!("subscription/status/{token}"))).await;
    delete(&host, &v3(&format!("subscription/expire/{token}"))).await;
    let cases = [
        ("http_subscription_created_total", "OK", 2),
        ("http_subscription_authorized_total", "OK", 1),
        ("http_subscription_update_total", "OK", 2),
        ("http_subscription_handler_total", "ACTIVE", 1),
        ("http_payment_link_created_total", "OK", 1),
        ("http_payment_authorized_total", "invalid", 1),
        ("http_payment_expired_total", "invalid", 1),
        ("http_utils_total", "OK", 1),
    ];
    for (name, result, count) in cases {
        let labels = [("external", "counted-all"), ("result", result)];
        assert_eq!(host.counter(name, &labels).await, count, "{name} {result}");
    }
}

/// What an operation on it did not find, no later question finds either.
#[tokio::test]
async fn a_token_that_was_not_found_once_is_not_found_again() {
    let host = start().await;
    for round in 0..2 {
        let nobody = "/v3/sandbox/subscription";
        let replies = [
            host.post(&format!("{nobody}/update/sub_nobody"), &json!({})).await,
            delete(&host, &format!("{nobody}/expire/sub_nobody")).await,
            host.post(&format!("{nobody}/pay"), &charge(&format!("shop-{round}"), "sub_nobody")).await,
            host.get(&format!("{nobody}/status/sub_nobody")).await,
        ];
        for reply in replies {
            assert_eq!(reply.problem(), (404, "subscription_not_found".into()), "{reply:?}");
        }
    }
}
