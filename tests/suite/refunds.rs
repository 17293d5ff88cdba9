//! Refunds (rules 7, 12 and 16): never more than was captured, whoever asks at the same time.

use crate::harness::{Host, Reply, START, Setup, payment, payment_with, refund, refund_with, send};
use provost::clock::Clock;
use reqwest::Method;
use serde_json::json;
use simulators::provider::{Misbehaviour, Rule, Status};
use simulators::{Merchant, Provider};
use std::time::Duration;
use tokio::task::JoinSet;

async fn paid(host: &Host, shop: &str, amount: u64) -> String {
    let paid = host.post("/v3/acme/pay", &payment(shop, amount)).await;
    assert_eq!((paid.status, &paid.json["result"]), (200, &json!("OK")), "{paid:?}");
    paid.text("paymentId")
}

fn assert_result(reply: &Reply, result: &str) {
    assert_eq!((reply.status, &reply.json["result"]), (200, &json!(result)), "{reply:?}");
}

fn assert_refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, &reply.json["code"]), (status, &json!(code)), "{reply:?}");
    assert_eq!(reply.json["outcome"], "not_executed", "{reply:?}");
}

#[tokio::test]
async fn partial_refunds_never_pass_what_was_captured() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let id = paid(&host, "shop-1", 500).await;
    for (amount, left) in [(200, 300), (150, 150)] {
        assert_result(&host.post("/v3/acme/refund", &refund(&id, amount)).await, "OK");
        let too_much = host.post("/v3/acme/refund", &refund(&id, left + 1)).await;
        assert_refused(&too_much, 422, "refund_too_large");
        assert_eq!(too_much.json["errors"][0]["pointer"], "/amount", "{too_much:?}");
        assert!(too_much.text("detail").contains(&left.to_string()), "{too_much:?}");
    }
    assert_result(&host.post_with_key("/v3/acme/refund", "last", &refund(&id, 150)).await, "OK");
    assert_refused(&host.post("/v3/acme/refund", &refund(&id, 1)).await, 422, "refund_too_large");
    let given_back: u64 = provider.ledger().refunds().iter().map(|refund| refund.amount).sum();
    assert_eq!((provider.ledger().refunds().len(), given_back), (3, 500));
}

#[tokio::test]
async fn thirty_two_refunds_at_once_never_pass_what_was_captured() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let id = paid(&host, "shop-1", 1000).await;
    let mut all = JoinSet::new();
    for key in 0..32 {
        let request = host.request(Method::POST, "/v3/acme/refund").json(&refund(&id, 100));
        all.spawn(send(request.header("idempotency-key", format!("k-{key}"))));
    }
    let replies = all.join_all().await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!((made.len(), refused.len()), (10, 22));
    made.into_iter().for_each(|reply| assert_result(reply, "OK"));
    refused.into_iter().for_each(|reply| assert_refused(reply, 422, "refund_too_large"));
    assert_eq!(provider.ledger().refunds().len(), 10, "the provider heard of no other");
}

#[tokio::test]
async fn a_pending_refund_holds_its_amount_until_it_is_decided() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    for (shop, decided, status, left) in
        [("accepted", Status::Succeeded, "ACCEPTED", 200), ("failed", Status::Declined, "FAILED", 500)]
    {
        let id = paid(&host, shop, 500).await;
        let pending = host.post("/v3/acme/refund", &refund_with(&id, 300, json!({ "outcome": "pending" }))).await;
        assert_result(&pending, "PENDING");
        assert_refused(&host.post("/v3/acme/refund", &refund(&id, 201)).await, 422, "refund_too_large");

        let refund_id = pending.text("refundId");
        provider.settle_refund(&refund_id, decided);
        let asked = host.get(&format!("/v3/acme/status?refundId={refund_id}")).await;
        assert_eq!((&asked.json["status"], &asked.json["action"]), (&json!(status), &json!("REFUND")), "{asked:?}");
        assert_refused(&host.post("/v3/acme/refund", &refund(&id, left + 1)).await, 422, "refund_too_large");
        assert_result(&host.post("/v3/acme/refund", &refund(&id, left)).await, "OK");
    }
}

#[tokio::test]
async fn an_equal_refund_without_a_key_is_a_repeat_for_ten_minutes() {
    let (provider, clock) = (Provider::start(), Clock::manual(START));
    let host = Setup::new().clock(&clock).acme(&provider).start().await;
    let id = paid(&host, "shop-1", 500).await;
    let equal = refund(&id, 50);
    let first = host.post("/v3/acme/refund", &equal).await;
    assert_result(&first, "OK");

    clock.advance(Duration::from_secs(599));
    let repeat = host.post("/v3/acme/refund", &equal).await;
    assert_refused(&repeat, 409, "refund_repeated");
    assert_eq!(repeat.json["refundId"], first.json["refundId"], "{repeat:?}");
    assert_result(&host.post("/v3/acme/refund", &refund(&id, 51)).await, "OK");
    for key in ["k-1", "k-2"] {
        assert_result(&host.post_with_key("/v3/acme/refund", key, &equal).await, "OK");
    }

    clock.advance(Duration::from_secs(601));
    assert_result(&host.post("/v3/acme/refund", &equal).await, "OK");
    assert_eq!(provider.ledger().refunds().len(), 5);
}

