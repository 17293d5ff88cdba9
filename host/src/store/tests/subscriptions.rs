//! Subscriptions: rows of their own, found by every token they ever had, with charges that the provider makes by itself.

use super::*;
use crate::model::{Charge, DatedEvent, Interval, Plan, Subscription, SubscriptionNews, SubscriptionState, Trust};
use crate::store::{Received, Receiving, Whose};

fn begin(shop: &str) -> Claim {
    let plan = Plan { interval: Interval::Month, interval_count: 1, expires_after: Some(12) };
    Claim {
        fingerprint: format!("start {shop}"),
        what: What::Subscribe(Kind::Start, new_payment(shop), plan),
        ..pay(shop)
    }
}

fn charge(whose: Whose, shop: &str) -> Claim {
    Claim { fingerprint: format!("charge {shop}"), what: What::Charge(whose, new_payment(shop)), ..pay(shop) }
}

/// The end of a start: the subscription stands so, under this token.
fn began(operation: &Operation, settled: Settled, state: SubscriptionState, token: Option<&str>) -> Finish {
    let tokens: Vec<_> = token.map(str::to_owned).into_iter().collect();
    let own = Some(operation.reference.0.clone());
    let told = token.unwrap_or(&operation.reference.0).to_owned();
    let id = (settled == Settled::Succeeded).then_some("p-1");
    let finish = end(operation, settled, id);
    Finish {
        subscription_news: Some(SubscriptionNews { tokens, ..SubscriptionNews::new(Source::Answer, own, state) }),
        told: Told { subscription_token: Some(told), ..finish.told.clone() },
        ..finish
    }
}

async fn active(store: &Store) -> Subscription {
    let (operation, _) = store.new_operation(begin("s-1")).await;
    let finish = began(&operation, Settled::Succeeded, SubscriptionState::Active, Some("sub-1"));
    store.finish(finish).await.unwrap().subscription.unwrap().subscription
}

fn news(token: &str, state: SubscriptionState) -> SubscriptionNews {
    let source = Source::Verified { can_ask: true };
    SubscriptionNews { tokens: vec![token.into()], ..SubscriptionNews::new(source, None, state) }
}

fn charged(token: &str, id: &str) -> Event {
    let news = News { amount: Some(euro(1000)), ..verified(&[id], NewsState::Accepted) };
    Event::Charge(Charge { tokens: vec![token.into()], host_reference: None, news })
}

async fn receive(store: &Store, trust: Trust, event: Event, now: Timestamp) -> Received {
    let receiving = Receiving {
        now,
        external: "acme".into(),
        trust,
        events: vec![DatedEvent { id: None, occurred_at: None, event }],
        parked_until: now.plus(DAY),
        events_live: 35 * DAY,
        ask_at: LATER,
    };
    store.receive(receiving).await.unwrap().remove(0)
}

fn found(store: &Store, token: &str) -> Subscription {
    wait(store.subscription("acme", token)).unwrap().unwrap()
}

/// Rules 5, 15 and 29.
#[tokio::test]
async fn a_subscription_begins_with_its_payment_and_both_are_told() {
    let store = opened();
    let subscription = active(&store).await;
    assert_eq!((subscription.state, subscription.shown_token()), (SubscriptionState::Active, "sub-1"));
    for name in ["sub-1", subscription.reference.0.as_str()] {
        assert_eq!(found(&store, name).key, subscription.key, "{name}");
    }
    let payment = store.found(Name::Payment("p-1")).unwrap().payment;
    let of = payment.subscription.unwrap();
    assert_eq!((of.key, of.token.as_str(), payment.state), (subscription.key, "sub-1", PaymentState::Accepted));
    assert_eq!(store.told(), ["subscription.active", "payment.accepted"]);
    assert!(matches!(store.claim(begin("s-1")).await.unwrap(), Claimed::Replay { .. }), "the business key");
    assert!(is_new(&store.claim(pay("s-1")).await.unwrap()), "which is another's for another kind");
}

