//! What becomes of a payment when its provider fails, at every point: rule 2, row by row, and how *unknown* ends
//! (rules 6 to 9). `faults_refund` does the same to refunds.

use crate::harness::{Host, Reply, START, Setup, payment};
use provost::clock::Clock;
use serde_json::json;
use simulators::provider::{Fault, Misbehaviour, Rule};
use simulators::{Merchant, Provider, Response};
use std::time::Duration;

/// How long a provider may be silent where a test waits for that.
const HASTE: Duration = Duration::from_secs(1);

/// A search proves that nothing happened when the attempt is older (rule 9).
pub const PROVEN: Duration = Duration::from_secs(15 * 60 + 1);

/// A host between a provider that fails and a merchant, under a clock that the test holds. `/v3/hasty` is the same
/// provider with little patience.
pub struct World {
    pub provider: Provider,
    pub merchant: Merchant,
    pub clock: Clock,
    pub host: Host,
}

impl World {
    pub async fn start() -> Self {
        let (provider, merchant) = (Provider::start(), Merchant::start());
        let clock = Clock::manual(START);
        let setup = Setup::new().clock(&clock).merchant(&merchant).acme(&provider).acme(&provider);
        let setup = setup.with(|hasty| {
            hasty.external = "hasty".to_owned();
            hasty.limits.request_deadline = HASTE;
        });
        Self { host: setup.start().await, provider, merchant, clock }
    }

    /// Every callback of a shop's transaction has reached the merchant, in order.
    pub async fn assert_told(&self, shop: &str, types: &[&str]) {
        let database = self.host.on_disk();
        assert_eq!(database.told(shop), types, "{shop}");
        let about = |delivery: &simulators::merchant::Delivery| delivery.event()["shopTransactionId"] == shop;
        let count = types.len();
        let all = self.merchant.wait_until(|all| all.iter().filter(|one| about(one)).count() >= count).await;
        let of_this: Vec<_> = all.iter().filter(|one| about(one)).map(|one| one.event()["type"].clone()).collect();
        assert_eq!(of_this, types, "{shop}");
        // Settled too: a clock that is moved on would let the lease of a delivery lapse, and it would be made again.
        database.all_delivered().await;
    }
}

/// Failures after which nobody but the provider knows whether it did its work.
pub fn uncertain() -> Vec<(String, &'static str, Fault)> {
    let ways = [
        ("closes", "acme", Misbehaviour::Close),
        ("resets", "acme", Misbehaviour::Reset),
        ("stalls-before-headers", "hasty", Misbehaviour::StallBeforeHeaders),
        ("stalls-in-body", "hasty", Misbehaviour::StallInBody),
        ("drips", "hasty", Misbehaviour::Drip),
        ("500", "acme", Misbehaviour::Answer(Response::status(500))),
        ("html-502", "acme", Misbehaviour::html(502)),
        ("garbage", "acme", Misbehaviour::garbage()),
        ("half-an-answer", "acme", Misbehaviour::Answer(Response::json(200, &json!({ "status": "succeeded" })))),
        ("huge-body", "acme", Misbehaviour::HugeBody(2 << 20)),
        ("redirects", "acme", Misbehaviour::redirect("/elsewhere")),
    ];
    let both = ways.into_iter().flat_map(|(name, external, does)| {
        [("before", does.clone().before()), ("after", does.after())]
            .map(|(when, fault)| (format!("{name}-{when}"), external, fault))
    });
    both.collect()
}

/// Answers by which the provider says that it did nothing, and what the caller gets: status, code, `Retry-After`.
pub fn certain() -> Vec<(&'static str, Response, u16, &'static str, &'static str)> {
    let said = |status| Response::json(status, &json!({ "code": "no", "description": "no" }));
    let limited = Response::status(429).header("retry-after", "7");
    vec![
        ("400", said(400), 422, "invalid", ""),
        ("401", said(401), 502, "not_executed", ""),
        ("403", said(403), 502, "not_executed", ""),
        ("404", said(404), 404, "payment_not_found", ""),
        ("409", said(409), 409, "state_forbids", ""),
        ("422", said(422), 422, "invalid", ""),
        ("429", limited, 503, "provider_refused", "7"),
        ("429-bare", Response::status(429), 502, "not_executed", ""),
    ]
}

pub fn assert_unknown(reply: &Reply) {
    assert_eq!((reply.status, &reply.json["result"]), (200, &json!("PENDING")), "{reply:?}");
    assert_eq!(reply.json["metadata"]["outcome"], "unknown", "{reply:?}");
    assert_eq!(reply.header("x-payment-outcome"), "unknown", "{reply:?}");
}

pub fn assert_not_executed(reply: &Reply, status: u16, code: &str, retry_after: &str) {
    assert_eq!((reply.status, &reply.json["code"]), (status, &json!(code)), "{reply:?}");
    assert_eq!(reply.json["outcome"], "not_executed", "{reply:?}");
    assert_eq!(reply.header("retry-after"), retry_after, "{reply:?}");
    assert_eq!(reply.header("x-payment-outcome"), "", "{reply:?}");
}

#[tokio::test]
async fn what_may_have_reached_the_provider_is_unknown_until_the_provider_tells_the_truth() {
    let world = World::start().await;
    for (shop, external, fault) in uncertain() {
        let executed = fault.executes;
        let heard = world.provider.ledger().requests().len();
        world.provider.fail(Rule::charge(fault));
        let pending = world.host.post(&format!("/v3/{external}/pay"), &payment(&shop, 500)).await;
        assert_unknown(&pending);
        assert_eq!(world.provider.ledger().requests().len(), heard + 1, "{shop}: nothing repeated, nothing followed");
        world.provider.heal();
        resolves(&world, external, &shop, &pending, executed).await;
    }
}

