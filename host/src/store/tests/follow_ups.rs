//! What plugins ask to be done next: kept with the news that asks for it, once for each payment and content (rule 14).

use super::*;
use crate::model::FollowUp;
use crate::store::{DueFollowUp, FollowUpKey};

fn asks(follow_ups: Vec<FollowUp>) -> News {
    News { follow_ups, ..inquiry(&["p-1"], NewsState::Authorized) }
}

fn resume(payment: PaymentKey, key: FollowUpKey) -> Claim {
    Claim { fingerprint: format!("follow-up {}", key.0), amount: None, what: What::Resume(payment, key), ..pay("") }
}

async fn due(store: &Store, now: Timestamp) -> Vec<DueFollowUp> {
    store.due_follow_ups(now, 10).await.unwrap()
}

#[tokio::test]
async fn what_is_asked_for_twice_is_done_once() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Authorized, Some("p-1")).await;
    let step = || FollowUp::Resume(r#"{"step":2}"#.into());
    for _ in 0..2 {
        store.report(report::reporting(asks(vec![FollowUp::Capture, step()]))).await.unwrap();
    }
    let waiting = due(&store, NOW).await;
    assert_eq!(waiting.iter().map(|due| due.follow_up.clone()).collect::<Vec<_>>(), [FollowUp::Capture, step()]);
    let (payment, key) = (waiting[1].payment.key, waiting[1].key);
    let (operation, _) = store.new_operation(resume(payment, key)).await;
    assert_eq!(store.claim(resume(payment, key)).await.unwrap(), Claimed::FollowedUp);
    store.finish(end(&operation, Settled::Succeeded, None)).await.unwrap();
    assert_eq!(store.state_of("p-1"), PaymentState::Accepted);
    store.report(report::reporting(asks(vec![step()]))).await.unwrap();
    assert_eq!(due(&store, NOW).await.len(), 1, "the capture alone");
}

#[tokio::test]
async fn what_was_not_executed_waits_again_and_is_given_up_in_the_end() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Authorized, Some("p-1")).await;
    store.report(report::reporting(asks(vec![FollowUp::Resume("1".into())]))).await.unwrap();
    let mut now = NOW;
    for attempt in 1..=5 {
        let waiting = due(&store, now).await.pop().unwrap();
        let (operation, _) = store.new_operation(resume(waiting.payment.key, waiting.key)).await;
        let not_executed =
            Finish { news: Some(inquiry(&[], NewsState::Unknown)), now, ..end(&operation, Settled::NotExecuted, None) };
        let finished = store.finish(not_executed).await.unwrap();
        assert_eq!(finished.given_up, attempt == 5);
        assert_eq!(due(&store, now).await, []);
        now = now.plus(DAY);
    }
    assert_eq!(due(&store, now.plus(30 * DAY)).await, []);
    assert_eq!(store.state_of("p-1"), PaymentState::Authorized, "the payment stands where it stood");
}

#[tokio::test]
async fn what_a_clock_that_was_set_back_has_put_off_is_due() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Authorized, Some("p-1")).await;
    store.report(report::reporting(asks(vec![FollowUp::Capture]))).await.unwrap();
    let key = due(&store, NOW).await[0].key;
    store.put_off(key, NOW.plus(365 * DAY)).await.unwrap();
    assert_eq!(due(&store, NOW).await.iter().map(|due| due.key).collect::<Vec<_>>(), [key]);
}

#[tokio::test]
async fn what_is_put_off_is_not_begun_before_its_time() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Authorized, Some("p-1")).await;
    store.report(report::reporting(asks(vec![FollowUp::Capture]))).await.unwrap();
    let key = due(&store, NOW).await[0].key;
    store.put_off(key, NOW.plus(MINUTE)).await.unwrap();
    assert_eq!(due(&store, NOW.plus(MINUTE - SECOND)).await, []);
    assert_eq!(due(&store, NOW.plus(MINUTE)).await.len(), 1);
    store.drop_follow_up(key).await.unwrap();
    assert_eq!(due(&store, NOW.plus(DAY)).await, []);
}

/// A capture that was lost and turns out not to have happened is asked for again.
#[tokio::test]
async fn what_was_lost_and_did_not_happen_waits_again() {
    let store = opened();
    let payment = store.ended(pay("s-1"), Settled::Authorized, Some("p-1")).await.of_payment().payment;
    store.report(report::reporting(asks(vec![FollowUp::Capture]))).await.unwrap();
    let key = due(&store, NOW).await[0].key;
    let what = What::Capture { payment: payment.key, last: true, repeat_window: MINUTE, follow_up: Some(key) };
    let (operation, _) =
        store.new_operation(Claim { fingerprint: "follow-up".into(), amount: None, what, ..pay("") }).await;
    store.finish(end(&operation, Settled::Unknown, None)).await.unwrap();
    assert_eq!(due(&store, NOW.plus(DAY)).await, []);
    let target = Target { host_reference: Some(operation.reference.0.clone()), ..target(&["p-1"]) };
    let undone = News::new(Source::Inquiry, target, Action::Capture, NewsState::NotExecuted);
    store.report_on(&store.as_it_is(payment.key).await, undone, NOW, LATER).await.unwrap();
    assert_eq!(due(&store, NOW.plus(DAY)).await.len(), 1);
}

/// Rule 13: nothing moves by itself until a person has looked.
#[tokio::test]
async fn nothing_follows_while_a_person_must_look() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Authorized, Some("p-1")).await;
    store.report(report::reporting(asks(vec![FollowUp::Capture, FollowUp::Resume("1".into())]))).await.unwrap();
    let odd = News { amount: Some(euro(1)), follow_ups: vec![FollowUp::Resume("2".into())], ..asks(Vec::new()) };
    store.report(report::reporting(News { state: NewsState::Accepted, ..odd })).await.unwrap();
    let waiting = due(&store, NOW).await;
    assert_eq!(waiting.len(), 2, "what came with the doubtful news is not kept");
    let capture = What::Capture {
        payment: waiting[0].payment.key,
        last: true,
        repeat_window: MINUTE,
        follow_up: Some(waiting[0].key),
    };
    let capture = Claim { fingerprint: "capture".into(), amount: None, what: capture, ..pay("") };
    for claim in [capture, resume(waiting[1].payment.key, waiting[1].key)] {
        assert!(matches!(store.claim(claim).await.unwrap(), Claimed::StateForbids { .. }));
    }
}
