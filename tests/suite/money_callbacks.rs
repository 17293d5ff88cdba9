//! Callbacks to merchants (rules 29 to 33): one for each change, signed, in order per payment, at least once, whatever
//! the merchant is up to.

use crate::harness::{CALLBACK_SECRET, Host, START, Setup, payment, payment_with, target};
use provost::clock::Clock;
use provost::model::SecretBytes;
use serde_json::json;
use simulators::merchant::{Delivery, Reply};
use simulators::provider::Status;
use simulators::{Merchant, Provider, Response};
use standardwebhooks::Webhook;
use std::collections::BTreeMap;
use std::time::Duration;

/// The first gap of the schedule with all its jitter.
const FIRST_GAP: Duration = Duration::from_secs(6);

async fn pay(host: &Host, shop: &str) -> String {
    let paid = host.post("/v3/acme/pay", &payment(shop, 500)).await;
    assert_eq!((paid.status, &paid.json["result"]), (200, &json!("OK")), "{paid:?}");
    paid.text("paymentId")
}

/// A payment that is pending first and accepted then: two changes.
async fn pay_in_two_steps(host: &Host, provider: &Provider, shop: &str) {
    let wish = json!({ "outcome": "pending" });
    let id = host.post("/v3/acme/pay", &payment_with(shop, 500, wish)).await.text("paymentId");
    provider.settle(&id, Status::Succeeded);
    let status = host.get(&format!("/v3/acme/status?paymentId={id}")).await;
    assert_eq!(status.json["status"], "ACCEPTED", "{status:?}");
}

#[tokio::test]
async fn a_callback_is_signed_so_that_another_implementation_verifies_it() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let host = Setup::new().acme(&provider).merchant(&merchant).start().await;
    let id = pay(&host, "shop-1").await;
    let delivery = &merchant.wait_for(1).await[0];
    let oracle = Webhook::new(CALLBACK_SECRET).unwrap();
    oracle.verify(&delivery.request.body, &delivery.request.headers).unwrap();
    let other = Webhook::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
    assert!(other.verify(&delivery.request.body, &delivery.request.headers).is_err());

    let event = delivery.event();
    assert_eq!((event["id"].as_str(), event["sequence"].as_u64()), (Some(delivery.id()), Some(1)), "{event}");
    assert_eq!((&event["type"], &event["status"]), (&json!("payment.accepted"), &json!("ACCEPTED")), "{event}");
    assert_eq!((&event["paymentId"], &event["shopTransactionId"]), (&json!(id), &json!("shop-1")), "{event}");
    assert_eq!((&event["amount"], &event["providerName"]), (&json!(500), &json!("acme")), "{event}");
    assert!(event["timestamp"].is_string(), "{event}");
}

#[tokio::test]
async fn while_secrets_rotate_a_callback_verifies_with_each_and_without_one_it_is_unsigned() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let mut setup = Setup::new().acme(&provider).merchant(&merchant);
    let rotating = setup.callbacks.target.as_mut().unwrap();
    rotating.secrets.push(SecretBytes::new(b"the secret that comes next".to_vec()));
    let host = setup.start().await;
    pay(&host, "signed").await;
    let signed = &merchant.wait_for(1).await[0];
    for oracle in [Webhook::new(CALLBACK_SECRET), Webhook::from_bytes(b"the secret that comes next".to_vec())] {
        oracle.unwrap().verify(&signed.request.body, &signed.request.headers).unwrap();
    }

    let mut setup = host.stop().await;
    setup.callbacks.target.as_mut().unwrap().secrets.clear();
    let host = setup.start().await;
    pay(&host, "unsigned").await;
    let unsigned = &merchant.wait_for(2).await[1];
    assert_eq!(unsigned.request.header("webhook-signature"), None);
    assert!(!unsigned.id().is_empty() && unsigned.request.header("webhook-timestamp").is_some());
}

#[tokio::test]
async fn every_attempt_has_one_id_and_the_same_bytes_and_a_signature_of_its_own_time() {
    let (provider, merchant, clock) = (Provider::start(), Merchant::start(), Clock::manual(START));
    let host = Setup::new().clock(&clock).acme(&provider).merchant(&merchant).start().await;
    merchant.reply_next([Reply::from(500), Reply::from(302), Reply::Close, Reply::from(204)]);
    pay(&host, "shop-1").await;
    let database = host.on_disk();
    for (made, gap) in [(1, 5), (2, 300), (3, 1800)] {
        database.attempts(made).await;
        clock.advance(Duration::from_secs(gap).mul_f64(1.2));
    }
    let all = merchant.wait_for(4).await;
    database.all_delivered().await;
    let oracle = Webhook::new(CALLBACK_SECRET).unwrap();
    let mut last = 0;
    for delivery in &all {
        assert_eq!((delivery.id(), &delivery.request.body), (all[0].id(), &all[0].request.body));
        let at = delivery.request.header("webhook-timestamp").unwrap().parse().unwrap();
        assert!(at > last, "{at} comes after {last}");
        let signature = oracle.sign(delivery.id(), at, &delivery.request.body).unwrap();
        assert_eq!(delivery.request.header("webhook-signature"), Some(&*signature));
        last = at;
    }
    let statuses = database.column("SELECT status FROM callback_attempts ORDER BY key", []);
    assert_eq!(statuses, ["500", "302", "", "204"], "every attempt is kept");
}

