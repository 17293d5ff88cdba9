//! Plugins that misbehave: each costs one request its answer, and nothing more. What it is told depends on whether
//! something had left by then (rule 2).

use crate::faults::{assert_not_executed, assert_unknown};
use crate::harness::{Host, Process, Reply, Setup, logged, payment, payment_with};
use provost::egress::{Grant, Origin};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::host::free_address;
use simulators::{Merchant, Provider};

/// Attacks that end the call.
const FATAL: [&str; 7] = ["trap", "panic", "loop", "memory", "recursion", "emit-flood", "huge-value"];

/// Attacks that the host cuts off, and what the plugin was told.
const BLUNTED: [(&str, &str); 4] = [
    ("log-flood", "2048 lines"),
    ("stderr-flood", "2048 lines"),
    ("many-requests", "after 16: Error::Denied"),
    ("state-flood", "after 100: Error::Full"),
];

async fn hostile(provider: &Provider) -> Host {
    let setup = Setup::new().in_front_of("hostile", provider);
    setup.with(|hostile| hostile.limits.state_keys = 100).start().await
}

async fn attack(host: &Host, shop: &str, orders: Value) -> Reply {
    host.post("/v3/hostile/pay", &payment_with(shop, 500, orders)).await
}

async fn assert_serves(host: &Host, shop: &str) {
    let next = attack(host, shop, json!({})).await;
    assert_eq!((next.status, &next.json["result"]), (200, &json!("OK")), "{shop}: {next:?}");
}

#[tokio::test]
async fn a_plugin_that_breaks_before_anything_left_was_not_executed_and_the_next_request_is_served() {
    let provider = Provider::start();
    let host = hostile(&provider).await;
    for attack_name in FATAL {
        let broken = attack(&host, attack_name, json!({ "attack": attack_name })).await;
        assert_not_executed(&broken, 502, "not_executed", "");
        assert_eq!(host.on_disk().standing(attack_name), [["not_executed", "finished", "not_executed"]]);
        assert_eq!(host.on_disk().told(attack_name), [""; 0], "{attack_name}");
        assert_serves(&host, attack_name).await;
    }
    assert!(provider.ledger().requests().is_empty());
}

#[tokio::test]
async fn a_plugin_that_breaks_after_something_left_is_unknown_and_the_next_request_is_served() {
    let provider = Provider::start();
    let host = hostile(&provider).await;
    for (number, attack_name) in (1..).zip(FATAL) {
        let broken = attack(&host, attack_name, json!({ "attack": attack_name, "after": true })).await;
        assert_unknown(&broken);
        assert_eq!(host.on_disk().standing(attack_name), [["unknown", "finished", "unknown"]]);
        assert_eq!(host.on_disk().told(attack_name), ["payment.pending"], "{attack_name}");
        assert_serves(&host, &format!("{attack_name}-next")).await;
        assert_eq!(provider.ledger().requests_to(&Method::POST, "/charges").len(), number, "sent once");
    }
}

#[tokio::test]
async fn a_flood_is_cut_off_and_the_call_goes_on() {
    let provider = Provider::start();
    let host = hostile(&provider).await;
    for (attack_name, told) in BLUNTED {
        let reply = attack(&host, attack_name, json!({ "attack": attack_name })).await;
        assert_eq!((reply.status, &reply.json["result"]), (200, &json!("KO")), "{attack_name}: {reply:?}");
        assert!(reply.text("resultDescription").starts_with(told), "{attack_name}: {reply:?}");
        assert_serves(&host, &format!("{attack_name}-next")).await;
    }
    assert_eq!(provider.ledger().requests().len(), 16);
    let kept = host.on_disk().column("SELECT key FROM state WHERE external = 'hostile'", []);
    assert_eq!(kept.len(), 100);
}

#[tokio::test]
async fn a_request_to_where_nothing_is_granted_is_denied_and_does_not_leave() {
    let (provider, victim) = (Provider::start(), Provider::start());
    let port = victim.url().trim_end_matches('/').rsplit_once(':').unwrap().1.to_owned();
    let name = Origin::parse(&format!("http://localhost:{port}")).unwrap();
    let setup = Setup::new().in_front_of("hostile", &provider).with(|hostile| {
        hostile.external = "denied".into();
        // An operator's, who thinks no harm: not private.
        hostile.grants.extend([Grant::to(name), Grant::to(Origin::parse("https://169.254.169.254").unwrap())]);
    });
    let host = setup.start().await;
    let attempts = [
        (victim.url(), "port"),
        (
            format!("http://{}@127.0.0.1:{port}/", provider.url().replace("http://", "").trim_end_matches('/')),
            "user_info",
        ),
        (provider.url().replace("://", "://user@"), "user_info"),
        ("http://10.0.0.1/".to_owned(), "scheme"),
        ("https://10.0.0.1/".to_owned(), "origin"),
        ("file:///etc/passwd".to_owned(), "scheme"),
        (format!("http://localhost:{port}/x"), "address"),
        ("https://169.254.169.254/latest/meta-data".to_owned(), "address"),
        ("https://0xa9fea9fe/latest/meta-data".to_owned(), "address"),
    ];
    for (number, (url, rule)) in attempts.into_iter().enumerate() {
        let labels = [("external", "denied"), ("rule", rule)];
        let before = host.counter("provost_egress_denied_total", &labels).await;
        let orders = json!({ "attack": "denied", "url": url });
        let reply = host.post("/v3/denied/pay", &payment_with(&format!("shop-{number}"), 500, orders)).await;
        assert_eq!((reply.status, &reply.json["result"]), (200, &json!("KO")), "nothing left: {reply:?}");
        let told = reply.text("resultDescription");
        assert!(told.starts_with(&format!("Error::Denied(\"{rule}: ")), "{url}: {told}");
        assert_eq!(host.counter("provost_egress_denied_total", &labels).await, before + 1, "{url}");
    }
    let refused = logged("denied", 3, &["a request of the plugin was denied", "\"rule\":\"address\""]).await;
    assert!(refused[0].contains("is not public: loopback"), "{refused:?}");
    assert!(victim.ledger().requests().is_empty() && provider.ledger().requests().is_empty());
}

