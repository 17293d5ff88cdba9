use super::*;
use crate::store::{Reported, Reporting};

pub(super) fn reporting(news: News) -> Reporting {
    Reporting { now: NOW, external: "acme".into(), news: vec![news], adopt: false, ask_at: LATER }
}

async fn report(store: &Store, news: News) -> Reported {
    store.report(reporting(news)).await.unwrap().remove(0)
}

#[tokio::test]
async fn an_inquiry_that_tells_nothing_new_does_not_wait_for_the_writer() {
    let store = opened();
    store.accepted("s-1", "p-1").await;
    let (open, gate) = std::sync::mpsc::channel();
    let report = async {
        let reported = report(&store, inquiry(&["p-1"], NewsState::Accepted)).await;
        writer::release(open).await;
        reported
    };
    let (held, reported) = tokio::join!(writer::hold(&store, gate), report);
    held.unwrap();
    let Reported::Known(changed) = reported else { panic!() };
    assert!(!changed.written && !changed.ask);
}

/// Rules 6 and 29.
#[tokio::test]
async fn each_change_of_state_is_one_callback() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Unknown, None).await;
    let by_shop = |state| {
        let target = Target { shop_transaction_id: Some("s-1".into()), ..target(&["p-1"]) };
        News { target, ..inquiry(&[], state) }
    };
    for state in [NewsState::Pending, NewsState::Pending, NewsState::Accepted, NewsState::Accepted] {
        report(&store, by_shop(state)).await;
    }
    assert_eq!(store.told(), ["payment.pending", "payment.pending", "payment.accepted"]);
    assert_eq!(store.query::<i64>("SELECT sequence FROM callbacks ORDER BY key"), [1, 2, 3]);
    assert_eq!(store.state_of("p-1"), PaymentState::Accepted);
}

/// Rule 11: a slow answer is older than the news that overtook it.
#[tokio::test]
async fn an_answer_takes_nothing_back_that_came_after_it_was_asked_for() {
    let store = opened();
    let asked = store.ended(pay("s-1"), Settled::Pending, Some("p-1")).await.of_payment().payment;
    report(&store, verified(&["p-1"], NewsState::Accepted)).await;
    let late = store.report_on(&asked, inquiry(&["p-1"], NewsState::Failed(None)), NOW, LATER).await.unwrap();
    assert!(late.ask && late.payment.state == PaymentState::Accepted);
    assert_eq!((store.due_asks(NOW), store.told()), (1, vec!["payment.pending".into(), "payment.accepted".into()]));
    // Asked once more, what it says stands.
    let again = store.report_on(&late.payment, inquiry(&["p-1"], NewsState::Failed(None)), NOW, LATER).await.unwrap();
    assert_eq!(again.payment.state, PaymentState::Failed);
}

/// Rule 11: what agrees with what was known then may correct what is known now.
#[tokio::test]
async fn an_answer_is_compared_with_what_is_known_by_then() {
    let store = opened();
    let asked = store.ended(pay("s-1"), Settled::Pending, Some("p-1")).await.of_payment().payment;
    report(&store, verified(&["p-1"], NewsState::Authorized)).await;
    let same = store.report_on(&asked, inquiry(&["p-1"], NewsState::Pending), NOW, LATER).await.unwrap();
    assert_eq!((same.payment.state, same.written), (PaymentState::Authorized, false));
}

/// Rule 11.
#[tokio::test]
async fn verified_news_that_contradicts_makes_the_payment_due_to_be_asked_for() {
    let store = opened();
    store.accepted("s-1", "p-1").await;
    let Reported::Known(changed) = report(&store, verified(&["p-1"], NewsState::Failed(None))).await else { panic!() };
    assert!(changed.ask);
    assert_eq!((store.due_asks(NOW), store.state_of("p-1")), (1, PaymentState::Accepted));
}

/// Rule 5.
#[tokio::test]
async fn a_payment_made_elsewhere_is_adopted_once_no_operation_runs() {
    let store = opened();
    let adopt = |news| store.report(Reporting { adopt: true, ..reporting(news) });
    let news = News { amount: Some(euro(500)), ..inquiry(&["p-1"], NewsState::Accepted) };
    assert_eq!(report(&store, news.clone()).await, Reported::NotKnown);
    let (operation, _) = store.new_operation(pay("s-1")).await;
    assert_eq!(adopt(news.clone()).await.unwrap(), [Reported::NotYet], "it may be that very payment");
    store.finish(end(&operation, Settled::Declined, None)).await.unwrap();
    let reported = adopt(news.clone()).await.unwrap();
    let Reported::Adopted(changed) = &reported[0] else { panic!() };
    assert_eq!(store.found(Name::Payment("p-1")).unwrap().payment, changed.payment);
    assert_eq!(changed.payment.refundable(), Some(500));
    assert!(matches!(adopt(news).await.unwrap()[0], Reported::Known(_)));
    assert_eq!(store.told(), ["payment.failed", "payment.accepted"]);
    let nothing_said = inquiry(&["p-2"], NewsState::Unknown);
    assert_eq!(adopt(nothing_said).await.unwrap(), [Reported::NotKnown]);
}

