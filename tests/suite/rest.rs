//! Every route through real components: the sandbox, and a plugin in front of a scripted provider.

use crate::harness::{Host, Setup, component, payment, send, told};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulators::provider::{Misbehaviour, Rule};
use simulators::{Merchant, Provider};

/// A payment of this amount that succeeded, by the id that its caller was told.
async fn paid(host: &Host, external: &str, amount: u64) -> String {
    let reply = host.post(&format!("/v3/{external}/pay"), &payment(&format!("shop-{amount}"), amount)).await;
    assert_eq!(reply.result(), (200, "OK".into()), "{reply:?}");
    reply.text("paymentId")
}

/// A host with both, and a provider behind the second.
async fn both() -> (Host, Provider) {
    let provider = Provider::start();
    (Setup::new().sandbox().acme(&provider).start().await, provider)
}

#[tokio::test]
async fn pay_takes_both_paths_and_the_payment_method_from_either() {
    let (host, provider) = both().await;
    for external in ["sandbox", "acme"] {
        let in_body = json!({ "amount": 300, "currency": "EUR", "shopTransactionId": "3", "paymentMethod": "card" });
        let cases = [
            ("pay", payment("1", 100), None),
            ("card/pay", payment("2", 200), Some("card")),
            ("pay", in_body.clone(), Some("card")),
        ];
        for (path, body, method) in cases {
            let reply = host.post(&format!("/v3/{external}/{path}"), &body).await;
            assert_eq!(reply.result(), (200, "OK".into()), "{external} {path}: {reply:?}");
            let id = reply.text("paymentId");
            let status = host.get(&format!("/v3/{external}/status?paymentId={id}")).await;
            let mut expected = json!({
                "status": "ACCEPTED", "paymentId": id, "shopTransactionId": body["shopTransactionId"],
                "providerName": external, "action": "PAYMENT", "amount": body["amount"], "currency": "EUR",
            });
            if let Some(method) = method {
                expected["paymentMethod"] = method.into();
            }
            assert_eq!((status.status, &status.json), (200, &expected), "{external} {path}");
        }
    }
    let amounts: Vec<_> = provider.ledger().charges().iter().map(|charge| charge.amount).collect();
    assert_eq!(amounts, [100, 200, 300]);
}

#[tokio::test]
async fn a_refund_gives_money_back_and_is_looked_up_by_its_own_id() {
    let (host, provider) = both().await;
    for external in ["sandbox", "acme"] {
        let id = paid(&host, external, 500).await;
        let asked = json!({ "amount": 200, "currency": "EUR", "paymentId": id });
        let reply = host.post(&format!("/v3/{external}/refund"), &asked).await;
        assert_eq!(reply.result(), (200, "OK".into()), "{reply:?}");
        let refund = reply.text("refundId");
        let status = host.get(&format!("/v3/{external}/status?refundId={refund}")).await;
        let expected = json!({
            "status": "ACCEPTED", "paymentId": id, "shopTransactionId": "shop-500", "providerName": external,
            "action": "REFUND", "amount": 200, "currency": "EUR", "refundId": refund,
        });
        assert_eq!((status.status, &status.json), (200, &expected));
    }
    let ledger = provider.ledger();
    let refunds: Vec<_> = ledger.refunds().iter().map(|refund| (refund.charge_id.as_str(), refund.amount)).collect();
    assert_eq!(refunds, [("ch_1", 200)]);
}

#[tokio::test]
async fn more_than_was_paid_is_not_given_back() {
    let (host, provider) = both().await;
    for external in ["sandbox", "acme"] {
        let id = paid(&host, external, 500).await;
        let asked = |amount: u64| json!({ "amount": amount, "currency": "EUR", "paymentId": id });
        let refund = format!("/v3/{external}/refund");
        assert_eq!(host.post(&refund, &asked(300)).await.status, 200);
        let reply = host.post(&refund, &asked(211)).await;
        assert_eq!(reply.problem(), (422, "refund_too_large".into()));
        assert_eq!(reply.pointers(), ["/amount"]);
        assert_eq!(host.post(&refund, &asked(200)).await.status, 200);
    }
    assert_eq!(provider.ledger().requests_to(&Method::POST, "/charges/*/refunds").len(), 2);
}

