//! A service that fails at any other operation than pay and refund: rule 2, operation by operation. What the caller is
//! answered, what stands on disk, what the merchant is told, and whether the same request may be tried again.

use crate::faults::{assert_not_executed, certain, uncertain};
use crate::microservice::World;
use crate::microservice_op::{Asked, Op, movers, others};
use crate::microservice_operations::begin;
use reqwest::Method;
use serde_json::json;
use simulators::Response;
use simulators::provider::{Fault, Misbehaviour, Rule};

/// Failures after which nobody but the service knows: those of [`uncertain`] that the operations may differ in. What is
/// half an answer to pay may be a whole one to a utility.
fn lost() -> Vec<(String, &'static str, Fault)> {
    let chosen = [
        "closes-before",
        "closes-after",
        "stalls-before-headers-after",
        "500-before",
        "500-after",
        "garbage-after",
        "redirects-before",
    ];
    let external = |named| if named == "hasty" { "hasty" } else { "legacy" };
    let all = uncertain().into_iter().filter(|(name, ..)| chosen.contains(&name.as_str()));
    all.map(|(name, named, fault)| (name, external(named), fault)).collect()
}

#[tokio::test]
async fn what_may_have_moved_money_is_unknown_and_never_sent_again() {
    let world = World::start().await;
    for op in movers() {
        for (case, external, fault) in lost() {
            let asked = op.on(&world, external, &case).await;
            world.service.fail(op.rule(fault));
            stays_unknown(&op, &asked).await;
        }
        let asked = op.on(&world, "legacy", "hangs-up").await;
        world.service.hang_up();
        stays_unknown(&op, &asked).await;
        world.service.heal();
    }
    world.assert_no_complaint();
}

async fn stays_unknown(op: &Op, asked: &Asked<'_>) {
    let shop = &asked.shop;
    let lost = asked.send().await;
    let word = if op.kind == "link" { "KO" } else { "PENDING" };
    assert_eq!(lost.result(), (200, word.to_owned()), "{shop}: {lost:?}");
    assert_eq!(lost.json["metadata"]["outcome"], "unknown", "{shop}: {lost:?}");
    assert_eq!(lost.header("x-payment-outcome"), "unknown", "{shop}: {lost:?}");
    op.assert_stands(asked, "unknown");
    op.assert_told(asked, op.when_lost()).await;
    let heard = op.heard(asked.world);
    let again = asked.send().await;
    assert_eq!((&again.bytes, again.header("idempotent-replayed")), (&lost.bytes, "true"), "{shop}");
    assert_eq!(op.heard(asked.world), heard, "{shop}: nothing is sent again");
    if matches!(op.kind, "schedule" | "start") {
        let external = asked.path.split('/').nth(2).expect("a path of the interface");
        let path = format!("/v3/{external}/subscription/status/{}", lost.text("subscriptionToken"));
        assert_eq!(asked.world.host.get(&path).await.json["status"], "UNKNOWN", "{shop}");
    }
}

#[tokio::test]
async fn what_moves_no_money_is_a_502_that_may_be_sent_again_under_its_key() {
    let world = World::start().await;
    for op in others() {
        for (case, external, fault) in lost() {
            let asked = op.on(&world, external, &case).await;
            world.service.fail(op.rule(fault));
            runs_again(&op, &asked).await;
        }
        let asked = op.on(&world, "legacy", "hangs-up").await;
        world.service.hang_up();
        runs_again(&op, &asked).await;
    }
    world.assert_no_complaint();
}

async fn runs_again(op: &Op, asked: &Asked<'_>) {
    let lost = asked.send().await;
    assert_eq!((lost.status, &lost.json["code"]), (502, &json!("outcome_unknown")), "{}: {lost:?}", asked.shop);
    assert_eq!((&lost.json["outcome"], &lost.json["retryable"]), (&json!("unknown"), &json!(true)), "{}", asked.shop);
    op.assert_stands(asked, "unknown");
    asked.world.service.heal();
    asked.succeeds(op).await;
}

#[tokio::test]
async fn what_the_service_refused_was_not_executed_and_may_be_tried_again() {
    let world = World::start().await;
    let no_method = ("405", Response::status(405), 501, "not_supported", "");
    for op in movers().into_iter().chain(others()) {
        for (case, answer, status, code, retry_after) in certain().into_iter().chain([no_method.clone()]) {
            let asked = op.on(&world, "legacy", case).await;
            world.service.fail(op.rule(Misbehaviour::Answer(answer).before()));
            let (status, code) = if matches!(case, "404" | "409") { op.refusal(case) } else { (status, code) };
            assert_not_executed(&asked.send().await, status, code, retry_after);
            op.assert_stands(&asked, "not_executed");
            asked.succeeds(&op).await;
        }
        let asked = op.on(&world, "legacy", "refused").await;
        world.service.refuse_connections();
        assert_not_executed(&asked.send().await, 502, "not_executed", "");
        op.assert_stands(&asked, "not_executed");
        world.service.heal();
        asked.succeeds(&op).await;
    }
    world.assert_no_complaint();
}

