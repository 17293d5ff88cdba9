//! Webhooks (rules 23 to 28): through the plugin of a scripted provider, and through the sandbox's.

use crate::harness::{Host, SANDBOX_WEBHOOK_SECRET, Setup, held_clock, payment, secret, send, told, types};
use provost::capabilities::Secret;
use provost::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::provider::{Misbehaviour, Rule, Status, WEBHOOK_SECRET};
use simulators::{Merchant, Provider};
use std::sync::Arc;
use std::time::Duration;

/// A host in front of a scripted provider, its merchant, and the clock that they are under.
struct World {
    host: Host,
    provider: Provider,
    merchant: Merchant,
    clock: Clock,
}

impl World {
    async fn new() -> Self {
        Self::changed(|setup| setup).await
    }

    async fn changed(change: impl FnOnce(Setup) -> Setup) -> Self {
        let (provider, merchant, clock) = (Provider::start(), Merchant::start(), held_clock());
        let setup = Setup::new().acme(&provider).merchant(&merchant).clock(&clock);
        Self { host: change(setup).start().await, provider, merchant, clock }
    }

    /// A payment whose charge ended so, by its provider's id.
    async fn paid(&self, outcome: &str) -> String {
        let mut body = payment("shop-1", 500);
        body["providerData"] = json!({ "outcome": outcome });
        let reply = self.host.post("/v3/acme/pay", &body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.text("paymentId")
    }

    fn callback_url(&self) -> String {
        format!("{}/v3/acme/callback", self.host.url)
    }

    /// Sends an event as the provider does; its status.
    async fn sends(&self, event: &Value) -> u16 {
        self.provider.webhook(&self.callback_url(), event).await.status
    }

    /// The provider decides, and tells so at this moment.
    async fn settles(&self, charge: &str, status: Status) {
        self.provider.settle(charge, status);
        assert_eq!(self.sends(&self.provider.charge_event(charge)).await, 200);
    }

    /// What the database says of the only payment.
    fn state(&self) -> String {
        self.host.stored::<String>("SELECT state FROM payments").remove(0)
    }

    /// How often the provider was asked about the first charge.
    fn asked(&self) -> usize {
        self.provider.ledger().requests_to(&Method::GET, "/charges/ch_1").len()
    }

    async fn asked_times(&self, times: usize) {
        let path = "/charges/ch_1";
        self.provider.wait_until(|ledger| ledger.requests_to(&Method::GET, path).len() >= times).await;
    }
}

/// News of a charge that names nothing but the provider's own id.
fn news(id: &str, charge: &str, status: &str) -> Value {
    json!({ "id": id, "chargeId": charge, "status": status })
}

#[tokio::test]
async fn verified_news_is_applied_and_told_once() {
    let world = World::new().await;
    let id = world.paid("pending").await;
    world.settles(&id, Status::Succeeded).await;
    assert_eq!(world.state(), "accepted", "the reply goes out once the news is on disk");
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"]);
    let event = world.merchant.deliveries()[1].event();
    assert_eq!((&event["paymentId"], &event["status"]), (&id.as_str().into(), &"ACCEPTED".into()));
    assert_eq!(world.asked(), 0, "what is proven needs no question");
    assert_eq!(world.host.rows("callbacks"), 2);
}

#[tokio::test]
async fn news_of_a_refund_changes_the_refund_and_nothing_else() {
    let world = World::new().await;
    let id = world.paid("succeeded").await;
    let body = json!({ "amount": 200, "currency": "EUR", "paymentId": id, "providerData": { "outcome": "pending" } });
    let refund = world.host.post("/v3/acme/refund", &body).await;
    assert_eq!(refund.result(), (200, "PENDING".into()));
    let refund = refund.text("refundId");
    world.provider.settle_refund(&refund, Status::Succeeded);
    assert_eq!(world.sends(&world.provider.refund_event(&refund)).await, 200);
    assert_eq!(told(&world.merchant, 3).await, ["payment.accepted", "refund.pending", "refund.accepted"]);
    assert_eq!(world.state(), "accepted");
    assert_eq!(world.host.stored::<i64>("SELECT refunded FROM payments"), [200]);
}

#[tokio::test]
async fn a_batch_of_news_is_applied_as_a_whole() {
    let world = World::new().await;
    let charges: Vec<_> = {
        let mut charges = Vec::new();
        for number in 0..3 {
            let mut body = payment(&format!("shop-{number}"), 500);
            body["providerData"] = json!({ "outcome": "pending" });
            charges.push(world.host.post("/v3/acme/pay", &body).await.text("paymentId"));
        }
        charges
    };
    let batch: Vec<_> = charges.iter().map(|charge| news(&format!("evt_{charge}"), charge, "succeeded")).collect();
    assert_eq!(world.sends(&json!(batch)).await, 200);
    assert_eq!(world.host.stored::<String>("SELECT state FROM payments"), ["accepted"; 3]);
    let told = told(&world.merchant, 6).await;
    assert_eq!(told.iter().filter(|kind| *kind == "payment.accepted").count(), 3);
}

#[tokio::test]
async fn a_forged_webhook_is_401_and_changes_nothing() {
    let world = World::new().await;
    let id = world.paid("pending").await;
    let event = news("evt_1", &id, "succeeded");
    let forged = world.provider.webhook_signed_with("guessed", &world.callback_url(), &event).await;
    assert_eq!(forged.status, 401);
    let unsigned = world.host.post("/v3/acme/callback", &event).await;
    assert_eq!(unsigned.problem(), (401, "webhook_forged".into()));
    assert_eq!(world.state(), "pending");
    assert_eq!((world.host.rows("webhook_events"), world.host.rows("callbacks"), world.asked()), (0, 1, 0));
    assert_eq!(world.sends(&event).await, 200, "its id was not used up");
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"]);
}

#[tokio::test]
async fn forged_webhooks_are_counted() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).with(|provider| provider.external = "forged".into()).start().await;
    let url = format!("{}/v3/forged/callback", host.url);
    for _ in 0..3 {
        provider.webhook_signed_with("guessed", &url, &news("evt_1", "ch_1", "succeeded")).await;
    }
    let labels = [("external", "forged"), ("result", "forged")];
    assert_eq!(host.counter("provost_webhooks_total", &labels).await, 3);
}

