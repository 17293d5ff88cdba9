//! Idempotency toward callers (rules 15 to 20): a repeat gets the answer that was given, and the provider never hears
//! of it. `idempotency_keys` tells how keys are scoped and how long they live.

use crate::harness::{Host, Reply, Setup, payment, payment_with, refund, send};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::Provider;
use simulators::provider::{Misbehaviour, Rule};
use std::time::Duration;
use tokio::task::JoinSet;

const AT_ONCE: usize = 64;

/// Sends equal requests at once; the provider answers the first of them only once all others may have come.
async fn at_once(host: &Host, provider: &Provider, path: &str, key: Option<&str>, body: &Value) -> Vec<Reply> {
    let mut all = JoinSet::new();
    for _ in 0..AT_ONCE {
        let mut request = host.request(Method::POST, path).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        all.spawn(send(request));
    }
    let heard = provider.ledger().requests().len();
    let (replies, ()) = tokio::join!(all.join_all(), async {
        provider.wait_until(|ledger| ledger.requests().len() > heard).await;
        provider.release();
    });
    replies
}

fn assert_one_answer(replies: &[Reply]) {
    let first = &replies[0];
    assert_eq!((first.status, &first.json["result"]), (200, &json!("OK")), "{first:?}");
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.bytes == first.bytes), "{replies:?}");
    let replayed = replies.iter().filter(|reply| reply.header("idempotent-replayed") == "true").count();
    assert_eq!(replayed, replies.len() - 1, "one was the first");
}

#[tokio::test]
async fn sixty_four_equal_payments_at_once_are_one_charge_and_one_answer_with_a_key_and_without() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    for (shop, key) in [("with", Some("k-1")), ("without", None)] {
        provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
        let replies = at_once(&host, &provider, "/v3/acme/pay", key, &payment(shop, 500)).await;
        assert_one_answer(&replies);
        assert_eq!(provider.ledger().charges_for_shop(shop).len(), 1);
        assert_eq!(host.on_disk().standing(shop), [["accepted", "finished", "succeeded"]]);
        assert_eq!(host.on_disk().told(shop), ["payment.accepted"]);
        provider.heal();
    }
    assert_eq!(provider.ledger().requests().len(), 2, "the provider heard nothing of the repeats");
}

#[tokio::test]
async fn sixty_four_equal_refunds_at_once_under_one_key_are_one_refund_and_one_answer() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let paid = host.post("/v3/acme/pay", &payment("shop-1", 500)).await;
    provider.fail(Rule::refund(Misbehaviour::StallBeforeHeaders.after()));
    let body = refund(&paid.text("paymentId"), 100);
    assert_one_answer(&at_once(&host, &provider, "/v3/acme/refund", Some("k-1"), &body).await);
    assert_eq!(provider.ledger().refunds().len(), 1);
}

#[tokio::test]
async fn another_body_under_a_used_name_is_refused_and_never_reaches_the_provider() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let keyed = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-1", 500)).await;

    let reused = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-2", 500)).await;
    assert_eq!((reused.status, &reused.json["code"]), (422, &json!("idempotency_key_reused")), "{reused:?}");

    let taken = [
        host.post("/v3/acme/pay", &payment("shop-1", 501)).await,
        host.post_with_key("/v3/acme/pay", "k-2", &payment("shop-1", 501)).await,
        host.post_with_key("/v3/acme/pay", "k-2", &payment("shop-1", 500)).await,
    ];
    for reply in taken {
        assert_eq!((reply.status, &reply.json["code"]), (409, &json!("shop_transaction_id_used")), "{reply:?}");
        assert_eq!(reply.json["paymentId"], keyed.json["paymentId"], "{reply:?}");
        assert_eq!(reply.json["state"], "accepted", "{reply:?}");
        assert_eq!(reply.json["outcome"], "not_executed", "{reply:?}");
    }
    assert_eq!(provider.ledger().requests().len(), 1);
}

#[tokio::test]
async fn a_decline_frees_the_shops_id_and_stays_what_its_key_answers() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let declined = payment_with("shop-1", 500, json!({ "outcome": "declined" }));
    let first = host.post_with_key("/v3/acme/pay", "k-1", &declined).await;
    assert_eq!(first.json["result"], "KO", "{first:?}");
    let replayed = host.post_with_key("/v3/acme/pay", "k-1", &declined).await;
    assert_eq!((replayed.header("idempotent-replayed"), &replayed.bytes), ("true", &first.bytes));
    assert_eq!(provider.ledger().charges().len(), 1);

    let second = host.post("/v3/acme/pay", &payment("shop-1", 500)).await;
    assert_eq!((second.status, &second.json["result"]), (200, &json!("OK")), "{second:?}");
    let status = host.get("/v3/acme/status?shopTransactionId=shop-1").await;
    assert_eq!(status.json["paymentId"], second.json["paymentId"], "the payment that lives");
}

