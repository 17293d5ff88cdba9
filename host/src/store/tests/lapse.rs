use super::*;
use crate::model::{Phase, Write};

fn write() -> Write {
    Write { method: "POST".into(), url: "https://acme.example/".into(), digest: "d".into() }
}

/// Rule 3.
#[tokio::test]
async fn a_lapsed_operation_is_unknown_if_sent_and_not_executed_if_not() {
    let store = opened();
    let (sent, _) = store.new_operation(keyed("k1", pay("s-1"))).await;
    store.sent(sending(&sent), &[write()]).await.unwrap();
    let (unsent, _) = store.new_operation(keyed("k2", pay("s-2"))).await;
    assert_eq!(store.lapse(NOW.plus(MINUTE - SECOND), HashSet::new()).await.unwrap(), []);

    let lapsed = store.lapse(NOW.plus(MINUTE), HashSet::new()).await.unwrap();
    let ends: Vec<_> = lapsed.iter().map(|lapsed| (lapsed.operation.key, lapsed.settled)).collect();
    assert_eq!(ends, [(sent.key, Settled::Unknown), (unsent.key, Settled::NotExecuted)]);
    assert_eq!(store.told(), ["payment.pending"]);
    let unknown = &lapsed[0].changed.as_ref().unwrap().payment;
    assert_eq!((unknown.state, unknown.told.as_ref()), (PaymentState::Unknown, Some(&sent.reference.0)));
    assert_eq!(store.due_asks(NOW.plus(MINUTE)), 1);

    // Rule 18: sent replays as unknown; not sent frees the key.
    let Claimed::Replay { operation, .. } = store.claim(keyed("k1", pay("s-1"))).await.unwrap() else { panic!() };
    assert_eq!((operation.outcome, operation.answer), (Some(Settled::Unknown), None));
    assert!(is_new(&store.claim(keyed("k2", pay("s-2"))).await.unwrap()));
}

/// Rule 3.
#[tokio::test]
async fn who_lost_the_lease_can_neither_send_nor_finish() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    store.lapse(NOW.plus(MINUTE), HashSet::new()).await.unwrap();
    assert_eq!(store.sent(sending(&operation), &[write()]).await, Err(StoreError::Gone));
    assert_eq!(store.finish(end(&operation, Settled::Succeeded, None)).await.unwrap_err(), StoreError::Gone);
}

/// A clock that jumped makes leases lapse of calls that run.
#[tokio::test]
async fn what_runs_in_this_process_does_not_lapse_however_the_clock_jumps() {
    let store = opened();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    store.sent(sending(&operation), &[write()]).await.unwrap();
    let running = HashSet::from([operation.reference.clone()]);
    assert_eq!(store.lapse(NOW.plus(DAY), running).await.unwrap(), []);
    store.finish(end(&operation, Settled::Succeeded, Some("p-1"))).await.unwrap();
    assert_eq!(store.state_of("p-1"), PaymentState::Accepted);
}

/// Rule 3: the file belongs to one host, so at start all leases have lapsed.
#[tokio::test]
async fn at_start_everything_that_ran_has_lapsed() {
    let store = in_file();
    let payment = store.accepted("s-1", "p-1").await;
    let (refund, _) = store.new_operation(refund(payment.key, 100)).await;
    store.sent(sending(&refund), &[write()]).await.unwrap();
    let store = store.reopened(NOW);
    let lapsed = store.lapse_all(NOW).await.unwrap();
    let after = &lapsed[0].changed.as_ref().unwrap().payment;
    assert_eq!((after.state, after.refunds[0].state), (PaymentState::Accepted, ActionState::Unknown));
    assert_eq!(after.refunds[0].told.as_ref(), Some(&refund.reference.0));
    assert_eq!((after.refundable(), after.ask_at), (Some(900), Some(NOW)));
    assert_eq!(store.told(), ["payment.accepted", "refund.pending"]);
    assert_eq!(store.operation(refund.key).await.unwrap().unwrap().phase, Phase::Finished);
    assert_eq!(store.lapse_all(NOW).await.unwrap(), []);
}
