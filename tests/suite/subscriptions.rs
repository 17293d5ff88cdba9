//! Subscriptions through the sandbox provider: their life by the clock, charges of either side, and what the merchant is
//! told of each change.

use crate::harness::{Host, Reply, Setup, held_clock, payment_with, refund, told};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::Merchant;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

async fn start() -> (Host, Merchant) {
    let merchant = Merchant::start();
    (Setup::new().sandbox().merchant(&merchant).clock(&held_clock()).start().await, merchant)
}

/// A subscription by the day, as it is begun in one of the two ways.
async fn begin(host: &Host, how: &str, shop: &str, scenario: &str, expires_after: u32) -> Reply {
    let mut body = payment_with(shop, 1200, json!({ "scenario": scenario }));
    body["subscriptionInfo"] = json!({ "interval": "DAY", "intervalCount": 1, "expiresAfter": expires_after });
    host.post(&format!("/v3/sandbox/subscription/{how}"), &body).await
}

async fn charge(host: &Host, token: &str, shop: &str, amount: u64) -> Reply {
    let mut body = payment_with(shop, amount, json!({}));
    body["subscriptionInfo"] = json!({ "token": token });
    host.post("/v3/sandbox/subscription/pay", &body).await
}

async fn state(host: &Host, token: &str) -> Value {
    let reply = host.get(&format!("/v3/sandbox/subscription/status/{token}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.text("subscriptionToken"), token);
    reply.json["status"].clone()
}

async fn expire(host: &Host, method: Method, token: &str) -> Reply {
    crate::harness::send(host.request(method, &format!("/v3/sandbox/subscription/expire/{token}"))).await
}

#[tokio::test]
async fn a_subscription_lives_through_its_states_and_each_change_is_one_callback() {
    let (host, _merchant) = start().await;
    let begun = begin(&host, "schedule", "sub-order", "past-due", 4).await;
    assert_eq!(begun.result(), (200, "OK".into()), "{begun:?}");
    let token = begun.text("subscriptionToken");
    let mut expected = vec!["subscription.active", "payment.accepted"];
    // The first period ends unpaid, is made up for a day later, and the plan ends with the fourth.
    for (days, reported, callback) in [
        (1, "PAST_DUE", "subscription.past_due"),
        (1, "ACTIVE", "subscription.active"),
        (2, "EXPIRED", "subscription.expired"),
    ] {
        host.clock.advance(days * DAY);
        for _ in 0..2 {
            assert_eq!(state(&host, &token).await, reported);
        }
        expected.push(callback);
        // What is on disk: a merchant may be told twice where days pass within one delivery.
        assert_eq!(host.stored::<String>("SELECT type FROM callbacks ORDER BY key"), expected);
    }
    let over = charge(&host, &token, "too-late", 1200).await;
    assert_eq!(over.problem(), (409, "subscription_forbids".into()));
    assert_eq!(over.text("subscriptionToken"), token);
}

#[tokio::test]
async fn a_payer_who_agrees_makes_a_subscription_active_and_expiring_it_twice_is_done() {
    let (host, merchant) = start().await;
    let begun = begin(&host, "start", "sub-order", "redirect", 12).await;
    assert_eq!(begun.result(), (200, "REDIRECT_TO_URL".into()), "{begun:?}");
    assert!(begun.text("redirectToUrl").starts_with("https://"));
    let token = begun.text("subscriptionToken");
    assert_eq!(state(&host, &token).await, "PENDING");
    let notice = json!({ "id": "evt_1", "subscriptionToken": token, "state": "active" });
    for _ in 0..2 {
        assert_eq!(host.sandbox_webhook(&notice).await.status, 200);
    }
    assert_eq!(state(&host, &token).await, "ACTIVE");
    for method in [Method::DELETE, Method::POST] {
        let expired = expire(&host, method, &token).await;
        assert_eq!(expired.result(), (200, "OK".into()), "{expired:?}");
        assert_eq!(expired.text("subscriptionToken"), token);
    }
    assert_eq!(state(&host, &token).await, "CANCELED");
    let all = told(&merchant, 4).await;
    assert_eq!(all.iter().filter(|kind| *kind == "subscription.canceled").count(), 1, "{all:?}");
    assert_eq!(all.iter().filter(|kind| *kind == "subscription.active").count(), 1, "{all:?}");
}

#[tokio::test]
async fn our_caller_charges_a_subscription_once_for_each_shop_transaction() {
    let (host, merchant) = start().await;
    let token = begin(&host, "start", "sub-order", "succeed", 12).await.text("subscriptionToken");
    let first = charge(&host, &token, "month-1", 1200).await;
    assert_eq!(first.result(), (200, "OK".into()), "{first:?}");
    assert_eq!(first.text("subscriptionToken"), token);
    let again = charge(&host, &token, "month-1", 1200).await;
    assert_eq!((again.header("idempotent-replayed"), &again.bytes), ("true", &first.bytes));
    let declined = charge(&host, &token, "month-2", 1201).await;
    assert_eq!(declined.result(), (200, "KO".into()), "{declined:?}");
    let paid = host.post("/v3/sandbox/refund", &refund(&first.text("paymentId"), 1200)).await;
    assert_eq!(paid.result(), (200, "OK".into()), "{paid:?}");
    let all = told(&merchant, 5).await;
    assert_eq!(all.iter().filter(|kind| *kind == "payment.accepted").count(), 2, "{all:?}");
}

/// Rule 14.
#[tokio::test]
async fn a_charge_that_the_provider_makes_is_told_once_and_can_be_refunded() {
    let (host, merchant) = start().await;
    let token = begin(&host, "schedule", "sub-order", "succeed", 12).await.text("subscriptionToken");
    let notice = json!({
        "id": "evt_1", "subscriptionToken": token, "paymentId": "pay_by_provider", "state": "accepted",
        "amount": 1200, "currency": "EUR",
    });
    for id in ["evt_1", "evt_1", "evt_2"] {
        let mut notice = notice.clone();
        notice["id"] = json!(id);
        assert_eq!(host.sandbox_webhook(&notice).await.status, 200);
    }
    let status = host.get("/v3/sandbox/status?paymentId=pay_by_provider").await;
    assert_eq!((&status.json["status"], &status.json["amount"]), (&"ACCEPTED".into(), &1200.into()), "{status:?}");
    assert_eq!(status.json["shopTransactionId"], "sub-order");
    assert_eq!(status.json["subscriptionToken"], token.as_str());
    let back = host.post("/v3/sandbox/refund", &refund("pay_by_provider", 1200)).await;
    assert_eq!(back.result(), (200, "OK".into()), "{back:?}");
    // One after the other only of the same payment or subscription.
    let mut told = told(&merchant, 4).await;
    told.sort_unstable();
    assert_eq!(told, ["payment.accepted", "payment.accepted", "refund.accepted", "subscription.active"]);
    assert_eq!(host.rows("callbacks"), 4);
}

/// Rule 5: what was first told stays valid.
#[tokio::test]
async fn a_start_whose_answer_was_lost_is_found_again_and_keeps_the_token_that_was_told() {
    let (host, merchant) = start().await;
    let lost = begin(&host, "start", "sub-order", "unknown", 12).await;
    assert_eq!(lost.result(), (200, "PENDING".into()), "{lost:?}");
    assert_eq!(lost.header("x-payment-outcome"), "unknown");
    assert_eq!(lost.json["metadata"]["outcome"], "unknown");
    let token = lost.text("subscriptionToken");
    assert_eq!(state(&host, &token).await, "ACTIVE");
    let charged = charge(&host, &token, "month-1", 1200).await;
    assert_eq!(charged.result(), (200, "OK".into()), "{charged:?}");
    let status = host.get(&format!("/v3/sandbox/status?paymentId={}", lost.text("paymentId"))).await;
    assert_eq!(status.json["status"], "ACCEPTED", "{status:?}");
    let all = told(&merchant, 5).await;
    for kind in ["subscription.unknown", "payment.pending", "subscription.active"] {
        assert_eq!(all.iter().filter(|told| *told == kind).count(), 1, "{kind} in {all:?}");
    }
}

#[tokio::test]
async fn a_subscription_that_starts_free_has_a_payment_of_nothing() {
    let (host, merchant) = start().await;
    let mut body = payment_with("trial", 0, json!({}));
    body["subscriptionInfo"] = json!({ "interval": "MONTH", "intervalCount": 1 });
    let begun = host.post("/v3/sandbox/subscription/schedule", &body).await;
    assert_eq!(begun.result(), (200, "OK".into()), "{begun:?}");
    let status = host.get(&format!("/v3/sandbox/status?paymentId={}", begun.text("paymentId"))).await;
    assert_eq!(status.json["metadata"]["state"], "NOT_CHARGED", "{status:?}");
    assert_eq!(told(&merchant, 1).await, ["subscription.active"]);
    let back = host.post("/v3/sandbox/refund", &refund(&begun.text("paymentId"), 100)).await;
    assert_eq!(back.problem(), (409, "state_forbids".into()));
}

/// It moves no money, and may be sent again: that is what the caller is told, and the key is free for it.
#[tokio::test]
async fn an_update_whose_answer_was_lost_may_be_sent_again_under_its_key() {
    let (host, _merchant) = start().await;
    let token = begin(&host, "schedule", "sub-order", "succeed", 12).await.text("subscriptionToken");
    let path = format!("/v3/sandbox/subscription/update/{token}");
    let lost = json!({ "amount": 1500, "currency": "EUR", "providerData": { "scenario": "unknown" } });
    for _ in 0..2 {
        let reply = host.post_with_key(&path, "k", &lost).await;
        assert_eq!(reply.problem(), (502, "outcome_unknown".into()));
        assert_eq!((&reply.json["outcome"], &reply.json["retryable"]), (&"unknown".into(), &true.into()));
    }
    let done = json!({ "amount": 1500, "currency": "EUR", "providerData": { "scenario": "succeed" } });
    let reply = host.post_with_key(&path, "k2", &done).await;
    assert_eq!(reply.result(), (200, "OK".into()), "{reply:?}");
    let status = host.get(&format!("/v3/sandbox/subscription/status/{token}")).await;
    assert_eq!(status.json["metadata"]["amount"], 1500, "{status:?}");
}

#[tokio::test]
async fn a_token_that_nobody_knows_is_not_found() {
    let (host, _merchant) = start().await;
    let not_found = (404, "subscription_not_found".to_owned());
    assert_eq!(host.get("/v3/sandbox/subscription/status/sub_nobody").await.problem(), not_found);
    assert_eq!(charge(&host, "sub_nobody", "month-1", 1200).await.problem(), not_found);
    assert_eq!(expire(&host, Method::DELETE, "sub_nobody").await.problem(), not_found);
    assert_eq!(host.post("/v3/sandbox/subscription/update/sub_nobody", &json!({})).await.problem(), not_found);
}
