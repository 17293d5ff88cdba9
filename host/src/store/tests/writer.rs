use super::*;
use crate::model::Write;
use std::sync::mpsc;

/// Holds the writer inside its transaction until the other end is used or dropped.
pub(super) async fn hold(store: &Store, gate: mpsc::Receiver<()>) -> Result<(), StoreError> {
    store
        .parts
        .writer
        .durable(move |_| {
            let _ = gate.recv();
            Ok(())
        })
        .await
}

/// Makes the commit of its batch fail, though each of its commands succeeded.
async fn spoil_commit(store: &Store) -> Result<(), StoreError> {
    store
        .parts
        .writer
        .durable(|connection| {
            connection.execute_batch(
                "PRAGMA defer_foreign_keys = ON;
                 INSERT INTO callback_attempts (callback, at, duration_ms) VALUES (4711, 0, 0);",
            )?;
            Ok(())
        })
        .await
}

/// Lets the writer go on, once everything polled before is in its queue.
pub(super) async fn release(gate: mpsc::Sender<()>) {
    gate.send(()).unwrap();
}

#[tokio::test]
async fn a_claim_is_accepted_before_the_disk_has_it() {
    let store = in_file();
    let (open_first, first) = mpsc::channel();
    let (open_second, second) = mpsc::channel();
    let claim = async {
        let (operation, _) = store.accepted_claim(pay("s-1")).await;
        assert_eq!(store.operation(operation.key).await.unwrap(), None);
        release(open_second).await;
        operation
    };
    let (before, operation, after, ()) =
        tokio::join!(hold(&store, first), claim, hold(&store, second), release(open_first));
    before.and(after).unwrap();
    assert!(store.operation(operation.key).await.unwrap().is_some());
}

#[tokio::test]
async fn a_repeat_is_answered_only_once_the_disk_has_what_it_repeats() {
    let store = in_file();
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let (open, gate) = mpsc::channel();
    let (_, finished, repeated, _, ()) = tokio::join!(
        hold(&store, gate),
        store.finish(end(&operation, Settled::Succeeded, Some("p-1"))),
        store.claim(pay("s-1")),
        spoil_commit(&store),
        release(open),
    );
    assert!(matches!(finished, Err(StoreError::Away(_))));
    assert!(matches!(repeated, Err(StoreError::Away(_))));
    assert!(matches!(store.claim(pay("s-1")).await.unwrap(), Claimed::Running { .. }));
}

#[tokio::test]
async fn a_command_that_fails_does_not_fail_its_batch() {
    let store = in_file();
    let (open, gate) = mpsc::channel();
    let first = pay("s-1");
    // Fails at the constraint on the host's names, after its payment was written.
    let double = Claim { reference: first.reference.clone(), ..pay("s-2") };
    let (held, first, failed, panicked, last, ()) = tokio::join!(
        hold(&store, gate),
        store.claim(first),
        store.claim(double),
        store.parts.writer.durable::<()>(|_| panic!("as a bug would")),
        store.claim(pay("s-3")),
        release(open),
    );
    held.unwrap();
    assert!(is_new(&first.unwrap()) && is_new(&last.unwrap()));
    assert!(matches!(failed, Err(StoreError::Away(_))));
    assert!(matches!(panicked, Err(StoreError::Away(_))));
    assert!(store.found(Name::ShopTransaction("s-3")).is_some());
    assert!(store.found(Name::ShopTransaction("s-2")).is_none(), "nothing of a failed command may stay");
    assert!(is_new(&store.claim(pay("s-2")).await.unwrap()));
}

#[tokio::test]
async fn a_claim_whose_commit_failed_is_gone_and_may_not_send() {
    let store = in_file();
    let (open, gate) = mpsc::channel();
    let (held, (lost, _), spoilt, ()) =
        tokio::join!(hold(&store, gate), store.accepted_claim(pay("s-1")), spoil_commit(&store), release(open));
    assert!(matches!(held, Err(StoreError::Away(_))), "who waited for the disk is told");
    assert!(matches!(spoilt, Err(StoreError::Away(_))));

    // The next claim is kept under the very same key: only the fence tells the two apart.
    let (next, _) = store.new_operation(pay("s-2")).await;
    assert_eq!(next.key, lost.key);
    let write = Write { method: "POST".into(), url: "https://acme.example/".into(), digest: "d".into() };
    assert_eq!(store.sent(sending(&lost), &[write]).await, Err(StoreError::Gone));
    assert_eq!(store.finish(end(&lost, Settled::Succeeded, Some("p"))).await.unwrap_err(), StoreError::Gone);
    assert_eq!(store.operation(next.key).await.unwrap().unwrap().phase, crate::model::Phase::Started);
    assert!(is_new(&store.claim(pay("s-1")).await.unwrap()), "its shop transaction id is free");
}

/// Rule 4: what cannot be written is not answered as if it were.
#[tokio::test]
async fn a_full_disk_is_told_and_does_not_outlast_its_cause() {
    let store = in_file();
    let (operation, _) = store.new_operation(pay("s-0")).await;
    let limit = |pages: u32| {
        store.parts.writer.durable(move |connection| {
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
            Ok(())
        })
    };
    // SQLite raises it to what the file has already.
    limit(1).await.unwrap();
    let mut finish = end(&operation, Settled::Succeeded, Some("p-0"));
    finish.answer = Some(Answer { status: 200, headers: Vec::new(), body: vec![b' '; 1 << 20] });
    assert!(matches!(store.finish(finish.clone()).await, Err(StoreError::Away(_))));
    assert_eq!(store.operation(operation.key).await.unwrap().unwrap().outcome, None);
    limit(1_000_000).await.unwrap();
    store.finish(finish).await.unwrap();
    assert_eq!(store.state_of("p-0"), PaymentState::Accepted);
}