#[tokio::test]
async fn while_a_secret_is_changed_both_the_old_and_the_new_one_verify() {
    let rotating =
        Secret { values: [secret("new", &[]).values, secret("old", &[]).values].concat(), ..secret("", &[]) };
    let world = World::changed(|setup| {
        setup.with(|provider| {
            provider.secrets.insert("webhook".into(), rotating);
        })
    })
    .await;
    let id = world.paid("pending").await;
    for (secret, status) in [("old", 200), ("new", 200), (WEBHOOK_SECRET, 401)] {
        let event = news(secret, &id, "pending");
        let answered = world.provider.webhook_signed_with(secret, &world.callback_url(), &event).await;
        assert_eq!(answered.status, status, "{secret}");
    }
}

#[tokio::test]
async fn a_signature_holds_for_five_minutes_and_one_in_the_future() {
    let host = Setup::new().sandbox().clock(&held_clock()).start().await;
    let paid = host.post("/v3/sandbox/pay", &payment("shop-1", 502)).await.text("paymentId");
    for (age, status) in [(301, 401), (-61, 401), (300, 200), (-60, 200)] {
        let notice = json!({ "id": format!("evt_{age}"), "paymentId": paid, "state": "pending" });
        let reply = host.sandbox_webhook_signed(SANDBOX_WEBHOOK_SECRET, age, &notice).await;
        assert_eq!(reply.status, status, "{age}");
    }
    assert_eq!(host.stored::<String>("SELECT event_id FROM webhook_events ORDER BY key"), ["evt_300", "evt_-60"]);
}

#[tokio::test]
async fn an_event_that_was_seen_is_dropped_by_its_id_whatever_it_says() {
    let world = World::new().await;
    let id = world.paid("pending").await;
    assert_eq!(world.sends(&news("evt_1", &id, "pending")).await, 200);
    assert_eq!(world.sends(&news("evt_1", &id, "succeeded")).await, 200);
    assert_eq!(world.state(), "pending");
    for _ in 0..3 {
        assert_eq!(world.sends(&news("evt_2", &id, "succeeded")).await, 200);
    }
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"]);
    assert_eq!((world.host.rows("callbacks"), world.host.rows("webhook_events")), (2, 2));
}

#[tokio::test]
async fn the_same_event_on_many_connections_at_once_is_told_once() {
    let world = Arc::new(World::new().await);
    let id = world.paid("pending").await;
    let event = news("evt_1", &id, "succeeded");
    let sends: Vec<_> = (0..16)
        .map(|_| {
            let (world, event) = (world.clone(), event.clone());
            tokio::spawn(async move { world.sends(&event).await })
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.unwrap(), 200);
    }
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"]);
    assert_eq!(world.host.rows("callbacks"), 2);
}

