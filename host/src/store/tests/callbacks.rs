use super::*;
use crate::store::{Attempt, CallbackCounts, Delivery, Settlement};

async fn lease(store: &Store, now: Timestamp) -> Vec<Delivery> {
    let mut leased = Vec::new();
    for external in store.due_externals(due_by(now), None).await.unwrap() {
        leased.extend(store.lease_callbacks(&external, due_by(now), now.plus(MINUTE), 100).await.unwrap());
    }
    leased
}

async fn settle(store: &Store, delivery: &Delivery, settlement: Settlement) -> Result<(), StoreError> {
    let attempt = Attempt { status: Some(503), error: None, duration: SECOND };
    store.settle_callback(delivery.key, delivery.fence, NOW, settlement, attempt).await
}

fn kind(delivery: &Delivery) -> String {
    let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(body["id"], delivery.id.as_str());
    body["type"].as_str().unwrap().to_owned()
}

fn payment_of(delivery: &Delivery) -> String {
    let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
    body["paymentId"].as_str().unwrap().to_owned()
}

/// A payment with three callbacks: pending, accepted, and a check.
async fn with_three(store: &Store, shop: &str, id: &str) -> String {
    let payment = store.ended(pay(shop), Settled::Pending, Some(id)).await.of_payment().payment;
    store.report(report::reporting(inquiry(&[id], NewsState::Accepted))).await.unwrap();
    store.check(payment.key, None, NOW, SECOND).await.unwrap();
    id.to_owned()
}

/// Rule 32.
#[tokio::test]
async fn callbacks_of_one_payment_go_out_in_order_and_hold_up_no_other() {
    let store = opened();
    let (first, second) = (with_three(&store, "s-1", "p-1").await, with_three(&store, "s-2", "p-2").await);
    let due = lease(&store, NOW).await;
    assert_eq!(
        due.iter().map(|delivery| (payment_of(delivery), delivery.attempt)).collect::<Vec<_>>(),
        [(first.clone(), 1), (second.clone(), 1)]
    );
    assert_eq!(lease(&store, NOW).await, [], "leased");
    settle(&store, &due[0], Settlement::RetryAt(NOW.plus(MINUTE))).await.unwrap();
    settle(&store, &due[1], Settlement::Delivered).await.unwrap();
    let due = lease(&store, NOW).await;
    assert_eq!(due.len(), 1, "the first payment waits for its retry");
    assert_eq!((payment_of(&due[0]), kind(&due[0])), (second, "payment.accepted".to_owned()));
    settle(&store, &due[0], Settlement::Delivered).await.unwrap();
    settle(&store, &lease(&store, NOW).await[0], Settlement::Delivered).await.unwrap();
    assert_eq!(store.next_callback_due(NOW, None).await.unwrap(), Some(NOW.plus(MINUTE)));
    let again = lease(&store, NOW.plus(MINUTE)).await;
    assert_eq!((again[0].attempt, kind(&again[0])), (2, "payment.pending".to_owned()));
}

/// A clock that ran ahead and was set back: what it planned is sent now, and once.
#[tokio::test]
async fn callbacks_and_checks_do_not_wait_for_a_clock_that_was_set_back() {
    let store = opened();
    let payment = store.ended(pay("s-1"), Settled::Succeeded, Some("p-1")).await.of_payment().payment;
    let ahead = NOW.plus(365 * DAY);
    settle(&store, &lease(&store, ahead).await[0], Settlement::RetryAt(ahead.plus(MINUTE))).await.unwrap();
    assert!(store.check(payment.key, None, ahead, SECOND).await.unwrap());
    let again = lease(&store, NOW).await;
    assert_eq!((again.len(), again[0].attempt), (1, 2));
    assert_eq!(lease(&store, NOW).await, [], "and not again");
    assert!(store.check(payment.key, None, NOW, SECOND).await.unwrap());
    assert!(!store.check(payment.key, None, NOW, SECOND).await.unwrap(), "once in its gap");
}

