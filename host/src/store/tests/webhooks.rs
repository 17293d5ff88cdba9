use super::*;
use crate::model::{DatedEvent, Trust};
use crate::store::{Received, Receiving, Unparked};

fn receiving(trust: Trust, id: Option<&str>, news: News) -> Receiving {
    receiving_event(trust, id, Event::Payment(news))
}

pub(super) fn receiving_event(trust: Trust, id: Option<&str>, event: Event) -> Receiving {
    let event = DatedEvent { id: id.map(str::to_owned), occurred_at: None, event };
    Receiving {
        now: NOW,
        external: "acme".into(),
        trust,
        events: vec![event],
        parked_until: NOW.plus(DAY),
        events_live: 35 * DAY,
        ask_at: LATER,
    }
}

pub(super) async fn receive(store: &Store, trust: Trust, id: Option<&str>, news: News) -> Received {
    store.receive(receiving(trust, id, news)).await.unwrap().remove(0)
}

/// Rule 26.
#[tokio::test]
async fn a_verified_event_seen_before_is_dropped_for_as_long_as_it_is_remembered() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Pending, Some("p-1")).await;
    let news = || verified(&["p-1"], NewsState::Accepted);
    assert!(matches!(receive(&store, Trust::Verified, Some("e-1"), news()).await, Received::Applied(_)));
    assert_eq!(receive(&store, Trust::Verified, Some("e-1"), news()).await, Received::Repeated);
    assert_eq!(store.told(), ["payment.pending", "payment.accepted"]);
    expiry::expire(&store, NOW.plus(35 * DAY)).await;
    let later = Receiving { now: NOW.plus(35 * DAY), ..receiving(Trust::Verified, Some("e-1"), news()) };
    assert!(matches!(store.receive(later).await.unwrap()[0], Received::Applied(_)));
}

/// Rule 24.
#[tokio::test]
async fn a_hint_changes_nothing_and_makes_the_payment_due_to_be_asked_for() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Pending, Some("p-1")).await;
    let hint = || verified(&["p-1"], NewsState::Accepted);
    for _ in 0..3 {
        let received = receive(&store, Trust::Hint, Some("e-1"), hint()).await;
        assert!(matches!(received, Received::Ask(payment) if payment.state == PaymentState::Pending));
    }
    assert_eq!(store.due_asks(NOW), 1);
    assert_eq!(store.told(), ["payment.pending"]);
}

/// Rule 27: news may overtake our own commit.
#[tokio::test]
async fn news_that_came_before_the_answer_is_applied_with_it() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let news = verified(&["p-1"], NewsState::Accepted);
    assert_eq!(receive(&store, Trust::Verified, Some("e-1"), news.clone()).await, Received::Parked);
    assert_eq!(receive(&store, Trust::Verified, Some("e-1"), news.clone()).await, Received::Repeated);
    let finished = store.finish(end(&operation, Settled::Pending, Some("p-1"))).await.unwrap();
    assert_eq!(finished.of_payment().payment.state, PaymentState::Accepted);
    assert_eq!(store.told(), ["payment.pending", "payment.accepted"]);
    assert_eq!(
        receive(&store, Trust::Verified, Some("e-1"), news).await,
        Received::Repeated,
        "remembered once applied"
    );
    assert_eq!(store.query::<i64>("SELECT count(*) FROM parked_names"), [0]);
}

#[tokio::test]
async fn a_hint_that_came_before_the_answer_is_asked_about_with_it() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    assert_eq!(receive(&store, Trust::Hint, None, verified(&["p-1"], NewsState::Accepted)).await, Received::Parked);
    let finished = store.finish(end(&operation, Settled::Pending, Some("p-1"))).await.unwrap();
    assert!(finished.of_payment().ask);
    assert_eq!(store.due_asks(NOW), 1);
    assert_eq!(store.unpark(NOW.plus(DAY), LATER).await.unwrap(), []);
}

/// Rule 27.
#[tokio::test]
async fn after_a_day_verified_news_is_adopted_and_hints_are_dropped() {
    let store = opened();
    receive(&store, Trust::Verified, Some("e-1"), verified(&["p-1"], NewsState::Accepted)).await;
    receive(&store, Trust::Hint, None, verified(&["p-2"], NewsState::Accepted)).await;
    let no_id = Target { shop_transaction_id: Some("s-9".into()), ..Target::default() };
    let news = News { target: no_id, ..verified(&[], NewsState::Accepted) };
    receive(&store, Trust::Verified, None, news).await;
    assert_eq!(store.unpark(NOW.plus(DAY - SECOND), LATER).await.unwrap(), []);
    let (running, _) = store.new_operation(pay("s-1")).await;
    let what = |unparked: &[Unparked]| unparked.iter().map(|one| one.received.clone()).collect::<Vec<_>>();
    let ended = what(&store.unpark(NOW.plus(DAY), LATER).await.unwrap());
    assert_eq!(ended, [Received::Dropped, Received::Dropped], "not adopted while an operation runs");
    store.finish(end(&running, Settled::Declined, None)).await.unwrap();
    let ended = what(&store.unpark(NOW.plus(DAY), LATER).await.unwrap());
    assert!(matches!(&ended[..], [Received::Adopted(_)]), "{ended:?}");
    assert_eq!(store.state_of("p-1"), PaymentState::Accepted);
    assert_eq!(store.query::<i64>("SELECT count(*) FROM webhook_events WHERE news IS NOT NULL"), [0]);
}

