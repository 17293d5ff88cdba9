//! What is told beside answers, and what waits to be judged: nothing of it is lost, whoever brings it (rules 13 and 14).

use super::webhooks::receive;
use super::*;
use crate::model::{Charge, Dispute, DisputeState, FollowUp, Trust};
use crate::store::Received;

fn dispute(id: &str) -> Event {
    let state = DisputeState::Opened;
    Event::Dispute(Dispute { target: target(&[id]), state, amount: None, reason: None, occurred_at: None })
}

/// Rule 14.
#[tokio::test]
async fn charges_and_disputes_that_an_answer_emits_are_taken_in_and_told() {
    let store = opened();
    store.accepted("s-1", "p-1").await;
    let (operation, _) = store.new_operation(pay("s-2")).await;
    let news = News { amount: Some(euro(300)), ..verified(&["p-7"], NewsState::Accepted) };
    let charge = Event::Charge(Charge { tokens: vec!["sub-1".into()], host_reference: None, news });
    let emitted = vec![dispute("p-1"), dispute("p-2"), charge, dispute("p-9")];
    let finish = Finish { emitted, ..end(&operation, Settled::Succeeded, Some("p-2")) };
    let finished = store.finish(finish).await.unwrap();
    let [Received::Applied(other), Received::Applied(own), Received::Parked, Received::Parked] = &finished.emitted[..]
    else {
        panic!("{:?}", finished.emitted);
    };
    assert!(other.payment.dispute.is_some() && own.payment.dispute.is_some());
    assert_eq!(finished.of_payment().payment.dispute, own.payment.dispute, "its answer tells of it");
    let told = ["payment.accepted", "payment.accepted", "payment.disputed", "payment.disputed"];
    assert_eq!(store.told(), told);

    // Nobody comes to know them: after a day they were made elsewhere.
    let adopted = store.unpark(NOW.plus(DAY), LATER).await.unwrap();
    assert_eq!(adopted.len(), 2, "{adopted:?}");
    assert_eq!(store.told()[4..], ["payment.accepted", "payment.disputed"]);
    assert_eq!(store.found(Name::Payment("p-7")).unwrap().payment.origin, Origin::ProviderCharge);
    assert_eq!(store.state_of("p-9"), PaymentState::Unknown, "to be asked about");
    assert_eq!(
        store.query::<String>("SELECT origin FROM payments WHERE dispute IS NOT NULL ORDER BY key")[2],
        "adopted"
    );
}

/// Rule 5: an adopted payment's dispute goes over to the one that it turns out to be.
#[tokio::test]
async fn a_dispute_is_not_lost_when_its_payment_turns_out_to_be_ours() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let receiving = webhooks::receiving_event(Trust::Verified, Some("e-1"), dispute("p-1"));
    assert_eq!(store.receive(receiving).await.unwrap(), [Received::Parked]);
    let finished = store.finish(end(&operation, Settled::Succeeded, Some("p-1"))).await.unwrap();
    assert_eq!(finished.of_payment().payment.dispute.unwrap().state, DisputeState::Opened);
    assert_eq!(store.told(), ["payment.accepted", "payment.disputed"]);
}

/// A question may be answered with a refund that may be ours: it waits as a webhook's news does, once.
#[tokio::test]
async fn what_a_question_brings_and_cannot_be_judged_yet_waits_too() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let (ours, _) = store.new_operation(refund(payment.key, 100)).await;
    let shown =
        News { amount: Some(euro(300)), source: Source::Inquiry, ..about_refund(&["p-1"], "r-9", NewsState::Accepted) };
    for _ in 0..3 {
        let changed = store.report_on(&payment, shown.clone(), NOW, LATER).await.unwrap();
        assert_eq!(changed.payment.refunds.len(), 1);
    }
    assert_eq!(store.query::<i64>("SELECT count(*) FROM webhook_events"), [1]);
    let finished = store.finish(end(&ours, Settled::Succeeded, Some("r-1"))).await.unwrap();
    assert_eq!(finished.of_payment().payment.refunded, 400);
    assert_eq!(store.query::<i64>("SELECT count(*) FROM webhook_events"), [0]);
}

/// Rule 14: anybody can send hints.
#[tokio::test]
async fn what_a_hint_asks_to_be_done_is_done_only_where_the_provider_asks_for_it_too() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Pending, Some("p-1")).await;
    let step = |word: &str| vec![FollowUp::Resume(format!(r#"{{"step":"{word}"}}"#))];
    let hint = News { follow_ups: step("guessed"), ..verified(&["p-1"], NewsState::Pending) };
    let Received::Ask(payment) = receive(&store, Trust::Hint, None, hint).await else { panic!() };
    assert_eq!(store.due_follow_ups(NOW.plus(DAY), 10).await.unwrap(), []);
    let answer = News { follow_ups: step("said"), ..inquiry(&["p-1"], NewsState::Pending) };
    let changed = store.report_on(&payment, answer, NOW, LATER).await.unwrap();
    assert!(changed.follow_up);
    let due = store.due_follow_ups(NOW, 10).await.unwrap();
    assert_eq!(due.into_iter().map(|due| due.follow_up).collect::<Vec<_>>(), step("said"));
}

/// Rule 11: the newest of several attempts lives; the late success of an older one is flagged, and what was to be
/// looked at before stays to be looked at.
#[tokio::test]
async fn a_duplicate_is_flagged_beside_whatever_else_is_to_be_looked_at() {
    let store = opened();
    let first = store.ended(pay("s-1"), Settled::Declined, Some("p-1")).await.of_payment().payment;
    store.accepted("s-1", "p-2").await;
    let doubtful = News { amount: Some(euro(1001)), ..inquiry(&["p-1"], NewsState::Accepted) };
    let changed = store.report_on(&first, doubtful, NOW, LATER).await.unwrap();
    assert_eq!((changed.payment.state, changed.alert), (PaymentState::Failed, Some("amount_disagrees")));
    let agreed = News { amount: Some(euro(1000)), ..inquiry(&["p-1"], NewsState::Accepted) };
    let changed = store.report_on(&first, agreed, NOW, LATER).await.unwrap();
    let review = changed.payment.review.unwrap();
    assert!(review.contains("1001 EUR") && review.contains("p-2"), "{review}");
    assert_eq!(changed.alert, Some("duplicate_payment"));
    assert_eq!(store.told(), ["payment.failed", "payment.accepted", "payment.late_success"]);
}