/// Rule 3.
#[tokio::test]
async fn a_start_whose_host_died_is_unknown_under_the_hosts_own_token() {
    let store = opened();
    let (operation, _) = store.new_operation(begin("s-1")).await;
    let write = crate::model::Write { method: "POST".into(), url: "https://a.example/s".into(), digest: "d".into() };
    store.sent(sending(&operation), &[write]).await.unwrap();
    store.lapse(NOW.plus(MINUTE), HashSet::new()).await.unwrap();
    let unknown = found(&store, &operation.reference.0);
    assert_eq!((unknown.state, unknown.told.as_ref()), (SubscriptionState::Unknown, Some(&operation.reference.0)));
    assert_eq!(store.told(), ["subscription.unknown", "payment.pending"]);
    assert_eq!(store.due_subscription_asks(NOW.plus(MINUTE)), 1);
    let forbidden = store.claim(charge(Whose::Known(unknown.key), "s-2")).await.unwrap();
    assert!(matches!(forbidden, Claimed::SubscriptionForbids { .. }), "{forbidden:?}");
    let told = news("sub-1", SubscriptionState::Active);
    let told = SubscriptionNews { host_reference: Some(operation.reference.0.clone()), ..told };
    receive(&store, Trust::Verified, Event::Subscription(told), NOW.plus(MINUTE)).await;
    let known = found(&store, "sub-1");
    assert_eq!((known.key, known.shown_token()), (unknown.key, operation.reference.0.as_str()), "as it was told");
}

#[tokio::test]
async fn the_same_shop_transaction_may_be_charged_under_each_subscription() {
    let store = opened();
    let subscription = active(&store).await;
    let (first, _) = store.new_operation(charge(Whose::Known(subscription.key), "s-2")).await;
    assert_eq!(first.subscription, Some(subscription.key));
    let again = store.claim(charge(Whose::Known(subscription.key), "s-2")).await.unwrap();
    assert!(matches!(again, Claimed::Running { .. }), "{again:?}");
    let other = store.claim(charge(Whose::Elsewhere("sub-9".into()), "s-2")).await.unwrap();
    assert!(is_new(&other), "one that was made elsewhere is the provider's to judge");
    store.ping().await.unwrap();
    assert_eq!(found(&store, "sub-9").state, SubscriptionState::Unknown);
}

#[tokio::test]
async fn a_subscription_that_is_over_is_not_charged_and_may_be_ended_again() {
    let store = opened();
    let subscription = active(&store).await;
    let expire = || Claim {
        fingerprint: "expire".into(),
        amount: None,
        what: What::Expire(Whose::Known(subscription.key)),
        ..pay("")
    };
    for _ in 0..2 {
        let (operation, _) = store.new_operation(expire()).await;
        let own = Some(operation.reference.0.clone());
        let canceled = SubscriptionNews::new(Source::Answer, own, SubscriptionState::Canceled);
        let finish = Finish {
            news: None,
            subscription_news: Some(canceled),
            ..end(&Operation { kind: Kind::Pay, ..operation }, Settled::Succeeded, None)
        };
        store.finish(finish).await.unwrap();
    }
    assert_eq!(found(&store, "sub-1").state, SubscriptionState::Canceled);
    assert_eq!(store.told(), ["subscription.active", "payment.accepted", "subscription.canceled"]);
    let forbidden = store.claim(charge(Whose::Known(subscription.key), "s-2")).await.unwrap();
    assert!(matches!(forbidden, Claimed::SubscriptionForbids { .. }));
}