#[tokio::test]
async fn what_was_not_executed_frees_its_key_for_any_request() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    for (shop, next) in [("same", "same"), ("one", "another")] {
        provider.refuse_connections();
        let refused = host.post_with_key("/v3/acme/pay", shop, &payment(shop, 500)).await;
        assert_eq!((refused.status, &refused.json["code"]), (502, &json!("not_executed")), "{refused:?}");
        provider.heal();
        let again = host.post_with_key("/v3/acme/pay", shop, &payment(next, 500)).await;
        assert_eq!((again.status, &again.json["result"]), (200, &json!("OK")), "{again:?}");
        assert_eq!(again.header("idempotent-replayed"), "", "{again:?}");
        assert_eq!(provider.ledger().charges_for_shop(next).len(), 1);
    }
}

#[tokio::test]
async fn who_waits_too_long_for_a_running_request_is_told_to_come_back_and_then_gets_its_answer() {
    let provider = Provider::start();
    let mut setup = Setup::new().acme(&provider);
    setup.operations.share_wait = Duration::from_millis(100);
    let host = setup.start().await;
    for key in [Some("k-1"), None] {
        let shop = key.unwrap_or("without");
        provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
        let body = payment(shop, 500);
        let request = || {
            let request = host.request(Method::POST, "/v3/acme/pay").json(&body);
            key.into_iter().fold(request, |request, key| request.header("idempotency-key", key))
        };
        let first = tokio::spawn(send(request()));
        provider.wait_until(|ledger| ledger.charges_for_shop(shop).len() == 1).await;

        let waited = send(request()).await;
        assert_eq!((waited.status, &waited.json["code"]), (409, &json!("still_running")), "{waited:?}");
        assert_eq!((waited.header("retry-after"), &waited.json["retryable"]), ("1", &json!(true)), "{waited:?}");

        provider.release();
        let first = first.await.unwrap();
        let again = send(request()).await;
        assert_eq!((again.header("idempotent-replayed"), &again.bytes), ("true", &first.bytes));
        assert_eq!(provider.ledger().charges_for_shop(shop).len(), 1);
        provider.heal();
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_changes_nothing() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
    let caller = tokio::spawn(send(host.request(Method::POST, "/v3/acme/pay").json(&payment("shop-1", 500))));
    provider.wait_until(|ledger| ledger.charges().len() == 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    provider.release();
    let again = host.post("/v3/acme/pay", &payment("shop-1", 500)).await;
    assert_eq!((again.status, &again.json["result"]), (200, &json!("OK")), "{again:?}");
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(provider.ledger().requests().len(), 1);
}

#[tokio::test]
async fn what_was_answered_is_answered_again_byte_for_byte_after_a_restart() {
    let provider = Provider::start();
    let mut host = Setup::new().acme(&provider).start().await;
    let wishes = ["succeeded", "authorized", "pending", "declined", "redirect", "unknown"];
    let mut first = Vec::new();
    for wish in wishes {
        if wish == "unknown" {
            provider.fail(Rule::charge(Misbehaviour::Close.after()));
        }
        first.push(host.post_with_key("/v3/acme/pay", wish, &wished(wish)).await);
    }
    let results: Vec<_> = first.iter().map(|reply| reply.text("result")).collect();
    assert_eq!(results, ["OK", "PENDING", "PENDING", "KO", "REDIRECT_TO_URL", "PENDING"]);

    host = host.stop().await.start().await;
    // What is known by then changes nothing of what was answered (rule 19).
    assert_eq!(host.get("/v3/acme/status?shopTransactionId=unknown").await.json["status"], "ACCEPTED");
    for (wish, first) in wishes.into_iter().zip(first) {
        let again = host.post_with_key("/v3/acme/pay", wish, &wished(wish)).await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes), "{wish}");
        for header in ["content-type", "x-payment-outcome"] {
            assert_eq!(again.header(header), first.header(header), "{wish}");
        }
        assert_eq!(again.header("idempotent-replayed"), "true", "{wish}");
    }
    assert_eq!(provider.ledger().charges().len(), wishes.len());
}

fn wished(wish: &str) -> Value {
    match wish {
        "unknown" => payment(wish, 500),
        outcome => payment_with(wish, 500, json!({ "outcome": outcome })),
    }
}
