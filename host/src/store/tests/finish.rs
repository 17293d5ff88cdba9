use super::*;
use crate::model::{Phase, Write};
use crate::store::{Learned, Received};

fn write(path: &str) -> Write {
    Write { method: "POST".into(), url: format!("https://acme.example/{path}"), digest: format!("digest of {path}") }
}

/// Rule 3.
#[tokio::test]
async fn what_is_sent_is_on_disk_before_it_leaves() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    store.sent(sending(&operation), &[write("a")]).await.unwrap();
    assert_eq!(store.operation(operation.key).await.unwrap().unwrap().phase, Phase::Sent);
    store.sent(sending(&operation), &[write("b")]).await.unwrap();
    let kept: Vec<serde_json::Value> =
        serde_json::from_str(&store.query::<String>("SELECT writes FROM operations")[0]).unwrap();
    assert_eq!(kept[0]["url"], "https://acme.example/a");
    assert_eq!(kept[1]["digest"], "digest of b");
}

/// Rule 3.
#[tokio::test]
async fn only_who_holds_the_fence_may_write_the_end() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let stranger = Operation { fence: operation.fence + 1, ..operation.clone() };
    let finish = |operation: &Operation| store.finish(end(operation, Settled::Succeeded, Some("p-1")));
    assert_eq!(finish(&stranger).await.unwrap_err(), StoreError::Gone);
    assert_eq!(store.sent(sending(&stranger), &[write("a")]).await, Err(StoreError::Gone));
    finish(&operation).await.unwrap();
    assert_eq!(finish(&operation).await.unwrap_err(), StoreError::Gone, "it ends once");
    let learned = Learned::Payment("p-2".into());
    assert_eq!(store.learn(operation.key, operation.fence, learned, NOW).await, Err(StoreError::Gone));
}

/// Rules 4, 5 and 29: one transaction for all of it.
#[tokio::test]
async fn an_end_writes_outcome_payment_names_answer_and_callback() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let finished = store.finish(end(&operation, Settled::Succeeded, Some("p-1"))).await.unwrap();
    let kept = store.operation(operation.key).await.unwrap().unwrap();
    assert_eq!((kept.phase, kept.outcome), (Phase::Finished, Some(Settled::Succeeded)));
    assert_eq!(kept.answer.unwrap().headers, [("x-payment-outcome".to_owned(), "succeeded".to_owned())]);
    let payment = store.found(Name::Payment("p-1")).unwrap().payment;
    assert_eq!(payment, finished.of_payment().payment);
    assert_eq!((payment.captured, payment.told.as_deref(), payment.sequence), (Some(1000), Some("p-1"), 1));
    let body: serde_json::Value =
        serde_json::from_slice(&store.query::<Vec<u8>>("SELECT body FROM callbacks")[0]).unwrap();
    assert_eq!((&body["type"], &body["paymentId"]), (&"payment.accepted".into(), &"p-1".into()));
    assert_eq!(body["sequence"], 1);
}

/// Rule 5.
#[tokio::test]
async fn what_was_told_first_stays_and_every_name_is_found() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    store.learn(operation.key, operation.fence, Learned::Payment("session-1".into()), NOW).await.unwrap();
    store.finish(end(&operation, Settled::Pending, Some("p-1"))).await.unwrap();
    let later = inquiry(&["charge-1", "p-1"], NewsState::Accepted);
    store.report(report::reporting(later)).await.unwrap();
    for name in ["session-1", "p-1", "charge-1", &operation.reference.0] {
        assert_eq!(store.found(Name::Payment(name)).unwrap().payment.shown_id(), "p-1", "{name}");
    }
}

/// Rule 6.
#[tokio::test]
async fn what_stays_open_is_asked_for_and_what_is_decided_is_not() {
    let store = opened();
    let at = NOW.plus(10 * SECOND);
    let minute = NOW.plus(MINUTE);
    for (settled, due) in [(Settled::Unknown, Some(at)), (Settled::Pending, Some(minute)), (Settled::Succeeded, None)] {
        let (operation, _) = store.new_operation(pay(settled.name())).await;
        let finish = Finish { ask_at: AskAt { unknown: at, pending: minute }, ..end(&operation, settled, None) };
        assert_eq!(store.finish(finish).await.unwrap().of_payment().payment.ask_at, due, "{settled:?}");
    }
    assert_eq!([NOW, at, minute].map(|moment| store.due_asks(moment)), [0, 1, 2]);
}

