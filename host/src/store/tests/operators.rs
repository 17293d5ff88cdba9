use super::*;
use crate::model::AskAt;
use crate::store::{
    AskSettled, Attempt, CallbackFilter, CallbackState, Delivery, NamedByHand, PaymentFilter, Replayed, Replaying,
    SettledByHand, Settlement, Settling, Taking, Verdict, Which,
};

async fn lease(store: &Store, now: Timestamp) -> Vec<Delivery> {
    store.lease_callbacks("acme", due_by(now), now.plus(MINUTE), 100).await.unwrap()
}

async fn end_delivery(store: &Store, delivery: &Delivery, settlement: Settlement) {
    let attempt = Attempt { status: Some(500), error: Some("not a 2xx".into()), duration: SECOND };
    store.settle_callback(delivery.key, delivery.fence, NOW, settlement, attempt).await.unwrap();
}

/// A payment whose callbacks pending and accepted are both dead letters.
async fn dead_letters(store: &Store, shop: &str, id: &str) -> Vec<Delivery> {
    store.ended(pay(shop), Settled::Pending, Some(id)).await;
    store.report(report::reporting(inquiry(&[id], NewsState::Accepted))).await.unwrap();
    let mut dead = Vec::new();
    for _ in 0..2 {
        let leased = lease(store, NOW).await.remove(0);
        end_delivery(store, &leased, Settlement::Dead).await;
        dead.push(leased);
    }
    dead
}

fn replaying(which: Which) -> Replaying {
    Replaying { now: NOW.plus(SECOND), which, who: "ann".into(), reason: "the merchant is back".into() }
}

fn all(filter: CallbackFilter) -> Which {
    Which::All { filter, after: None }
}

fn settling(payment: PaymentKey, verdict: Verdict) -> Settling {
    Settling {
        now: NOW,
        payment,
        action: None,
        verdict,
        captured: None,
        correct: false,
        who: "ann".into(),
        reason: "seen in the provider's portal".into(),
        ask_at: AskAt::once(NOW),
    }
}

fn ids(replayed: Replayed) -> Vec<String> {
    match replayed {
        Replayed::Done { ids, more_after: None } => ids,
        other => panic!("{other:?}"),
    }
}

/// Rule 33.
#[tokio::test]
async fn a_replay_keeps_id_and_bytes_and_the_order_of_its_payment() {
    let store = opened();
    let dead = dead_letters(&store, "s-1", "p-1").await;
    // The second first: the first goes before it all the same.
    for delivery in [&dead[1], &dead[0]] {
        let replayed = store.replay(replaying(Which::One(delivery.id.clone()))).await.unwrap();
        assert_eq!(ids(replayed), std::slice::from_ref(&delivery.id));
    }
    for was in &dead {
        let again = lease(&store, NOW.plus(SECOND)).await;
        assert_eq!(again.len(), 1, "one at a time");
        assert_eq!((&again[0].id, &again[0].body, again[0].attempt), (&was.id, &was.body, 1));
        end_delivery(&store, &again[0], Settlement::Delivered).await;
    }
    assert_eq!(lease(&store, NOW.plus(DAY)).await, []);
    let kept = store.callback(&dead[0].id).await.unwrap().unwrap();
    let attempts: Vec<_> = kept.attempts.iter().map(|attempt| (attempt.status, attempt.error.as_deref())).collect();
    assert_eq!(attempts, [(Some(500), Some("not a 2xx")); 2], "those from before are still there");
    assert_eq!((kept.callback.attempts, kept.callback.replayed), (2, true));
    assert_eq!((kept.audit[0].who.as_str(), kept.audit[0].before.as_str()), ("ann", "dead"));
}

/// Rule 32: what was replayed holds up nothing new, and nothing new holds it up.
#[tokio::test]
async fn what_was_replayed_is_a_line_of_its_own() {
    let store = opened();
    let dead = dead_letters(&store, "s-1", "p-1").await;
    let payment = store.found(Name::Payment("p-1")).unwrap().payment.key;
    store.check(payment, None, NOW, SECOND).await.unwrap();
    store.replay(replaying(Which::One(dead[0].id.clone()))).await.unwrap();
    let due = lease(&store, NOW.plus(SECOND)).await;
    assert_eq!(due.len(), 2);
    for delivery in &due {
        end_delivery(&store, delivery, Settlement::RetryAt(NOW.plus(MINUTE))).await;
    }
    assert_eq!(lease(&store, NOW.plus(MINUTE)).await.len(), 2);
}