#[tokio::test]
async fn a_bare_payment_id_makes_the_host_ask_and_only_the_answer_counts() {
    for method in [Method::GET, Method::POST] {
        let world = World::new().await;
        let id = world.paid("pending").await;
        world.provider.settle(&id, Status::Succeeded);
        let hint = format!("/v3/acme/callback?paymentId={id}&status=declined");
        assert_eq!(send(world.host.request(method.clone(), &hint)).await.status, 200);
        assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"], "{method}");
        assert_eq!(world.asked(), 1);
    }
}

#[tokio::test]
async fn hints_make_the_host_ask_at_most_once_in_ten_seconds() {
    let world = World::new().await;
    let id = world.paid("pending").await;
    let hint = format!("/v3/acme/callback?paymentId={id}");
    assert_eq!(world.host.get(&hint).await.status, 200);
    world.asked_times(1).await;
    let answered = |database: &crate::harness::Database| database.column("SELECT asks FROM payments", []) == ["1"];
    world.host.on_disk().until("the first question is answered", answered).await;
    world.provider.settle(&id, Status::Succeeded);
    for _ in 0..32 {
        assert_eq!(world.host.get(&hint).await.status, 200);
    }
    world.clock.advance(Duration::from_millis(9_999));
    assert_eq!(world.host.get(&hint).await.status, 200);
    let over = world.clock.now().plus(Duration::from_millis(1));
    // The clock is looked at every second.
    world.clock.advance(Duration::from_secs(1));
    // When it learnt of the change tells when it asked.
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"]);
    assert!(world.host.stored::<i64>("SELECT updated_at FROM payments")[0] >= over.0.cast_signed());
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_hint_about_a_payment_that_nobody_knows_asks_nobody() {
    let world = World::new().await;
    world.paid("pending").await;
    assert_eq!(world.host.get("/v3/acme/callback?paymentId=ch_77").await.status, 200);
    // What comes after it is asked about, and it is not.
    assert_eq!(world.host.get("/v3/acme/callback?paymentId=ch_1").await.status, 200);
    world.asked_times(1).await;
    assert!(world.provider.ledger().requests_to(&Method::GET, "/charges/ch_77").is_empty());
    assert_eq!(world.host.rows("payments"), 1);
}

#[tokio::test]
async fn a_plugin_without_webhooks_takes_a_bare_payment_id_and_nothing_else() {
    let host = Setup::new().plugin("versioned-1", "versioned.wasm").start().await;
    let id = host.post("/v3/versioned/pay", &payment("shop-1", 500)).await.text("paymentId");
    assert_eq!(host.get(&format!("/v3/versioned/callback?paymentId={id}")).await.status, 200);
    let other = host.post("/v3/versioned/callback", &json!({ "paymentId": id })).await;
    assert_eq!(other.problem(), (501, "not_supported".into()));
}

/// A payment whose provider has done its work and stalls its answer, until `meanwhile` is over.
async fn while_the_answer_stalls(world: &World, outcome: &str, meanwhile: impl AsyncFnOnce(&World)) -> Value {
    world.provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
    let mut body = payment("shop-1", 500);
    body["providerData"] = json!({ "outcome": outcome });
    let pay = async { world.host.post("/v3/acme/pay", &body).await };
    let news_first = async {
        world.provider.wait_until(|ledger| !ledger.charges().is_empty()).await;
        meanwhile(world).await;
        world.provider.release();
    };
    let (reply, ()) = tokio::join!(pay, news_first);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json
}

#[tokio::test]
async fn news_that_overtakes_the_answer_is_kept_and_applied_after_it_in_order() {
    let world = World::new().await;
    let reply = while_the_answer_stalls(&world, "pending", async |world| {
        // It names nothing that the host knows yet.
        assert_eq!(world.sends(&news("evt_1", "ch_1", "succeeded")).await, 200);
        assert_eq!(world.state(), "started");
    })
    .await;
    assert_eq!((&reply["result"], &reply["paymentId"]), (&"PENDING".into(), &"ch_1".into()));
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"]);
    assert_eq!(world.state(), "accepted");
    assert_eq!(world.asked(), 0);
}

#[tokio::test]
async fn a_hint_that_overtakes_the_answer_is_followed_after_it() {
    let world = World::new().await;
    let reply = while_the_answer_stalls(&world, "pending", async |world| {
        world.provider.settle("ch_1", Status::Succeeded);
        assert_eq!(world.host.get("/v3/acme/callback?paymentId=ch_1").await.status, 200);
        assert_eq!(world.asked(), 0);
    })
    .await;
    assert_eq!(reply["result"], "PENDING");
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"]);
}

#[tokio::test]
async fn news_under_the_hosts_own_name_is_applied_before_the_answer_and_told_once() {
    let world = World::new().await;
    let reply = while_the_answer_stalls(&world, "succeeded", async |world| {
        assert_eq!(world.sends(&world.provider.charge_event("ch_1")).await, 200);
        assert_eq!(world.state(), "accepted");
    })
    .await;
    assert_eq!((&reply["result"], &reply["paymentId"]), (&"OK".into(), &"ch_1".into()));
    assert_eq!(told(&world.merchant, 1).await, ["payment.accepted"]);
    assert_eq!(world.merchant.deliveries()[0].event()["paymentId"], "ch_1");
    assert_eq!(world.host.rows("callbacks"), 1);
}

#[tokio::test]
async fn a_webhook_url_that_the_host_gave_out_names_its_operation() {
    let world = World::new().await;
    while_the_answer_stalls(&world, "pending", async |world| {
        let url = world.provider.ledger().only_charge().notify_url.clone().expect("the plugin handed it on");
        let (public, query) = url.split_once('?').unwrap();
        assert_eq!(public, "https://pay.example.com/v3/acme/callback");
        let at = |query: &str| format!("{}?{query}", world.callback_url());
        // Only the operation's own URL says whose this charge is.
        let answered = world.provider.webhook(&at(query), &news("evt_1", "ch_1", "succeeded")).await;
        assert_eq!((answered.status, world.state().as_str()), (200, "accepted"));
    })
    .await;
    assert_eq!(told(&world.merchant, 1).await, ["payment.accepted"]);
}

#[tokio::test]
async fn a_webhook_url_that_the_host_did_not_give_out_names_nothing() {
    let world = World::new().await;
    while_the_answer_stalls(&world, "pending", async |world| {
        let url = world.provider.ledger().only_charge().notify_url.clone().unwrap();
        let query = url.split_once('?').unwrap().1;
        let (reference, mac) = query.split_once('.').unwrap();
        let flipped = if mac.starts_with('0') { "1" } else { "0" };
        let wrong = [
            format!("{reference}.{flipped}{}", &mac[1..]),
            format!("{reference}."),
            reference.to_owned(),
            format!("{reference}.{}", &mac[..8]),
        ];
        for (number, query) in wrong.iter().enumerate() {
            let url = format!("{}?{query}", world.callback_url());
            let event = news(&format!("evt_{number}"), &format!("ch_other_{number}"), "succeeded");
            assert_eq!(world.provider.webhook(&url, &event).await.status, 200);
            assert_eq!(world.state(), "started", "{query}");
        }
    })
    .await;
    assert_eq!(told(&world.merchant, 1).await, ["payment.pending"]);
    assert_eq!(world.host.rows("callbacks"), 1);
}

#[tokio::test]
async fn news_that_arrives_late_or_in_another_order_never_wins() {
    let world = World::new().await;
    let id = world.paid("pending").await;
    let at = |id: &str, status: &str, seconds: u64| json!({ "id": id, "chargeId": "ch_1", "status": status, "occurredAt": seconds * 1000 });
    world.provider.settle(&id, Status::Authorized);
    assert_eq!(world.sends(&at("evt_3", "authorized", 30)).await, 200);
    assert_eq!(world.sends(&at("evt_1", "pending", 10)).await, 200);
    assert_eq!(world.state(), "authorized");
    assert_eq!(world.sends(&at("evt_2", "declined", 20)).await, 200);
    world.asked_times(1).await;
    assert_eq!(world.state(), "authorized", "in doubt the provider is asked");
    world.clock.advance(Duration::from_secs(11));
    world.provider.settle(&id, Status::Succeeded);
    assert_eq!(world.sends(&at("evt_4", "succeeded", 40)).await, 200);
    assert_eq!(told(&world.merchant, 3).await, ["payment.pending", "payment.authorized", "payment.accepted"]);
    assert_eq!(world.host.rows("callbacks"), 3);
}

#[tokio::test]
async fn news_against_what_is_final_asks_the_provider_and_only_its_answer_decides() {
    for (first, news_says, then, state, told_types) in [
        // The provider stands by what it said.
        ("succeeded", "declined", Status::Succeeded, "accepted", &["payment.accepted"][..]),
        ("declined", "succeeded", Status::Declined, "failed", &["payment.failed"]),
        // It has changed its mind.
        ("succeeded", "declined", Status::Declined, "failed", &["payment.accepted", "payment.failed"]),
        ("declined", "succeeded", Status::Succeeded, "accepted", &["payment.failed", "payment.late_success"]),
    ] {
        let world = World::new().await;
        let id = world.paid(first).await;
        world.provider.settle(&id, then);
        assert_eq!(world.sends(&news("evt_1", &id, news_says)).await, 200);
        world.asked_times(1).await;
        assert_eq!(told(&world.merchant, told_types.len()).await, told_types, "{first}, then {news_says}");
        let status = world.host.get(&format!("/v3/acme/status?paymentId={id}")).await;
        assert_eq!(status.status, 200);
        assert_eq!(world.state(), state, "{first}, then {news_says}");
        assert_eq!(world.host.rows("callbacks"), told_types.len() as i64);
    }
}

#[tokio::test]
async fn news_against_what_is_final_waits_for_a_provider_that_is_away() {
    let world = World::new().await;
    let id = world.paid("succeeded").await;
    world.provider.fail(Rule::inquiry(Misbehaviour::html(502).before()));
    world.provider.settle(&id, Status::Declined);
    assert_eq!(world.sends(&news("evt_1", &id, "declined")).await, 200);
    let asked = |database: &crate::harness::Database| database.column("SELECT asks FROM payments", []) == ["1"];
    world.host.on_disk().until("the provider was asked in vain", asked).await;
    assert_eq!(world.state(), "accepted");
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(told(&world.merchant, 2).await, ["payment.accepted", "payment.failed"]);
    assert_eq!(world.state(), "failed");
}

#[tokio::test]
async fn a_plugin_that_is_away_or_breaks_has_the_provider_send_again() {
    let world = World::changed(|setup| setup.sandbox().with(|provider| provider.limits.host_bytes = 1)).await;
    let broken = world.host.sandbox_webhook(&json!({ "id": "evt_1", "paymentId": "pay_1", "state": "accepted" })).await;
    assert_eq!(broken.problem(), (503, "webhook_later".into()));

    let id = world.paid("pending").await;
    let event = news("evt_1", &id, "succeeded");
    let file = world.host.plugins().join("acme.wasm");
    let aside = file.with_extension("aside");
    std::fs::rename(&file, &aside).unwrap();
    world.host.get_until("/v3/acme", |shown| shown.json["available"] == false).await;
    let away = world.provider.webhook(&world.callback_url(), &event).await;
    assert_eq!(away.status, 503);
    assert!(away.body.contains("webhook_later"), "{away:?}");
    std::fs::rename(&aside, &file).unwrap();
    world.host.get_until("/v3/acme", |shown| shown.json["available"] == true).await;
    assert_eq!(world.sends(&event).await, 200);
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending", "payment.accepted"]);
}

#[tokio::test]
async fn a_webhook_has_room_for_a_mebibyte() {
    let world = World::new().await;
    let id = world.paid("pending").await;
    let mut event = news("evt_1", &id, "succeeded");
    event["padding"] = "".into();
    let room = (1 << 20) - event.to_string().len();
    event["padding"] = "x".repeat(room + 1).into();
    assert_eq!(world.sends(&event).await, 413);
    assert_eq!(world.state(), "pending");
    event["padding"] = "x".repeat(room).into();
    assert_eq!(world.sends(&event).await, 200);
    assert_eq!(types(&world.merchant.wait_for(2).await), ["payment.pending", "payment.accepted"]);
}

#[tokio::test]
async fn news_of_a_payment_that_is_not_ours_is_adopted_after_a_day() {
    let world = World::new().await;
    assert_eq!(world.sends(&news("evt_1", "ch_elsewhere", "succeeded")).await, 200);
    assert_eq!((world.host.rows("payments"), world.host.rows("webhook_events")), (0, 1));
    world.clock.advance(Duration::from_secs(86_401));
    assert_eq!(types(&world.merchant.wait_for(1).await), ["payment.accepted"]);
    assert_eq!(world.host.stored::<String>("SELECT origin FROM payments"), ["adopted"]);
}
