use super::*;

/// Rules 7 and 12.
#[tokio::test]
async fn only_an_accepted_payment_is_refunded_and_in_its_own_currency() {
    let store = opened();
    let pending = store.ended(pay("s-1"), Settled::Pending, Some("p-1")).await.of_payment().payment;
    let Claimed::StateForbids { payment } = store.claim(refund(pending.key, 100)).await.unwrap() else { panic!() };
    assert_eq!(payment.state, PaymentState::Pending);
    let accepted = store.accepted("s-2", "p-2").await;
    let dollars = Amount { minor: 100, currency: "USD".into() };
    let claimed = store.claim(Claim { amount: Some(dollars), ..refund(accepted.key, 100) }).await.unwrap();
    assert_eq!(claimed, Claimed::CurrencyDiffers { currency: "EUR".into() });
    assert_eq!(store.claim(refund(PaymentKey(4711), 100)).await, Err(StoreError::Gone));
}

/// Rule 12.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_at_once_never_exceed_what_was_captured() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let claims = (0..20).map(|number| keyed(&format!("k{number}"), refund(payment.key, 150)));
    let claimed = claim::claim_at_once(&store, claims).await;
    assert_eq!(claimed.iter().filter(|claimed| is_new(claimed)).count(), 6);
    assert_eq!(claimed.iter().filter(|claimed| **claimed == Claimed::TooLarge { left: 100 }).count(), 14);
}

/// Rule 12.
#[tokio::test]
async fn open_refunds_hold_their_amount_and_only_a_definite_failure_releases_it() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let held = [Settled::Succeeded, Settled::Pending, Settled::Unknown, Settled::Declined, Settled::NotExecuted];
    for (settled, left) in held.into_iter().zip([900, 800, 700, 700, 700]) {
        let claim = keyed(settled.name(), refund(payment.key, 100));
        let after = store.ended(claim, settled, Some(settled.name())).await.of_payment().payment;
        assert_eq!(after.refundable(), Some(left), "{settled:?}");
    }
    let after = store.found(Name::Refund("succeeded")).unwrap();
    assert_eq!(after.payment.refunded, 100);
    assert_eq!(after.payment.refunds[after.refund.unwrap()].state, ActionState::Accepted);
    assert_eq!(store.claim(refund(payment.key, 701)).await.unwrap(), Claimed::TooLarge { left: 700 });
    assert!(is_new(&store.claim(refund(payment.key, 700)).await.unwrap()));
}

/// Rule 16.
#[tokio::test]
async fn an_equal_refund_without_a_key_waits_unless_the_one_before_failed() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    store.ended(refund(payment.key, 100), Settled::Declined, None).await;
    store.ended(refund(payment.key, 100), Settled::NotExecuted, None).await;
    store.ended(refund(payment.key, 100), Settled::Succeeded, Some("r-1")).await;
    let Claimed::RefundRepeated { refund: before } = store.claim(refund(payment.key, 100)).await.unwrap() else {
        panic!()
    };
    assert_eq!(before.shown_id(), "r-1");
    assert!(is_new(&store.claim(refund(payment.key, 101)).await.unwrap()), "another amount");
    assert!(is_new(&store.claim(keyed("k", refund(payment.key, 100))).await.unwrap()), "with a key");
    let later = Claim { now: NOW.plus(10 * MINUTE), ..refund(payment.key, 100) };
    assert!(is_new(&store.claim(later).await.unwrap()), "later");
}

#[tokio::test]
async fn a_refund_is_found_by_every_name_it_has() {
    let store = opened();
    let payment = store.accepted("s-1", "p-1").await;
    let (operation, _) = store.new_operation(refund(payment.key, 100)).await;
    store.finish(end(&operation, Settled::Pending, Some("r-1"))).await.unwrap();
    for name in [operation.reference.0.as_str(), "r-1"] {
        let found = store.found(Name::Refund(name)).unwrap();
        assert_eq!(found.payment.refunds[found.refund.unwrap()].operation, Some(operation.key), "{name}");
    }
    assert_eq!(store.found(Name::Refund("p-1")), None);
    assert_eq!(store.found(Name::Refund(&payment.reference.0)), None, "a payment is not a refund");
    assert_eq!(store.told(), ["payment.accepted", "refund.pending"]);
}