#[tokio::test]
async fn status_takes_any_name_of_a_payment_in_the_query_and_in_a_body() {
    let (host, _provider) = both().await;
    for external in ["sandbox", "acme"] {
        let id = paid(&host, external, 500).await;
        let refund = json!({ "amount": 100, "currency": "EUR", "paymentId": id });
        let refund = host.post(&format!("/v3/{external}/refund"), &refund).await.text("refundId");
        let path = format!("/v3/{external}/status");
        for (name, value, action) in [
            ("paymentId", id.as_str(), "PAYMENT"),
            ("shopTransactionId", "shop-500", "PAYMENT"),
            ("refundId", refund.as_str(), "REFUND"),
        ] {
            let query = format!("{path}?{name}={value}");
            let in_body = json!({ name: value });
            let replies = [
                host.get(&query).await,
                host.post(&path, &in_body).await,
                send(host.request(Method::POST, &query)).await,
                host.get(&format!("/v3/{external}/check?{name}={value}")).await,
            ];
            for reply in replies {
                assert_eq!(reply.status, 200, "{external} {name}: {reply:?}");
                assert_eq!(reply.json["action"], action);
                assert_eq!(reply.json["status"], "ACCEPTED");
                assert_eq!(reply.json["paymentId"], id.as_str());
            }
        }
    }
}

#[tokio::test]
async fn check_tells_the_merchant_even_without_a_change() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let host = Setup::new().acme(&provider).merchant(&merchant).start().await;
    let id = paid(&host, "acme", 500).await;
    let reply = host.get(&format!("/v3/acme/check?paymentId={id}")).await;
    assert_eq!((reply.status, &reply.json["status"]), (200, &"ACCEPTED".into()));
    assert_eq!(told(&merchant, 2).await, ["payment.accepted", "check"]);
    let check = merchant.deliveries()[1].event();
    for member in ["status", "paymentId", "shopTransactionId", "providerName", "action", "amount", "currency"] {
        assert_eq!(check[member], reply.json[member], "{member}");
    }
    assert_eq!(provider.ledger().requests_to(&Method::GET, "/charges/ch_1").len(), 1);
}

#[tokio::test]
async fn a_caller_that_hangs_up_changes_nothing() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let host = Setup::new().acme(&provider).merchant(&merchant).start().await;
    provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
    let body = payment("impatient", 500);
    tokio::select! {
        reply = host.post("/v3/acme/pay", &body) => panic!("the provider stalls: {reply:?}"),
        _ = provider.wait_until(|ledger| !ledger.charges().is_empty()) => {}
    }
    provider.release();
    assert_eq!(told(&merchant, 1).await, ["payment.accepted"]);
    let again = host.post("/v3/acme/pay", &body).await;
    assert_eq!(again.result(), (200, "OK".into()));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(provider.ledger().charges().len(), 1);
}

#[tokio::test]
async fn a_callback_comes_by_get_and_by_post() {
    let (host, provider) = both().await;
    let id = paid(&host, "sandbox", 500).await;
    for path in [format!("/v3/sandbox/callback?paymentId={id}"), "/v3/acme/callback?paymentId=ch_9".into()] {
        assert_eq!(host.get(&path).await.status, 200, "{path}");
        assert_eq!(send(host.request(Method::POST, &path)).await.status, 200, "{path}");
    }
    let notice = json!({ "id": "evt_1", "paymentId": id, "state": "accepted" });
    assert_eq!(host.sandbox_webhook(&notice).await.status, 200);
    paid(&host, "acme", 500).await;
    let event = provider.charge_event("ch_1");
    assert_eq!(provider.webhook(&format!("{}/v3/acme/callback", host.url), &event).await.status, 200);
}