/// News by the host's own name, the merchant's, or a refund's finds its payment at once.
#[tokio::test]
async fn news_finds_its_payment_by_every_name() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let by_reference = Target { host_reference: Some(operation.reference.0.clone()), ..target(&["p-1"]) };
    let by_shop = Target { shop_transaction_id: Some("s-1".into()), ..Target::default() };
    for target in [by_reference, by_shop] {
        let news = News { target, ..verified(&[], NewsState::Pending) };
        assert!(matches!(receive(&store, Trust::Verified, None, news).await, Received::Applied(_)));
    }
    assert_eq!(store.state_of("p-1"), PaymentState::Pending);
    let finished = store.finish(end(&operation, Settled::Succeeded, Some("p-1"))).await.unwrap().of_payment();
    store.ended(refund(finished.payment.key, 100), Settled::Pending, Some("r-1")).await;
    receive(&store, Trust::Verified, None, about_refund(&[], "r-1", NewsState::Accepted)).await;
    assert_eq!(store.found(Name::Refund("r-1")).unwrap().payment.refunded, 100);
}

#[tokio::test]
async fn a_flood_of_hints_about_nothing_fills_no_disk() {
    let store = opened();
    let event = |number: u32| {
        let news = verified(&[&format!("p-{number}")], NewsState::Accepted);
        DatedEvent { id: None, occurred_at: None, event: Event::Payment(news) }
    };
    let flood = Receiving {
        events: (0..1001).map(event).collect(),
        ..receiving(Trust::Hint, None, verified(&[], NewsState::Pending))
    };
    let received = store.receive(flood.clone()).await.unwrap();
    assert_eq!(received.iter().filter(|received| **received == Received::Parked).count(), 1000);
    assert_eq!(store.receive(flood).await.unwrap()[0], Received::Dropped);
    let verified = verified(&["p-2000"], NewsState::Accepted);
    assert_eq!(receive(&store, Trust::Verified, None, verified).await, Received::Parked);
}

/// The merchant's id outlives an attempt: the end of the first says nothing about the second.
#[tokio::test]
async fn news_of_an_earlier_attempt_is_not_applied_to_the_one_that_lives() {
    let store = opened();
    store.ended(pay("s-1"), Settled::NotExecuted, None).await;
    store.ended(pay("s-1"), Settled::Pending, Some("p-2")).await;
    let about = |ids: &[&str], reference: Option<&str>| {
        let target = Target {
            shop_transaction_id: Some("s-1".into()),
            host_reference: reference.map(str::to_owned),
            ..target(ids)
        };
        News { target, ..verified(&[], NewsState::Failed(None)) }
    };
    for (ids, reference) in [(&["p-1"][..], None), (&[], Some("of another host"))] {
        for trust in [Trust::Verified, Trust::Hint] {
            assert_eq!(receive(&store, trust, None, about(ids, reference)).await, Received::Parked, "{ids:?}");
        }
    }
    assert_eq!(store.unpark(NOW, LATER).await.unwrap(), [], "it waits, and is looked at in vain");
    assert_eq!(store.state_of("p-2"), PaymentState::Pending);
    let uncontradicted = receive(&store, Trust::Verified, None, about(&[], None)).await;
    assert!(matches!(uncontradicted, Received::Applied(_)));
    assert_eq!(store.state_of("p-2"), PaymentState::Failed);
}

/// Rule 14: whether it was made elsewhere shows once ours has its name.
#[tokio::test]
async fn news_of_a_refund_that_may_be_ours_waits_until_ours_has_its_name() {
    for (named, refunded, told) in [("r-1", 400, 2), ("r-9", 100, 1)] {
        let store = opened();
        let payment = store.accepted("s-1", "p-1").await;
        let (ours, _) = store.new_operation(refund(payment.key, 100)).await;
        let amount = if named == "r-1" { 300 } else { 100 };
        let news = || News { amount: Some(euro(amount)), ..about_refund(&["p-1"], "r-9", NewsState::Accepted) };
        let Received::Applied(changed) = receive(&store, Trust::Verified, Some("e-1"), news()).await else { panic!() };
        assert!(changed.ask && changed.payment.refunds.len() == 1);
        assert_eq!(receive(&store, Trust::Verified, Some("e-1"), news()).await, Received::Repeated);
        assert_eq!(store.unpark(NOW.plus(2 * DAY), LATER).await.unwrap(), [], "not while ours has no name");
        let finished = store.finish(end(&ours, Settled::Succeeded, Some(named))).await.unwrap();
        assert_eq!(finished.of_payment().payment.refunded, refunded, "ours is {named}");
        assert_eq!(store.told().iter().filter(|kind| *kind == "refund.accepted").count(), told);
        assert_eq!(receive(&store, Trust::Verified, Some("e-1"), news()).await, Received::Repeated);
        assert_eq!(store.query::<i64>("SELECT count(*) FROM parked_names"), [0]);
    }
}

/// Ours may end without a name, by the clock or by a question; what waits behind is not held up.
#[tokio::test]
async fn news_of_a_refund_made_elsewhere_is_adopted_when_ours_came_to_nothing() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let (ours, _) = store.new_operation(refund(payment.key, 100)).await;
    store.finish(end(&ours, Settled::Unknown, None)).await.unwrap();
    let news = News { amount: Some(euro(300)), ..about_refund(&["p-1"], "r-9", NewsState::Accepted) };
    receive(&store, Trust::Verified, Some("e-1"), news).await;
    receive(&store, Trust::Verified, Some("e-2"), verified(&["p-1"], NewsState::Accepted)).await;
    let target = Target { host_reference: Some(ours.reference.0.clone()), ..Target::default() };
    let nothing = News::new(Source::Inquiry, target, Action::Refund, NewsState::NotExecuted);
    let changed = store.report_on(&store.as_it_is(payment.key).await, nothing, NOW, LATER).await.unwrap();
    assert_eq!((changed.payment.refunded, changed.payment.refunds.len()), (300, 2));
    assert_eq!(store.unpark(NOW.plus(2 * DAY), LATER).await.unwrap(), []);
}
