//! Captures and voids under the lock: what is left, and what a repeat is (rules 12 and 16).

use super::*;

pub(super) fn capture(payment: PaymentKey, minor: Option<u64>, last: bool) -> Claim {
    Claim {
        fingerprint: format!("capture {minor:?}"),
        amount: minor.map(euro),
        what: What::Capture { payment, last, repeat_window: 10 * MINUTE, follow_up: None },
        ..pay("")
    }
}

fn void(payment: PaymentKey) -> Claim {
    Claim { fingerprint: "void".into(), amount: None, what: What::Void(payment), ..pay("") }
}

async fn reserved(store: &Store) -> Payment {
    store.ended(pay("s-1"), Settled::Authorized, Some("p-1")).await.of_payment().payment
}

/// Rule 12.
#[tokio::test]
async fn captures_take_what_was_reserved_and_no_more() {
    let store = opened();
    let payment = reserved(&store).await;
    let (first, _) = store.new_operation(capture(payment.key, Some(400), false)).await;
    let too_much = store.claim(capture(payment.key, Some(601), false)).await.unwrap();
    assert_eq!(too_much, Claimed::TooLarge { left: 600 });
    let finished = store.finish(end(&first, Settled::Succeeded, None)).await.unwrap().of_payment();
    assert_eq!((finished.payment.state, finished.payment.captured), (PaymentState::Accepted, Some(400)));
    let (rest, _) = store.new_operation(capture(payment.key, None, true)).await;
    assert_eq!(rest.amount, Some(euro(600)), "all that is left");
    store.finish(end(&rest, Settled::Succeeded, None)).await.unwrap();
    assert_eq!(store.claim(capture(payment.key, Some(1), true)).await.unwrap(), Claimed::TooLarge { left: 0 });
    let refunded = store.ended(refund(payment.key, 1000), Settled::Succeeded, Some("r-1")).await;
    assert_eq!(refunded.of_payment().payment.refunded, 1000);
    assert_eq!(store.told(), ["payment.authorized", "payment.accepted", "payment.accepted", "refund.accepted"]);
}

/// Rule 16.
#[tokio::test]
async fn an_equal_capture_without_a_key_is_refused_for_a_while() {
    let store = opened();
    let payment = reserved(&store).await;
    store.ended(capture(payment.key, Some(100), false), Settled::Succeeded, None).await;
    let again = store.claim(capture(payment.key, Some(100), false)).await.unwrap();
    assert!(matches!(again, Claimed::CaptureRepeated { .. }), "{again:?}");
    assert!(is_new(&store.claim(keyed("k", capture(payment.key, Some(100), false))).await.unwrap()));
    let later = Claim { now: NOW.plus(10 * MINUTE), ..capture(payment.key, Some(100), false) };
    assert!(is_new(&store.claim(later).await.unwrap()));
}

#[tokio::test]
async fn a_void_waits_for_nothing_and_lets_nothing_be_taken_meanwhile() {
    let store = opened();
    let payment = reserved(&store).await;
    let (taken, _) = store.new_operation(capture(payment.key, Some(100), false)).await;
    let forbidden = store.claim(void(payment.key)).await.unwrap();
    assert!(matches!(forbidden, Claimed::StateForbids { .. }), "a capture is under way");
    store.finish(end(&taken, Settled::Declined, None)).await.unwrap();
    let (releasing, _) = store.new_operation(void(payment.key)).await;
    assert_eq!(store.claim(capture(payment.key, Some(1), true)).await.unwrap(), Claimed::TooLarge { left: 0 });
    let voided = store.finish(end(&releasing, Settled::Succeeded, None)).await.unwrap().of_payment().payment;
    assert_eq!((voided.state, voided.captured), (PaymentState::Voided, Some(0)));
    let over = store.claim(capture(payment.key, None, true)).await.unwrap();
    assert!(matches!(over, Claimed::StateForbids { .. }), "{over:?}");
    assert!(is_new(&store.claim(pay("s-1")).await.unwrap()), "the shop transaction id is free again");
}

/// Rule 3.
#[tokio::test]
async fn a_capture_whose_host_died_holds_its_amount_until_it_is_known() {
    let store = opened();
    let payment = reserved(&store).await;
    let (sent, _) = store.new_operation(capture(payment.key, Some(1000), true)).await;
    let write = crate::model::Write { method: "POST".into(), url: "https://a.example/c".into(), digest: "d".into() };
    store.sent(sending(&sent), &[write]).await.unwrap();
    let lapsed = store.lapse(NOW.plus(MINUTE), HashSet::new()).await.unwrap();
    assert_eq!(lapsed[0].settled, Settled::Unknown);
    let after = lapsed[0].changed.as_ref().unwrap().payment.clone();
    assert_eq!((after.state, after.capturable()), (PaymentState::Authorized, Some(0)));
    assert_eq!(store.due_asks(NOW.plus(MINUTE)), 1, "it is asked for");
    assert_eq!(store.told(), ["payment.authorized", "payment.pending"]);
}