#[tokio::test]
async fn externals_are_listed_with_what_they_can_do() {
    let (host, _provider) = both().await;
    let operations = ["pay", "status", "check", "refund", "callback"].map(str::to_owned).to_vec();
    let capabilities = ["payments", "inquiry", "search", "refunds", "webhooks"].map(str::to_owned).to_vec();
    let acme = shown("acme", &operations, &capabilities);
    let beyond = ["capture", "void"].map(str::to_owned).into_iter();
    let subscriptions = ["schedule", "start", "pay", "update", "status", "expire"];
    let beyond = beyond.chain(subscriptions.map(|name| format!("subscription/{name}")));
    let beyond = beyond.chain(["pay-by-link", "utility"].map(str::to_owned));
    let operations: Vec<_> = operations.into_iter().chain(beyond).collect();
    let all = [
        "payments",
        "inquiry",
        "search",
        "refunds",
        "captures",
        "continuations",
        "links",
        "subscriptions",
        "scheduled-billing",
        "manual-billing",
        "webhooks",
        "utilities",
    ];
    let mut sandbox = shown("sandbox", &operations, &all.map(str::to_owned));
    sandbox["intervals"] = json!(["DAY", "WEEK", "MONTH", "YEAR"]);
    assert_eq!(host.get("/v3").await.json, json!({ "externals": [acme, sandbox] }));
    for (name, expected) in [("acme", acme), ("sandbox", sandbox)] {
        let one = host.get(&format!("/v3/{name}")).await;
        assert_eq!((one.status, &one.json), (200, &expected));
    }
}

/// How an external is shown that is named like its plugin.
fn shown(name: &str, operations: &[String], capabilities: &[String]) -> Value {
    let digest = hex::encode(Sha256::digest(std::fs::read(component(name)).expect("the component was built")));
    json!({
        "name": name, "available": true, "contract": "provost:provider@0.1.0",
        "plugin": { "name": name, "version": "0.1.0", "digest": digest },
        "operations": operations, "capabilities": capabilities,
    })
}

#[tokio::test]
async fn a_plugin_that_exports_only_pay_says_so_and_answers_501_for_the_rest() {
    let host = Setup::new().plugin("pay-only", "pay-only.wasm").start().await;
    let shown = host.get("/v3/pay-only").await;
    assert_eq!(shown.json["operations"], json!(["pay", "status"]), "status tells what is known here");
    assert_eq!(shown.json["capabilities"], json!(["payments"]));

    let id = paid(&host, "pay-only", 500).await;
    let refund = json!({ "amount": 100, "currency": "EUR", "paymentId": id });
    let replies = [
        host.post("/v3/pay-only/refund", &refund).await,
        host.get(&format!("/v3/pay-only/check?paymentId={id}")).await,
        host.get(&format!("/v3/pay-only/callback?paymentId={id}")).await,
        host.post("/v3/pay-only/callback", &json!({})).await,
    ];
    for reply in replies {
        assert_eq!(reply.problem(), (501, "not_supported".into()));
    }
    let status = host.get(&format!("/v3/pay-only/status?paymentId={id}")).await;
    assert_eq!((status.status, &status.json["status"]), (200, &"ACCEPTED".into()));
    assert!(status.json["metadata"]["asOf"].is_string(), "nobody was asked: {status:?}");
    assert_eq!(host.rows("operations"), 1);
}

#[tokio::test]
async fn health_is_told_as_orchestrators_ask_for_it() {
    let (host, _provider) = both().await;
    for path in ["/-/healthz", "/-/ready"] {
        let health = host.get(path).await;
        let expected = json!({ "status": "OK", "name": "provost", "version": env!("CARGO_PKG_VERSION") });
        assert_eq!((health.status, &health.json), (200, &expected), "{path}");
    }
    let check_up = host.get("/-/check-up").await;
    assert_eq!(check_up.status, 200);
    let dependencies = check_up.json["dependencies"].as_array().unwrap();
    let states: Vec<_> = dependencies.iter().map(|one| (one["name"].as_str().unwrap(), &one["status"])).collect();
    let ok = Value::from("OK");
    assert_eq!(states, [("host", &ok), ("external:acme", &ok), ("external:sandbox", &ok)]);
}

