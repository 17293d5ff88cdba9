//! Questions: who takes them, what becomes of them, and that neither a restart nor a clock loses or repeats any.

use super::*;
use crate::store::{AskSettled, Taking};

const HOUR: Duration = Duration::from_secs(3_600);

fn taking(now: Timestamp) -> Taking {
    Taking { now, furthest: now.plus(2 * DAY), lease_until: now.plus(MINUTE), limit: 10 }
}

/// A payment of which nobody knows what became of it.
async fn unknown(store: &Store, shop: &str) -> Payment {
    store.ended(pay(shop), Settled::Unknown, None).await.of_payment().payment
}

async fn taken(store: &Store, now: Timestamp) -> Vec<PaymentKey> {
    store.take_asks("acme", taking(now)).await.unwrap().iter().map(|payment| payment.key).collect()
}

fn next(asks: u32, at: Timestamp) -> AskSettled {
    AskSettled { asks, next: Some(at), review: None }
}

/// Rule 6, and two hosts on one store.
#[tokio::test]
async fn a_question_is_taken_by_one_and_comes_back_should_who_took_it_die() {
    let store = opened();
    let payment = unknown(&store, "s-1").await;
    assert_eq!(taken(&store, NOW).await, [], "not before its time");
    let due = LATER.unknown;
    let (one, other) = tokio::join!(taken(&store, due), taken(&store, due));
    assert_eq!([one, other].concat(), [payment.key]);
    assert_eq!(taken(&store, due.plus(MINUTE - SECOND)).await, []);
    assert_eq!(taken(&store, due.plus(MINUTE)).await, [payment.key]);
}

#[tokio::test]
async fn who_was_paused_past_its_lease_plans_nothing() {
    let store = opened();
    let payment = unknown(&store, "s-1").await;
    let due = LATER.unknown;
    assert_eq!(taken(&store, due).await, [payment.key]);
    let paused = due.plus(MINUTE);
    assert_eq!(taken(&store, paused).await, [payment.key], "another has it");
    let given_up = AskSettled { asks: 1, next: None, review: Some("nobody decides") };
    assert!(!store.settle_ask(payment.key, due.plus(MINUTE), given_up.clone()).await.unwrap());
    assert_eq!(store.payment_by_key(payment.key).await.unwrap().unwrap().review, None);
    assert!(store.settle_ask(payment.key, paused.plus(MINUTE), given_up).await.unwrap(), "a person is told once");
    let settled = store.payment_by_key(payment.key).await.unwrap().unwrap();
    assert_eq!((settled.asks, settled.ask_at, settled.review.as_deref()), (1, None, Some("nobody decides")));
}

/// Rule 6.
#[tokio::test]
async fn a_restart_goes_on_where_the_schedule_was() {
    let store = opened();
    let payment = unknown(&store, "s-1").await;
    let due = LATER.unknown;
    taken(&store, due).await;
    store.settle_ask(payment.key, due.plus(MINUTE), next(4, due.plus(HOUR))).await.unwrap();
    let store = store.reopened(due.plus(MINUTE));
    let after = store.payment_by_key(payment.key).await.unwrap().unwrap();
    assert_eq!((after.asks, after.ask_at, after.open_since), (4, Some(due.plus(HOUR)), Some(NOW)));
    assert_eq!(taken(&store, due.plus(HOUR - SECOND)).await, []);
}

#[tokio::test]
async fn what_comes_to_stand_otherwise_meanwhile_is_planned_by_that_and_not_by_who_asks() {
    let store = opened();
    let payment = unknown(&store, "s-1").await;
    let due = LATER.unknown;
    taken(&store, due).await;
    let pending = verified(&["p-1"], NewsState::Pending);
    let ask_at = AskAt { unknown: due.plus(SECOND), pending: due.plus(HOUR) };
    let target = Target { host_reference: Some(payment.reference.0.clone()), ..pending.target.clone() };
    store.report_on(&payment, News { target, ..pending }, due, ask_at).await.unwrap();
    store.settle_ask(payment.key, due.plus(MINUTE), next(1, due.plus(DAY))).await.unwrap();
    let after = store.payment_by_key(payment.key).await.unwrap().unwrap();
    assert_eq!((after.asks, after.ask_at, after.open_since), (0, Some(due.plus(HOUR)), Some(due)));
}

