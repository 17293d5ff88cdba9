//! Calls for tests: one granted origin, one secret that is bound to it, and records in memory.

use super::{Call, HttpRequest, Limits, Mode, Name, Pending, Provider, Records, Scope, Secret, StateError, Unrecorded};
use crate::clock::Clock;
use crate::egress::{Egress, Grant, Origin, Request};
use crate::model::{Description, Reference, SafeRequest, SecretBytes, Seed, Version, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Records in memory, which a test can make refuse or wait.
#[derive(Default)]
pub(crate) struct Notebook {
    sent: Mutex<Vec<Write>>,
    refuse: AtomicBool,
    held: Mutex<Option<oneshot::Receiver<()>>>,
    asked: Notify,
}

impl Notebook {
    pub(crate) fn sent(&self) -> Vec<Write> {
        self.sent.lock().unwrap().clone()
    }

    pub(crate) fn refuse(&self) {
        self.refuse.store(true, Ordering::Relaxed);
    }

    /// The next write waits until the sender is used.
    pub(crate) fn hold(&self) -> oneshot::Sender<()> {
        let (release, held) = oneshot::channel();
        *self.held.lock().unwrap() = Some(held);
        release
    }

    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// The secret's other value comes first.
    pub(crate) fn rotate(call: &mut Call, name: &str) {
        let mut provider = (*call.scope.provider).clone();
        provider.secrets.get_mut(name).unwrap().values.reverse();
        call.scope.provider = Arc::new(provider);
    }

    /// So many failures in a row open the provider's breaker.
    pub(crate) fn breaks_after(call: &mut Call, failures: u32) {
        let mut provider = (*call.scope.provider).clone();
        provider.egress.breaker.failures = failures;
        provider.egress.breaker.ask = Duration::from_secs(600);
        call.scope.provider = Arc::new(provider);
    }

    pub(crate) fn also_grant(call: &mut Call, origin: &str) {
        let mut provider = (*call.scope.provider).clone();
        provider.grants.push(private(Origin::parse(origin).unwrap()));
        call.scope.provider = Arc::new(provider);
    }
}

impl Records for Notebook {
    fn sent<'a>(&'a self, writes: &'a [Write]) -> Pending<'a, Result<(), Unrecorded>> {
        Box::pin(async move {
            self.asked.notify_one();
            let held = self.held.lock().unwrap().take();
            if let Some(held) = held {
                held.await.unwrap();
            }
            if self.refuse.load(Ordering::Relaxed) {
                return Err(Unrecorded);
            }
            self.sent.lock().unwrap().extend_from_slice(writes);
            Ok(())
        })
    }

    fn sent_again(&self) -> Pending<'_, Result<(), Unrecorded>> {
        Box::pin(async { if self.refuse.load(Ordering::Relaxed) { Err(Unrecorded) } else { Ok(()) } })
    }

    fn learned(&self, _name: Name) -> Pending<'_, ()> {
        Box::pin(async {})
    }

    fn state_get(&self, _key: String) -> Pending<'_, Result<Option<Vec<u8>>, StateError>> {
        Box::pin(async { Ok(None) })
    }

    fn state_set(&self, _key: String, _value: Vec<u8>, _ttl: Option<Duration>) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async { Err(StateError::Full) })
    }

    fn state_remove(&self, _key: String) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Providers of tests are on loopback.
fn private(origin: Origin) -> Grant {
    Grant { private: true, ..Grant::to(origin) }
}

pub(crate) fn provider(origin: &str) -> Provider {
    let origin = Origin::parse(origin).unwrap();
    let values = ["s3cret-value", "the-old-one"].map(|value| SecretBytes::new(value.into())).to_vec();
    let mut provider = Provider::unconfigured("acme", Limits::default());
    provider.grants.push(private(origin.clone()));
    provider.secrets.insert("key".into(), Secret { values: values.clone(), origins: vec![origin] });
    provider.secrets.insert("unbound".into(), Secret { values, origins: Vec::new() });
    provider
}

pub(crate) fn scope(provider: Provider, safe_requests: Vec<SafeRequest>) -> (Scope, Arc<Notebook>) {
    let notebook = Arc::new(Notebook::default());
    let scope = Scope {
        provider: Arc::new(provider),
        version: Version::of(b"plugin"),
        description: Arc::new(Description { safe_requests, ..Description::default() }),
        records: notebook.clone(),
        egress: Arc::new(Egress::new()),
        clock: Clock::system(),
    };
    (scope, notebook)
}

pub(crate) fn operation() -> Mode {
    Mode::Operation { reference: Reference::random(), seed: Seed::random(), attempt: 1, webhook_url: None, again: None }
}

pub(crate) fn call(origin: &str) -> (Call, Arc<Notebook>) {
    let (scope, notebook) = scope(provider(origin), Vec::new());
    (Call::new(scope, operation()), notebook)
}

/// The same call again, after these writes.
pub(crate) fn repeat(origin: &str, before: Vec<Write>) -> (Call, Arc<Notebook>) {
    let (scope, notebook) = scope(provider(origin), Vec::new());
    let (reference, seed) = (Reference::random(), Seed::random());
    let mode = Mode::Operation { reference, seed, attempt: 2, webhook_url: None, again: Some(before) };
    (Call::new(scope, mode), notebook)
}

pub(crate) fn reading(origin: &str, safe: Vec<SafeRequest>) -> (Call, Arc<Notebook>) {
    let (scope, notebook) = scope(provider(origin), safe);
    (Call::new(scope, Mode::Reading { reference: None }), notebook)
}

pub(crate) fn post(origin: &str) -> HttpRequest {
    let request = Request {
        method: "POST".into(),
        url: format!("{origin}/pay"),
        headers: Vec::new(),
        body: Some(b"{}".to_vec()),
    };
    HttpRequest { request, timeout: None }
}
