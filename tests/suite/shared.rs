//! Hosts that share a Postgres: what one leaves behind another takes over, what one has lost it cannot write any more, and
//! while the database is away nothing begins.

use crate::harness::{Kept, Process, payment, payment_with, try_send};
use reqwest::Method;
use serde_json::json;
use simulators::provider::{Misbehaviour, Rule};
use simulators::{Merchant, Provider};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use test_postgres::{Cluster, Durability};

/// Leases are short, so that a test need not wait long for them to lapse; and questions are asked soon.
const SHORT: [(&str, &str); 6] = [
    ("PROVOST_PLUGINS__LIMITS__DEADLINE", "2s"),
    ("PROVOST_PLUGINS__LIMITS__REQUEST_DEADLINE", "1s"),
    ("PROVOST_OPERATIONS__LEASE_MARGIN", "1s"),
    ("PROVOST_CALLBACKS__TIMEOUT", "1s"),
    ("PROVOST_STORE__CONNECTIONS", "4"),
    ("PROVOST_OPERATIONS__ASK_GAP", "0s"),
];

/// Twice what is promised of when it shows that the database is away: tests run where much else does.
const AWAY: Duration = Duration::from_secs(6);

/// Longer than it takes for the longest lease to lapse and for what follows.
const LEASES: Duration = Duration::from_secs(40);

async fn two_hosts(provider: &Provider, merchant: &Merchant, kept: &Kept) -> [Process; 2] {
    let host = || Process::prepare(provider, Some(merchant), &["acme"]).over(kept);
    let (mut one, mut other) = (host(), host());
    tokio::join!(one.start(&SHORT), other.start(&SHORT));
    [one, other]
}

async fn until(what: &str, mut wanted: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !wanted().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LEASES, waiting).await.unwrap_or_else(|_| panic!("{what}: this did not come to be"));
}

#[tokio::test]
async fn what_a_host_leaves_behind_that_dies_another_brings_to_its_end() {
    let (provider, merchant, kept) = (Provider::start(), Merchant::start(), Kept::server());
    let [mut one, other] = two_hosts(&provider, &merchant, &kept).await;
    // Each knows what the other was told.
    let paid = one.post("/v3/acme/pay", &payment("known", 500)).await;
    let status = other.get(&format!("/v3/acme/status?paymentId={}", paid.text("paymentId"))).await;
    assert_eq!((status.status, &status.json["status"]), (200, &json!("ACCEPTED")), "{status:?}");
    let again = other.post("/v3/acme/pay", &payment("known", 500)).await;
    assert_eq!((again.status, again.text("paymentId")), (200, paid.text("paymentId")), "{again:?}");

    merchant.go_down();
    for number in 0..20 {
        let host = if number % 2 == 0 { &one } else { &other };
        host.post("/v3/acme/pay", &payment(&format!("shop-{number}"), 500)).await;
    }
    // It has sent its request, and hears no answer.
    provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
    let asked = tokio::spawn(try_send(one.request(Method::POST, "/v3/acme/pay").json(&payment("lost", 500))));
    provider.wait_until(|ledger| ledger.charges_for_shop("lost").len() == 1).await;
    one.kill().await;
    assert!(asked.await.unwrap().is_err(), "its caller hears nothing");
    provider.heal();
    merchant.come_up();

    let database = other.on_disk();
    until("what was lost is found", async || {
        database.standing("lost").first().is_some_and(|standing| standing[0] == "accepted")
    })
    .await;
    let waiting = "SELECT id FROM callbacks WHERE state <> 'delivered'";
    until("every callback is delivered", async || database.column(waiting, []).is_empty()).await;
    let told: BTreeSet<String> = merchant.deliveries().iter().map(|delivery| delivery.id().to_owned()).collect();
    let kept: BTreeSet<String> = database.column("SELECT id FROM callbacks", []).into_iter().collect();
    assert_eq!(told, kept, "each is told, and none invented");
    assert_eq!(provider.ledger().charges_for_shop("lost").len(), 1);
}