/// Rule 19: what may be done again keeps no key.
#[tokio::test]
async fn a_change_whose_end_is_unknown_may_be_sent_again_under_its_key() {
    let store = opened();
    let subscription = active(&store).await;
    let update = || {
        let what = What::Update(Whose::Known(subscription.key), Default::default());
        keyed("k", Claim { fingerprint: "update".into(), amount: None, what, ..pay("") })
    };
    let (operation, _) = store.new_operation(update()).await;
    let unknown = Finish { news: None, ..end(&Operation { kind: Kind::Pay, ..operation }, Settled::Unknown, None) };
    store.finish(unknown).await.unwrap();
    assert!(is_new(&store.claim(update()).await.unwrap()));
}

/// Rule 14.
#[tokio::test]
async fn a_charge_that_the_provider_makes_becomes_a_payment_once() {
    let store = opened();
    let subscription = active(&store).await;
    let received = receive(&store, Trust::Verified, charged("sub-1", "p-2"), NOW).await;
    let Received::Adopted(changed) = received else { panic!("{received:?}") };
    let of = changed.payment.subscription.clone().unwrap();
    assert_eq!((of.key, changed.payment.state), (subscription.key, PaymentState::Accepted));
    let again = receive(&store, Trust::Verified, charged("sub-1", "p-2"), NOW).await;
    assert!(matches!(again, Received::Applied(changed) if !changed.written));
    assert_eq!(store.told(), ["subscription.active", "payment.accepted", "payment.accepted"]);
    let refunded = store.ended(refund(changed.payment.key, 400), Settled::Succeeded, Some("r-1")).await;
    assert_eq!(refunded.of_payment().payment.refunded, 400);
}

/// Rule 14: each charge is a payment, also where the provider calls all of them by the subscription's name.
#[tokio::test]
async fn charges_that_bear_the_subscriptions_name_are_not_taken_for_its_first_payment() {
    let store = opened();
    let subscription = active(&store).await;
    for id in ["p-2", "p-3"] {
        let mut event = charged("sub-1", id);
        if let Event::Charge(charge) = &mut event {
            charge.news.target.host_reference = Some(subscription.reference.0.clone());
        }
        assert!(matches!(receive(&store, Trust::Verified, event, NOW).await, Received::Adopted(_)), "{id}");
    }
    assert_eq!(store.query::<i64>("SELECT count(*) FROM payments"), [3]);
    let told = store.told().len();
    let named = |mut news: News| {
        news.target.host_reference = Some(subscription.reference.0.clone());
        news
    };
    let again = named(News { amount: Some(euro(1000)), ..verified(&["p-2"], NewsState::Accepted) });
    let charge = Charge { tokens: vec!["sub-1".into()], host_reference: None, news: again.clone() };
    for event in [Event::Charge(charge), Event::Payment(again)] {
        let received = receive(&store, Trust::Verified, event, NOW).await;
        assert!(matches!(received, Received::Applied(changed) if !changed.written), "told again, it is the same");
    }
    let refunded = named(News { amount: Some(euro(400)), ..about_refund(&["p-2"], "r-2", NewsState::Accepted) });
    receive(&store, Trust::Verified, Event::Payment(refunded), NOW).await;
    assert_eq!(store.found(Name::Payment("p-2")).unwrap().payment.refunded, 400);
    assert_eq!(store.found(Name::Payment("p-1")).unwrap().payment.refunded, 0);
    assert_eq!(store.query::<i64>("SELECT count(*) FROM payments"), [3]);
    assert_eq!(store.told()[told..], ["refund.accepted"]);
}

/// Rule 15: the payer would be charged twice for as long as both live.
#[tokio::test]
async fn a_shop_transaction_is_taken_while_the_subscription_that_it_began_lives() {
    let store = opened();
    let (operation, _) = store.new_operation(begin("s-1")).await;
    let declined = began(&operation, Settled::Declined, SubscriptionState::PastDue, Some("sub-1"));
    store.finish(declined).await.unwrap();
    let other = Claim { fingerprint: "another body".into(), ..begin("s-1") };
    assert!(matches!(store.claim(other.clone()).await.unwrap(), Claimed::BusinessKeyUsed { .. }));
    assert!(matches!(store.claim(begin("s-1")).await.unwrap(), Claimed::Replay { .. }));
    receive(&store, Trust::Verified, Event::Subscription(news("sub-1", SubscriptionState::Canceled)), NOW).await;
    assert!(is_new(&store.claim(other).await.unwrap()), "free again once it is over");
}

