//! A service that fails behind the microservice plugin: rule 2, case by case. What the caller is answered, what becomes
//! of the payment or refund, and what the merchant is told.

use crate::faults::{assert_not_executed, assert_unknown, certain, uncertain};
use crate::harness::{payment, payment_with, refund, refund_with};
use crate::microservice::World;
use reqwest::Method;
use serde_json::json;
use simulators::Response;
use simulators::provider::{Fault, Misbehaviour, Rule};

fn pay_rule(fault: Fault) -> Rule {
    Rule::new(Method::POST, "/pgm/pay", fault)
}

#[tokio::test]
async fn what_proves_nothing_is_unknown_and_never_sent_again() {
    let world = World::start().await;
    for (shop, external, fault) in uncertain() {
        let external = if external == "hasty" { "hasty" } else { "legacy" };
        let executed = usize::from(fault.executes);
        world.service.fail(pay_rule(fault));
        let path = format!("/v3/{external}/pay");
        let lost = world.host.post(&path, &payment(&shop, 500)).await;
        assert_unknown(&lost);
        assert_eq!(world.host.on_disk().standing(&shop), [["unknown", "finished", "unknown"]], "{shop}");
        world.assert_told(&shop, &["payment.pending"]).await;
        let status = world.status(external, &shop).await;
        assert_eq!(status.json["status"], "PENDING", "{shop}: {status:?}");
        assert_eq!(status.json["metadata"]["outcome"], "unknown", "{shop}: {status:?}");
        let again = world.host.post(&path, &payment(&shop, 500)).await;
        assert_eq!((again.bytes, again.status), (lost.bytes, 200), "{shop}");
        assert_eq!(world.service.ledger().payments_for_shop(&shop).len(), executed, "{shop}");
    }
    world.service.hang_up();
    assert_unknown(&world.host.post("/v3/legacy/pay", &payment("hangs-up", 500)).await);
}

#[tokio::test]
async fn a_payment_that_trouble_named_is_asked_for_by_that_name() {
    let world = World::start().await;
    let troubles = [
        ("500", Response::json(500, &json!({ "message": "oh", "paymentId": "pay-1" }))),
        ("unheard-of", Response::json(200, &json!({ "result": "PERHAPS", "paymentId": "pay-2" }))),
        ("leads-nowhere", Response::json(200, &json!({ "result": "REDIRECT_TO_URL", "paymentId": "pay-3" }))),
    ];
    for (shop, answer) in troubles {
        world.service.fail(pay_rule(Misbehaviour::Answer(answer).after()));
        assert_unknown(&world.host.post("/v3/legacy/pay", &payment(shop, 500)).await);
        let status = world.status("legacy", shop).await;
        assert_eq!((status.status, &status.json["status"]), (200, &json!("ACCEPTED")), "{shop}: {status:?}");
        world.assert_told(shop, &["payment.pending", "payment.accepted"]).await;
    }
}

/// PGM's services name the payment in whatever they answer about its refund.
#[tokio::test]
async fn a_refund_that_trouble_named_is_asked_for_by_that_name_and_not_by_the_payments() {
    let world = World::start().await;
    for (number, status) in [(1, 500), (2, 200)] {
        let shop = format!("trouble-{status}");
        let (id, refund_id) = (world.paid(&shop).await, format!("ref-{number}"));
        let named = json!({ "result": "PERHAPS", "paymentId": id, "refundId": refund_id });
        let fault = Misbehaviour::Answer(Response::json(status, &named)).after();
        world.service.fail(Rule::new(Method::POST, "/pgm/refund", fault));
        let lost = world.host.post("/v3/legacy/refund", &refund_with(&id, 100, json!({ "named": true }))).await;
        assert_unknown(&lost);
        assert_eq!(lost.text("refundId"), refund_id, "{lost:?}");
        let asked = world.host.get(&format!("/v3/legacy/status?refundId={refund_id}")).await;
        assert_eq!((asked.status, &asked.json["status"]), (200, &json!("ACCEPTED")), "{asked:?}");
        world.assert_told(&shop, &["payment.accepted", "refund.pending", "refund.accepted"]).await;
    }
}

#[tokio::test]
async fn what_the_service_refused_was_not_executed_and_may_be_tried_again() {
    let world = World::start().await;
    // Nothing about a new payment could be missing but the endpoint itself.
    let unsupported = [404, 405].map(|status| (status, Response::status(status)));
    let unsupported = unsupported.map(|(status, answer)| {
        (if status == 404 { "no endpoint" } else { "no method" }, answer, 501, "not_supported", "")
    });
    let certain = certain().into_iter().filter(|(_, _, status, ..)| *status != 404);
    for (shop, answer, status, code, retry_after) in certain.chain(unsupported) {
        world.service.fail(pay_rule(Misbehaviour::Answer(answer).before()));
        let refused = world.host.post("/v3/legacy/pay", &payment(shop, 500)).await;
        assert_not_executed(&refused, status, code, retry_after);
        may_be_tried_again(&world, shop).await;
    }
    world.service.refuse_connections();
    let refused = world.host.post("/v3/legacy/pay", &payment("refused", 500)).await;
    assert_not_executed(&refused, 502, "not_executed", "");
    world.service.heal();
    may_be_tried_again(&world, "refused").await;
}

