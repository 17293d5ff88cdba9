//! A call is made again only by whoever took it, only while nobody knows what became of it, and only in time (rule 8).

use super::*;
use crate::model::{PayRequest, Request, Write};
use crate::store::Repeating;

const LEASE: Duration = Duration::from_secs(30);

fn request() -> Request {
    Request::Pay(PayRequest {
        amount: euro(1000),
        shop_transaction_id: "s-1".into(),
        payment_method: None,
        success_redirect_url: None,
        failure_redirect_url: None,
        provider_data: None,
    })
}

/// Something of a new payment has left, and the request is kept.
async fn sent(store: &Store) -> Operation {
    let (operation, _) = store.new_operation(pay("s-1")).await;
    let sending = Sending { request: store.seal(&operation.reference, &request()), ..sending(&operation) };
    assert!(sending.request.is_some());
    store.sent(sending, &[write()]).await.unwrap();
    operation
}

fn write() -> Write {
    Write { method: "POST".into(), url: "https://acme.example/".into(), digest: "d".into() }
}

/// The same, and nobody knows what became of it.
async fn lost(store: &Store) -> Operation {
    let operation = sent(store).await;
    store.finish(end(&operation, Settled::Unknown, None)).await.unwrap();
    operation
}

async fn taken(store: &Store, operation: &Operation, now: Timestamp) -> Option<Operation> {
    let version = Version("v1".into());
    let repeating = Repeating { now, within: 10 * MINUTE, version, lease_until: now.plus(LEASE) };
    store.take_repeat(operation.key, repeating).await.unwrap().map(|repeat| repeat.operation)
}

/// Whether a write of a repeat may leave.
async fn leaves(store: &Store, repeat: &Operation, now: Timestamp) -> bool {
    store.sent_again(repeat.key, repeat.fence, now, 10 * MINUTE).await.is_ok()
}

fn about(operation: &Operation, state: NewsState) -> News {
    let target = Target { host_reference: Some(operation.reference.0.clone()), ..Target::default() };
    News::new(Source::Verified { can_ask: true }, target, Action::Payment, state)
}

fn kept(store: &Store) -> i64 {
    store.query("SELECT count(*) FROM operations WHERE request IS NOT NULL")[0]
}

#[tokio::test]
async fn a_repeat_sends_only_while_it_is_its_own_and_in_time() {
    let store = opened();
    let operation = lost(&store).await;
    let start = NOW.plus(9 * MINUTE);
    let repeat = taken(&store, &operation, start).await.unwrap();
    assert!(leaves(&store, &repeat, start).await);
    assert!(!leaves(&store, &operation, start).await, "another fence");
    assert!(!leaves(&store, &repeat, start.plus(LEASE)).await, "who was paused past its lease");
    let next = taken(&store, &operation, start.plus(LEASE)).await.unwrap();
    assert!(!leaves(&store, &repeat, start.plus(LEASE)).await, "another has it");
    assert!(leaves(&store, &next, start.plus(LEASE + SECOND)).await);
    let late = taken(&store, &operation, NOW.plus(10 * MINUTE)).await.unwrap();
    assert!(!leaves(&store, &late, NOW.plus(10 * MINUTE + SECOND)).await, "the window is over");
}

/// Rules 8 and 36: hosts of one store may have different keys.
#[tokio::test]
async fn who_cannot_read_what_was_asked_leaves_the_repeat_to_one_who_can() {
    let store = opened();
    let operation = lost(&store).await;
    let own = store.settings.key.clone().unwrap_or_else(|| crate::store::seal::key_beside(&store.path).unwrap());
    let stranger = store.with_key(SecretBytes::new(vec![9; 32])).reopened(NOW.plus(MINUTE));
    assert_eq!(taken(&stranger, &operation, NOW.plus(MINUTE)).await, None);
    let owner = stranger.with_key(own).reopened(NOW.plus(MINUTE));
    assert!(taken(&owner, &operation, NOW.plus(MINUTE)).await.is_some());
}

#[tokio::test]
async fn a_repeat_sends_nothing_once_it_is_decided() {
    let store = opened();
    let operation = lost(&store).await;
    let repeat = taken(&store, &operation, NOW.plus(MINUTE)).await.unwrap();
    assert!(leaves(&store, &repeat, NOW.plus(MINUTE)).await);
    store.report(report::reporting(about(&operation, NewsState::Failed(None)))).await.unwrap();
    assert!(!leaves(&store, &repeat, NOW.plus(MINUTE)).await);
    assert_eq!(kept(&store), 0);
}

/// Rules 8 and 36: a webhook may overtake the answer.
#[tokio::test]
async fn what_news_decided_while_its_call_ran_is_never_made_again_and_nothing_of_it_is_kept() {
    let failed = NewsState::Failed(None);
    let store = opened();
    let operation = sent(&store).await;
    store.report(report::reporting(about(&operation, failed.clone()))).await.unwrap();
    assert_eq!(kept(&store), 1, "the call runs");
    store.finish(end(&operation, Settled::Unknown, None)).await.unwrap();
    assert_eq!((kept(&store), taken(&store, &operation, NOW.plus(MINUTE)).await), (0, None));

    let store = opened();
    let operation = sent(&store).await;
    store.report(report::reporting(about(&operation, failed))).await.unwrap();
    store.lapse(NOW.plus(MINUTE), HashSet::new()).await.unwrap();
    assert_eq!((kept(&store), taken(&store, &operation, NOW.plus(MINUTE)).await), (0, None));
}

/// Rule 9.
#[tokio::test]
async fn the_age_of_an_attempt_counts_from_the_last_write_that_may_have_left() {
    let store = opened();
    let (unsent, _) = store.new_operation(pay("s-2")).await;
    assert_eq!(store.last_attempt(&unsent.reference).await.unwrap(), Some(NOW));
    let operation = sent(&store).await;
    let again = Sending { now: NOW.plus(20 * SECOND), ..sending(&operation) };
    let again = Sending { request: store.seal(&operation.reference, &request()), ..again };
    store.sent(again, &[write()]).await.unwrap();
    assert_eq!(store.last_attempt(&operation.reference).await.unwrap(), Some(NOW.plus(20 * SECOND)));
    store.finish(end(&operation, Settled::Unknown, None)).await.unwrap();
    let start = NOW.plus(5 * MINUTE);
    taken(&store, &operation, start).await.unwrap();
    assert_eq!(store.last_attempt(&operation.reference).await.unwrap(), Some(start.plus(LEASE)));
    let store = store.reopened(start);
    assert_eq!(store.last_attempt(&operation.reference).await.unwrap(), Some(start.plus(LEASE)));
    assert_eq!(store.last_attempt(&Reference::random()).await.unwrap(), None);
}
