//! A crash between any two steps: the host dies at each of its crash points, and is started again over what it left.
//! At most one charge; what the caller was answered holds; what may have left is unknown until the provider is asked;
//! what did not leave may be tried again.

use crate::harness::{Process, Reply, payment, payment_with, refund, try_send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use simulators::provider::{Misbehaviour, Rule, Status, WEBHOOK_SECRET};
use simulators::{Merchant, Provider};
use std::collections::BTreeSet;

/// How far an operation had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// Nothing had left.
    Nowhere,
    /// It was noted that a request leaves, and none did.
    ToTheDoor,
    /// The provider had done its work.
    ToTheProvider,
    /// The outcome was on disk.
    ToTheDisk,
}

const OPERATION: [(&str, Came); 5] = [
    ("claimed", Came::Nowhere),
    ("sending", Came::Nowhere),
    ("sent", Came::ToTheDoor),
    ("called", Came::ToTheProvider),
    ("finished", Came::ToTheDisk),
];

const WEBHOOK: [(&str, &str); 2] = [("webhook_read", "pending"), ("webhook_on_disk", "accepted")];

/// While a payment is asked about that never reached the provider: what was charged when the host dies.
const RECOVERY: [(&str, usize); 4] = [("asking", 0), ("asked", 0), ("repeating", 0), ("repeated", 1)];

/// How many deliveries the merchant has when the host dies.
const CALLBACK: [(&str, usize); 2] = [("callback_leased", 0), ("callback_sent", 1)];

const SHOP: &str = "shop-1";

struct World {
    provider: Provider,
    merchant: Merchant,
    host: Process,
}

impl World {
    /// With a host that dies when it passes this point for the `nth` time.
    async fn dying_at(point: &str, nth: u32) -> Self {
        let (provider, merchant) = (Provider::start(), Merchant::start());
        let mut host = Process::prepare(&provider, Some(&merchant), &["acme"]);
        host.start(&[("PROVOST_CRASH_POINT", &format!("{point}:{nth}"))]).await;
        Self { provider, merchant, host }
    }

    fn request(&self, path: &str, body: &Value) -> RequestBuilder {
        self.host.request(Method::POST, path).header("idempotency-key", "k-1").json(body)
    }

    async fn died_and_started_again(&mut self) {
        self.host.died().await;
        self.host.start(&[]).await;
    }

    /// The merchant has heard of these changes, each under an id of its own, however often.
    async fn assert_told(&self, point: &str, types: &[&str]) {
        let database = self.host.on_disk();
        database.all_delivered().await;
        assert_eq!(database.told(SHOP), types, "{point}");
        let mut seen = BTreeSet::new();
        let deliveries = self.merchant.deliveries();
        let first = deliveries.iter().filter(|delivery| seen.insert(delivery.id().to_owned()));
        let told: Vec<_> = first.map(|delivery| delivery.event()["type"].clone()).collect();
        assert_eq!(told, types, "{point}");
    }
}

fn assert_answered(point: &str, came: Came, reply: &Reply) {
    let (result, outcome, replayed) = match came {
        Came::Nowhere => ("OK", "", ""),
        Came::ToTheDoor | Came::ToTheProvider => ("PENDING", "unknown", "true"),
        Came::ToTheDisk => ("OK", "", "true"),
    };
    assert_eq!((reply.status, &reply.json["result"]), (200, &json!(result)), "{point}: {reply:?}");
    assert_eq!(reply.header("x-payment-outcome"), outcome, "{point}: {reply:?}");
    assert_eq!(reply.header("idempotent-replayed"), replayed, "{point}: {reply:?}");
}

#[tokio::test]
async fn a_payment_survives_the_death_of_its_host_at_every_step() {
    for (point, came) in OPERATION {
        let mut world = World::dying_at(point, 1).await;
        let body = payment(SHOP, 500);
        assert!(try_send(world.request("/v3/acme/pay", &body)).await.is_err(), "{point}: nobody was answered");
        let executed = usize::from(matches!(came, Came::ToTheProvider | Came::ToTheDisk));
        assert_eq!(world.provider.ledger().charges().len(), executed, "{point}");
        world.died_and_started_again().await;

        let database = world.host.on_disk();
        match came {
            // The claim itself may not have reached the disk.
            Came::Nowhere => assert!(database.standing(SHOP).iter().all(|row| row[0] == "not_executed"), "{point}"),
            // Found by a search, or made again with its own key.
            _ => database.until(point, |database| database.standing(SHOP)[0][0] == "accepted").await,
        }
        assert_answered(point, came, &world.host_again("/v3/acme/pay", &body).await);

        assert_eq!(world.provider.ledger().charges().len(), 1, "{point}: never a second one");
        let told: &[&str] = match came {
            Came::Nowhere | Came::ToTheDisk => &["payment.accepted"],
            Came::ToTheDoor | Came::ToTheProvider => &["payment.pending", "payment.accepted"],
        };
        world.assert_told(point, told).await;
    }
}

