//! Bad input: each wrong field is named with its JSON pointer, all at once, and nothing reaches the plugin.

use crate::harness::{Host, Reply, Setup, payment, send};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::Provider;

const BODY_LIMIT: usize = 64 << 10;

async fn start() -> (Host, Provider) {
    let provider = Provider::start();
    (Setup::new().acme(&provider).start().await, provider)
}

/// No request at the provider, no payment and no operation on disk.
fn assert_untouched(host: &Host, provider: &Provider) {
    assert!(provider.ledger().requests().is_empty(), "{:#?}", provider.ledger().requests());
    for table in ["payments", "operations", "callbacks"] {
        assert_eq!(host.rows(table), 0, "{table}");
    }
}

/// A lawful body with other values for some members; null leaves one out.
fn with(body: &Value, changes: Value) -> Value {
    let mut body = body.clone();
    for (name, value) in changes.as_object().expect("changes are members") {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn each_wrong_field_of_a_payment_is_named_all_at_once() {
    let (host, provider) = start().await;
    let good = payment("shop-1", 500);
    let cases = [
        (json!({}), vec!["/amount", "/currency", "/shopTransactionId"]),
        (json!([]), vec![""]),
        (json!("pay"), vec![""]),
        (
            json!({
                "amount": "500", "currency": "eur", "shopTransactionId": "", "successRedirectUrl": "/ok",
                "failureRedirectUrl": "javascript:alert(1)", "paymentMethod": "a b", "providerData": [],
            }),
            vec![
                "/amount",
                "/currency",
                "/shopTransactionId",
                "/successRedirectUrl",
                "/failureRedirectUrl",
                "/paymentMethod",
                "/providerData",
            ],
        ),
        (with(&good, json!({ "amount": null, "providerData": "{}" })), vec!["/amount", "/providerData"]),
        (with(&good, json!({ "shopTransactionId": "x".repeat(256) })), vec!["/shopTransactionId"]),
        (with(&good, json!({ "shopTransactionId": "a\nb" })), vec!["/shopTransactionId"]),
        (with(&good, json!({ "currency": "ZZZ" })), vec!["/currency"]),
    ];
    for (body, pointers) in cases {
        for path in ["/v3/acme/pay", "/v3/acme/card/pay"] {
            let reply = host.post(path, &body).await;
            assert_eq!(reply.problem(), (422, "invalid".into()), "{body}");
            assert_eq!(reply.pointers(), pointers, "{body}");
            let errors = reply.json["errors"].as_array().unwrap();
            assert!(errors.iter().all(|error| error["reason"].as_str().is_some_and(|reason| !reason.is_empty())));
        }
    }
    assert_untouched(&host, &provider);
}

#[tokio::test]
async fn an_amount_is_an_integer_of_minor_units_and_nothing_else() {
    let (host, provider) = start().await;
    for amount in ["0", "-1", "5.0", "5e2", "\"500\"", "9007199254740992", "18446744073709551616", "true", "[500]"] {
        let body = format!(r#"{{"amount": {amount}, "currency": "EUR", "shopTransactionId": "1"}}"#);
        let reply = raw(&host, "/v3/acme/pay", Some("application/json"), body).await;
        assert_eq!(reply.problem(), (422, "invalid".into()), "{amount}");
        assert_eq!(reply.pointers(), ["/amount"], "{amount}");
    }
    assert_untouched(&host, &provider);
}

#[tokio::test]
async fn a_payment_method_in_the_path_is_a_field_like_any_other() {
    let (host, provider) = start().await;
    let other = with(&payment("shop-1", 500), json!({ "paymentMethod": "card" }));
    for (path, body) in [
        ("/v3/acme/a%20b/pay", payment("shop-1", 500)),
        ("/v3/acme/paypal/pay", other),
        (&format!("/v3/acme/{}/pay", "m".repeat(65)), payment("shop-1", 500)),
    ] {
        let reply = host.post(path, &body).await;
        assert_eq!(reply.problem(), (422, "invalid".into()), "{path}");
        assert_eq!(reply.pointers(), ["/paymentMethod"], "{path}");
    }
    assert_untouched(&host, &provider);
}

#[tokio::test]
async fn each_wrong_field_of_a_refund_is_named_all_at_once() {
    let (host, provider) = start().await;
    for (body, pointers) in [
        (json!({}), vec!["/paymentId", "/amount", "/currency"]),
        (json!(null), vec![""]),
        (
            json!({ "paymentId": 7, "amount": 0.5, "currency": "euro", "providerData": 1 }),
            vec!["/paymentId", "/amount", "/currency", "/providerData"],
        ),
    ] {
        let reply = host.post("/v3/acme/refund", &body).await;
        assert_eq!(reply.problem(), (422, "invalid".into()), "{body}");
        assert_eq!(reply.pointers(), pointers, "{body}");
    }
    assert_untouched(&host, &provider);
}

#[tokio::test]
async fn a_refund_in_another_currency_or_of_more_than_was_paid_reaches_nobody() {
    let (host, provider) = start().await;
    let id = host.post("/v3/acme/pay", &payment("shop-1", 500)).await.text("paymentId");
    let asked = provider.ledger().requests().len();
    for (amount, currency, code, pointer) in
        [(501, "EUR", "refund_too_large", "/amount"), (100, "USD", "invalid", "/currency")]
    {
        let body = json!({ "paymentId": id, "amount": amount, "currency": currency });
        let reply = host.post("/v3/acme/refund", &body).await;
        assert_eq!(reply.problem(), (422, code.into()));
        assert_eq!(reply.pointers(), [pointer]);
    }
    assert_eq!(provider.ledger().requests().len(), asked);
    assert_eq!(host.rows("operations"), 1);
}

#[tokio::test]
async fn a_lookup_names_exactly_one_payment() {
    let (host, provider) = start().await;
    for query in ["", "?paymentId=", "?paymentid=1", "?paymentId=1&refundId=2", "?paymentId=1&paymentId=1"] {
        for path in ["status", "check"] {
            let reply = host.get(&format!("/v3/acme/{path}{query}")).await;
            assert_eq!(reply.problem(), (400, "bad_query".into()), "{path}{query}");
        }
    }
    for (body, pointers) in [
        (json!({}), vec![""]),
        (json!([]), vec![""]),
        (json!({ "paymentId": 1, "refundId": "" }), vec!["/paymentId", "/refundId"]),
        (json!({ "paymentId": "1", "shopTransactionId": "2" }), vec!["/shopTransactionId"]),
    ] {
        let reply = host.post("/v3/acme/status", &body).await;
        assert_eq!(reply.problem(), (422, "invalid".into()), "{body}");
        assert_eq!(reply.pointers(), pointers, "{body}");
    }
    assert_untouched(&host, &provider);
}

/// Posts these very bytes.
async fn raw(host: &Host, path: &str, content_type: Option<&str>, body: impl Into<Vec<u8>>) -> Reply {
    let request = host.request(Method::POST, path).body(body.into());
    send(match content_type {
        Some(content_type) => request.header("content-type", content_type),
        None => request,
    })
    .await
}

#[tokio::test]
async fn a_body_that_is_no_json_or_does_not_say_that_it_is_goes_no_further() {
    let (host, provider) = start().await;
    let good = payment("shop-1", 500).to_string();
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let json = Some("application/json");
    let cases: [(Option<&str>, &[u8], u16, &str); 11] = [
        (json, b"", 400, "not_json"),
        (json, b"{", 400, "not_json"),
        (json, b"{\"amount\": 1} trailing", 400, "not_json"),
        (json, b"{\"amount\": 1, \"amount\": 2}", 400, "not_json"),
        (json, b"{\"amount\": \"\xff\"}", 400, "not_json"),
        (json, deep.as_bytes(), 400, "not_json"),
        (None, b"amount=500", 400, "not_json"),
        (Some("text/plain"), good.as_bytes(), 415, "not_json_type"),
        (Some("application/x-www-form-urlencoded"), good.as_bytes(), 415, "not_json_type"),
        (Some("application/jsonp"), good.as_bytes(), 415, "not_json_type"),
        (Some("multipart/form-data; boundary=x"), good.as_bytes(), 415, "not_json_type"),
    ];
    for path in ["/v3/acme/pay", "/v3/acme/refund"] {
        for (content_type, body, status, code) in cases {
            let reply = raw(&host, path, content_type, body).await;
            assert_eq!(reply.problem(), (status, code.into()), "{content_type:?} {}", body.escape_ascii());
        }
    }
    assert_untouched(&host, &provider);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413_and_one_at_the_limit_is_read() {
    let (host, provider) = start().await;
    let mut body = payment("shop-1", 500);
    body["providerData"] = json!({ "padding": "" });
    let padding = BODY_LIMIT - body.to_string().len();
    body["providerData"]["padding"] = "x".repeat(padding + 1).into();
    for path in ["/v3/acme/pay", "/v3/acme/refund", "/v3/acme/status"] {
        assert_eq!(host.post(path, &body).await.problem(), (413, "body_too_large".into()), "{path}");
    }
    assert_untouched(&host, &provider);
    body["providerData"]["padding"] = "x".repeat(padding).into();
    assert_eq!(host.post("/v3/acme/pay", &body).await.result(), (200, "OK".into()));
}

#[tokio::test]
async fn a_malformed_idempotency_key_is_refused_before_anything_is_done() {
    let (host, provider) = start().await;
    let long = "k".repeat(256);
    for key in ["", "two words", "\"open", "\"\"", "kl\u{fc}ssel", &long] {
        for path in ["/v3/acme/pay", "/v3/acme/refund"] {
            let reply = host.post_with_key(path, key, &payment("shop-1", 500)).await;
            assert_eq!(reply.problem(), (400, "bad_header".into()), "{key:?}");
        }
    }
    let twice = host.request(Method::POST, "/v3/acme/pay").json(&payment("shop-1", 500));
    let twice = send(twice.header("idempotency-key", "one").header("idempotency-key", "two")).await;
    assert_eq!(twice.problem(), (400, "bad_header".into()));
    assert_untouched(&host, &provider);
}

#[tokio::test]
async fn a_host_that_requires_idempotency_keys_does_nothing_without_one() {
    let provider = Provider::start();
    let mut setup = Setup::new().acme(&provider);
    setup.require_idempotency_key = true;
    let host = setup.start().await;
    let good = payment("shop-1", 500);
    for path in ["/v3/acme/pay", "/v3/acme/card/pay", "/v3/acme/refund"] {
        assert_eq!(host.post(path, &good).await.problem(), (400, "idempotency_key_required".into()), "{path}");
    }
    assert_untouched(&host, &provider);
    assert_eq!(host.post_with_key("/v3/acme/pay", "k-1", &good).await.result(), (200, "OK".into()));
    let asked = host.post("/v3/acme/status", &json!({ "shopTransactionId": "shop-1" })).await;
    assert_eq!(asked.status, 200, "a question moves no money and needs no key: {asked:?}");
}

#[tokio::test]
async fn a_currency_or_a_method_that_the_plugin_does_not_take_does_not_reach_it() {
    let host = Setup::new().plugin("choosy", "choosy.wasm").start().await;
    let shown = host.get("/v3/choosy").await;
    assert_eq!(shown.json["currencies"], json!(["EUR", "JPY"]));
    assert_eq!(shown.json["paymentMethods"], json!(["card"]));
    let good = payment("shop-1", 500);
    for (changes, pointers) in [
        (json!({ "currency": "USD" }), vec!["/currency"]),
        (json!({ "paymentMethod": "cash" }), vec!["/paymentMethod"]),
        (json!({ "currency": "KWD", "paymentMethod": "CARD" }), vec!["/currency", "/paymentMethod"]),
    ] {
        let reply = host.post("/v3/choosy/pay", &with(&good, changes)).await;
        assert_eq!(reply.problem(), (422, "invalid".into()));
        assert_eq!(reply.pointers(), pointers);
    }
    assert_eq!(host.post("/v3/choosy/cash/pay", &good).await.pointers(), ["/paymentMethod"]);
    assert_eq!((host.rows("payments"), host.rows("operations")), (0, 0));
    let taken = with(&good, json!({ "currency": "JPY" }));
    assert_eq!(host.post("/v3/choosy/card/pay", &taken).await.result(), (200, "OK".into()));
}

#[tokio::test]
async fn what_was_refused_is_right_under_the_same_key_and_name_once_it_is_corrected() {
    let (host, provider) = start().await;
    let wrong = json!({ "amount": 0, "currency": "EUR", "shopTransactionId": "shop-1" });
    assert_eq!(host.post_with_key("/v3/acme/pay", "k-1", &wrong).await.status, 422);
    let right = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-1", 500)).await;
    assert_eq!(right.result(), (200, "OK".into()));
    assert_eq!(right.header("idempotent-replayed"), "");
    assert_eq!(provider.ledger().charges().len(), 1);
}
