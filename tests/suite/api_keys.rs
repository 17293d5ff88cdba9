//! The interface's own door: who may call, for which externals, and how much. What is refused reaches no plugin and
//! leaves nothing behind.

use crate::harness::{Host, Process, Reply, START, Setup, everything_logged, payment, send};
use provost::api::{Digest, Externals, Key, Rate};
use provost::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::Provider;
use std::time::Duration;

const SHOP: &str = "provost_the-key-of-the-shop-0123456789";
const OFFICE: &str = "provost_the-key-of-the-office-0123456789";

fn key(name: &str, keys: &[&str], externals: &[&str]) -> Key {
    let externals = match externals {
        ["*"] => Externals::Every,
        names => Externals::Only(names.iter().map(|&name| name.to_owned()).collect()),
    };
    let digests = keys.iter().map(|key| Digest::of(key.as_bytes())).collect();
    Key { name: name.to_owned(), digests, externals, rate: None }
}

/// `/v3/acme` and `/v3/sandbox`: the shop may use the first, the office both.
fn locked(provider: &Provider) -> Setup {
    let mut setup = Setup::new().acme(provider).sandbox();
    setup.keys = vec![key("shop", &[SHOP], &["acme"]), key("office", &[OFFICE], &["*"])];
    setup
}

async fn ask(host: &Host, method: Method, path: &str, key: &str, body: Option<&Value>) -> Reply {
    let request = host.request(method, path).bearer_auth(key);
    send(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

/// Who has called, as it is kept.
fn callers(host: &Host) -> Vec<String> {
    host.on_disk().column("SELECT DISTINCT caller FROM operations ORDER BY caller", [])
}

fn assert_untouched(host: &Host, provider: &Provider) {
    assert!(provider.ledger().requests().is_empty(), "{:#?}", provider.ledger().requests());
    for table in ["payments", "operations", "callbacks"] {
        assert_eq!(host.rows(table), 0, "{table}");
    }
}

#[tokio::test]
async fn a_caller_with_its_key_pays_and_asks_and_its_name_is_kept() {
    let provider = Provider::start();
    let host = locked(&provider).start().await;
    let paid = ask(&host, Method::POST, "/v3/acme/pay", SHOP, Some(&payment("shop-1", 500))).await;
    assert_eq!(paid.result(), (200, "OK".into()));
    let status = ask(&host, Method::GET, "/v3/acme/status?shopTransactionId=shop-1", SHOP, None).await;
    assert_eq!((status.status, &status.json["status"]), (200, &json!("ACCEPTED")));
    assert_eq!(callers(&host), ["shop"]);
}

#[tokio::test]
async fn without_a_key_or_with_a_wrong_one_nothing_is_done_and_the_challenge_is_told() {
    let provider = Provider::start();
    let host = locked(&provider).start().await;
    let body = payment("shop-1", 500);
    for path in
        ["/v3/acme/pay", "/v3/acme/card/pay", "/v3/acme/refund", "/v3/nobody/pay", "/v3/acme/subscription/start"]
    {
        let none = host.post(path, &body).await;
        assert_eq!(none.problem(), (401, "api_key_missing".into()), "{path}");
        assert_eq!(none.header("www-authenticate"), "Bearer");
        assert_eq!((none.json["retryable"].clone(), none.text("outcome")), (json!(false), "not_executed".into()));
        let wrong = ask(&host, Method::POST, path, &SHOP.replace('0', "1"), Some(&body)).await;
        assert_eq!(wrong.problem(), (401, "api_key_unknown".into()), "{path}");
        assert_eq!(wrong.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    for path in ["/v3", "/v3/acme", "/v3/acme/status?paymentId=1", "/v3/acme/check?paymentId=1"] {
        assert_eq!(host.get(path).await.problem(), (401, "api_key_missing".into()), "{path}");
    }
    assert_untouched(&host, &provider);
}

#[tokio::test]
async fn a_key_is_for_its_own_externals_and_tells_nothing_of_others() {
    let provider = Provider::start();
    let host = locked(&provider).start().await;
    for path in ["/v3/sandbox/pay", "/v3/%73andbox/pay", "/v3/never-configured/pay"] {
        let reply = ask(&host, Method::POST, path, SHOP, Some(&payment("shop-1", 500))).await;
        assert_eq!(reply.problem(), (403, "api_key_forbids".into()), "{path}");
    }
    assert_untouched(&host, &provider);
    for (key, names) in [(SHOP, vec!["acme"]), (OFFICE, vec!["acme", "sandbox"])] {
        let externals = ask(&host, Method::GET, "/v3", key, None).await.json["externals"].clone();
        let listed: Vec<_> = externals.as_array().unwrap().iter().map(|external| external["name"].clone()).collect();
        assert_eq!(listed, names);
    }
    let paid = ask(&host, Method::POST, "/v3/sandbox/pay", OFFICE, Some(&payment("office-1", 500))).await;
    assert_eq!(paid.result(), (200, "OK".into()));
}

#[tokio::test]
async fn webhooks_health_and_the_documentation_need_no_key() {
    let provider = Provider::start();
    let host = locked(&provider).start().await;
    let paths =
        ["/-/healthz", "/-/ready", "/-/check-up", "/-/metrics", "/documentation", "/documentation/openapi.json"];
    for path in paths {
        assert_eq!(host.get(path).await.status, 200, "{path}");
    }
    let hint = host.get("/v3/acme/callback?paymentId=1").await;
    assert!(![401, 403].contains(&hint.status), "{hint:?}");
    let forged = host.post("/v3/acme/callback", &json!({ "forged": true })).await;
    assert_eq!(forged.problem(), (401, "webhook_forged".into()), "the plugin has judged it");
    assert_eq!(forged.header("www-authenticate"), "");
    let document = host.get("/documentation/openapi.json").await.json;
    assert_eq!(document["components"]["securitySchemes"]["apiKey"]["scheme"], "bearer");
}

#[tokio::test]
async fn while_a_key_is_rotated_both_are_the_same_caller() {
    let provider = Provider::start();
    let mut setup = locked(&provider);
    setup.keys[0] = key("shop", &["provost_new", SHOP], &["acme"]);
    let host = setup.start().await;
    let pay = |key: &str| host.request(Method::POST, "/v3/acme/pay").bearer_auth(key).header("idempotency-key", "k-1");
    let first = send(pay(SHOP).json(&payment("shop-1", 500))).await;
    let again = send(pay("provost_new").json(&payment("shop-1", 500))).await;
    assert_eq!((first.result(), again.header("idempotent-replayed")), ((200, "OK".into()), "true"));
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(provider.ledger().charges().len(), 1);
    // The old one is taken out once every caller has the new one.
    let mut setup = host.stop().await;
    setup.keys[0] = key("shop", &["provost_new"], &["acme"]);
    let host = setup.start().await;
    let path = "/v3/acme/status?shopTransactionId=shop-1";
    assert_eq!(ask(&host, Method::GET, path, SHOP, None).await.problem(), (401, "api_key_unknown".into()));
    assert_eq!(ask(&host, Method::GET, path, "provost_new", None).await.status, 200);
}

#[tokio::test]
async fn an_idempotency_key_belongs_to_its_caller() {
    let provider = Provider::start();
    let host = locked(&provider).start().await;
    for (caller, order) in [(SHOP, "shop-1"), (OFFICE, "office-1")] {
        let request = host.request(Method::POST, "/v3/acme/pay").bearer_auth(caller).header("idempotency-key", "k-1");
        let paid = send(request.json(&payment(order, 500))).await;
        assert_eq!((paid.result(), paid.header("idempotent-replayed")), ((200, "OK".into()), ""), "{order}");
    }
    assert_eq!(provider.ledger().charges().len(), 2);
    assert_eq!(callers(&host), ["office", "shop"]);
}

#[tokio::test]
async fn beyond_its_rate_a_key_is_told_when_to_come_back_and_nothing_is_kept() {
    let provider = Provider::start();
    let clock = Clock::manual(START);
    let mut setup = locked(&provider).clock(&clock);
    setup.keys = vec![key("rated", &[SHOP], &["acme"]), key("office", &[OFFICE], &["*"])];
    setup.keys[0].rate = Some(Rate { per_second: 1, burst: 2 });
    let host = setup.start().await;
    for order in ["order-1", "order-2"] {
        let paid = ask(&host, Method::POST, "/v3/acme/pay", SHOP, Some(&payment(order, 500))).await;
        assert_eq!(paid.result(), (200, "OK".into()));
    }
    let refused = ask(&host, Method::POST, "/v3/acme/pay", SHOP, Some(&payment("order-3", 500))).await;
    assert_eq!((refused.problem(), refused.header("retry-after")), ((429, "too_many_requests".into()), "1"));
    assert_eq!((refused.json["retryable"].clone(), refused.text("outcome")), (json!(true), "not_executed".into()));
    assert_eq!((provider.ledger().charges().len(), host.rows("payments"), host.rows("operations")), (2, 2, 2));
    let reason = [("key", "rated"), ("reason", "too_many_requests")];
    assert_eq!(host.counter("provost_api_refused_total", &reason).await, 1);
    let other = ask(&host, Method::POST, "/v3/acme/pay", OFFICE, Some(&payment("order-4", 500))).await;
    assert_eq!(other.result(), (200, "OK".into()), "another caller does not notice");
    clock.advance(Duration::from_secs(1));
    let paid = ask(&host, Method::POST, "/v3/acme/pay", SHOP, Some(&payment("order-3", 500))).await;
    assert_eq!(paid.result(), (200, "OK".into()));
}

#[tokio::test]
async fn a_key_stands_in_no_log_and_no_answer() {
    let provider = Provider::start();
    let host = locked(&provider).start().await;
    let (secret, wrong) = ("provost_seen-nowhere", "provost_wrong-and-seen-nowhere");
    let mut setup = host.stop().await;
    setup.keys.push(key("quiet", &[secret], &["acme"]));
    let host = setup.start().await;
    for (key, path) in [(secret, "/v3/acme/pay"), (secret, "/v3/sandbox/pay"), (wrong, "/v3/acme/pay")] {
        let reply = ask(&host, Method::POST, path, key, Some(&payment("quiet-1", 500))).await;
        assert!(!format!("{reply:?}").contains("seen-nowhere"), "{reply:?}");
    }
    assert!(!everything_logged().contains("seen-nowhere"));
    let metrics = host.get("/-/metrics").await;
    assert!(!String::from_utf8_lossy(&metrics.bytes).contains("seen-nowhere"));
}

#[tokio::test]
async fn a_key_that_the_program_makes_opens_a_host_that_is_told_its_hash() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["acme"]);
    let made = host.command(&["api-key", "new", "web-shop", "--external", "acme", "--json"]).await.json();
    let (key, hash) = (made["key"].as_str().unwrap(), made["sha256"].as_str().unwrap());
    host.start(&[
        ("PROVOST_API__KEYS__WEB_SHOP__SHA256", hash),
        ("PROVOST_API__KEYS__WEB_SHOP__EXTERNALS", "[\"acme\"]"),
    ])
    .await;
    let pay = || host.request(Method::POST, "/v3/acme/pay").json(&payment("order-1", 500));
    assert_eq!(send(pay()).await.problem(), (401, "api_key_missing".into()));
    assert_eq!(send(pay().bearer_auth(hash)).await.problem(), (401, "api_key_unknown".into()), "a hash is no key");
    assert_eq!(send(pay().bearer_auth(key)).await.result(), (200, "OK".into()));
    let kept = host.on_disk().column("SELECT DISTINCT caller FROM operations", []);
    assert_eq!(kept, ["web-shop"]);
    assert!(!host.log().contains(key) && !host.log().contains(&hash[..16]), "{}", host.log());
    assert!(!host.log().contains("api.keys is not set"));
}