#[tokio::test]
async fn calls_are_counted_under_the_names_of_the_gateway_manager() {
    let host = Setup::new().sandbox().with(|provider| provider.external = "counted".into()).start().await;
    let id = paid(&host, "counted", 500).await;
    host.post("/v3/counted/pay", &payment("declined", 501)).await;
    host.post("/v3/counted/pay", &json!({})).await;
    host.post("/v3/counted/refund", &json!({ "amount": 100, "currency": "EUR", "paymentId": id })).await;
    host.get(&format!("/v3/counted/status?paymentId={id}")).await;
    host.get(&format!("/v3/counted/check?paymentId={id}")).await;
    host.get(&format!("/v3/counted/callback?paymentId={id}")).await;
    let cases = [
        ("http_payment_created_total", "OK", 1),
        ("http_payment_created_total", "KO", 1),
        ("http_payment_created_total", "invalid", 1),
        ("http_payment_refunded_total", "OK", 1),
        ("http_payment_status_total", "ACCEPTED", 2),
        ("http_callback_total", "received", 1),
    ];
    for (name, result, count) in cases {
        let labels = [("external", "counted"), ("result", result)];
        assert_eq!(host.counter(name, &labels).await, count, "{name} {result}");
    }
    let metrics = host.get("/-/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain"), "{}", metrics.header("content-type"));
}

