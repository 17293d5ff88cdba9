use super::*;
use crate::model::Phase;

/// Each with a name of its own, all at the same time.
pub(super) async fn claim_at_once(store: &Store, claims: impl Iterator<Item = Claim>) -> Vec<Claimed> {
    let mut tasks = tokio::task::JoinSet::new();
    for claim in claims {
        let (store, claim) = (store.clone(), Claim { reference: Reference::random(), ..claim });
        tasks.spawn(async move { store.claim(claim).await.unwrap() });
    }
    tasks.join_all().await
}

/// Rule 20.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_equal_claims_at_once_are_one() {
    let store = opened();
    let unkept = What::Pay(NewPayment { business_key: false, ..new_payment("s-2") });
    for claim in [pay("s-1"), keyed("k", Claim { what: unkept, ..pay("s-2") })] {
        let claimed = claim_at_once(&store, std::iter::repeat_n(claim, 64)).await;
        let new: Vec<_> = claimed
            .iter()
            .filter_map(|claimed| match claimed {
                Claimed::New { operation, .. } => Some(operation.reference.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(new.len(), 1);
        let running = Claimed::Running { reference: new[0].clone() };
        assert_eq!(claimed.iter().filter(|claimed| **claimed == running).count(), 63);
    }
}

#[tokio::test]
async fn a_claim_gives_payment_and_operation_one_name() {
    let store = opened();
    let claim = pay("s-1");
    let (operation, payment) = store.new_operation(claim.clone()).await;
    assert_eq!((&operation.reference, &payment.reference), (&claim.reference, &claim.reference));
    assert_eq!((operation.phase, operation.attempt, payment.state), (Phase::Started, 1, PaymentState::Started));
    assert_eq!(store.operation(operation.key).await.unwrap(), Some(operation.clone()));
    assert_eq!(store.operation_by_reference(&claim.reference.0).await.unwrap(), Some(operation));
    for name in [Name::Payment(&claim.reference.0), Name::ShopTransaction("s-1")] {
        assert_eq!(store.found(name).unwrap().payment, payment);
    }
    assert_eq!(store.payment("other", Name::Payment(&claim.reference.0)).await.unwrap(), None);
}

/// Rules 15 and 18.
#[tokio::test]
async fn the_same_request_again_gets_the_same_answer() {
    let store = opened();
    let claim = keyed("k", pay("s-1"));
    store.ended(claim.clone(), Settled::Succeeded, Some("p-1")).await;
    let by_business_key = Claim { idempotency_key: None, caller: "another".into(), ..claim.clone() };
    for again in [claim.clone(), by_business_key] {
        let Claimed::Replay { operation, subject } = store.claim(again).await.unwrap() else { panic!() };
        assert_eq!(operation.answer.unwrap().body, b"succeeded");
        assert_eq!(subject.payment.unwrap().shown_id(), "p-1");
    }
}

/// Rule 18.
#[tokio::test]
async fn an_idempotency_key_belongs_to_one_request_of_one_caller() {
    let store = opened();
    store.ended(keyed("k", pay("s-1")), Settled::Succeeded, Some("p-1")).await;
    assert_eq!(store.claim(keyed("k", pay("s-2"))).await.unwrap(), Claimed::KeyReused);
    assert!(is_new(&store.claim(Claim { caller: "another".into(), ..keyed("k", pay("s-2")) }).await.unwrap()));
    assert!(is_new(&store.claim(Claim { external: "other".into(), ..keyed("k", pay("s-2")) }).await.unwrap()));
}

/// Rule 15.
#[tokio::test]
async fn a_shop_transaction_id_belongs_to_one_request() {
    let store = opened();
    store.ended(keyed("k", pay("s-1")), Settled::Pending, Some("p-1")).await;
    let other_body = Claim { fingerprint: "other".into(), ..pay("s-1") };
    for other in [other_body, keyed("k2", pay("s-1"))] {
        let Claimed::BusinessKeyUsed { payment } = store.claim(other).await.unwrap() else { panic!() };
        assert_eq!((payment.shown_id(), payment.state), ("p-1", PaymentState::Pending));
    }
    let given_up = What::Pay(NewPayment { business_key: false, ..new_payment("s-1") });
    assert!(is_new(&store.claim(Claim { what: given_up, ..pay("s-1") }).await.unwrap()));
}

/// Rules 15 and 19.
#[tokio::test]
async fn a_payment_that_came_to_nothing_frees_its_shop_transaction_id() {
    let store = opened();
    for settled in [Settled::Declined, Settled::NotExecuted] {
        store.ended(pay("s-1"), settled, None).await;
    }
    let last = store.ended(pay("s-1"), Settled::Unknown, None).await.of_payment().payment;
    assert!(matches!(store.claim(pay("s-1")).await.unwrap(), Claimed::Replay { .. }));
    let found = store.found(Name::ShopTransaction("s-1")).unwrap().payment;
    assert_eq!(found.key, last.key, "the one that lives");
}

/// Rule 19.
#[tokio::test]
async fn a_decline_is_replayed_and_what_was_not_executed_is_tried_again() {
    let store = opened();
    store.ended(keyed("k1", pay("s-1")), Settled::Declined, None).await;
    assert!(matches!(store.claim(keyed("k1", pay("s-1"))).await.unwrap(), Claimed::Replay { .. }));
    store.ended(keyed("k2", pay("s-2")), Settled::NotExecuted, None).await;
    assert!(is_new(&store.claim(keyed("k2", pay("s-2"))).await.unwrap()));
}

/// Rule 20.
#[tokio::test]
async fn an_idempotency_key_outlives_its_time_until_its_payment_is_decided() {
    let store = opened();
    store.ended(keyed("k", pay("s-1")), Settled::Pending, Some("p-1")).await;
    let later = Claim { now: NOW.plus(7 * DAY), ..keyed("k", pay("s-2")) };
    assert_eq!(store.claim(later.clone()).await.unwrap(), Claimed::KeyReused);
    let accepted = inquiry(&["p-1"], NewsState::Accepted);
    store.report(report::reporting(accepted)).await.unwrap();
    let sooner = Claim { now: NOW.plus(7 * DAY - SECOND), ..later.clone() };
    assert_eq!(store.claim(sooner).await.unwrap(), Claimed::KeyReused);
    assert!(is_new(&store.claim(later).await.unwrap()));
}

/// Rules 15 and 17.
#[tokio::test]
async fn a_key_that_repeats_a_payment_made_without_one_belongs_to_that_payment_from_then_on() {
    let store = opened();
    store.new_operation(pay("s-1")).await;
    assert!(matches!(store.claim(keyed("k", pay("s-1"))).await.unwrap(), Claimed::Running { .. }));
    assert_eq!(store.claim(keyed("k", pay("s-2"))).await.unwrap(), Claimed::KeyReused);
}