/// Rules 29 and 33.
#[tokio::test]
async fn a_dead_letter_lets_the_next_of_its_payment_out() {
    let store = opened();
    with_three(&store, "s-1", "p-1").await;
    settle(&store, &lease(&store, NOW).await[0], Settlement::Dead).await.unwrap();
    assert_eq!(store.callback_counts().await.unwrap(), CallbackCounts { waiting: 2, dead: 1 });
    assert_eq!(kind(&lease(&store, NOW).await[0]), "payment.accepted");
    let attempts = store.query::<i64>("SELECT status FROM callback_attempts");
    assert_eq!(attempts, [503]);
}

#[tokio::test]
async fn a_lease_that_lapsed_is_given_again_with_the_same_bytes_and_the_first_holder_is_gone() {
    let store = opened();
    with_three(&store, "s-1", "p-1").await;
    let first = lease(&store, NOW).await.remove(0);
    let second = lease(&store, NOW.plus(MINUTE)).await.remove(0);
    assert_eq!((&first.id, &first.body), (&second.id, &second.body));
    assert_eq!(settle(&store, &first, Settlement::Delivered).await, Err(StoreError::Gone));
    settle(&store, &second, Settlement::Delivered).await.unwrap();
    assert_eq!(settle(&store, &second, Settlement::Delivered).await, Err(StoreError::Gone));
}

/// Rule 29: at least once.
#[tokio::test]
async fn a_restart_gives_leased_callbacks_out_again_at_once() {
    let store = in_file();
    with_three(&store, "s-1", "p-1").await;
    let before = lease(&store, NOW).await;
    let store = store.reopened(NOW.plus(SECOND));
    let after = lease(&store, NOW.plus(SECOND)).await;
    assert_eq!((&after[0].id, &after[0].body), (&before[0].id, &before[0].body));
    settle(&store, &after[0], Settlement::RetryAt(NOW.plus(DAY))).await.unwrap();
    let store = store.reopened(NOW.plus(MINUTE));
    assert_eq!(lease(&store, NOW.plus(MINUTE)).await, [], "a retry keeps its time");
}

/// Rule 32: its work does not grow with the backlog, nor with what was ever done.
#[tokio::test]
async fn what_is_due_is_found_by_index() {
    let store = in_file();
    let plans = [
        (
            "SELECT key FROM callbacks
             WHERE due_at IS NOT NULL AND external = 'acme' AND due_at <= 1 ORDER BY due_at LIMIT 10",
            "callbacks_due",
        ),
        ("SELECT min(external) FROM callbacks WHERE due_at IS NOT NULL AND external > 'acme'", "callbacks_due"),
        (
            "SELECT min(key) FROM callbacks WHERE payment = 1 AND replayed = 0 AND state = 'waiting'",
            "callbacks_waiting_of_payment",
        ),
        (
            "SELECT min(key) FROM callbacks WHERE subscription = 1 AND replayed = 0 AND state = 'waiting'",
            "callbacks_waiting_of_subscription",
        ),
        (
            "SELECT key FROM payments WHERE ask_at IS NOT NULL AND external = 'acme' AND ask_at <= 1
             ORDER BY ask_at LIMIT 10",
            "payments_ask",
        ),
        ("SELECT min(external) FROM payments WHERE ask_at IS NOT NULL AND external > 'acme'", "payments_ask"),
        (
            "SELECT key FROM operations WHERE payment = 1 AND kind IN ('refund', 'capture', 'void') ORDER BY key",
            "operations_actions",
        ),
        (
            "SELECT key FROM subscriptions WHERE ask_at IS NOT NULL AND external = 'acme' AND ask_at > 1
             ORDER BY ask_at LIMIT 10",
            "subscriptions_ask",
        ),
        (
            "SELECT key FROM follow_ups WHERE state = 'waiting' AND due_at <= 1 ORDER BY due_at LIMIT 10",
            "follow_ups_due",
        ),
    ];
    for (sql, index) in plans {
        let plan: Vec<String> = store.column(&format!("EXPLAIN QUERY PLAN {sql}"), 3);
        assert!(plan.len() == 1 && plan[0].starts_with("SEARCH") && plan[0].contains(index), "{sql}: {plan:?}");
    }
}