#[tokio::test]
async fn a_merchant_that_is_down_for_a_while_gets_every_callback_in_order_per_payment() {
    let (provider, merchant, clock) = (Provider::start(), Merchant::start(), Clock::manual(START));
    let mut host = Setup::new().clock(&clock).acme(&provider).merchant(&merchant).start().await;
    merchant.go_down();
    let shops: Vec<_> = (0..5).map(|number| format!("shop-{number}")).collect();
    for shop in &shops {
        pay_in_two_steps(&host, &provider, shop).await;
    }
    host.on_disk().attempts(5).await;
    // A restart in between loses nothing.
    host = host.stop().await.start().await;
    clock.advance(FIRST_GAP);
    host.on_disk().attempts(10).await;
    assert!(merchant.deliveries().is_empty());

    merchant.come_up();
    clock.advance(Duration::from_secs(360));
    host.on_disk().all_delivered().await;
    let mut events: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for delivery in merchant.deliveries() {
        let event = delivery.event();
        let shop = event["shopTransactionId"].as_str().unwrap().to_owned();
        let step = (event["sequence"].as_u64().unwrap(), event["type"].as_str().unwrap().to_owned());
        events.entry(shop).or_default().push(step);
    }
    let steps = [(1, "payment.pending".to_owned()), (2, "payment.accepted".to_owned())];
    assert_eq!(events, shops.into_iter().map(|shop| (shop, steps.to_vec())).collect());
}

#[tokio::test]
async fn one_merchant_that_never_answers_holds_up_no_other() {
    let (provider, merchant, dead) = (Provider::start(), Merchant::start(), Merchant::start());
    let mut setup = Setup::new().acme(&provider).acme(&provider).with(|other| other.external = "other".to_owned());
    setup = setup.merchant(&merchant);
    setup.callbacks.targets.insert("other".to_owned(), target(&dead));
    let host = setup.start().await;
    dead.reply_next((0..100).map(|_| Reply::WhenReleased(Response::status(200))));
    for number in 0..40 {
        let paid = host.post("/v3/other/pay", &payment(&format!("other-{number}"), 500)).await;
        assert_eq!(paid.json["result"], "OK", "{paid:?}");
    }
    let held = dead.wait_for(1).await.len();
    for number in 0..40 {
        pay(&host, &format!("shop-{number}")).await;
    }
    let told = merchant.wait_for(40).await;
    assert!(told.iter().all(|delivery| delivery.event()["providerName"] == "acme"));
    assert!(held <= dead.deliveries().len() && dead.deliveries().len() < 40, "it has its own share, and no more");
    let waiting = "SELECT DISTINCT external FROM callbacks WHERE state = 'waiting'";
    host.on_disk().until("one is done", |database| database.column(waiting, []) == ["other"]).await;
}

#[tokio::test]
async fn a_410_stops_one_callback_and_the_next_of_its_payment_goes_out() {
    let (provider, merchant, clock) = (Provider::start(), Merchant::start(), Clock::manual(START));
    let host = Setup::new().clock(&clock).acme(&provider).merchant(&merchant).start().await;
    merchant.reply_next([410]);
    pay_in_two_steps(&host, &provider, "shop-1").await;
    let database = host.on_disk();
    database.all_delivered().await;
    clock.advance(Duration::from_secs(10 * 86_400));
    pay(&host, "shop-2").await;
    let types: Vec<_> = merchant.wait_for(3).await.iter().map(|delivery| delivery.event()["type"].clone()).collect();
    assert_eq!(types, ["payment.pending", "payment.accepted", "payment.accepted"], "the first never again");
    let states = database.column("SELECT state FROM callbacks ORDER BY key LIMIT 2", []);
    assert_eq!(states, ["dead", "delivered"]);
}

#[tokio::test]
async fn a_callback_that_never_succeeds_is_a_dead_letter_after_its_schedule_and_holds_up_no_more() {
    let (provider, merchant, clock) = (Provider::start(), Merchant::start(), Clock::manual(START));
    let mut setup = Setup::new().clock(&clock).acme(&provider).merchant(&merchant);
    setup.callbacks.schedule.truncate(4);
    let host = setup.start().await;
    merchant.reply_next([500; 4]);
    pay_in_two_steps(&host, &provider, "shop-1").await;
    let database = host.on_disk();
    for (made, gap) in [(1, 5), (2, 300), (3, 1800)] {
        database.attempts(made).await;
        clock.advance(Duration::from_secs(gap).mul_f64(1.2));
    }
    database.all_delivered().await;
    let callbacks = database.rows("SELECT type, state, attempts FROM callbacks ORDER BY key", []);
    assert_eq!(callbacks, [["payment.pending", "dead", "4"], ["payment.accepted", "delivered", "1"]]);
    assert_eq!(merchant.deliveries().last().map(Delivery::event).unwrap()["type"], "payment.accepted");
}

#[tokio::test]
async fn a_merchant_that_asks_for_time_gets_it_where_the_answer_may_ask() {
    let asking = |status| Reply::from(Response::status(status).header("retry-after", "60"));
    for (status, earliest, latest) in [(503, 60_000, 60_000), (429, 60_000, 60_000), (500, 5_000, 6_000)] {
        let (provider, merchant, clock) = (Provider::start(), Merchant::start(), Clock::manual(START));
        let host = Setup::new().clock(&clock).acme(&provider).merchant(&merchant).start().await;
        merchant.reply_next([asking(status)]);
        pay(&host, "shop-1").await;
        let database = host.on_disk();
        database.attempts(1).await;
        let due: u64 = database.column("SELECT due_at FROM callbacks", [])[0].parse().unwrap();
        let gap = due - START.0;
        assert!((earliest..=latest).contains(&gap), "{status}: {gap}");
        clock.advance(Duration::from_millis(gap - 1));
        assert_eq!(merchant.deliveries().len(), 1, "{status}");
        clock.advance(Duration::from_millis(1));
        merchant.wait_for(2).await;
        database.all_delivered().await;
    }
}