#[tokio::test]
async fn a_host_that_was_paused_cannot_write_late() {
    let (provider, merchant, kept) = (Provider::start(), Merchant::start(), Kept::server());
    let [one, other] = two_hosts(&provider, &merchant, &kept).await;
    provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
    let asked = tokio::spawn(try_send(one.request(Method::POST, "/v3/acme/pay").json(&payment("shop", 500))));
    provider.wait_until(|ledger| ledger.charges_for_shop("shop").len() == 1).await;
    one.pause();
    provider.heal();
    let database = other.on_disk();
    let standing = || database.standing("shop").remove(0);
    until("the other takes it over", async || standing() == ["accepted", "finished", "unknown"]).await;
    one.resume();
    // It comes to its end, and may not write it.
    let _ = asked.await.unwrap();
    assert_eq!(standing(), ["accepted", "finished", "unknown"]);
    until("everything is told", async || {
        database.column("SELECT id FROM callbacks WHERE state = 'waiting'", []).is_empty()
    })
    .await;
    let told = database.told("shop");
    assert_eq!(told.iter().filter(|kind| *kind == "payment.accepted").count(), 1, "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("payment.accepted"), "{told:?}");
    let status = one.get("/v3/acme/status?shopTransactionId=shop").await;
    assert_eq!(status.json["status"], "ACCEPTED", "{status:?}");
    assert_eq!(provider.ledger().charges_for_shop("shop").len(), 1);
}

#[tokio::test]
async fn who_has_waited_for_a_host_that_died_has_the_whole_of_its_lease() {
    let (provider, merchant, kept) = (Provider::start(), Merchant::start(), Kept::server());
    let host = || Process::prepare(&provider, Some(&merchant), &["acme"]).over(&kept);
    let (mut one, mut other) = (host(), host());
    let dying: Vec<_> = SHORT.into_iter().chain([("PROVOST_CRASH_POINT", "claimed:1")]).collect();
    tokio::join!(one.start(&dying), other.start(&SHORT));
    let asked = try_send(one.request(Method::POST, "/v3/acme/pay").json(&payment("shop", 500))).await;
    assert!(asked.is_err(), "its host died");
    one.died().await;
    until("it is paid", async || other.post("/v3/acme/pay", &payment("shop", 500)).await.status == 200).await;
    let begun = "SELECT later.reference FROM operations AS later JOIN operations AS earlier
                 ON earlier.outcome = 'not_executed' AND earlier.finished_at <= later.created_at
                 WHERE later.outcome = 'succeeded'";
    assert_eq!(other.on_disk().column(begun, []).len(), 1, "its time counts from when it was claimed");
    assert_eq!(provider.ledger().charges_for_shop("shop").len(), 1);
}

#[tokio::test]
async fn while_the_database_is_away_nothing_begins_and_then_all_goes_on() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let mut cluster = Cluster::start(Durability::Process).unwrap();
    let kept = Kept::server_in(&cluster);
    let mut host = Process::prepare(&provider, Some(&merchant), &["acme"]).over(&kept);
    host.start(&SHORT).await;
    host.post("/v3/acme/pay", &payment("before", 500)).await;
    let silent = [false, true];
    for silent in silent {
        let begun = Instant::now();
        if silent {
            cluster.pause().unwrap();
        } else {
            cluster.kill().unwrap();
        }
        let ready = host.get("/-/ready").await;
        assert_eq!(ready.status, 503, "{ready:?}");
        assert!(begun.elapsed() < AWAY, "{:?}", begun.elapsed());
        let charges = provider.ledger().charges().len();
        let refused = host.post("/v3/acme/pay", &payment_with(&format!("during-{silent}"), 500, json!({}))).await;
        assert_eq!(refused.status, 503, "{refused:?}");
        assert_eq!(provider.ledger().charges().len(), charges, "nothing has left");

        if silent {
            cluster.resume().unwrap();
        } else {
            cluster.start_again().unwrap();
        }
        until("it is ready again", async || host.get("/-/ready").await.status == 200).await;
        let paid = host.post("/v3/acme/pay", &payment(&format!("after-{silent}"), 500)).await;
        assert_eq!((paid.status, &paid.json["result"]), (200, &json!("OK")), "{paid:?}");
    }
    until("all is told", async || merchant.deliveries().len() >= 3).await;
}
