//! How idempotency keys are scoped and how long they live (rules 15, 17 and 20).

use crate::harness::{START, Setup, payment, refund};
use provost::clock::Clock;
use serde_json::json;
use simulators::Provider;
use simulators::provider::{Misbehaviour, Rule};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_key_lives_seven_days() {
    let (provider, clock) = (Provider::start(), Clock::manual(START));
    let host = Setup::new().clock(&clock).acme(&provider).start().await;
    let first = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-1", 500)).await;

    clock.advance(7 * DAY - SECOND);
    let same = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-1", 500)).await;
    assert_eq!((same.header("idempotent-replayed"), &same.bytes), ("true", &first.bytes));
    let other = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-2", 500)).await;
    assert_eq!((other.status, &other.json["code"]), (422, &json!("idempotency_key_reused")), "{other:?}");

    clock.advance(SECOND);
    let other = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-2", 500)).await;
    assert_eq!((other.status, &other.json["result"]), (200, &json!("OK")), "{other:?}");
    let same = host.post("/v3/acme/pay", &payment("shop-1", 500)).await;
    assert_eq!(same.bytes, first.bytes, "a shop's id does not expire");
    assert_eq!(provider.ledger().charges().len(), 2);
}

#[tokio::test]
async fn a_key_is_kept_beyond_its_time_while_its_operation_is_not_decided() {
    let (provider, clock) = (Provider::start(), Clock::manual(START));
    let host = Setup::new().clock(&clock).acme(&provider).start().await;
    provider.fail(Rule::charge(Misbehaviour::Close.after()));
    let first = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-1", 500)).await;
    assert_eq!(first.header("x-payment-outcome"), "unknown", "{first:?}");

    clock.advance(30 * DAY);
    let same = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-1", 500)).await;
    assert_eq!((same.header("idempotent-replayed"), &same.bytes), ("true", &first.bytes));
    let other = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-2", 500)).await;
    assert_eq!(other.status, 422, "{other:?}");

    assert_eq!(host.get("/v3/acme/status?shopTransactionId=shop-1").await.json["status"], "ACCEPTED");
    let other = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-2", 500)).await;
    assert_eq!((other.status, &other.json["result"]), (200, &json!("OK")), "{other:?}");
}

#[tokio::test]
async fn a_key_belongs_to_one_external_and_one_operation() {
    let provider = Provider::start();
    let setup = Setup::new().acme(&provider).acme(&provider).with(|other| other.external = "other".to_owned());
    let host = setup.start().await;
    let paid = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-1", 500)).await;
    let elsewhere = host.post_with_key("/v3/other/pay", "k-1", &payment("shop-1", 500)).await;
    let refunded = host.post_with_key("/v3/acme/refund", "k-1", &refund(&paid.text("paymentId"), 500)).await;
    for reply in [paid, elsewhere, refunded] {
        assert_eq!((reply.status, &reply.json["result"]), (200, &json!("OK")), "{reply:?}");
        assert_eq!(reply.header("idempotent-replayed"), "", "{reply:?}");
    }
    let ledger = provider.ledger();
    assert_eq!((ledger.charges().len(), ledger.refunds().len()), (2, 1));
    let keys: Vec<_> = ledger.requests().iter().filter_map(|request| request.header("idempotency-key")).collect();
    assert!(keys.iter().all(|key| ledger.uses_of(key) == 1 && *key != "k-1"), "the provider's keys are the host's own");
}

#[tokio::test]
async fn a_key_is_the_same_bare_and_quoted_and_a_malformed_one_is_refused() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let bare = host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-1", 500)).await;
    let quoted = host.post_with_key("/v3/acme/pay", "\"k-1\"", &payment("shop-1", 500)).await;
    assert_eq!((quoted.header("idempotent-replayed"), &quoted.bytes), ("true", &bare.bytes));
    for malformed in ["", "two words", "\"open"] {
        let reply = host.post_with_key("/v3/acme/pay", malformed, &payment("shop-2", 500)).await;
        assert_eq!((reply.status, &reply.json["code"]), (400, &json!("bad_header")), "{malformed:?}");
    }
    assert_eq!(provider.ledger().requests().len(), 1);
}

#[tokio::test]
async fn where_a_key_is_required_nothing_moves_without_one() {
    let provider = Provider::start();
    let mut setup = Setup::new().acme(&provider);
    setup.require_idempotency_key = true;
    let host = setup.start().await;
    for (path, body) in [("/v3/acme/pay", payment("shop-1", 500)), ("/v3/acme/refund", refund("ch_1", 1))] {
        let reply = host.post(path, &body).await;
        assert_eq!((reply.status, &reply.json["code"]), (400, &json!("idempotency_key_required")), "{reply:?}");
    }
    assert!(provider.ledger().requests().is_empty());
    assert_eq!(host.post_with_key("/v3/acme/pay", "k-1", &payment("shop-1", 500)).await.status, 200);
}

#[tokio::test]
async fn a_shops_id_names_several_payments_only_where_the_operator_says_so() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).with(|acme| acme.business_key = false).start().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(host.post("/v3/acme/pay", &payment("shop-1", 500)).await.text("paymentId"));
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(provider.ledger().charges_for_shop("shop-1").len(), 2);
}
