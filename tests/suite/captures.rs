//! Reserve first, collect later: captures and voids of callers, and what plugins ask to be done by themselves (rules 12
//! and 14), through the sandbox provider.

use crate::harness::{Host, Reply, Setup, held_clock, payment_with, refund, told};
use serde_json::{Value, json};
use simulators::Merchant;

async fn start() -> (Host, Merchant) {
    let merchant = Merchant::start();
    (Setup::new().sandbox().merchant(&merchant).clock(&held_clock()).start().await, merchant)
}

async fn pay(host: &Host, shop: &str, scenario: &str) -> String {
    let reply = host.post("/v3/sandbox/pay", &payment_with(shop, 1200, json!({ "scenario": scenario }))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.text("paymentId")
}

async fn capture(host: &Host, body: Value) -> Reply {
    host.post("/v3/sandbox/capture", &body).await
}

async fn status(host: &Host, id: &str) -> Value {
    let reply = host.get(&format!("/v3/sandbox/status?paymentId={id}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json
}

#[tokio::test]
async fn what_was_reserved_is_captured_in_parts_and_no_more_than_that() {
    let (host, merchant) = start().await;
    let id = pay(&host, "order-1", "authorize").await;
    assert_eq!(status(&host, &id).await["metadata"]["state"], "AUTHORIZED");
    let part = json!({ "paymentId": id, "amount": 500, "currency": "EUR", "final": false });
    let first = capture(&host, part.clone()).await;
    assert_eq!(first.result(), (200, "OK".into()), "{first:?}");
    assert_eq!(first.text("paymentId"), id);
    assert_eq!(capture(&host, part).await.problem(), (409, "capture_repeated".into()));
    let too_much = json!({ "paymentId": id, "amount": 701, "currency": "EUR" });
    assert_eq!(capture(&host, too_much).await.problem(), (422, "capture_too_large".into()));
    let rest = capture(&host, json!({ "paymentId": id })).await;
    assert_eq!(rest.result(), (200, "OK".into()), "{rest:?}");
    assert_eq!(status(&host, &id).await["status"], "ACCEPTED");
    let back = host.post("/v3/sandbox/refund", &refund(&id, 1200)).await;
    assert_eq!(back.result(), (200, "OK".into()), "{back:?}");
    let expected = ["payment.authorized", "payment.accepted", "payment.accepted", "refund.accepted"];
    assert_eq!(told(&merchant, 4).await, expected);
    assert_eq!(host.rows("callbacks"), 4);
}

#[tokio::test]
async fn what_is_released_can_be_neither_captured_nor_refunded() {
    let (host, merchant) = start().await;
    let id = pay(&host, "order-1", "authorize").await;
    let voided = host.post("/v3/sandbox/void", &json!({ "paymentId": id })).await;
    assert_eq!(voided.result(), (200, "OK".into()), "{voided:?}");
    let now = status(&host, &id).await;
    assert_eq!((&now["status"], &now["metadata"]["state"]), (&"FAILED".into(), &"VOIDED".into()));
    assert_eq!(capture(&host, json!({ "paymentId": id })).await.problem(), (409, "state_forbids".into()));
    assert_eq!(host.post("/v3/sandbox/void", &json!({ "paymentId": id })).await.status, 409);
    assert_eq!(host.post("/v3/sandbox/refund", &refund(&id, 1)).await.problem(), (409, "state_forbids".into()));
    assert_eq!(told(&merchant, 2).await, ["payment.authorized", "payment.voided"]);
}

#[tokio::test]
async fn only_what_is_reserved_is_captured() {
    let (host, _merchant) = start().await;
    let id = pay(&host, "order-1", "succeed").await;
    assert_eq!(capture(&host, json!({ "paymentId": id })).await.problem(), (409, "state_forbids".into()));
    let nobody = capture(&host, json!({ "paymentId": "pay_nobody" })).await;
    assert_eq!(nobody.problem(), (404, "payment_not_found".into()));
}

/// Rules 7 and 12: it holds what it may have taken, and is found again before anything else is done.
#[tokio::test]
async fn a_capture_whose_answer_was_lost_is_resolved_and_counted_once() {
    let (host, _merchant) = start().await;
    let id = pay(&host, "order-1", "authorize").await;
    let lost = json!({
        "paymentId": id, "amount": 500, "currency": "EUR", "final": false, "providerData": { "scenario": "unknown" },
    });
    let reply = capture(&host, lost).await;
    assert_eq!(reply.result(), (200, "PENDING".into()), "{reply:?}");
    assert_eq!(reply.header("x-payment-outcome"), "unknown");
    let too_much = json!({ "paymentId": id, "amount": 701, "currency": "EUR" });
    assert_eq!(capture(&host, too_much).await.problem(), (422, "capture_too_large".into()));
    let rest = capture(&host, json!({ "paymentId": id, "amount": 700, "currency": "EUR" })).await;
    assert_eq!(rest.result(), (200, "OK".into()), "{rest:?}");
    let refunded = host.post("/v3/sandbox/refund", &refund(&id, 1200)).await;
    assert_eq!(refunded.result(), (200, "OK".into()), "both are counted: {refunded:?}");
}

/// Rule 14.
#[tokio::test]
async fn what_a_plugin_asks_to_be_captured_is_captured_once() {
    let (host, merchant) = start().await;
    let id = pay(&host, "order-1", "auto-capture").await;
    let path = format!("/v3/sandbox/status?paymentId={id}");
    host.get_until(&path, |reply| reply.json["status"] == "ACCEPTED").await;
    assert_eq!(told(&merchant, 2).await, ["payment.authorized", "payment.accepted"]);
    host.get(&path).await;
    let captures: Vec<String> = host.stored("SELECT kind || ' ' || outcome FROM operations WHERE kind = 'capture'");
    assert_eq!(captures, ["capture succeeded"]);
}

/// Rule 14: once for each payment and content, however often it is asked for.
#[tokio::test]
async fn a_payment_that_its_webhook_approves_goes_on_once() {
    let (host, merchant) = start().await;
    let id = pay(&host, "order-1", "continue").await;
    for event in ["evt_1", "evt_1", "evt_2"] {
        let notice = json!({ "id": event, "paymentId": id, "state": "approved" });
        assert_eq!(host.sandbox_webhook(&notice).await.status, 200);
    }
    let path = format!("/v3/sandbox/status?paymentId={id}");
    host.get_until(&path, |reply| reply.json["status"] == "ACCEPTED").await;
    // That the payer must go somewhere, that the payer has come back, and that it is paid.
    assert_eq!(told(&merchant, 3).await, ["payment.pending", "payment.pending", "payment.accepted"]);
    let resumed: Vec<String> = host.stored("SELECT outcome FROM operations WHERE kind = 'resume'");
    assert_eq!(resumed, ["succeeded"]);
}
