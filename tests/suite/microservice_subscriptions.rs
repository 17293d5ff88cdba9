//! Subscriptions through the microservice plugin: how they begin, stand and end as the service says, those of before that
//! only the service knows, and what a schedule charges by itself.

use crate::harness::refund;
use crate::microservice::World;
use crate::microservice_operations::{begin, charge, key_of};
use reqwest::Method;
use serde_json::json;
use simulators::Response;
use simulators::provider::{Misbehaviour, Rule};

#[tokio::test]
async fn every_result_of_the_service_says_how_a_subscription_begins() {
    let world = World::start().await;
    let cases = [
        ("OK", "ACTIVE", "accepted", "active", &["subscription.active", "payment.accepted"][..]),
        ("PENDING", "PENDING", "pending", "pending", &["subscription.pending", "payment.pending"]),
        ("REDIRECT_TO_URL", "PENDING", "action_required", "pending", &["subscription.pending", "payment.pending"]),
        ("KO", "CANCELED", "failed", "declined", &["payment.failed"]),
    ];
    for how in ["schedule", "start"] {
        for (result, word, payment, subscription, told) in cases {
            let shop = format!("{how}-{result}");
            let path = format!("subscription/{how}");
            let begun = world.post(&path, &begin(&shop, json!({ "result": result, "app": true }))).await;
            assert_eq!(begun.result(), (200, result.to_owned()), "{shop}: {begun:?}");
            assert_eq!(begun.json["redirectToUrl"].is_string(), result == "REDIRECT_TO_URL", "{shop}: {begun:?}");
            let stands =
                "SELECT p.state || ' ' || s.state FROM payments p JOIN subscriptions s ON s.key = p.subscription
                          WHERE p.shop_transaction_id = ?";
            assert_eq!(world.host.on_disk().column(stands, [&shop]), [format!("{payment} {subscription}")], "{shop}");
            let status = world.get(&format!("subscription/status/{}", begun.text("subscriptionToken"))).await;
            assert_eq!((status.status, status.text("status")), (200, word.to_owned()), "{shop}: {status:?}");
            world.assert_told(&shop, told).await;
        }
    }
    world.assert_no_complaint();
}

#[tokio::test]
async fn a_subscription_stands_as_the_service_says_and_ends_once() {
    let world = World::start().await;
    let begun = world.post("subscription/schedule", &begin("sub-order", json!({}))).await;
    let token = begun.text("subscriptionToken");
    let mut told = vec!["subscription.active", "payment.accepted"];
    for (word, change) in [
        ("PAST_DUE", Some("subscription.past_due")),
        ("UNKNOWN", None),
        ("ACTIVE", Some("subscription.active")),
        ("EXPIRED", Some("subscription.expired")),
        ("ACTIVE", Some("subscription.active")),
    ] {
        world.service.settle_subscription(&token, word);
        for _ in 0..2 {
            let status = world.get(&format!("subscription/status/{token}")).await;
            let shown = if word == "UNKNOWN" { "PAST_DUE" } else { word };
            let expected = json!({ "status": shown, "subscriptionToken": token, "providerName": "legacy",
                "shopTransactionId": "sub-order", "metadata": { "handledBy": "service" } });
            assert_eq!((status.status, &status.json), (200, &expected), "{word}");
            assert_eq!(key_of(&world.newest()), "", "a question has no key");
        }
        told.extend(change);
    }
    for method in [Method::DELETE, Method::POST] {
        let over = world.call(method, &format!("subscription/expire/{token}"), None).await;
        let expected = json!({ "result": "OK", "resultDescription": "Completed.", "subscriptionToken": token });
        assert_eq!((over.status, &over.json), (200, &expected));
        let sent = world.newest();
        assert_eq!((sent.method.clone(), sent.body.len(), key_of(&sent).len()), (Method::DELETE, 0, 36));
    }
    told.push("subscription.canceled");
    assert_eq!(world.get(&format!("subscription/status/{token}")).await.json["status"], "CANCELED");
    let late = world.post("subscription/pay", &charge("late", &token)).await;
    assert_eq!(late.problem(), (409, "subscription_forbids".to_owned()));
    assert_eq!(world.service.ledger().payments_for_shop("late").len(), 0);
    world.assert_told("sub-order", &told).await;
    world.assert_no_complaint();
}