#[tokio::test]
async fn a_refund_survives_the_death_of_its_host_at_every_step() {
    for (point, came) in OPERATION {
        let mut world = World::dying_at(point, 2).await;
        let paid = world.host.post("/v3/acme/pay", &payment(SHOP, 500)).await;
        let body = refund(&paid.text("paymentId"), 500);
        assert!(try_send(world.request("/v3/acme/refund", &body)).await.is_err(), "{point}: nobody was answered");
        let executed = usize::from(matches!(came, Came::ToTheProvider | Came::ToTheDisk));
        assert_eq!(world.provider.ledger().refunds().len(), executed, "{point}");
        world.died_and_started_again().await;

        let answered = world.host_again("/v3/acme/refund", &body).await;
        assert_answered(point, came, &answered);
        let database = world.host.on_disk();
        database.until(point, |database| database.refunds(SHOP).last().is_some_and(|last| last == "accepted")).await;
        let status = world.host.get(&format!("/v3/acme/status?refundId={}", answered.text("refundId"))).await;
        assert_eq!(status.json["status"], "ACCEPTED", "{point}: {status:?}");

        assert_eq!(world.provider.ledger().refunds().len(), 1, "{point}: never a second one");
        let told: &[&str] = match came {
            Came::Nowhere | Came::ToTheDisk => &["payment.accepted", "refund.accepted"],
            Came::ToTheDoor | Came::ToTheProvider => &["payment.accepted", "refund.pending", "refund.accepted"],
        };
        world.assert_told(point, told).await;
    }
}

impl World {
    /// The same request as before.
    async fn host_again(&self, path: &str, body: &Value) -> Reply {
        try_send(self.request(path, body)).await.expect("the host lives")
    }
}

#[tokio::test]
async fn a_promise_survives_the_death_of_its_host_while_it_is_asked_about() {
    for (point, charged) in RECOVERY {
        let (provider, merchant) = (Provider::start(), Merchant::start());
        let mut host = Process::prepare(&provider, Some(&merchant), &["acme"]);
        let often = ("PROVOST_RECOVERY__UNKNOWN", r#"["1s", "1s", "1s", "1s", "1s"]"#);
        host.start(&[often, ("PROVOST_CRASH_POINT", &format!("{point}:1"))]).await;
        let mut world = World { provider, merchant, host };
        world.provider.fail(Rule::charge(Misbehaviour::Close.before()));
        let pending = world.host_again("/v3/acme/pay", &payment(SHOP, 500)).await;
        assert_eq!(pending.header("x-payment-outcome"), "unknown", "{point}: {pending:?}");
        world.host.died().await;
        assert_eq!(world.provider.ledger().charges().len(), charged, "{point}");
        world.host.start(&[often]).await;
        let database = world.host.on_disk();
        database.until(point, |database| database.standing(SHOP)[0][0] == "accepted").await;
        assert_eq!(world.provider.ledger().charges().len(), 1, "{point}: never a second one");
        assert_eq!(world.host_again("/v3/acme/pay", &payment(SHOP, 500)).await.bytes, pending.bytes, "{point}");
        world.assert_told(point, &["payment.pending", "payment.accepted"]).await;
    }
}

#[tokio::test]
async fn a_webhook_survives_the_death_of_its_host_and_is_applied_once() {
    for (point, on_disk) in WEBHOOK {
        let mut world = World::dying_at(point, 1).await;
        let body = payment_with(SHOP, 500, json!({ "outcome": "pending" }));
        let id = world.host.post("/v3/acme/pay", &body).await.text("paymentId");
        world.provider.settle(&id, Status::Succeeded);
        let event = world.provider.charge_event(&id);
        let sent = world.provider.try_webhook(WEBHOOK_SECRET, &world.host.webhook_url("acme"), &event).await;
        assert!(sent.is_err(), "{point}: the provider was not answered, and sends it again");
        world.died_and_started_again().await;

        assert_eq!(world.host.on_disk().standing(SHOP)[0][0], on_disk, "{point}");
        for _ in 0..2 {
            let taken = world.provider.webhook(&world.host.webhook_url("acme"), &event).await;
            assert_eq!(taken.status, 200, "{point}: {taken:?}");
        }
        assert_eq!(world.host.on_disk().standing(SHOP)[0][0], "accepted", "{point}");
        world.assert_told(point, &["payment.pending", "payment.accepted"]).await;
    }
}

#[tokio::test]
async fn a_callback_survives_the_death_of_its_host_under_its_id() {
    for (point, before) in CALLBACK {
        let mut world = World::dying_at(point, 1).await;
        // The host may die before it has answered, or after.
        let _ = try_send(world.request("/v3/acme/pay", &payment(SHOP, 500))).await;
        world.host.died().await;
        assert_eq!(world.merchant.deliveries().len(), before, "{point}");
        world.host.start(&[]).await;

        world.assert_told(point, &["payment.accepted"]).await;
        let deliveries = world.merchant.deliveries();
        assert_eq!(deliveries.len(), before + 1, "{point}");
        let first = &deliveries[0];
        assert!(deliveries.iter().all(|one| one.id() == first.id() && one.request.body == first.request.body));
    }
}