#[tokio::test]
async fn what_is_decided_is_asked_about_no_more_and_needs_nobody() {
    let store = opened();
    let payment = unknown(&store, "s-1").await;
    let due = LATER.unknown;
    taken(&store, due).await;
    let review = AskSettled { asks: 11, next: None, review: Some(crate::model::UNDECIDED) };
    assert!(store.settle_ask(payment.key, due.plus(MINUTE), review).await.unwrap());
    let target = Target { host_reference: Some(payment.reference.0.clone()), ..Target::default() };
    let accepted = News::new(Source::Inquiry, target, Action::Payment, NewsState::Accepted);
    store.report_on(&payment, accepted, due, LATER).await.unwrap();
    let after = store.payment_by_key(payment.key).await.unwrap().unwrap();
    assert_eq!((after.state, after.ask_at, after.review), (PaymentState::Accepted, None, None));
}

/// Rule 10: whatever else a person must look at.
#[tokio::test]
async fn what_nobody_decides_is_told_beside_what_is_to_be_looked_at_already() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let odd = News { amount: Some(euro(400)), ..inquiry(&["p-1"], NewsState::Accepted) };
    store.report_on(&payment, odd, NOW, LATER).await.unwrap();
    let amount = store.payment_by_key(payment.key).await.unwrap().unwrap().review.unwrap();
    let lost = store.ended(refund(payment.key, 400), Settled::Unknown, None).await.of_payment().payment;
    let due = LATER.unknown;
    taken(&store, due).await;
    let undecided = AskSettled { asks: 11, next: None, review: Some(crate::model::UNDECIDED) };
    assert!(store.settle_ask(payment.key, due.plus(MINUTE), undecided).await.unwrap(), "a person is told");
    let both = store.payment_by_key(payment.key).await.unwrap().unwrap().review.unwrap();
    assert_eq!(both, format!("{amount}; {}", crate::model::UNDECIDED));

    let target = Target { host_reference: Some(lost.refunds[0].reference.0.clone()), ..target(&["p-1"]) };
    let news = News { action: Action::Refund, target, ..inquiry(&[], NewsState::Accepted) };
    store.report_on(&payment, news, due, LATER).await.unwrap();
    let after = store.payment_by_key(payment.key).await.unwrap().unwrap();
    assert_eq!((after.refunds[0].state, after.review), (ActionState::Accepted, Some(amount)));
}

#[tokio::test]
async fn the_backlog_of_one_external_hides_nothing_of_another() {
    let store = opened();
    for number in 0..20 {
        unknown(&store, &format!("s-{number}")).await;
    }
    let other = Claim { external: "other".into(), ..pay("s-1") };
    let other = store.ended(other, Settled::Unknown, None).await.of_payment().payment;
    let due = LATER.unknown;
    assert_eq!(store.due_ask_externals(NOW, NOW.plus(2 * DAY)).await.unwrap(), Vec::<String>::new());
    assert_eq!(store.due_ask_externals(due, due.plus(2 * DAY)).await.unwrap(), ["acme", "other"]);
    assert_eq!(taken(&store, due).await.len(), 10, "as many as there are places for");
    let found = store.take_asks("other", taking(due)).await.unwrap();
    assert_eq!(found.iter().map(|payment| payment.key).collect::<Vec<_>>(), [other.key]);
    assert_eq!(store.due_ask_externals(due, due.plus(2 * DAY)).await.unwrap(), ["acme"]);
}

/// A clock that ran ahead and was set back.
#[tokio::test]
async fn what_was_planned_too_far_ahead_is_asked_now_and_once() {
    let store = opened();
    let payment = unknown(&store, "s-1").await;
    let ahead = NOW.plus(365 * DAY);
    taken(&store, ahead).await;
    store.settle_ask(payment.key, ahead.plus(MINUTE), next(1, ahead.plus(HOUR))).await.unwrap();
    assert_eq!(store.due_ask_externals(NOW, NOW.plus(2 * DAY)).await.unwrap(), ["acme"]);
    assert_eq!(taken(&store, NOW).await, [payment.key]);
    assert_eq!(taken(&store, NOW).await, [], "and not again");
}
