//! What is done elsewhere (rule 14), and at the same time as what is done here (rule 12), through the sandbox provider:
//! disputes, refunds and payments that the host learns of by webhooks alone.

use crate::harness::{Host, Reply, Setup, held_clock, payment, payment_with, refund, send, told, types};
use provost::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::Merchant;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

async fn start() -> (Host, Merchant, Clock) {
    let (merchant, clock) = (Merchant::start(), held_clock());
    (Setup::new().sandbox().merchant(&merchant).clock(&clock).start().await, merchant, clock)
}

async fn pay(host: &Host, body: &Value) -> String {
    let reply = host.post("/v3/sandbox/pay", body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.text("paymentId")
}

async fn tells(host: &Host, notice: Value) {
    let reply = host.sandbox_webhook(&notice).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

async fn metadata(host: &Host, id: &str) -> Value {
    host.get(&format!("/v3/sandbox/status?paymentId={id}")).await.json["metadata"].clone()
}

#[tokio::test]
async fn a_dispute_is_kept_with_its_payment_and_told_each_time_it_changes() {
    let (host, merchant, _clock) = start().await;
    let id = pay(&host, &payment("order-1", 500)).await;
    let dispute = |event: &str, state: &str, at: u64| {
        json!({ "id": event, "paymentId": id, "dispute": state, "reason": "not received", "occurredAt": at,
                "amount": 200, "currency": "EUR" })
    };
    // The second says the same under another id; the last is older than what is known.
    for (event, state, at) in [("d-1", "opened", 1), ("d-2", "opened", 1), ("d-3", "lost", 9), ("d-4", "won", 5)] {
        tells(&host, dispute(event, state, at)).await;
    }
    assert_eq!(told(&merchant, 3).await, ["payment.accepted", "payment.disputed", "payment.disputed"]);
    let events: Vec<_> = merchant.deliveries().iter().map(|delivery| delivery.event()).collect();
    assert_eq!((&events[1]["paymentId"], &events[1]["status"]), (&json!(id), &json!("ACCEPTED")));
    assert_eq!(events[1]["metadata"]["dispute"], "opened", "{}", events[1]);
    assert_eq!(events[2]["metadata"]["dispute"], "lost", "{}", events[2]);
    let metadata = metadata(&host, &id).await;
    assert_eq!((&metadata["dispute"], &metadata["disputedAmount"]), (&json!("lost"), &json!(200)), "{metadata}");
    assert_eq!(metadata["disputeReason"], "not received");
    assert_eq!(host.rows("callbacks"), 3);
}

#[tokio::test]
async fn a_dispute_of_a_payment_that_nobody_knows_is_adopted_after_a_day_and_told() {
    let (host, merchant, clock) = start().await;
    tells(&host, json!({ "id": "d-1", "paymentId": "pay_elsewhere", "dispute": "opened" })).await;
    assert_eq!((host.rows("payments"), host.rows("webhook_events")), (0, 1));
    clock.advance(Duration::from_secs(86_401));
    assert_eq!(types(&merchant.wait_for(1).await), ["payment.disputed"]);
    let event = merchant.deliveries()[0].event();
    assert_eq!((&event["paymentId"], &event["metadata"]["dispute"]), (&json!("pay_elsewhere"), &json!("opened")));
    assert_eq!(host.stored::<String>("SELECT origin FROM payments"), ["adopted"]);
}

#[tokio::test]
async fn a_hint_of_a_dispute_changes_nothing() {
    let (host, _merchant, _clock) = start().await;
    let id = pay(&host, &payment("order-1", 500)).await;
    let unsigned = host.post("/v3/sandbox/callback", &json!({ "id": "d-1", "paymentId": id, "dispute": "lost" })).await;
    assert_eq!(unsigned.status, 401, "{unsigned:?}");
    assert_eq!(metadata(&host, &id).await["dispute"], Value::Null);
    assert_eq!(host.rows("callbacks"), 1);
}

#[tokio::test]
async fn a_refund_made_elsewhere_is_adopted_and_told_and_leaves_less_to_refund() {
    let (host, merchant, _clock) = start().await;
    let id = pay(&host, &payment("order-1", 500)).await;
    for event in ["r-1", "r-2"] {
        let made = json!({ "id": event, "paymentId": id, "refundId": "re_elsewhere", "state": "accepted",
                           "amount": 200, "currency": "EUR" });
        tells(&host, made).await;
    }
    assert_eq!(told(&merchant, 2).await, ["payment.accepted", "refund.accepted"]);
    let event = merchant.deliveries()[1].event();
    assert_eq!((&event["refundId"], &event["amount"]), (&json!("re_elsewhere"), &json!(200)), "{event}");
    let known = host.get("/v3/sandbox/status?refundId=re_elsewhere").await;
    assert_eq!((&known.json["status"], &known.json["paymentId"]), (&json!("ACCEPTED"), &json!(id)), "{known:?}");
    let too_much = host.post("/v3/sandbox/refund", &refund(&id, 301)).await;
    assert_eq!(too_much.problem(), (422, "refund_too_large".into()), "{too_much:?}");
    assert_eq!(host.post("/v3/sandbox/refund", &refund(&id, 300)).await.result(), (200, "OK".into()));
    assert_eq!(host.rows("callbacks"), 3);
}

fn tally(replies: &[Reply]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for reply in replies {
        let word = if reply.status == 200 { reply.text("result") } else { reply.text("code") };
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// Rule 12.
#[tokio::test]
async fn thirty_two_captures_at_once_never_pass_what_was_reserved() {
    let (host, _merchant, _clock) = start().await;
    let id = pay(&host, &payment_with("order-1", 1200, json!({ "scenario": "authorize" }))).await;
    let part = json!({ "paymentId": id, "amount": 100, "currency": "EUR", "final": false });
    let mut all = JoinSet::new();
    for key in 0..32 {
        let request = host.request(Method::POST, "/v3/sandbox/capture").json(&part);
        all.spawn(send(request.header("idempotency-key", format!("k-{key}"))));
    }
    let replies = all.join_all().await;
    let tally = tally(&replies);
    let (taken, refused) = (tally["OK"], tally["capture_too_large"]);
    // What the provider says was captured in all may be ahead of the answers: until those have come, the difference may
    // have been captured elsewhere, and is not promised twice.
    assert!(taken <= 12 && taken + refused == 32, "{replies:?}");
    for number in taken..12 {
        let request = host.request(Method::POST, "/v3/sandbox/capture").json(&part);
        let rest = send(request.header("idempotency-key", format!("rest-{number}"))).await;
        assert_eq!(rest.result(), (200, "OK".into()), "{rest:?}");
    }
    let request = host.request(Method::POST, "/v3/sandbox/capture").json(&part);
    let beyond = send(request.header("idempotency-key", "beyond")).await;
    assert_eq!(beyond.problem(), (422, "capture_too_large".into()));
    assert_eq!(host.stored::<i64>("SELECT captured FROM payments"), [1200]);
}

/// Rules 12 and 14: those of ours, and those that webhooks tell of meanwhile.
#[tokio::test]
async fn refunds_here_and_elsewhere_at_once_never_pass_what_was_captured() {
    let (host, merchant, _clock) = start().await;
    let id = pay(&host, &payment("order-1", 2000)).await;
    let host = Arc::new(host);
    let mut all = JoinSet::new();
    for number in 0..24 {
        let request = host.request(Method::POST, "/v3/sandbox/refund").json(&refund(&id, 100));
        all.spawn(send(request.header("idempotency-key", format!("k-{number}"))));
        if number % 3 == 0 {
            let (host, id) = (host.clone(), id.clone());
            all.spawn(async move {
                let made = json!({ "id": format!("evt_{number}"), "paymentId": id, "state": "accepted",
                                   "refundId": format!("re_{number}"), "amount": 50, "currency": "EUR" });
                host.sandbox_webhook(&made).await
            });
        }
    }
    let replies = all.join_all().await;
    let ours = replies.iter().filter(|reply| reply.status == 200 && reply.json["result"] == "OK").count() as i64;
    // What was to wait for the name of one of ours has it by now.
    host.on_disk().until("all are told", |disk| disk.column("SELECT name FROM parked_names", []).is_empty()).await;
    let refunded = host.stored::<i64>("SELECT refunded FROM payments")[0];
    assert_eq!(refunded, ours * 100 + 8 * 50, "{replies:?}");
    // What was made elsewhere counts whatever it is; ours never takes what is held or gone by then.
    assert!(ours <= 20, "{ours}");
    let told = told(&merchant, 1 + ours as usize + 8).await;
    assert_eq!(told.iter().filter(|kind| *kind == "refund.accepted").count() as i64, ours + 8);
}
