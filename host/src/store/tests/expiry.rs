use super::*;
use crate::model::Trust;
use crate::store::{Attempt, Expiring, Passing, Replaying, STEP, Settlement, Which, Whose};

const LATER: Timestamp = Timestamp(NOW.0 + 40 * 86_400_000);

/// Steps until nothing is left to do, at this moment.
pub(super) async fn expire(store: &Store, now: Timestamp) {
    let expiring = Expiring { now, keys_live: 7 * DAY, callbacks_kept: 35 * DAY };
    for what in Passing::ALL {
        while store.expire(what, expiring).await.unwrap() {}
    }
}

fn count(store: &Store, table: &str) -> i64 {
    store.query::<i64>(&format!("SELECT count(*) FROM {table}"))[0]
}

/// Rule 20.
#[tokio::test]
async fn a_key_is_forgotten_after_its_time_and_never_while_its_payment_is_not_decided() {
    let store = opened();
    let decided = store.ended(keyed("k-1", pay("s-1")), Settled::Succeeded, Some("p-1")).await.of_payment().payment;
    store.ended(keyed("k-2", pay("s-2")), Settled::Unknown, Some("p-2")).await;
    store.ended(keyed("k-3", refund(decided.key, 100)), Settled::Succeeded, Some("re-1")).await;
    let keys = || store.query::<String>("SELECT idempotency_key FROM operations WHERE idempotency_key IS NOT NULL");
    expire(&store, NOW.plus(7 * DAY).minus(SECOND)).await;
    assert_eq!(keys(), ["k-1", "k-2", "k-3"]);
    expire(&store, NOW.plus(7 * DAY)).await;
    assert_eq!(keys(), ["k-2"], "it is not decided");
    store.report(report::reporting(inquiry(&["p-2"], NewsState::Accepted))).await.unwrap();
    expire(&store, NOW.plus(7 * DAY).plus(SECOND)).await;
    assert_eq!(keys(), ["k-2"], "it is looked at again after a day");
    expire(&store, NOW.plus(8 * DAY)).await;
    assert_eq!(keys(), Vec::<String>::new());
    assert_eq!(count(&store, "payments"), 2, "payments stay");
}

/// Rule 15: no expiry.
#[tokio::test]
async fn who_pays_again_under_its_business_key_gets_the_answer_from_then_for_ever() {
    let store = opened();
    store.ended(keyed("k-1", pay("s-1")), Settled::Succeeded, Some("p-1")).await;
    expire(&store, LATER).await;
    let again = store.claim(Claim { now: LATER, ..pay("s-1") }).await.unwrap();
    let Claimed::Replay { operation, .. } = again else { panic!("{again:?}") };
    assert_eq!(operation.answer.unwrap().body, b"succeeded");
}

#[tokio::test]
async fn what_moved_no_money_leaves_nothing_behind() {
    let store = opened();
    let utility = Claim { what: What::Utility, amount: None, ..keyed("k-1", pay("")) };
    let (operation, _) = store.new_operation(utility).await;
    let finish = Finish {
        news: None,
        told: Told::default(),
        ..end(&Operation { kind: Kind::Pay, ..operation }, Settled::Succeeded, None)
    };
    store.finish(finish).await.unwrap();
    expire(&store, NOW.plus(6 * DAY)).await;
    assert_eq!(count(&store, "operations"), 1);
    expire(&store, NOW.plus(7 * DAY)).await;
    assert_eq!(count(&store, "operations"), 0);
}

/// Rule 33: what was given up stays until somebody sends it again.
#[tokio::test]
async fn delivered_callbacks_go_with_their_attempts_and_others_stay() {
    let store = opened();
    for shop in ["delivered", "dead", "waiting", "late"] {
        store.ended(pay(shop), Settled::Succeeded, Some(shop)).await;
    }
    let deliveries = store.lease_callbacks("acme", due_by(NOW), NOW.plus(MINUTE), 10).await.unwrap();
    let attempt = Attempt { status: Some(200), error: None, duration: SECOND };
    let settle = async |position: usize, now, settlement| {
        let delivery = &deliveries[position];
        store.settle_callback(delivery.key, delivery.fence, now, settlement, attempt.clone()).await.unwrap();
    };
    settle(0, NOW, Settlement::Delivered).await;
    settle(1, NOW, Settlement::Dead).await;
    expire(&store, NOW.plus(35 * DAY).minus(SECOND)).await;
    assert_eq!((count(&store, "callbacks"), count(&store, "callback_attempts")), (4, 2));
    expire(&store, NOW.plus(35 * DAY)).await;
    let states = || store.query::<String>("SELECT state FROM callbacks ORDER BY key");
    assert_eq!(
        (states(), count(&store, "callback_attempts")),
        (["dead", "waiting", "waiting"].map(str::to_owned).to_vec(), 1)
    );
    // Delivered after the walk has come by: found by its end.
    settle(3, NOW.plus(36 * DAY), Settlement::Delivered).await;
    expire(&store, NOW.plus(70 * DAY)).await;
    assert_eq!(states(), ["dead", "waiting", "delivered"]);
    expire(&store, NOW.plus(71 * DAY)).await;
    assert_eq!(states(), ["dead", "waiting"]);
}

