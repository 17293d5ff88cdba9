//! Every scenario of the sandbox provider, by name and by digits, with what the merchant is told.

use crate::harness::{Host, Reply, Setup, held_clock, payment, told, types};
use serde_json::{Value, json};
use simulators::Merchant;
use std::time::Duration;

/// A host with the sandbox provider and a merchant, under a clock that stands.
async fn start() -> (Host, Merchant) {
    let merchant = Merchant::start();
    (Setup::new().sandbox().merchant(&merchant).clock(&held_clock()).start().await, merchant)
}

async fn pay(host: &Host, name: &str, amount: u64, provider_data: Value) -> Reply {
    let mut body = payment(name, amount);
    body["providerData"] = provider_data;
    host.post("/v3/sandbox/pay", &body).await
}

/// The same scenario, once chosen by its name and once by the amount's digits.
async fn pay_both_ways(host: &Host, scenario: &str, digits: u64) -> [Reply; 2] {
    let by_name = pay(host, &format!("{scenario} by name"), 5000, json!({ "scenario": scenario })).await;
    let by_digits = pay(host, &format!("{scenario} by digits"), 5000 + digits, json!({})).await;
    [by_name, by_digits]
}

async fn status(host: &Host, id: &str) -> Value {
    let reply = host.get(&format!("/v3/sandbox/status?paymentId={id}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json["status"].clone()
}

#[tokio::test]
async fn what_is_decided_at_once_is_answered_and_told_once() {
    for (scenario, digits, result, state, callback) in
        [("succeed", 0, "OK", "ACCEPTED", "payment.accepted"), ("decline", 1, "KO", "FAILED", "payment.failed")]
    {
        let (host, merchant) = start().await;
        for reply in pay_both_ways(&host, scenario, digits).await {
            assert_eq!(reply.result(), (200, result.into()), "{reply:?}");
            assert_eq!(status(&host, &reply.text("paymentId")).await, state);
        }
        assert_eq!(told(&merchant, 2).await, [callback, callback]);
        assert_eq!(host.rows("callbacks"), 2, "asking for the status has told nothing twice");
    }
}

#[tokio::test]
async fn a_decline_has_the_code_that_was_wished_for() {
    let (host, merchant) = start().await;
    for (wish, code) in [
        (json!({ "scenario": "decline" }), "card_declined"),
        (json!({ "scenario": "decline", "code": "insufficient_funds" }), "insufficient_funds"),
    ] {
        let reply = pay(&host, code, 500, wish).await;
        assert_eq!(reply.json["metadata"]["declineCode"], code);
    }
    let mut codes: Vec<_> = merchant.wait_for(2).await.iter().map(|one| one.event()["metadata"].clone()).collect();
    codes.sort_by_key(|metadata| metadata["declineCode"].to_string());
    assert_eq!(
        (&codes[0]["declineCode"], &codes[1]["declineCode"]),
        (&"card_declined".into(), &"insufficient_funds".into())
    );
}

#[tokio::test]
async fn a_redirect_is_accepted_once_its_signed_webhook_says_so() {
    let (host, merchant) = start().await;
    for (number, reply) in pay_both_ways(&host, "redirect", 2).await.into_iter().enumerate() {
        assert_eq!(reply.result(), (200, "REDIRECT_TO_URL".into()), "{reply:?}");
        let id = reply.text("paymentId");
        assert!(reply.text("redirectToUrl").starts_with("https://"), "{reply:?}");
        assert_eq!(reply.text("redirectToUrlMobile"), format!("sandbox://checkout/{id}"));
        assert_eq!(status(&host, &id).await, "PENDING");
        let before = merchant.wait_for(2 + number).await.len();
        let notice = json!({ "id": format!("evt_{number}"), "paymentId": id, "state": "accepted" });
        assert_eq!(host.sandbox_webhook(&notice).await.status, 200);
        let last = merchant.wait_for(before + 1).await.pop().unwrap().event();
        assert_eq!((&last["type"], &last["paymentId"]), (&"payment.accepted".into(), &id.as_str().into()));
        assert_eq!(status(&host, &id).await, "ACCEPTED");
    }
    let mut told = told(&merchant, 4).await;
    told.sort();
    assert_eq!(told, ["payment.accepted", "payment.accepted", "payment.pending", "payment.pending"]);
}

#[tokio::test]
async fn what_is_pending_ends_as_a_later_status_says_and_the_merchant_is_told() {
    for (scenario, digits, state, callback) in
        [("pending-accepted", 3, "ACCEPTED", "payment.accepted"), ("pending-failed", 4, "FAILED", "payment.failed")]
    {
        let (host, merchant) = start().await;
        for reply in pay_both_ways(&host, scenario, digits).await {
            assert_eq!(reply.result(), (200, "PENDING".into()), "{reply:?}");
            assert_eq!(reply.header("x-payment-outcome"), "", "it is not unknown");
            assert_eq!(status(&host, &reply.text("paymentId")).await, state);
        }
        let mut told = told(&merchant, 4).await;
        told.sort();
        let mut expected = [callback, callback, "payment.pending", "payment.pending"];
        expected.sort_unstable();
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn what_is_refused_was_not_executed_and_may_be_sent_again() {
    let (host, merchant) = start().await;
    for reply in pay_both_ways(&host, "refuse", 5).await {
        assert_eq!(reply.problem(), (502, "not_executed".into()));
        assert_eq!((&reply.json["retryable"], &reply.json["outcome"]), (&true.into(), &"not_executed".into()));
    }
    let again = pay(&host, "refuse by name", 5000, json!({ "scenario": "succeed" })).await;
    assert_eq!(again.result(), (200, "OK".into()), "the shop transaction id is free again: {again:?}");
    assert_eq!(told(&merchant, 1).await, ["payment.accepted"]);
    assert_eq!(host.rows("callbacks"), 1, "nobody is told of what did not come to exist");
}

#[tokio::test]
async fn a_lost_answer_is_pending_and_marked_until_a_status_finds_it_accepted() {
    let (host, merchant) = start().await;
    for reply in pay_both_ways(&host, "unknown", 6).await {
        assert_eq!(reply.result(), (200, "PENDING".into()), "{reply:?}");
        assert_eq!(reply.header("x-payment-outcome"), "unknown");
        assert_eq!(reply.json["metadata"]["outcome"], "unknown");
        let id = reply.text("paymentId");
        let found = host.get(&format!("/v3/sandbox/status?paymentId={id}")).await;
        assert_eq!((&found.json["status"], &found.json["paymentId"]), (&"ACCEPTED".into(), &id.as_str().into()));
        assert_eq!(found.json["metadata"].get("outcome"), None, "{found:?}");
    }
    let deliveries = merchant.wait_for(4).await;
    let unknown = deliveries.iter().map(|one| one.event()).filter(|event| event["type"] == "payment.pending");
    assert!(unknown.clone().all(|event| event["metadata"]["outcome"] == "unknown"), "{deliveries:#?}");
    assert_eq!(unknown.count(), 2);
    assert_eq!(types(&deliveries).iter().filter(|kind| *kind == "payment.accepted").count(), 2);
}

#[tokio::test]
async fn a_slow_provider_is_waited_for() {
    let (host, merchant) = start().await;
    let by_name = pay(&host, "1", 500, json!({ "scenario": "slow", "delayMs": 30 })).await;
    let by_digits = pay(&host, "2", 507, json!({ "delayMs": 30 })).await;
    for reply in [by_name, by_digits] {
        assert_eq!(reply.result(), (200, "OK".into()), "{reply:?}");
    }
    assert_eq!(told(&merchant, 2).await, ["payment.accepted", "payment.accepted"]);
}

#[tokio::test]
async fn a_plugin_that_misbehaves_costs_one_request_its_answer_and_the_next_is_served() {
    let (host, merchant) = start().await;
    let scenarios = [("trap", 8), ("loop", 9), ("memory", 10)];
    for (scenario, digits) in scenarios {
        for reply in pay_both_ways(&host, scenario, digits).await {
            assert_eq!(reply.problem(), (502, "not_executed".into()), "{scenario}");
            assert_eq!(reply.json["outcome"], "not_executed");
        }
        let next = pay(&host, &format!("after {scenario}"), 500, json!({})).await;
        assert_eq!(next.result(), (200, "OK".into()), "{next:?}");
    }
    assert_eq!(told(&merchant, scenarios.len()).await, ["payment.accepted"; 3]);
    assert_eq!(host.rows("callbacks"), 3);
}

#[tokio::test]
async fn a_plugin_that_misbehaves_disturbs_nobody_who_is_served_at_the_same_time() {
    let (host, _merchant) = start().await;
    let host = std::sync::Arc::new(host);
    let calls = (0..24).map(|number: u64| {
        let host = host.clone();
        // Every third one traps, loops or eats memory.
        let digits = if number.is_multiple_of(3) { 8 + number / 3 % 3 } else { 20 };
        tokio::spawn(async move { (digits, pay(&host, &format!("n-{number}"), 100 + digits, json!({})).await) })
    });
    for call in calls.collect::<Vec<_>>() {
        let (digits, reply) = call.await.unwrap();
        assert_eq!(reply.status, if digits == 20 { 200 } else { 502 }, "{digits}: {reply:?}");
    }
}

#[tokio::test]
async fn an_unheard_of_scenario_is_the_callers_fault_and_names_the_field() {
    let (host, _merchant) = start().await;
    let reply = pay(&host, "1", 500, json!({ "scenario": "explode" })).await;
    assert_eq!(reply.problem(), (422, "invalid".into()));
    assert_eq!(reply.pointers(), ["/providerData/scenario"]);
}

#[tokio::test]
async fn refunds_follow_the_same_digits() {
    let (host, merchant) = start().await;
    let paid = pay(&host, "paid", 100_000, json!({})).await.text("paymentId");
    assert_eq!(told(&merchant, 1).await, ["payment.accepted"]);
    let mut seen = 1;
    for (digits, result, callback, later) in [
        (0, "OK", "refund.accepted", None),
        (1, "KO", "refund.failed", None),
        (2, "OK", "refund.accepted", None),
        (3, "PENDING", "refund.pending", Some(("ACCEPTED", "refund.accepted"))),
        (4, "PENDING", "refund.pending", Some(("FAILED", "refund.failed"))),
        (6, "PENDING", "refund.pending", Some(("ACCEPTED", "refund.accepted"))),
    ] {
        let asked = json!({ "amount": 1000 + digits, "currency": "EUR", "paymentId": paid });
        let reply = host.post("/v3/sandbox/refund", &asked).await;
        assert_eq!(reply.result(), (200, result.into()), "{digits}: {reply:?}");
        let marked = if digits == 6 { "unknown" } else { "" };
        assert_eq!(reply.header("x-payment-outcome"), marked, "{digits}");
        let mut expected = vec![callback];
        if let Some((state, callback)) = later {
            let refund = reply.text("refundId");
            let status = host.get(&format!("/v3/sandbox/status?refundId={refund}")).await;
            assert_eq!(
                (&status.json["status"], &status.json["action"]),
                (&state.into(), &"REFUND".into()),
                "{status:?}"
            );
            assert_eq!(status.json["refundId"], refund.as_str());
            expected.push(callback);
        }
        let all = told(&merchant, seen + expected.len()).await;
        assert_eq!(all[seen..], expected, "{digits}");
        seen = all.len();
    }
    assert_eq!(host.stored::<i64>("SELECT refunded FROM payments"), [1000 + 1002 + 1003 + 1006]);
}

#[tokio::test]
async fn a_refund_that_was_not_executed_holds_nothing_and_is_not_told() {
    let (host, merchant) = start().await;
    let paid = pay(&host, "paid", 2000, json!({})).await.text("paymentId");
    for digits in [5, 8, 9, 10] {
        let asked = json!({ "amount": 1900 + digits, "currency": "EUR", "paymentId": paid });
        let reply = host.post("/v3/sandbox/refund", &asked).await;
        assert_eq!(reply.problem(), (502, "not_executed".into()), "{digits}");
    }
    let asked = json!({ "amount": 2000, "currency": "EUR", "paymentId": paid });
    assert_eq!(host.post("/v3/sandbox/refund", &asked).await.result(), (200, "OK".into()));
    assert_eq!(told(&merchant, 2).await, ["payment.accepted", "refund.accepted"]);
    assert_eq!(host.rows("callbacks"), 2);
}

#[tokio::test]
async fn what_was_never_taken_is_not_given_back() {
    let (host, _merchant) = start().await;
    for (scenario, state) in [("redirect", "pending"), ("decline", "failed"), ("pending-failed", "failed")] {
        let id = pay(&host, scenario, 500, json!({ "scenario": scenario })).await.text("paymentId");
        let asked = json!({ "amount": 100, "currency": "EUR", "paymentId": id });
        let reply = host.post("/v3/sandbox/refund", &asked).await;
        assert_eq!(reply.problem(), (409, "state_forbids".into()), "{scenario} is {state}");
    }
    assert_eq!(host.stored::<i64>("SELECT count(*) FROM operations WHERE kind = 'refund'"), [0]);
}

#[tokio::test]
async fn check_tells_the_merchant_at_most_once_in_ten_seconds() {
    let (host, merchant) = start().await;
    let id = pay(&host, "1", 500, json!({})).await.text("paymentId");
    let check = format!("/v3/sandbox/check?paymentId={id}");
    for _ in 0..3 {
        assert_eq!(host.get(&check).await.json["status"], "ACCEPTED");
    }
    host.clock.advance(Duration::from_millis(9_999));
    assert_eq!(host.get(&check).await.status, 200);
    assert_eq!(host.rows("callbacks"), 2);
    host.clock.advance(Duration::from_millis(1));
    assert_eq!(host.get(&check).await.status, 200);
    assert_eq!(told(&merchant, 3).await, ["payment.accepted", "check", "check"]);
    assert_eq!(host.rows("callbacks"), 3);
}

#[tokio::test]
async fn a_check_that_finds_a_change_tells_the_change_first() {
    let (host, merchant) = start().await;
    let id = pay(&host, "1", 503, json!({})).await.text("paymentId");
    assert_eq!(host.get(&format!("/v3/sandbox/check?paymentId={id}")).await.json["status"], "ACCEPTED");
    assert_eq!(told(&merchant, 3).await, ["payment.pending", "payment.accepted", "check"]);
}

#[tokio::test]
async fn an_id_that_nobody_was_ever_told_is_not_found() {
    let (host, _merchant) = start().await;
    for name in ["paymentId", "refundId", "shopTransactionId"] {
        for path in ["status", "check"] {
            let reply = host.get(&format!("/v3/sandbox/{path}?{name}=never")).await;
            assert_eq!(reply.problem(), (404, "payment_not_found".into()), "{path} {name}");
        }
    }
    let asked = json!({ "amount": 100, "currency": "EUR", "paymentId": "never" });
    assert_eq!(host.post("/v3/sandbox/refund", &asked).await.problem(), (404, "payment_not_found".into()));
    assert_eq!(host.rows("payments"), 0);
}