#[tokio::test]
async fn the_document_describes_every_route_that_stands() {
    let (host, _provider) = both().await;
    let document = host.get("/documentation/openapi.json").await;
    assert_eq!(document.status, 200);
    assert!(document.json["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, methods) in [
        ("/v3", &["get"][..]),
        ("/v3/{external}", &["get"]),
        ("/v3/{external}/pay", &["post"]),
        ("/v3/{external}/{paymentMethod}/pay", &["post"]),
        ("/v3/{external}/refund", &["post"]),
        ("/v3/{external}/status", &["get", "post"]),
        ("/v3/{external}/check", &["get"]),
        ("/v3/{external}/callback", &["get", "post"]),
        ("/documentation/openapi.json", &["get"]),
        ("/-/healthz", &["get"]),
        ("/-/ready", &["get"]),
        ("/-/check-up", &["get"]),
        ("/-/metrics", &["get"]),
    ] {
        for method in methods {
            assert!(document.json["paths"][path][method]["responses"].is_object(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_the_callers_where_it_is_lawful() {
    let (host, _provider) = both().await;
    let long = "x".repeat(129);
    for path in ["/v3", "/v3/sandbox/status?paymentId=none", "/nowhere"] {
        let with_id = |id: &str| send(host.request(Method::GET, path).header("x-request-id", id));
        let kept = with_id("call-7").await;
        assert_eq!(kept.header("x-request-id"), "call-7", "{path}");
        if kept.status >= 400 {
            assert_eq!(kept.json["requestId"], "call-7", "{path}");
        }
        for unlawful in ["", "two words", long.as_str()] {
            let made = with_id(unlawful).await;
            let id = made.header("x-request-id");
            assert!(id.len() == 32 && id != unlawful, "{path}: {id}");
        }
        let (one, other) = (host.get(path).await, host.get(path).await);
        assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    }
}

/// Every operation under an external, with a request that would be right.
fn operations(external: &str) -> Vec<(Method, String, Value)> {
    let pay = payment("shop-1", 500);
    let refund = json!({ "amount": 100, "currency": "EUR", "paymentId": "none" });
    let v3 = |path: &str| format!("/v3/{external}/{path}");
    vec![
        (Method::POST, v3("pay"), pay.clone()),
        (Method::POST, v3("card/pay"), pay),
        (Method::POST, v3("refund"), refund),
        (Method::GET, v3("status?paymentId=none"), Value::Null),
        (Method::POST, v3("status"), json!({ "paymentId": "none" })),
        (Method::GET, v3("check?paymentId=none"), Value::Null),
        (Method::GET, v3("callback?paymentId=none"), Value::Null),
        (Method::POST, v3("callback"), json!({})),
    ]
}

/// Operations that take a payment or a subscription further.
fn further_operations(external: &str) -> Vec<(Method, String, Value)> {
    let v3 = |path: &str| format!("/v3/{external}/{path}");
    let posts = [
        "capture",
        "void",
        "pay-by-link",
        "subscription/schedule",
        "subscription/start",
        "subscription/pay",
        "card/subscription/schedule",
        "card/subscription/start",
        "card/subscription/pay",
        "subscription/update/token-1",
        "subscription/expire/token-1",
        "utility/any/thing",
    ];
    let posts = posts.map(|path| (Method::POST, v3(path), json!({ "paymentId": "none" })));
    let others = [
        (Method::GET, v3("subscription/status/token-1"), Value::Null),
        (Method::DELETE, v3("subscription/expire/token-1"), Value::Null),
        (Method::GET, v3("utility/any/thing"), Value::Null),
    ];
    posts.into_iter().chain(others).collect()
}

async fn sent(host: &Host, (method, path, body): &(Method, String, Value)) -> crate::harness::Reply {
    let request = host.request(method.clone(), path);
    send(if body.is_null() { request } else { request.json(body) }).await
}

#[tokio::test]
async fn an_external_that_was_never_configured_is_404_on_every_route() {
    let (host, _provider) = both().await;
    let mut requests = operations("nobody");
    requests.extend(further_operations("nobody"));
    requests.push((Method::GET, "/v3/nobody".into(), Value::Null));
    // That the request is wrong as well is not what its caller must hear first.
    requests.push((Method::POST, "/v3/nobody/pay".into(), json!({ "amount": "much" })));
    for request in &requests {
        let reply = sent(&host, request).await;
        assert_eq!(reply.problem(), (404, "unknown_external".into()), "{request:?}");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405_and_the_answer_names_those_that_it_takes() {
    let (host, _provider) = both().await;
    for (method, path, allow) in [
        (Method::GET, "/v3/sandbox/pay", "POST"),
        (Method::PUT, "/v3/sandbox/card/pay", "POST"),
        (Method::DELETE, "/v3/sandbox/refund", "POST"),
        (Method::POST, "/v3/sandbox/check", "GET,HEAD"),
        (Method::DELETE, "/v3/sandbox/status", "GET,HEAD,POST"),
        (Method::PUT, "/v3/sandbox/callback", "GET,HEAD,POST"),
        (Method::POST, "/v3", "GET,HEAD"),
        (Method::POST, "/-/healthz", "GET,HEAD"),
    ] {
        let reply = send(host.request(method.clone(), path)).await;
        assert_eq!(reply.problem(), (405, "method_not_allowed".into()), "{method} {path}");
        let mut allowed: Vec<_> = reply.header("allow").split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn an_error_is_a_problem_document_with_all_that_a_program_decides_by() {
    let (host, _provider) = both().await;
    let (none, void) = (json!(null), json!({ "paymentId": "none" }));
    let cases = [
        (host.get("/nowhere").await, "/nowhere", 404, "no_such_route", false, &none),
        (host.get("/v3/nobody").await, "/v3/nobody", 404, "unknown_external", false, &none),
        (host.post("/v3/sandbox/pay", &json!([])).await, "/v3/sandbox/pay", 422, "invalid", false, &json!([""])),
        (host.post("/v3/sandbox/pay", &payment("r", 505)).await, "/v3/sandbox/pay", 502, "not_executed", true, &none),
        (host.post("/v3/acme/void", &void).await, "/v3/acme/void", 501, "not_supported", false, &none),
    ];
    for (reply, path, status, code, retryable, pointers) in cases {
        assert_eq!(reply.problem(), (status, code.into()));
        let body = &reply.json;
        assert_eq!(body["type"], format!("urn:problem-type:provost:{code}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["instance"], path);
        assert_eq!(body["retryable"], retryable);
        assert_eq!(body["outcome"], "not_executed");
        assert_eq!(body["requestId"], reply.header("x-request-id"));
        for text in ["title", "detail"] {
            assert!(!body[text].as_str().unwrap().is_empty(), "{text} of {body}");
        }
        if pointers.is_null() {
            assert_eq!(body.get("errors"), None);
        } else {
            assert_eq!(json!(reply.pointers()), *pointers);
        }
    }
}
