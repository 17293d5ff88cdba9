//! Contradictions, late successes and disagreements (rules 11 and 13): only the provider's own answer corrects what was
//! final, and where nobody can know, a person is told. `webhooks` tells how the host comes to ask.

use crate::harness::{Host, Reply, Setup, held_clock, payment, payment_with, refund, told, types};
use provost::clock::Clock;
use serde_json::json;
use simulators::provider::{Misbehaviour, Rule, Status};
use simulators::{Merchant, Provider, Response};
use std::time::Duration;

/// A host in front of a scripted provider, under an external of its own, because alerts are counted by it.
struct World {
    host: Host,
    provider: Provider,
    merchant: Merchant,
    external: &'static str,
    clock: Clock,
}

impl World {
    async fn new(external: &'static str) -> Self {
        let (provider, merchant, clock) = (Provider::start(), Merchant::start(), held_clock());
        let setup = Setup::new().acme(&provider).with(|configured| configured.external = external.into());
        let host = setup.merchant(&merchant).clock(&clock).start().await;
        Self { host, provider, merchant, external, clock }
    }

    async fn pay(&self, shop: &str, wish: serde_json::Value) -> Reply {
        self.host.post(&format!("/v3/{}/pay", self.external), &payment_with(shop, 500, wish)).await
    }

    /// The provider tells how a charge stands now.
    async fn tells(&self, charge: &str) {
        let url = format!("{}/v3/{}/callback", self.host.url, self.external);
        assert_eq!(self.provider.webhook(&url, &self.provider.charge_event(charge)).await.status, 200);
    }

    async fn status(&self, id: &str) -> serde_json::Value {
        let status = self.host.get(&format!("/v3/{}/status?paymentId={id}", self.external)).await;
        assert_eq!(status.status, 200, "{status:?}");
        status.json
    }

    async fn alerted(&self, alert: &str) -> u64 {
        self.host.counter("provost_alerts_total", &[("external", self.external), ("alert", alert)]).await
    }
}

/// Rule 11: late success.
#[tokio::test]
async fn a_late_success_beside_another_payment_of_its_shop_transaction_is_flagged_as_a_duplicate() {
    let world = World::new("late-duplicate").await;
    let first = world.pay("shop-1", json!({ "outcome": "declined" })).await.text("paymentId");
    let second = world.pay("shop-1", json!({ "outcome": "succeeded" })).await;
    assert_eq!(second.result(), (200, "OK".into()), "the first one failed: {second:?}");
    // Those of two payments overtake each other.
    told(&world.merchant, 2).await;
    world.provider.settle(&first, Status::Succeeded);
    world.tells(&first).await;
    let mut told = told(&world.merchant, 3).await;
    assert_eq!(told.pop().as_deref(), Some("payment.late_success"));
    told.sort_unstable();
    assert_eq!(told, ["payment.accepted", "payment.failed"]);
    let late = world.merchant.deliveries()[2].event();
    let review = late["metadata"]["review"].as_str().unwrap();
    assert_eq!(late["paymentId"], first.as_str(), "{late}");
    assert!(review.contains(&second.text("paymentId")), "{review}");
    assert_eq!(world.alerted("duplicate_payment").await, 1);

    let repeated = world.pay("shop-1", json!({ "outcome": "succeeded" })).await;
    assert_eq!(repeated.text("paymentId"), second.text("paymentId"), "the shop's id stays with the one that lived");
    assert_eq!(world.host.rows("callbacks"), 3);
}

/// Rule 11: without another one, it takes the shop's id back.
#[tokio::test]
async fn a_late_success_alone_keeps_others_from_paying_again() {
    let world = World::new("late-alone").await;
    let first = world.pay("shop-1", json!({ "outcome": "declined" })).await.text("paymentId");
    world.provider.settle(&first, Status::Succeeded);
    world.tells(&first).await;
    assert_eq!(told(&world.merchant, 2).await, ["payment.failed", "payment.late_success"]);
    let again = world.pay("shop-1", json!({ "outcome": "succeeded" })).await;
    assert_eq!(again.problem(), (409, "shop_transaction_id_used".into()), "{again:?}");
    assert_eq!(world.provider.ledger().charges().len(), 1);
    assert_eq!(world.alerted("duplicate_payment").await, 0);
}

/// Rule 11: we misjudged.
#[tokio::test]
async fn news_of_what_was_held_for_not_executed_alerts_and_is_asked_about() {
    let world = World::new("misjudged").await;
    let refused = Response::json(422, &json!({ "code": "invalid", "description": "no" }));
    // It says no, and has taken the money.
    world.provider.fail(Rule::charge(Misbehaviour::Answer(refused).after()));
    assert_eq!(world.pay("shop-1", json!({})).await.json["outcome"], "not_executed");
    let charge = world.provider.ledger().charges_for_shop("shop-1")[0].id.clone();
    world.tells(&charge).await;
    assert_eq!(told(&world.merchant, 1).await, ["payment.late_success"]);
    assert!(world.alerted("not_executed_was_wrong").await >= 1);
    assert_eq!(world.status(&charge).await["status"], "ACCEPTED");
    assert_eq!(world.host.rows("callbacks"), 1);
}

/// Rule 13.
#[tokio::test]
async fn an_amount_that_disagrees_is_pending_and_alerts_once_however_often_it_is_told() {
    let world = World::new("disagrees").await;
    let reply = world.pay("shop-1", json!({ "amount": 499 })).await;
    assert_eq!(reply.result(), (200, "PENDING".into()), "{reply:?}");
    let id = reply.text("paymentId");
    for _ in 0..3 {
        let status = world.status(&id).await;
        assert_eq!(status["status"], "PENDING", "{status}");
        assert!(status["metadata"]["review"].is_string(), "{status}");
        world.clock.advance(Duration::from_secs(11));
    }
    world.tells(&id).await;
    assert_eq!(types(&world.merchant.wait_for(1).await)[0], "payment.pending");
    assert_eq!(world.alerted("amount_disagrees").await, 1);
}

/// Rule 11: states may be skipped, and the same again is nothing.
#[tokio::test]
async fn the_same_state_again_is_told_once_whoever_brings_it() {
    let world = World::new("again").await;
    let id = world.pay("shop-1", json!({ "outcome": "pending" })).await.text("paymentId");
    world.provider.settle(&id, Status::Succeeded);
    for _ in 0..2 {
        assert_eq!(world.status(&id).await["status"], "ACCEPTED");
        world.tells(&id).await;
    }
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"]);
    assert_eq!(world.host.rows("callbacks"), 2);
    let paid = payment("shop-1", 500);
    assert_eq!(world.host.post("/v3/again/pay", &paid).await.status, 409, "another body");
    assert_eq!(world.host.post("/v3/again/refund", &refund(&id, 500)).await.result(), (200, "OK".into()));
}
