//! What the outbox promises of its leases, on a real store and a real socket.

use super::{Outbox, Settings, Target};
use crate::clock::{Clock, Timestamp};
use crate::egress::Egress;
use crate::model::{Reference, Seed, Version};
use crate::store::{self, Claim, Claimed, NewPayment, Sending, Store, What};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use url::Url;

const NOW: Timestamp = Timestamp(1_000_000_000);
const DAY: Duration = Duration::from_secs(86_400);

/// A payment whose host died has a callback that waits.
async fn with_a_callback(store: &Store) {
    let claim = Claim {
        now: NOW,
        external: "acme".into(),
        caller: "shop".into(),
        idempotency_key: None,
        keys_live: DAY,
        fingerprint: "pay".into(),
        reference: Reference::random(),
        seed: Seed::random(),
        version: Version("v1".into()),
        amount: None,
        lease_until: NOW.plus(DAY),
        what: What::Pay(NewPayment { shop_transaction_id: "s".into(), payment_method: None, business_key: true }),
    };
    let Claimed::New { operation, .. } = store.claim(claim).await.unwrap() else { panic!("it is the first") };
    let sending = Sending { operation: operation.key, fence: operation.fence, now: NOW, request: None };
    store.sent(sending, &[]).await.unwrap();
    store.lapse_all(NOW).await.unwrap();
}

/// Another host could have it by the time that the merchant answers (rule 32).
#[tokio::test]
async fn a_callback_whose_lease_would_not_outlast_the_attempt_is_given_back_unsent() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store::Settings::file(folder.path().join("provost.db")), NOW).unwrap();
    with_a_callback(&store).await;
    let merchant = TcpListener::bind("127.0.0.1:0").unwrap();
    merchant.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", merchant.local_addr().unwrap());
    let target = Target { url: Url::parse(&url).unwrap(), secrets: Vec::new() };
    let (settings, clock) = (Settings::default(), Clock::manual(NOW));
    let until = NOW.plus(settings.timeout).plus(Duration::from_secs(10));
    let outbox = Outbox::new(store.clone(), Arc::new(Egress::new()), clock.clone(), settings);
    let leased = store.lease_callbacks("acme", outbox.due_by(), until, 1).await.unwrap().remove(0);

    // The host was paused after it had leased it.
    clock.advance(Duration::from_secs(11));
    let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
    outbox.clone().deliver(leased.clone(), until, target, permit).await;

    assert!(merchant.accept().is_err(), "nobody called");
    let again = store.lease_callbacks("acme", outbox.due_by(), until, 1).await.unwrap();
    assert_eq!((&again[0].id, again[0].attempt), (&leased.id, 1), "due at once, and not an attempt");
}