#[tokio::test]
async fn a_range_is_replayed_by_time_external_and_state() {
    let store = opened();
    let (first, second) = (dead_letters(&store, "s-1", "p-1").await, dead_letters(&store, "s-2", "p-2").await);
    let nothing = [
        CallbackFilter { external: Some("other".into()), ..CallbackFilter::default() },
        CallbackFilter { until: Some(NOW), ..CallbackFilter::default() },
        CallbackFilter { since: Some(NOW.plus(SECOND)), ..CallbackFilter::default() },
        CallbackFilter { state: Some(CallbackState::Delivered), ..CallbackFilter::default() },
        CallbackFilter { state: Some(CallbackState::Waiting), ..CallbackFilter::default() },
    ];
    for filter in nothing {
        assert_eq!(ids(store.replay(replaying(all(filter))).await.unwrap()), Vec::<String>::new());
    }
    let of_one = CallbackFilter {
        payment: Some(store.found(Name::Payment("p-2")).unwrap().payment.key),
        external: Some("acme".into()),
        since: Some(NOW),
        until: Some(NOW.plus(SECOND)),
        state: Some(CallbackState::Dead),
    };
    let replayed = ids(store.replay(replaying(all(of_one))).await.unwrap());
    assert_eq!(replayed, second.iter().map(|delivery| delivery.id.clone()).collect::<Vec<_>>());
    let replayed = ids(store.replay(replaying(all(CallbackFilter::default()))).await.unwrap());
    assert_eq!(replayed, first.iter().map(|delivery| delivery.id.clone()).collect::<Vec<_>>(), "all that are dead");
    assert_eq!(store.query::<i64>("SELECT count(*) FROM audit"), [4]);

    // What was delivered goes out again where somebody says so.
    let again = lease(&store, NOW.plus(SECOND)).await;
    end_delivery(&store, &again[0], Settlement::Delivered).await;
    let delivered = CallbackFilter { state: Some(CallbackState::Delivered), ..CallbackFilter::default() };
    assert_eq!(ids(store.replay(replaying(all(delivered))).await.unwrap()), [again[0].id.clone()]);
}

#[tokio::test]
async fn what_waits_and_what_nobody_knows_is_not_replayed() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Succeeded, Some("p-1")).await;
    let id = store.query::<String>("SELECT id FROM callbacks").remove(0);
    assert_eq!(store.replay(replaying(Which::One(id))).await.unwrap(), Replayed::Waits);
    assert_eq!(store.replay(replaying(Which::One("msg_0".into()))).await.unwrap(), Replayed::NotKnown);
    assert_eq!(store.query::<i64>("SELECT count(*) FROM audit"), [0]);
}

/// Rule 10.
#[tokio::test]
async fn what_a_person_settles_is_a_change_with_its_callback_and_a_record_of_who_did() {
    for (verdict, state, told) in [
        (Verdict::Accepted, PaymentState::Accepted, "payment.accepted"),
        (Verdict::Authorized, PaymentState::Authorized, "payment.authorized"),
        (Verdict::Failed, PaymentState::Failed, "payment.failed"),
        (Verdict::Voided, PaymentState::Voided, "payment.voided"),
        (Verdict::NotExecuted, PaymentState::NotExecuted, "payment.failed"),
    ] {
        for before in [Settled::Unknown, Settled::Pending] {
            let store = opened();
            let payment = store.ended(pay("s-1"), before, Some("p-1")).await.of_payment().payment;
            let settled = store.settle(settling(payment.key, verdict)).await.unwrap();
            let SettledByHand::Done(changed) = settled else { panic!("{settled:?}") };
            assert_eq!((changed.payment.state, changed.written), (state, true));
            assert_eq!(store.told(), ["payment.pending", told]);
            let whole = store.whole_payment(payment.key).await.unwrap().unwrap();
            let entry = &whole.audit[0];
            assert_eq!(
                (entry.who.as_str(), entry.subject.as_str(), entry.after.as_str()),
                ("ann", "p-1", state.name())
            );
            assert_eq!((whole.operations.len(), whole.callbacks.len()), (1, 2));
            // The same again is nothing new.
            let again = store.settle(settling(payment.key, verdict)).await.unwrap();
            assert!(matches!(again, SettledByHand::Done(changed) if !changed.written));
            assert_eq!(store.query::<i64>("SELECT count(*) FROM audit"), [1]);
        }
    }
}