/// Rule 1: it would free the keys.
#[tokio::test]
async fn a_start_that_says_it_did_nothing_does_not_stand_against_verified_news() {
    let store = opened();
    let (operation, _) = store.new_operation(begin("s-1")).await;
    let told = SubscriptionNews {
        host_reference: Some(operation.reference.0.clone()),
        ..news("sub-1", SubscriptionState::Active)
    };
    receive(&store, Trust::Verified, Event::Subscription(told), NOW).await;
    let nothing = began(&operation, Settled::NotExecuted, SubscriptionState::NotExecuted, None);
    let finished = store.finish(nothing).await.unwrap();
    assert_eq!(finished.settled, Settled::Unknown);
    assert_eq!(finished.of_payment().payment.state, PaymentState::Unknown);
    assert_eq!(found(&store, "sub-1").state, SubscriptionState::Active);
}

/// Rule 15, where a subscription that was taken in turns out to be one of ours.
#[tokio::test]
async fn a_charge_is_known_again_under_the_subscription_that_lives_on() {
    let store = opened();
    let (operation, _) = store.new_operation(begin("s-1")).await;
    store.finish(began(&operation, Settled::Unknown, SubscriptionState::Unknown, None)).await.unwrap();
    store.ended(charge(Whose::Elsewhere("sub-1".into()), "s-2"), Settled::Succeeded, Some("p-2")).await;
    let told = SubscriptionNews {
        host_reference: Some(operation.reference.0.clone()),
        ..news("sub-1", SubscriptionState::Active)
    };
    receive(&store, Trust::Verified, Event::Subscription(told), NOW).await;
    let own = found(&store, "sub-1");
    assert_eq!(own.reference, operation.reference);
    let again = store.claim(charge(Whose::Known(own.key), "s-2")).await.unwrap();
    assert!(matches!(again, Claimed::Replay { .. }), "{again:?}");
}

/// Rule 27: it may be the very charge that we are making.
#[tokio::test]
async fn a_charge_waits_while_one_of_ours_has_no_name() {
    let store = opened();
    let subscription = active(&store).await;
    let (ours, _) = store.new_operation(charge(Whose::Known(subscription.key), "s-2")).await;
    assert_eq!(receive(&store, Trust::Verified, charged("sub-1", "p-2"), NOW).await, Received::Parked);
    store.finish(end(&ours, Settled::Succeeded, Some("p-2"))).await.unwrap();
    store.unpark(NOW, LATER).await.unwrap();
    assert_eq!(store.query::<i64>("SELECT count(*) FROM payments"), [2]);
    let (other, _) = store.new_operation(charge(Whose::Known(subscription.key), "s-3")).await;
    assert_eq!(receive(&store, Trust::Verified, charged("sub-1", "p-3"), NOW).await, Received::Parked);
    store.finish(end(&other, Settled::Succeeded, Some("p-4"))).await.unwrap();
    assert_eq!(store.unpark(NOW, LATER).await.unwrap().len(), 1);
    assert_eq!(store.state_of("p-3"), PaymentState::Accepted, "it was another one");
}

/// Rule 27.
#[tokio::test]
async fn news_of_a_subscription_that_is_not_known_yet_waits_for_it() {
    let store = opened();
    let past_due = || Event::Subscription(news("sub-1", SubscriptionState::PastDue));
    assert_eq!(receive(&store, Trust::Verified, past_due(), NOW).await, Received::Parked);
    assert_eq!(receive(&store, Trust::Verified, charged("sub-1", "p-2"), NOW).await, Received::Parked);
    active(&store).await;
    assert_eq!(found(&store, "sub-1").state, SubscriptionState::PastDue);
    assert_eq!(store.state_of("p-2"), PaymentState::Accepted);
    assert_eq!(store.query::<i64>("SELECT count(*) FROM parked_names"), [0]);
}