#[tokio::test]
async fn a_callback_that_was_replayed_goes_too_once_it_was_delivered_long_enough_ago() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Succeeded, Some("p-1")).await;
    let attempt = || Attempt { status: Some(200), error: None, duration: SECOND };
    let deliver = async |now: Timestamp, settlement| {
        let delivery = store.lease_callbacks("acme", due_by(now), now.plus(MINUTE), 1).await.unwrap().remove(0);
        store.settle_callback(delivery.key, delivery.fence, now, settlement, attempt()).await.unwrap();
        delivery.id
    };
    let id = deliver(NOW, Settlement::Dead).await;
    let now = NOW.plus(40 * DAY);
    expire(&store, now).await;
    let replaying = Replaying { now, which: Which::One(id), who: "ann".into(), reason: "asked for".into() };
    store.replay(replaying).await.unwrap();
    deliver(now, Settlement::Delivered).await;
    expire(&store, now.plus(34 * DAY)).await;
    assert_eq!(count(&store, "callbacks"), 1);
    expire(&store, now.plus(35 * DAY)).await;
    assert_eq!(count(&store, "callbacks"), 0);
}

/// Rule 26.
#[tokio::test]
async fn webhook_events_are_forgotten_once_they_are_old_enough() {
    let store = opened();
    store.accepted("s-1", "p-1").await;
    webhooks::receive(&store, Trust::Verified, Some("e-1"), verified(&["p-1"], NewsState::Accepted)).await;
    expire(&store, NOW.plus(35 * DAY).minus(SECOND)).await;
    assert_eq!(count(&store, "webhook_events"), 1);
    expire(&store, NOW.plus(35 * DAY)).await;
    assert_eq!(count(&store, "webhook_events"), 0);
}

#[tokio::test]
async fn what_plugins_keep_goes_at_the_moment_that_they_named_and_makes_room() {
    let store = opened();
    let set = |key: &str, expires_at| store.state_set("acme".into(), key.into(), vec![1], expires_at, 2, NOW);
    set("for ever", None).await.unwrap();
    set("for a while", Some(NOW.plus(DAY))).await.unwrap();
    expire(&store, NOW.plus(DAY)).await;
    assert_eq!(store.query::<String>("SELECT key FROM state"), ["for ever"]);
    assert_eq!(store.query::<i64>("SELECT keys FROM state_sizes"), [1]);
}

#[tokio::test]
async fn a_token_that_leads_to_nothing_is_forgotten_and_one_that_leads_anywhere_is_not() {
    let store = opened();
    let expire_token = |token: &str| Claim {
        what: What::Expire(Whose::Elsewhere(token.to_owned())),
        amount: None,
        fingerprint: token.to_owned(),
        ..keyed(token, pay(""))
    };
    for (token, settled) in [("made-up", Settled::Declined), ("lost", Settled::Unknown), ("real", Settled::Succeeded)] {
        let (operation, _) = store.new_operation(expire_token(token)).await;
        let finish = end(&Operation { kind: Kind::Pay, ..operation }, settled, None);
        store.finish(Finish { news: None, told: Told::default(), ..finish }).await.unwrap();
    }
    expire(&store, NOW.plus(6 * DAY)).await;
    assert_eq!(count(&store, "subscriptions"), 3);
    expire(&store, NOW.plus(8 * DAY)).await;
    expire(&store, NOW.plus(9 * DAY)).await;
    assert_eq!(store.query::<String>("SELECT name FROM subscription_names ORDER BY name"), ["lost", "real"]);
    assert_eq!((count(&store, "subscriptions"), count(&store, "operations")), (2, 2));
}

/// However much there is to let go, one step is short.
#[tokio::test]
async fn a_step_looks_at_no_more_than_it_may() {
    let store = opened();
    let keys: Vec<_> = (0..STEP + 1).map(|number| number.to_string()).collect();
    for key in &keys {
        store.state_set("acme".into(), key.clone(), vec![], Some(NOW), 10_000, NOW).await.unwrap();
    }
    let expiring = Expiring { now: NOW, keys_live: 7 * DAY, callbacks_kept: 35 * DAY };
    assert!(store.expire(Passing::State, expiring).await.unwrap(), "there is more");
    assert_eq!(count(&store, "state"), 1);
    assert!(!store.expire(Passing::State, expiring).await.unwrap());
    assert_eq!(count(&store, "state"), 0);
}