/// Rule 6: no call of ours will ever say how it stands.
#[tokio::test]
async fn a_payment_made_elsewhere_of_which_too_much_is_told_is_unknown_and_asked_for() {
    let store = opened();
    let tipped = News { captured: Some(euro(110)), amount: Some(euro(100)), ..inquiry(&["p-1"], NewsState::Accepted) };
    let reported = store.report(Reporting { adopt: true, ..reporting(tipped) }).await.unwrap();
    let Reported::Adopted(changed) = &reported[0] else { panic!("{reported:?}") };
    let payment = store.found(Name::Payment("p-1")).unwrap().payment;
    assert_eq!(payment, changed.payment);
    assert_eq!((payment.state, payment.ask_at, changed.ask), (PaymentState::Unknown, Some(NOW), true));
    assert!(payment.review.is_some() && changed.alert.is_some(), "and a person is told");
}

/// Rule 14.
#[tokio::test]
async fn a_refund_made_elsewhere_is_adopted_and_told() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let news = News { amount: Some(euro(300)), ..about_refund(&["p-1"], "r-1", NewsState::Accepted) };
    report(&store, news).await;
    let found = store.found(Name::Refund("r-1")).unwrap();
    assert_eq!((found.payment.refunded, found.payment.refunds[0].operation), (300, None));
    assert_eq!(store.claim(refund(payment.key, 701)).await.unwrap(), Claimed::TooLarge { left: 700 });
    assert_eq!(store.told(), ["payment.accepted", "refund.accepted"]);
}

/// A name of a payment that failed goes to the payment that the provider gives it next.
#[tokio::test]
async fn a_provider_that_gives_one_id_twice_is_found_out() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Declined, Some("p-1")).await;
    let second = store.accepted("s-1", "p-1").await;
    assert_eq!(store.found(Name::Payment("p-1")).unwrap().payment.key, second.key);
    let third = store.ended(pay("s-2"), Settled::Succeeded, Some("p-1")).await;
    assert_eq!(third.of_payment().alert, Some("name_shared"));
    assert_eq!(store.found(Name::Payment("p-1")).unwrap().payment.key, second.key);
}

/// Rule 34.
#[tokio::test]
async fn check_is_one_callback_a_payment_and_gap() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let check = |now| store.check(payment.key, None, now, 10 * SECOND);
    assert!(check(NOW).await.unwrap());
    assert!(!check(NOW.plus(9 * SECOND)).await.unwrap());
    assert!(check(NOW.plus(10 * SECOND)).await.unwrap());
    assert_eq!(store.told(), ["payment.accepted", "check", "check"]);
    assert_eq!(store.query::<i64>("SELECT sequence FROM callbacks ORDER BY key"), [1, 2, 3]);
}

/// Rule 5: an operation that cannot be making it stands in nobody's way.
#[tokio::test]
async fn a_payment_made_elsewhere_waits_only_for_operations_that_may_be_making_it() {
    let store = opened();
    let elsewhere = |id: &str, shop: Option<&str>| {
        let mut news = inquiry(&[id], NewsState::Accepted);
        news.target.shop_transaction_id = shop.map(str::to_owned);
        Reporting { adopt: true, ..reporting(news) }
    };
    let (unnamed, _) = store.new_operation(pay("s-1")).await;
    let report = async |reporting| store.report(reporting).await.unwrap().remove(0);
    assert!(matches!(report(elsewhere("p-2", Some("s-2"))).await, Reported::Adopted(_)), "another's name");
    assert_eq!(report(elsewhere("p-3", None)).await, Reported::NotYet);
    let learned = crate::store::Learned::Payment("p-1".into());
    store.learn(unnamed.key, unnamed.fence, learned, NOW).await.unwrap();
    assert!(matches!(report(elsewhere("p-3", None)).await, Reported::Adopted(_)), "it has another id");
    let payment = store.accepted("s-4", "p-4").await;
    store.new_operation(refund(payment.key, 100)).await;
    assert!(matches!(report(elsewhere("p-5", None)).await, Reported::Adopted(_)), "a refund makes no payment");
}