#[tokio::test]
async fn emits_change_the_payments_that_they_name_and_others_wait_for_theirs() {
    let store = opened();
    let other = store.ended(pay("s-1"), Settled::Pending, Some("p-1")).await.of_payment().payment;
    let (operation, _) = store.new_operation(pay("s-2")).await;
    let own = verified(&["p-2"], NewsState::Accepted);
    let emitted = [verified(&["p-1"], NewsState::Accepted), verified(&["p-9"], NewsState::Accepted), own];
    let emitted = emitted.map(Event::Payment).to_vec();
    let finish = Finish { emitted, ..end(&operation, Settled::Pending, Some("p-2")) };
    let finished = store.finish(finish).await.unwrap();
    assert_eq!(finished.emitted.iter().filter(|received| **received == Received::Parked).count(), 1);
    assert_eq!(finished.of_payment().payment.state, PaymentState::Accepted);
    assert_eq!(store.state_of(other.shown_id()), PaymentState::Accepted);
    assert_eq!(store.told(), ["payment.pending", "payment.pending", "payment.accepted", "payment.accepted"]);
}

/// Rule 5: an outcome that meets an adopted payment merges with it, and never fails because of it.
#[tokio::test]
async fn an_outcome_merges_with_the_payment_that_was_adopted_before_it() {
    let store = opened();
    let adopt = |news| store.report(crate::store::Reporting { adopt: true, ..report::reporting(news) });
    adopt(inquiry(&["p-1"], NewsState::Accepted)).await.unwrap();
    adopt(News { amount: Some(euro(300)), ..about_refund(&["p-1"], "r-1", NewsState::Accepted) }).await.unwrap();
    let adopted = store.found(Name::Payment("p-1")).unwrap().payment;
    let merged = store.ended(pay("s-1"), Settled::Pending, Some("p-1")).await.of_payment().payment;
    assert_ne!(merged.key, adopted.key);
    assert_eq!((merged.state, merged.refunded), (PaymentState::Accepted, 300));
    for name in ["p-1", adopted.reference.0.as_str()] {
        assert_eq!(store.found(Name::Payment(name)).unwrap().payment, merged, "{name}");
    }
    assert_eq!(store.found(Name::Refund("r-1")).unwrap().payment, merged);
    assert_eq!(store.payment_by_key(adopted.key).await.unwrap(), Some(merged));
}

/// Rule 11.
#[tokio::test]
async fn a_late_success_is_flagged_where_another_payment_of_its_shop_transaction_lives() {
    let store = opened();
    let late = |id: &str| report::reporting(inquiry(&[id], NewsState::Accepted));
    store.ended(pay("s-1"), Settled::Declined, Some("p-1")).await;
    store.report(late("p-1")).await.unwrap();
    assert!(matches!(store.claim(pay("s-1")).await.unwrap(), Claimed::Replay { .. }), "it has its key back");

    store.ended(pay("s-2"), Settled::Declined, Some("p-2")).await;
    store.accepted("s-2", "p-3").await;
    let reported = store.report(late("p-2")).await.unwrap();
    let crate::store::Reported::Known(Changed { payment, alert, .. }) = &reported[0] else { panic!() };
    assert_eq!(*alert, Some("duplicate_payment"));
    assert!(payment.review.as_ref().unwrap().contains("p-3"));
    assert!(store.told().contains(&"payment.late_success".to_owned()));
}

/// Rules 1 and 11: its keys would be free, and the refund made twice.
#[tokio::test]
async fn not_executed_does_not_stand_where_verified_news_says_that_it_was_executed() {
    let store = opened();
    let payment = store.ended(pay("s-1"), Settled::Succeeded, Some("p-1")).await.of_payment().payment;
    let claim = keyed("k", refund(payment.key, 400));
    let (operation, _) = store.new_operation(claim.clone()).await;
    let target = Target { host_reference: Some(operation.reference.0.clone()), ..target(&["p-1"]) };
    let news = News {
        action_id: Some("f-1".into()),
        ..News::new(Source::Verified { can_ask: true }, target, Action::Refund, NewsState::Accepted)
    };
    store.report(report::reporting(news)).await.unwrap();

    let doubtful = Answer { status: 200, headers: Vec::new(), body: b"PENDING".to_vec() };
    let contradicted =
        Finish { answer_if_contradicted: Some(doubtful.clone()), ..end(&operation, Settled::NotExecuted, None) };
    let finished = store.finish(contradicted).await.unwrap();
    assert_eq!((finished.settled, finished.of_payment().ask), (Settled::Unknown, true));
    assert_eq!(finished.of_payment().payment.refunds[0].state, ActionState::Accepted);
    let Claimed::Replay { operation, .. } = store.claim(claim).await.unwrap() else { panic!("its key is not free") };
    assert_eq!(operation.answer, Some(doubtful));
}