/// Rule 5: PGM's installations have subscriptions of before.
#[tokio::test]
async fn a_token_of_before_works_for_everything_and_is_told_once() {
    let world = World::start().await;
    let made = async |shop: &str| {
        let made = world.before("subscription/start", &begin(shop, json!({}))).await;
        made["subscriptionToken"].as_str().unwrap().to_owned()
    };
    let (charged, asked) = (made("one").await, made("two").await);
    let (updated, expired) = (made("three").await, made("four").await);
    let paid = world.post("subscription/pay", &charge("month-1", &charged)).await;
    assert_eq!((paid.result(), paid.text("subscriptionToken")), ((200, "OK".to_owned()), charged.clone()), "{paid:?}");
    world.assert_told("month-1", &["payment.accepted"]).await;
    let status = world.get(&format!("subscription/status/{asked}")).await;
    assert_eq!(
        (status.status, &status.json["status"], status.text("subscriptionToken")),
        (200, &json!("ACTIVE"), asked)
    );
    let changes = json!({ "amount": 5, "currency": "EUR" });
    let done = world.post(&format!("subscription/update/{updated}"), &changes).await;
    assert_eq!((done.result(), done.text("subscriptionToken")), ((200, "OK".to_owned()), updated), "{done:?}");
    assert_eq!(world.service.ledger().subscriptions()[2].amount, 5);
    for method in [Method::DELETE, Method::POST] {
        let over = world.call(method, &format!("subscription/expire/{expired}"), None).await;
        assert_eq!(
            (over.result(), over.text("subscriptionToken")),
            ((200, "OK".to_owned()), expired.clone()),
            "{over:?}"
        );
    }
    assert_eq!(world.service.ledger().subscriptions()[3].status, "CANCELED");
    let known = "SELECT c.type FROM callbacks c JOIN subscriptions s ON s.key = c.subscription ORDER BY c.key";
    assert_eq!(world.host.on_disk().column(known, []), ["subscription.active", "subscription.canceled"]);
    world.assert_no_complaint();
}

#[tokio::test]
async fn a_token_that_nobody_knows_is_not_found_however_often_it_is_tried() {
    let world = World::start().await;
    let not_found = (404, "subscription_not_found".to_owned());
    // It leads nowhere else either.
    let odd = world.get("subscription/status/no%2F..%2Fbody%20%C3%BC").await;
    assert_eq!(odd.problem(), (404, "subscription_not_found".to_owned()));
    for _ in 0..2 {
        assert_eq!(world.get("subscription/status/nobody").await.problem(), not_found);
        assert_eq!(world.post("subscription/pay", &charge("lost", "nobody")).await.problem(), not_found);
        assert_eq!(world.post("subscription/update/nobody", &json!({})).await.problem(), not_found);
        for method in [Method::DELETE, Method::POST] {
            assert_eq!(world.call(method, "subscription/expire/nobody", None).await.problem(), not_found);
        }
    }
    assert_eq!(world.host.rows("callbacks"), 0);
    world.assert_no_complaint();
}

/// Rule 14, in PGM's form: the schedule's own charges come as an id, and the service is asked about it.
#[tokio::test]
async fn what_a_schedule_charges_by_itself_is_told_once_beside_the_payment_that_began_it() {
    let world = World::start().await;
    let begun = world.post("subscription/schedule", &begin("monthly", json!({}))).await;
    let token = begun.text("subscriptionToken");
    let mut told = vec!["subscription.active", "payment.accepted"];
    for _ in 0..2 {
        let id = world.service.charge(&token);
        for method in [Method::GET, Method::POST, Method::GET] {
            assert_eq!(world.call(method, &format!("callback?paymentId={id}"), None).await.status, 200);
        }
        told.push("payment.accepted");
        world.assert_told("monthly", &told).await;
        let back = world.post("refund", &refund(&id, 1200)).await;
        assert_eq!(back.result(), (200, "OK".to_owned()), "{back:?}");
        told.push("refund.accepted");
        world.assert_told("monthly", &told).await;
    }
    let ids = world.host.on_disk().column("SELECT ids FROM payments ORDER BY key", []);
    assert_eq!(ids, [r#"["pay-1"]"#, r#"["pay-2"]"#, r#"["pay-3"]"#], "three payments, none taken for another");
    world.assert_no_complaint();
}

#[tokio::test]
async fn a_question_about_a_subscription_that_gets_no_answer_changes_nothing() {
    let world = World::start().await;
    let begun = world.post("subscription/start", &begin("asked", json!({}))).await;
    let path = format!("subscription/status/{}", begun.text("subscriptionToken"));
    let silences = [
        Misbehaviour::Close,
        Misbehaviour::garbage(),
        Misbehaviour::html(502),
        Misbehaviour::too_many("7"),
        Misbehaviour::Answer(Response::status(401)),
        Misbehaviour::Answer(Response::status(404)),
        Misbehaviour::Answer(Response::json(200, &json!({ "status": "RUNNING" }))),
        Misbehaviour::Answer(Response::json(200, &json!({ "status": "CANCELED", "subscriptionToken": "sub-9" }))),
    ];
    for silence in silences {
        let rule = Rule::new(Method::GET, "/pgm/subscription/status/*", silence.clone().before());
        world.service.fail(rule);
        let status = world.get(&path).await;
        assert_eq!((status.status, &status.json["status"]), (200, &json!("ACTIVE")), "{silence:?}: {status:?}");
        assert!(status.json["metadata"]["asOf"].is_string(), "{silence:?}: {status:?}");
    }
    world.assert_told("asked", &["subscription.active", "payment.accepted"]).await;
    world.service.refuse_connections();
    assert_eq!(world.get("subscription/status/sub-9").await.problem(), (502, "provider_silent".to_owned()));
}