#[tokio::test]
async fn no_grant_leads_a_plugin_to_the_host_that_runs_it() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["hostile"]);
    let (own, admin) = (host.address(), free_address(0).unwrap());
    let origins = [provider.url(), format!("http://{own}"), format!("http://{admin}")];
    let grants = json!(origins.map(|origin| json!({ "origin": origin, "private": true }))).to_string();
    let listen = admin.to_string();
    host.start(&[("PROVOST_PROVIDERS__HOSTILE__ALLOW", &grants), ("PROVOST_ADMIN__LISTEN", &listen)]).await;
    for (number, url) in
        [format!("http://{own}/-/health"), format!("http://{admin}/admin/v1/payments")].iter().enumerate()
    {
        let orders = json!({ "attack": "denied", "url": url });
        let reply = host.post("/v3/hostile/pay", &payment_with(&format!("shop-{number}"), 500, orders)).await;
        let told = reply.text("resultDescription");
        assert!(told.starts_with("Error::Denied(\"address: ") && told.contains("is this host itself"), "{url}: {told}");
    }
}

#[tokio::test]
async fn no_proxy_is_taken_from_the_environment() {
    let (provider, merchant, proxy) = (Provider::start(), Merchant::start(), Provider::start());
    let mut host = Process::prepare(&provider, Some(&merchant), &["acme"]);
    let url = proxy.url();
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    host.start(&names.map(|name| (name, url.as_str()))).await;
    let reply = host.post("/v3/acme/pay", &payment("shop-1", 500)).await;
    assert_eq!((reply.status, &reply.json["result"]), (200, &json!("OK")), "{reply:?}");
    assert_eq!(provider.ledger().charges().len(), 1);
    merchant.wait_for(1).await;
    assert!(proxy.ledger().requests().is_empty());
}

#[tokio::test]
async fn a_question_may_not_move_money() {
    let provider = Provider::start();
    let host = hostile(&provider).await;
    let paid = attack(&host, "shop-1", json!({ "statusAttack": "write" })).await;
    let status = host.get(&format!("/v3/hostile/status?paymentId={}", paid.text("paymentId"))).await;
    assert_eq!((status.status, &status.json["status"]), (200, &json!("ACCEPTED")), "{status:?}");
    assert!(provider.ledger().requests().is_empty());
}

#[tokio::test]
async fn a_plugin_that_breaks_when_it_is_asked_costs_nothing_that_is_known() {
    let provider = Provider::start();
    let host = hostile(&provider).await;
    for attack_name in FATAL {
        let paid = attack(&host, attack_name, json!({ "statusAttack": attack_name })).await;
        let asked = format!("/v3/hostile/status?paymentId={}", paid.text("paymentId"));
        let status = host.get(&asked).await;
        assert_eq!((status.status, &status.json["status"]), (200, &json!("ACCEPTED")), "{attack_name}: {status:?}");
        assert!(status.json["metadata"]["asOf"].is_string() || attack_name == "emit-flood", "{status:?}");
    }
    assert_serves(&host, "next").await;
}

#[tokio::test]
async fn the_operator_reads_why_a_plugin_broke_and_a_flood_does_not_fill_the_log() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["hostile"]);
    host.start(&[]).await;
    for (shop, orders) in [
        ("panics", json!({ "attack": "panic" })),
        ("floods", json!({ "attack": "log-flood" })),
        ("floods-stderr", json!({ "attack": "stderr-flood" })),
    ] {
        host.post("/v3/hostile/pay", &payment_with(shop, 500, orders)).await;
    }
    host.post("/v3/hostile/pay", &payment("next", 500)).await;
    let log = host.log();
    assert!(log.contains("the hostile guest was told to panic"), "{log}");
    assert!(log.len() < 1 << 20, "{} bytes", log.len());
    assert!(!log.contains('\u{1b}'), "no plugin steers the operator's terminal");
}