#[tokio::test]
async fn what_is_decided_is_settled_otherwise_only_where_it_is_to_be_corrected() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let refused = store.settle(settling(payment.key, Verdict::Failed)).await.unwrap();
    assert_eq!(refused, SettledByHand::Contradicts { state: "accepted" });
    assert_eq!((store.state_of("p-1"), store.told().len()), (PaymentState::Accepted, 1));

    let correct = |verdict| Settling { correct: true, ..settling(payment.key, verdict) };
    store.settle(correct(Verdict::Failed)).await.unwrap();
    store.settle(correct(Verdict::Accepted)).await.unwrap();
    assert_eq!(store.told(), ["payment.accepted", "payment.failed", "payment.late_success"]);
    let whole = store.whole_payment(payment.key).await.unwrap().unwrap();
    let steps: Vec<_> = whole.audit.iter().map(|entry| (entry.before.as_str(), entry.after.as_str())).collect();
    assert_eq!(steps, [("accepted", "failed"), ("failed", "accepted")]);
}

#[tokio::test]
async fn a_call_that_runs_is_not_settled_by_hand() {
    let store = opened();
    let (_, payment) = store.new_operation(pay("s-1")).await;
    let settled = store.settle(settling(payment.key, Verdict::Failed)).await.unwrap();
    assert_eq!(settled, SettledByHand::Runs);
}

#[tokio::test]
async fn nothing_is_settled_by_hand_while_a_call_of_that_payment_runs() {
    let store = opened();
    let payment = store.ended(pay("s-1"), Settled::Authorized, Some("p-1")).await.of_payment().payment;
    let (operation, _) = store.new_operation(captures::capture(payment.key, None, true)).await;
    for verdict in [Verdict::Accepted, Verdict::Voided, Verdict::Failed] {
        assert_eq!(store.settle(settling(payment.key, verdict)).await.unwrap(), SettledByHand::Runs);
    }
    store.finish(end(&operation, Settled::Unknown, None)).await.unwrap();
    let settled = store.settle(settling(payment.key, Verdict::Accepted)).await.unwrap();
    assert!(matches!(settled, SettledByHand::Done(_)), "{settled:?}");
}

#[tokio::test]
async fn a_call_that_is_made_again_is_not_settled_by_hand() {
    let store = opened();
    let payment = store.ended(pay("s-1"), Settled::Unknown, Some("p-1")).await.of_payment().payment;
    let until = NOW.plus(MINUTE);
    let again = move |connection: &Connection| {
        Ok(connection.prepare_cached("UPDATE operations SET repeat_until = ?")?.execute(database::params![until])?)
    };
    store.parts.writer.durable(again).await.unwrap();
    let at = |now| Settling { now, ..settling(payment.key, Verdict::NotExecuted) };
    assert_eq!(store.settle(at(NOW)).await.unwrap(), SettledByHand::Runs);
    assert!(matches!(store.settle(at(until)).await.unwrap(), SettledByHand::Done(_)));
}

#[tokio::test]
async fn settling_clears_what_a_person_was_to_look_at() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let mut finish = end(&operation, Settled::Pending, Some("p-1"));
    finish.news.as_mut().unwrap().review = Some("asked 1000 EUR, the provider says 900 EUR".into());
    let payment = store.finish(finish).await.unwrap().of_payment().payment;
    let review = PaymentFilter { review: true, ..PaymentFilter::default() };
    assert_eq!(store.payments(&review, None, 10).await.unwrap()[0].key, payment.key);
    for (captured, fits) in [(0, false), (1001, false), (900, true)] {
        let settled = Settling { captured: Some(captured), ..settling(payment.key, Verdict::Accepted) };
        let settled = store.settle(settled).await.unwrap();
        assert_eq!(matches!(settled, SettledByHand::Done(_)), fits, "{settled:?}");
    }
    let payment = store.found(Name::Payment("p-1")).unwrap().payment;
    assert_eq!((payment.state, payment.captured, payment.review), (PaymentState::Accepted, Some(900), None));
    assert_eq!(store.payments(&review, None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_refund_is_settled_by_its_own_name_and_gives_its_amount_free() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let refunded = store.ended(refund(payment.key, 400), Settled::Unknown, Some("re-1")).await.of_payment().payment;
    assert_eq!(refunded.refundable(), Some(600));
    let named = store.named_by_hand(None, "re-1").await.unwrap();
    let reference = refunded.refunds[0].reference.clone();
    assert_eq!(named, [NamedByHand { payment: payment.key, action: Some(reference) }]);
    let settled = Settling { action: named[0].action.clone(), ..settling(payment.key, Verdict::NotExecuted) };
    store.settle(settled.clone()).await.unwrap();
    let payment = store.found(Name::Payment("p-1")).unwrap().payment;
    assert_eq!((payment.refundable(), payment.state), (Some(1000), PaymentState::Accepted));
    let authorized = Settling { verdict: Verdict::Authorized, ..settled };
    assert!(matches!(store.settle(authorized).await.unwrap(), SettledByHand::Unfit(_)));
}

/// Rule 6: a person who has looked at one thing has not decided another.
#[tokio::test]
async fn what_settling_leaves_open_is_asked_for_anew() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    store.ended(refund(payment.key, 400), Settled::Unknown, None).await;
    let taking = Taking { now: LATER.unknown, furthest: NOW.plus(DAY), lease_until: NOW.plus(MINUTE), limit: 1 };
    store.take_asks("acme", taking).await.unwrap();
    let undecided = AskSettled { asks: 11, next: None, review: Some(crate::model::UNDECIDED) };
    store.settle_ask(payment.key, NOW.plus(MINUTE), undecided).await.unwrap();
    let settled = store.settle(settling(payment.key, Verdict::Accepted)).await.unwrap();
    assert!(matches!(settled, SettledByHand::Done(changed) if changed.written));
    let after = store.payment_by_key(payment.key).await.unwrap().unwrap();
    assert_eq!((after.review, after.ask_at, after.asks), (None, Some(NOW), 0));
}