#[tokio::test]
async fn an_equal_refund_after_one_that_failed_is_no_repeat() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let id = paid(&host, "shop-1", 500).await;
    let declined = host.post("/v3/acme/refund", &refund_with(&id, 500, json!({ "outcome": "declined" }))).await;
    assert_result(&declined, "KO");
    assert_result(&host.post("/v3/acme/refund", &refund(&id, 500)).await, "OK");
}

#[tokio::test]
async fn a_refund_of_a_payment_that_is_not_decided_resolves_it_first() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    provider.fail(Rule::charge(Misbehaviour::Close.after()));
    let unknown = host.post("/v3/acme/pay", &payment("unknown", 500)).await;
    assert_eq!(unknown.header("x-payment-outcome"), "unknown", "{unknown:?}");
    assert_result(&host.post("/v3/acme/refund", &refund(&unknown.text("paymentId"), 500)).await, "OK");
    assert_eq!(host.on_disk().told("unknown"), ["payment.pending", "payment.accepted", "refund.accepted"]);

    let pending = host.post("/v3/acme/pay", &payment_with("pending", 500, json!({ "outcome": "pending" }))).await;
    provider.settle(&pending.text("paymentId"), Status::Succeeded);
    assert_result(&host.post("/v3/acme/refund", &refund(&pending.text("paymentId"), 500)).await, "OK");
}

#[tokio::test]
async fn a_payment_that_is_not_known_to_be_paid_cannot_be_refunded() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let mut ids = Vec::new();
    for outcome in ["pending", "authorized", "redirect", "declined"] {
        let body = payment_with(outcome, 500, json!({ "outcome": outcome }));
        ids.push(host.post("/v3/acme/pay", &body).await.text("paymentId"));
    }
    for fault in [Misbehaviour::Close.before(), Misbehaviour::Close.after()] {
        let shop = if fault.executes { "cannot-be-asked" } else { "never-arrived" };
        provider.fail(Rule::charge(fault));
        ids.push(host.post("/v3/acme/pay", &payment(shop, 500)).await.text("paymentId"));
    }
    provider.fail(Rule::search(Misbehaviour::html(502).before()).skipping(1));
    let states = ["pending", "authorized", "action_required", "failed", "unknown", "unknown"];
    for (id, state) in ids.iter().zip(states) {
        let reply = host.post("/v3/acme/refund", &refund(id, 500)).await;
        assert_refused(&reply, 409, "state_forbids");
        assert_eq!(reply.json["state"], state, "{reply:?}");
    }
    assert!(provider.ledger().refunds().is_empty());
    assert_refused(&host.post("/v3/acme/refund", &refund("nobody", 500)).await, 404, "payment_not_found");
}

#[tokio::test]
async fn a_refund_in_another_currency_is_wrong() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let id = paid(&host, "shop-1", 500).await;
    let reply = host.post("/v3/acme/refund", &json!({ "paymentId": id, "amount": 500, "currency": "USD" })).await;
    assert_refused(&reply, 422, "invalid");
    assert_eq!(reply.json["errors"][0]["pointer"], "/currency", "{reply:?}");
    assert!(provider.ledger().refunds().is_empty());
}

#[tokio::test]
async fn every_name_of_a_refund_stays_valid_and_each_of_its_changes_is_told() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let mut host = Setup::new().acme(&provider).merchant(&merchant).start().await;
    let id = paid(&host, "shop-1", 500).await;
    provider.fail(Rule::refund(Misbehaviour::Close.after()));
    let wish = json!({ "outcome": "pending" });
    let told = host.post("/v3/acme/refund", &refund_with(&id, 300, wish)).await.text("refundId");
    for (name, settled, status) in [(&*told, Status::Pending, "PENDING"), ("re_1", Status::Succeeded, "ACCEPTED")] {
        provider.settle_refund("re_1", settled);
        host = host.stop().await.start().await;
        let asked = host.get(&format!("/v3/acme/status?refundId={name}")).await;
        assert_eq!(asked.json["status"], status, "{asked:?}");
        assert_eq!((&asked.json["refundId"], &asked.json["paymentId"]), (&json!(told), &json!(id)), "{asked:?}");
    }
    let all = merchant.wait_for(4).await;
    let events: Vec<_> = all.iter().map(simulators::merchant::Delivery::event).collect();
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["payment.accepted", "refund.pending", "refund.pending", "refund.accepted"]);
    for (number, event) in (1..).zip(&events) {
        assert_eq!((&event["sequence"], &event["paymentId"]), (&json!(number), &json!(id)), "{event}");
        let refund_id = if number == 1 { json!(null) } else { json!(told) };
        assert_eq!(event["refundId"], refund_id, "{event}");
    }
    assert_eq!((&events[3]["amount"], &events[3]["action"]), (&json!(300), &json!("REFUND")));
    assert_eq!(host.get("/v3/acme/status?refundId=nobody").await.status, 404);
}
