//! What becomes of a refund when its provider fails: the same table as for payments, and what an unknown refund holds.

use crate::faults::{PROVEN, World, assert_not_executed, assert_unknown, certain, uncertain};
use crate::harness::{Reply, payment, refund};
use serde_json::json;
use simulators::Response;
use simulators::provider::{Misbehaviour, Rule};

impl World {
    /// An accepted payment of 500 cents; gives its id.
    async fn paid(&self, external: &str, shop: &str) -> String {
        let paid = self.host.post(&format!("/v3/{external}/pay"), &payment(shop, 500)).await;
        assert_eq!((paid.status, &paid.json["result"]), (200, &json!("OK")), "{paid:?}");
        paid.text("paymentId")
    }

    async fn refund(&self, external: &str, payment_id: &str, amount: u64) -> Reply {
        self.host.post(&format!("/v3/{external}/refund"), &refund(payment_id, amount)).await
    }
}

#[tokio::test]
async fn a_refund_that_may_have_reached_the_provider_is_unknown_until_the_provider_tells_the_truth() {
    let world = World::start().await;
    for (shop, external, fault) in uncertain() {
        let executed = fault.executes;
        let payment_id = world.paid(external, &shop).await;
        world.provider.fail(Rule::refund(fault));
        let pending = world.refund(external, &payment_id, 200).await;
        assert_unknown(&pending);
        world.provider.heal();
        assert_eq!(world.provider.ledger().refunds_of(&payment_id).len(), usize::from(executed), "{shop}");
        assert_eq!(world.host.on_disk().refunds(&shop), ["unknown"], "{shop}");
        world.assert_told(&shop, &["payment.accepted", "refund.pending"]).await;

        let too_much = world.refund(external, &payment_id, 301).await;
        assert_eq!((too_much.status, &too_much.json["code"]), (422, &json!("refund_too_large")), "{shop}: it holds");
        resolves(&world, external, &shop, &pending.text("refundId"), executed).await;

        let left = if executed { 300 } else { 500 };
        let rest = world.refund(external, &payment_id, left).await;
        assert_eq!(rest.json["result"], "OK", "{shop}: {rest:?}");
        let given_back: u64 = world.provider.ledger().refunds_of(&payment_id).iter().map(|refund| refund.amount).sum();
        assert_eq!(given_back, 500, "{shop}");
    }
}

async fn resolves(world: &World, external: &str, shop: &str, refund_id: &str, executed: bool) {
    let asked = format!("/v3/{external}/status?refundId={refund_id}");
    let status = world.host.get(&asked).await;
    assert_eq!(status.json["action"], "REFUND", "{shop}: {status:?}");
    if executed {
        assert_eq!(status.json["status"], "ACCEPTED", "{shop}: {status:?}");
        world.assert_told(shop, &["payment.accepted", "refund.pending", "refund.accepted"]).await;
        return;
    }
    assert_eq!(status.json["status"], "PENDING", "{shop}: {status:?}");
    assert_eq!(status.json["metadata"]["outcome"], "unknown", "{shop}: {status:?}");
    world.clock.advance(PROVEN);
    let proven = world.host.get(&asked).await;
    assert_eq!(proven.json["status"], "FAILED", "{shop}: {proven:?}");
    assert_eq!(proven.json["metadata"]["outcome"], "not_executed", "{shop}: {proven:?}");
    world.assert_told(shop, &["payment.accepted", "refund.pending", "refund.failed"]).await;
}

#[tokio::test]
async fn a_refund_that_the_provider_refused_was_not_executed_and_may_be_tried_again() {
    let world = World::start().await;
    for (shop, answer, status, code, retry_after) in certain() {
        let payment_id = world.paid("acme", shop).await;
        world.provider.fail(Rule::refund(Misbehaviour::Answer(answer).before()));
        let refused = world.refund("acme", &payment_id, 500).await;
        assert_not_executed(&refused, status, code, retry_after);
        may_be_tried_again(&world, shop, &payment_id).await;
    }
}

#[tokio::test]
async fn a_refund_whose_connection_is_refused_has_not_left_and_may_be_tried_again() {
    let world = World::start().await;
    let payment_id = world.paid("acme", "refused").await;
    world.provider.refuse_connections();
    let refused = world.refund("acme", &payment_id, 500).await;
    assert_not_executed(&refused, 502, "not_executed", "");
    world.provider.heal();
    may_be_tried_again(&world, "refused", &payment_id).await;
}

/// Nothing is held, and the equal refund is no repeat (rule 16).
async fn may_be_tried_again(world: &World, shop: &str, payment_id: &str) {
    assert_eq!(world.host.on_disk().refunds(shop), ["not_executed"], "{shop}");
    assert_eq!(world.host.on_disk().told(shop), ["payment.accepted"], "{shop}");
    assert_eq!(world.provider.ledger().refunds_of(payment_id).len(), 0, "{shop}");
    let again = world.refund("acme", payment_id, 500).await;
    assert_eq!((again.status, &again.json["result"]), (200, &json!("OK")), "{shop}: {again:?}");
    assert_eq!(world.provider.ledger().refunds_of(payment_id).len(), 1, "{shop}");
}

#[tokio::test]
async fn a_declined_refund_is_ko_with_the_providers_code_and_releases_its_amount() {
    let world = World::start().await;
    let payment_id = world.paid("acme", "declined").await;
    let declined = Response::json(402, &json!({ "code": "refund_window_over" }));
    world.provider.fail(Rule::refund(Misbehaviour::Answer(declined).before()));
    let reply = world.refund("acme", &payment_id, 500).await;
    assert_eq!((reply.status, &reply.json["result"]), (200, &json!("KO")), "{reply:?}");
    assert_eq!(reply.json["metadata"]["declineCode"], "refund_window_over", "{reply:?}");
    assert_eq!(world.host.on_disk().refunds("declined"), ["failed"]);
    world.assert_told("declined", &["payment.accepted", "refund.failed"]).await;
    assert_eq!(world.refund("acme", &payment_id, 500).await.json["result"], "OK");
}