async fn may_be_tried_again(world: &World, shop: &str) {
    assert_eq!(world.host.on_disk().standing(shop), [["not_executed", "finished", "not_executed"]], "{shop}");
    assert_eq!(world.host.on_disk().told(shop), [""; 0], "{shop}: no payment came to exist");
    assert_eq!(world.service.ledger().payments_for_shop(shop).len(), 0, "{shop}");
    let again = world.host.post("/v3/legacy/pay", &payment(shop, 500)).await;
    assert_eq!(again.result(), (200, "OK".to_owned()), "{shop}: {again:?}");
}

#[tokio::test]
async fn a_fault_that_the_service_points_at_is_pointed_at_for_the_caller() {
    let world = World::start().await;
    let errors =
        json!({ "errors": [{ "pointer": "/amount", "detail": "too small" }, { "pointer": "/providerData/card" }] });
    world.service.fail(pay_rule(Misbehaviour::Answer(Response::json(422, &errors)).before()));
    let refused = world.host.post("/v3/legacy/pay", &payment("faulty", 500)).await;
    assert_eq!(refused.problem(), (422, "invalid".to_owned()));
    assert_eq!(refused.pointers(), ["/amount", "/providerData/card"]);
}

#[tokio::test]
async fn ko_below_500_is_a_decline_and_above_it_unknown() {
    let world = World::start().await;
    let ko = |status| Response::json(status, &json!({ "result": "KO", "resultDescription": "no money" }));
    for (shop, status, code) in
        [("200", 200, "processing_error"), ("402", 402, "card_declined"), ("404", 404, "processing_error")]
    {
        world.service.fail(pay_rule(Misbehaviour::Answer(ko(status)).before()));
        let declined = world.host.post("/v3/legacy/pay", &payment(shop, 500)).await;
        assert_eq!(declined.result(), (200, "KO".to_owned()), "{shop}: {declined:?}");
        assert_eq!(declined.text("resultDescription"), "no money");
        assert_eq!(declined.json["metadata"]["declineCode"], code, "{shop}");
        assert_eq!(world.host.on_disk().standing(shop), [["failed", "finished", "declined"]], "{shop}");
        world.assert_told(shop, &["payment.failed"]).await;
    }
    world.service.fail(pay_rule(Misbehaviour::Answer(ko(500)).after()));
    assert_unknown(&world.host.post("/v3/legacy/pay", &payment("500", 500)).await);
}

#[tokio::test]
async fn a_question_that_gets_no_answer_changes_nothing() {
    let world = World::start().await;
    let id = world
        .host
        .post("/v3/hasty/pay", &payment_with("asked", 500, json!({ "result": "PENDING" })))
        .await
        .text("paymentId");
    world.assert_told("asked", &["payment.pending"]).await;
    let other = json!({ "status": "ACCEPTED", "paymentId": "pay-9" });
    let silences = [
        Misbehaviour::Close,
        Misbehaviour::StallBeforeHeaders,
        Misbehaviour::garbage(),
        Misbehaviour::html(502),
        Misbehaviour::redirect("/elsewhere"),
        Misbehaviour::too_many("7"),
        Misbehaviour::Answer(Response::status(401)),
        Misbehaviour::Answer(Response::status(404)),
        Misbehaviour::Answer(Response::json(200, &json!({ "status": "SETTLED" }))),
        Misbehaviour::Answer(Response::json(200, &json!({ "status": "FAILED", "action": "CHARGEBACK" }))),
        Misbehaviour::Answer(Response::json(200, &other)),
    ];
    let path = format!("/v3/hasty/status?paymentId={id}");
    for silence in silences {
        world.service.fail(Rule::new(Method::GET, "/pgm/status", silence.clone().before()));
        let status = world.host.get(&path).await;
        assert_eq!((status.status, &status.json["status"]), (200, &json!("PENDING")), "{silence:?}: {status:?}");
        assert!(status.json["metadata"]["asOf"].is_string(), "{silence:?}: {status:?}");
    }
    world.service.settle(&id, "ACCEPTED");
    assert_eq!(world.host.get(&path).await.json["status"], "ACCEPTED");
    world.assert_told("asked", &["payment.pending", "payment.accepted"]).await;
}

#[tokio::test]
async fn a_refund_is_judged_like_a_payment() {
    let world = World::start().await;
    let rule = |fault| Rule::new(Method::POST, "/pgm/refund", fault);
    for (case, external, fault) in uncertain() {
        let external = if external == "hasty" { "hasty" } else { "legacy" };
        let shop = format!("refund-{case}");
        let paid = world.host.post(&format!("/v3/{external}/pay"), &payment(&shop, 1000)).await;
        let executed = usize::from(fault.executes);
        let before = world.service.ledger().refunds().len();
        world.service.fail(rule(fault));
        let lost = world.host.post(&format!("/v3/{external}/refund"), &refund(&paid.text("paymentId"), 100)).await;
        assert_unknown(&lost);
        assert_eq!(world.host.on_disk().refunds(&shop), ["unknown"], "{case}");
        assert_eq!(world.service.ledger().refunds().len() - before, executed, "{case}");
        world.assert_told(&shop, &["payment.accepted", "refund.pending"]).await;
    }
    for (case, answer, status, code, retry_after) in certain() {
        let shop = format!("refused-{case}");
        let id = world.paid(&shop).await;
        world.service.fail(rule(Misbehaviour::Answer(answer).before()));
        let refused = world.host.post("/v3/legacy/refund", &refund(&id, 1000)).await;
        assert_not_executed(&refused, status, code, retry_after);
        let again = world.host.post("/v3/legacy/refund", &refund(&id, 1000)).await;
        assert_eq!(again.result(), (200, "OK".to_owned()), "{case}: what was refused holds nothing back: {again:?}");
    }
}