#[tokio::test]
async fn verified_news_of_a_subscription_that_nobody_began_here_is_taken_in_after_a_day() {
    let store = opened();
    let event = Event::Subscription(news("sub-7", SubscriptionState::Active));
    receive(&store, Trust::Verified, event, NOW).await;
    assert!(store.subscription("acme", "sub-7").await.unwrap().is_none());
    store.unpark(NOW.plus(DAY), LATER).await.unwrap();
    let adopted = found(&store, "sub-7");
    assert_eq!((adopted.state, adopted.shown_token()), (SubscriptionState::Active, "sub-7"));
    let (operation, _) = store.new_operation(begin("s-1")).await;
    let finish = began(&operation, Settled::Succeeded, SubscriptionState::Active, Some("sub-7"));
    store.finish(finish).await.unwrap();
    assert_eq!(found(&store, "sub-7").reference, operation.reference, "it was one of ours after all");
}

/// Rule 24.
#[tokio::test]
async fn a_hint_about_a_subscription_only_makes_the_host_ask() {
    let store = opened();
    active(&store).await;
    let hint = || Event::Subscription(news("sub-1", SubscriptionState::Canceled));
    for _ in 0..2 {
        assert!(matches!(receive(&store, Trust::Hint, hint(), NOW).await, Received::AskSubscription(_)));
    }
    assert_eq!(found(&store, "sub-1").state, SubscriptionState::Active);
    assert_eq!(store.due_subscription_asks(NOW), 1);
}

/// Rule 11: a slow answer is older than the news that overtook it.
#[tokio::test]
async fn an_answer_about_a_subscription_takes_nothing_back_that_came_after_it_was_asked_for() {
    let store = opened();
    let asked = active(&store).await;
    let said = |state| SubscriptionNews { source: Source::Inquiry, ..news("sub-1", state) };
    let canceled = Event::Subscription(news("sub-1", SubscriptionState::Canceled));
    receive(&store, Trust::Verified, canceled, NOW).await;
    let late = store.report_on_subscription(&asked, said(SubscriptionState::PastDue), NOW, LATER).await.unwrap();
    assert!(late.ask && late.subscription.state == SubscriptionState::Canceled);
    assert_eq!(store.due_subscription_asks(NOW), 1);
    let same = store.report_on_subscription(&asked, said(SubscriptionState::Canceled), NOW, LATER).await.unwrap();
    assert!(!same.written);
    // Asked once more, what it says stands.
    let now = found(&store, "sub-1");
    let again = store.report_on_subscription(&now, said(SubscriptionState::PastDue), NOW, LATER).await.unwrap();
    assert_eq!(again.subscription.state, SubscriptionState::PastDue);
}

/// Rule 32.
#[tokio::test]
async fn callbacks_of_a_subscription_are_a_lane_of_their_own() {
    let store = opened();
    active(&store).await;
    receive(&store, Trust::Verified, Event::Subscription(news("sub-1", SubscriptionState::PastDue)), NOW).await;
    let leased = store.lease_callbacks("acme", due_by(NOW), NOW.plus(MINUTE), 10).await.unwrap();
    let kinds: Vec<_> = leased
        .iter()
        .map(|delivery| serde_json::from_slice::<serde_json::Value>(&delivery.body).unwrap())
        .map(|body| (body["type"].to_string(), body["sequence"].to_string()))
        .collect();
    let expected = [("\"subscription.active\"", "1"), ("\"payment.accepted\"", "1")];
    assert_eq!(kinds, expected.map(|(kind, sequence)| (kind.to_owned(), sequence.to_owned())));
}
