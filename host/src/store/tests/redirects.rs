//! A redirect that nobody followed ends as failed, and one of which anything else is known never does (rule 10).

use super::*;
use crate::model::{Destination, FollowUp};
use crate::store::{EndingRedirect, Taking};

const LEASE: Timestamp = Timestamp(NOW.0 + 90_000_000);

/// A payment whose payer was sent away, and whose question is taken with [`LEASE`].
async fn asked_about(store: &Store) -> Payment {
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let state = NewsState::ActionRequired(Destination { web: Some("https://bank.example/".into()), app: None });
    let redirected = end(&operation, Settled::ActionRequired, Some("p-1"));
    let news = News { state, ..redirected.news.clone().unwrap() };
    let finished = store.finish(Finish { news: Some(news), ..redirected }).await.unwrap();
    let taking = Taking { now: LATER.pending, furthest: NOW.plus(2 * DAY), lease_until: LEASE, limit: 10 };
    assert_eq!(store.take_asks("acme", taking).await.unwrap().len(), 1);
    finished.of_payment().payment
}

/// Whether the redirect is ended a day later.
async fn ends(store: &Store, payment: PaymentKey) -> bool {
    let ending = EndingRedirect { now: NOW.plus(DAY), payment, lease: LEASE, patience: DAY, ask_at: LATER };
    store.end_redirect(ending).await.unwrap().is_some()
}

/// Rule 10.
#[tokio::test]
async fn a_redirect_that_nobody_followed_ends_as_expired_and_not_before_its_time() {
    let store = opened();
    let payment = asked_about(&store).await;
    let early = EndingRedirect {
        now: Timestamp(NOW.plus(DAY).0 - 1),
        payment: payment.key,
        lease: LEASE,
        patience: DAY,
        ask_at: LATER,
    };
    assert_eq!(store.end_redirect(early).await.unwrap(), None);
    assert!(ends(&store, payment.key).await);
    let after = store.payment_by_key(payment.key).await.unwrap().unwrap();
    assert_eq!(
        (after.state, after.decline_code.as_deref(), after.ask_at),
        (PaymentState::Failed, Some("expired"), None)
    );
    assert_eq!(store.told(), ["payment.pending", "payment.failed"]);
}

/// Rule 11: decided under the lock.
#[tokio::test]
async fn news_that_comes_between_the_last_look_and_the_end_of_a_redirect_stands() {
    for (state, expected) in
        [(NewsState::Accepted, PaymentState::Accepted), (NewsState::Authorized, PaymentState::Authorized)]
    {
        let store = opened();
        let payment = asked_about(&store).await;
        store.report(report::reporting(verified(&["p-1"], state))).await.unwrap();
        assert!(!ends(&store, payment.key).await);
        assert_eq!(store.state_of("p-1"), expected);
    }
}

#[tokio::test]
async fn who_lost_the_question_ends_no_redirect() {
    let store = opened();
    let payment = asked_about(&store).await;
    let taking = Taking { now: LEASE, furthest: NOW.plus(2 * DAY), lease_until: LEASE.plus(MINUTE), limit: 10 };
    assert_eq!(store.take_asks("acme", taking).await.unwrap().len(), 1, "another has it");
    assert!(!ends(&store, payment.key).await);
    assert_eq!(store.state_of("p-1"), PaymentState::ActionRequired);
}

/// Rule 10: a plugin goes on only with a payer who came back.
#[tokio::test]
async fn a_redirect_that_was_followed_never_ends_as_expired() {
    let store = opened();
    let payment = asked_about(&store).await;
    let came_back = News { follow_ups: vec![FollowUp::Resume("{}".into())], ..verified(&["p-1"], NewsState::Pending) };
    store.report(report::reporting(came_back)).await.unwrap();
    assert!(!ends(&store, payment.key).await);
    assert_ne!(store.state_of("p-1"), PaymentState::Failed);
}