#[tokio::test]
async fn ko_below_500_is_a_decline_that_is_told_where_something_came_to_exist() {
    let world = World::start().await;
    let ko = json!({ "result": "KO", "resultDescription": "no", "metadata": { "declineCode": "limit" } });
    for op in movers().into_iter().chain(others()).filter(|op| op.kind != "utility") {
        for status in [200, 402, 404] {
            let asked = op.on(&world, "legacy", &format!("ko-{status}")).await;
            world.service.fail(op.rule(Misbehaviour::Answer(Response::json(status, &ko)).before()));
            let declined = asked.send().await;
            assert_eq!(declined.result(), (200, "KO".to_owned()), "{}: {declined:?}", asked.shop);
            assert_eq!(declined.text("resultDescription"), "no", "{}", asked.shop);
            assert_eq!(declined.json["metadata"]["declineCode"], "limit", "{}", asked.shop);
            let told: &[_] = match op.kind {
                "link" | "schedule" | "start" | "charge" => &["payment.failed"],
                "capture" | "void" => &["payment.authorized"],
                _ => &[],
            };
            op.assert_told(&asked, told).await;
            let again = asked.send().await;
            assert_eq!(
                (&again.bytes, again.header("idempotent-replayed")),
                (&declined.bytes, "true"),
                "{}",
                asked.shop
            );
        }
    }
}

/// Whatever trouble names is kept, and asked for by that name.
#[tokio::test]
async fn a_subscription_that_trouble_named_is_found_by_that_name() {
    let world = World::start().await;
    for (shop, status, number) in [("unheard-of", 200, 1), ("500", 500, 2), ("503", 503, 3)] {
        let (id, token) = (format!("pay-{number}"), format!("sub-{number}"));
        let named = json!({ "result": "PERHAPS", "paymentId": id, "subscriptionToken": token });
        let fault = Misbehaviour::Answer(Response::json(status, &named)).after();
        world.service.fail(Rule::new(Method::POST, "/pgm/subscription/start", fault));
        let lost = world.host.post("/v3/legacy/subscription/start", &begin(shop, json!({}))).await;
        assert_eq!((lost.text("paymentId"), lost.text("subscriptionToken")), (id.clone(), token.clone()), "{lost:?}");
        assert_eq!(lost.header("x-payment-outcome"), "unknown", "{lost:?}");
        let stands = world.host.get(&format!("/v3/legacy/subscription/status/{token}")).await;
        assert_eq!((stands.status, &stands.json["status"]), (200, &json!("ACTIVE")), "{shop}: {stands:?}");
        let paid = world.host.get(&format!("/v3/legacy/status?paymentId={id}")).await;
        assert_eq!((paid.status, &paid.json["status"]), (200, &json!("ACCEPTED")), "{shop}: {paid:?}");
        let told = ["subscription.unknown", "payment.pending", "subscription.active", "payment.accepted"];
        world.assert_told(shop, &told).await;
    }
}

/// Rule 7: the payment's own status tells what became of its capture or void.
#[tokio::test]
async fn a_capture_or_void_whose_answer_was_lost_ends_as_the_service_says() {
    let world = World::start().await;
    for op in movers().into_iter().filter(|op| matches!(op.kind, "capture" | "void")) {
        let asked = op.on(&world, "legacy", "lost").await;
        world.service.fail(op.rule(Misbehaviour::Close.after()));
        let id = asked.send().await.text("paymentId");
        let told: Vec<_> = op.when_lost().iter().chain(op.when_done()).copied().collect();
        for _ in 0..2 {
            assert_eq!(world.host.get(&format!("/v3/legacy/callback?paymentId={id}")).await.status, 200);
            op.assert_told(&asked, &told).await;
        }
        let state = "SELECT action_state FROM operations ORDER BY key DESC LIMIT 1";
        assert_eq!(world.host.on_disk().column(state, []), ["accepted"], "{}", op.kind);
        let other = json!({ "paymentId": id });
        let late = world.host.post_with_key("/v3/legacy/void", "another", &other).await;
        assert_eq!(late.problem(), (409, "state_forbids".to_owned()), "{}", op.kind);
        assert_eq!(op.heard(&world), 1, "{}", op.kind);
    }
}

#[tokio::test]
async fn a_utility_that_only_reads_leaves_no_record_whatever_happens() {
    let world = World::start().await;
    let cases = [
        (Misbehaviour::Close, 502, "outcome_unknown"),
        (Misbehaviour::StallBeforeHeaders, 502, "outcome_unknown"),
        (Misbehaviour::garbage(), 502, "outcome_unknown"),
        (Misbehaviour::html(500), 502, "outcome_unknown"),
        (Misbehaviour::Answer(Response::status(501)), 501, "not_supported"),
        (Misbehaviour::Answer(Response::status(404)), 404, "utility_not_found"),
        (Misbehaviour::Answer(Response::status(401)), 502, "not_executed"),
        (Misbehaviour::too_many("7"), 503, "provider_refused"),
    ];
    for (does, status, code) in cases {
        world.service.fail(Rule::new(Method::GET, "/pgm/utility/cards", does.clone().before()));
        let failed = world.host.get("/v3/hasty/utility/cards?a=b").await;
        assert_eq!(failed.problem(), (status, code.to_owned()), "{does:?}: {failed:?}");
    }
    world.service.refuse_connections();
    assert_eq!(world.host.get("/v3/hasty/utility/cards").await.problem(), (502, "not_executed".to_owned()));
    world.service.heal();
    assert_eq!(world.host.get("/v3/hasty/utility/cards").await.json["name"], "cards");
    assert_eq!(world.host.rows("operations"), 0);
}