#[tokio::test]
async fn payments_are_listed_newest_first_by_what_they_have_in_common() {
    let store = opened();
    store.accepted("s-1", "p-1").await;
    let unknown = store.ended(pay("s-2"), Settled::Unknown, Some("p-2")).await.of_payment().payment;
    store.accepted("s-3", "p-3").await;
    let shops = |filter: PaymentFilter, before, limit| {
        let store = &store;
        async move {
            let found = store.payments(&filter, before, limit).await.unwrap();
            found.into_iter().filter_map(|payment| payment.shop_transaction_id).collect::<Vec<_>>()
        }
    };
    let any = PaymentFilter::default();
    assert_eq!(shops(any.clone(), None, 10).await, ["s-3", "s-2", "s-1"]);
    assert_eq!(shops(any.clone(), None, 1).await, ["s-3"]);
    assert_eq!(shops(any.clone(), Some(unknown.key), 10).await, ["s-1"], "behind the one that was last");
    let state = |state| PaymentFilter { state: Some(state), ..any.clone() };
    assert_eq!(shops(state(PaymentState::Unknown), None, 10).await, ["s-2"]);
    assert_eq!(shops(state(PaymentState::Accepted), None, 10).await, ["s-3", "s-1"]);
    let shop = PaymentFilter { shop_transaction_id: Some("s-1".into()), external: Some("acme".into()), ..any.clone() };
    assert_eq!(shops(shop, None, 10).await, ["s-1"]);
    for none in [
        PaymentFilter { external: Some("other".into()), ..any.clone() },
        PaymentFilter { review: true, ..any.clone() },
        PaymentFilter { since: Some(NOW.plus(SECOND)), ..any.clone() },
        PaymentFilter { until: Some(NOW), ..any.clone() },
    ] {
        assert_eq!(shops(none.clone(), None, 10).await, Vec::<String>::new(), "{none:?}");
    }
}

#[tokio::test]
async fn a_payment_is_found_by_every_name_that_it_has() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    for name in ["s-1", "p-1", payment.reference.0.as_str()] {
        for external in [None, Some("acme")] {
            let named = store.named_by_hand(external, name).await.unwrap();
            assert_eq!(named, [NamedByHand { payment: payment.key, action: None }], "{name}");
        }
        assert_eq!(store.named_by_hand(Some("other"), name).await.unwrap(), [], "{name}");
    }
    assert_eq!(store.named_by_hand(None, "nobody").await.unwrap(), []);
}

/// A second of real time and a host less: what it had taken goes out elsewhere at once.
#[tokio::test]
async fn what_was_leased_and_given_back_is_due_at_once_and_no_longer_the_first_ones() {
    let store = opened();
    store.ended(pay("s-1"), Settled::Succeeded, Some("p-1")).await;
    let leased = lease(&store, NOW).await.remove(0);
    store.release_callbacks(vec![(leased.key, leased.fence)], NOW).await.unwrap();
    let again = lease(&store, NOW).await.remove(0);
    assert_eq!((&again.id, &again.body), (&leased.id, &leased.body));
    let attempt = Attempt { status: Some(200), error: None, duration: SECOND };
    let late = store.settle_callback(leased.key, leased.fence, NOW, Settlement::Delivered, attempt).await;
    assert_eq!(late, Err(StoreError::Gone));
    // Given back by who no longer has it: nothing happens.
    store.release_callbacks(vec![(leased.key, leased.fence)], NOW).await.unwrap();
    assert_eq!(lease(&store, NOW).await, []);
}