#[tokio::test]
async fn a_connection_closed_before_a_byte_was_read_is_unknown_because_nobody_can_know() {
    let world = World::start().await;
    world.provider.hang_up();
    let pending = world.host.post("/v3/acme/pay", &payment("hangs-up", 500)).await;
    assert_unknown(&pending);
    world.provider.heal();
    resolves(&world, "acme", "hangs-up", &pending, false).await;
}

/// An unknown payment becomes what the provider knows of it; one that it never saw, once that is proven.
async fn resolves(world: &World, external: &str, shop: &str, pending: &Reply, executed: bool) {
    let World { provider, clock, host, .. } = world;
    let charges = || provider.ledger().charges_for_shop(shop).len();
    assert_eq!(charges(), usize::from(executed), "{shop}");
    assert_eq!(host.on_disk().standing(shop), [["unknown", "finished", "unknown"]], "{shop}");
    world.assert_told(shop, &["payment.pending"]).await;

    let asked = format!("/v3/{external}/status?paymentId={}", pending.text("paymentId"));
    let status = host.get(&asked).await;
    if executed {
        assert_eq!((status.status, &status.json["status"]), (200, &json!("ACCEPTED")), "{shop}: {status:?}");
        world.assert_told(shop, &["payment.pending", "payment.accepted"]).await;
        assert_eq!(host.on_disk().standing(shop), [["accepted", "finished", "unknown"]], "{shop}");
    } else {
        assert_eq!(status.json["status"], "PENDING", "{shop}: {status:?}");
        assert_eq!(status.json["metadata"]["outcome"], "unknown", "{shop}: {status:?}");
        clock.advance(PROVEN);
        let proven = host.get(&asked).await;
        assert_eq!(proven.json["status"], "FAILED", "{shop}: {proven:?}");
        assert_eq!(proven.json["metadata"]["outcome"], "not_executed", "{shop}: {proven:?}");
        world.assert_told(shop, &["payment.pending", "payment.failed"]).await;
    }

    let again = host.post(&format!("/v3/{external}/pay"), &payment(shop, 500)).await;
    if executed {
        assert_eq!(again.bytes, pending.bytes, "{shop}: what was answered is answered again");
        assert_eq!(again.header("idempotent-replayed"), "true", "{shop}: {again:?}");
    } else {
        assert_eq!((again.status, &again.json["result"]), (200, &json!("OK")), "{shop}: {again:?}");
    }
    assert_eq!(charges(), 1, "{shop}");
}

#[tokio::test]
async fn a_refused_connection_has_not_left_and_may_be_tried_again() {
    let world = World::start().await;
    world.provider.refuse_connections();
    let refused = world.host.post("/v3/acme/pay", &payment("refused", 500)).await;
    assert_not_executed(&refused, 502, "not_executed", "");
    world.provider.heal();
    may_be_tried_again(&world, "refused").await;
}

#[tokio::test]
async fn what_the_provider_refused_was_not_executed_and_may_be_tried_again() {
    let world = World::start().await;
    for (shop, answer, status, code, retry_after) in certain() {
        world.provider.fail(Rule::charge(Misbehaviour::Answer(answer).before()));
        let refused = world.host.post("/v3/acme/pay", &payment(shop, 500)).await;
        assert_not_executed(&refused, status, code, retry_after);
        may_be_tried_again(&world, shop).await;
    }
}

async fn may_be_tried_again(world: &World, shop: &str) {
    let World { provider, host, .. } = world;
    assert_eq!(host.on_disk().standing(shop), [["not_executed", "finished", "not_executed"]], "{shop}");
    assert_eq!(host.on_disk().told(shop), [""; 0], "{shop}: the caller was told, and no payment came to exist");
    let status = host.get(&format!("/v3/acme/status?shopTransactionId={shop}")).await;
    assert_eq!(status.json["status"], "FAILED", "{shop}: {status:?}");
    assert_eq!(status.json["metadata"]["outcome"], "not_executed", "{shop}: {status:?}");
    assert_eq!(provider.ledger().charges_for_shop(shop).len(), 0, "{shop}");

    let again = host.post("/v3/acme/pay", &payment(shop, 500)).await;
    assert_eq!((again.status, &again.json["result"]), (200, &json!("OK")), "{shop}: {again:?}");
    assert_eq!(provider.ledger().charges_for_shop(shop).len(), 1, "{shop}");
}

#[tokio::test]
async fn a_decline_is_ko_with_the_providers_code_and_stays_declined() {
    let world = World::start().await;
    let declined = Response::json(402, &json!({ "code": "insufficient_funds", "description": "no money" }));
    world.provider.fail(Rule::charge(Misbehaviour::Answer(declined).before()));
    let reply = world.host.post("/v3/acme/pay", &payment("declined", 500)).await;
    assert_eq!((reply.status, &reply.json["result"]), (200, &json!("KO")), "{reply:?}");
    assert_eq!(reply.json["resultDescription"], "no money");
    assert_eq!(reply.json["metadata"]["declineCode"], "insufficient_funds");
    assert_eq!(world.host.on_disk().standing("declined"), [["failed", "finished", "declined"]]);
    world.assert_told("declined", &["payment.failed"]).await;
    let status = world.host.get("/v3/acme/status?shopTransactionId=declined").await;
    assert_eq!(status.json["status"], "FAILED", "{status:?}");
}
