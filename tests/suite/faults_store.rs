//! The store is away when an outcome is to be written.

use crate::harness::{START, Setup, payment};
use provost::clock::Clock;
use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;
use simulators::Provider;
use simulators::provider::{Misbehaviour, Rule};
use std::time::Duration;

/// Rule 4: the answer is `PENDING`, the operation stays *sent*; and nobody needs to restart the host to learn the truth.
#[tokio::test]
async fn an_outcome_that_cannot_be_written_is_pending_and_found_out_when_its_lease_has_lapsed() {
    let (provider, clock) = (Provider::start(), Clock::manual(START));
    let host = Setup::new().clock(&clock).acme(&provider).start().await;
    provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
    let body = payment("unwritten", 500);
    let (answer, lock) = tokio::join!(host.post("/v3/acme/pay", &body), async {
        provider.wait_until(|ledger| !ledger.requests_to(&Method::POST, "/charges").is_empty()).await;
        let lock = Connection::open(host.database()).expect("the host made the file");
        lock.execute_batch("BEGIN IMMEDIATE").expect("nobody writes now");
        provider.release();
        lock
    });
    assert_eq!((answer.status, &answer.json["result"]), (200, &json!("PENDING")), "{answer:?}");
    assert_eq!(answer.header("x-payment-outcome"), "unknown");
    lock.execute_batch("ROLLBACK").expect("the file can be let go");
    assert_eq!(host.on_disk().standing("unwritten"), [["started", "sent", ""]]);

    clock.advance(Duration::from_secs(41));
    let resolved = [["accepted", "finished", "unknown"]];
    host.on_disk().until("it is found out", |database| database.standing("unwritten") == resolved).await;
    assert_eq!(provider.ledger().charges_for_shop("unwritten").len(), 1);
}
