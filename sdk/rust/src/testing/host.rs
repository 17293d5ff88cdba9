//! The fake host as a test sees it.

use std::marker::PhantomData;
use std::time::Duration;

use super::fake::world::{self, World};
use super::{Answer, Line, Sent};
use crate::Description;
use crate::callbacks::Event;
use crate::operation::Name;

/// The host of the calls that this thread makes, as long as it lives.
///
/// Requests that no answer was scripted for fail the test; so do answers that nobody asked for.
#[derive(Debug)]
#[must_use = "the fake host ends when this is dropped"]
pub struct Host {
    /// It belongs to the thread that made it.
    thread: PhantomData<*const ()>,
}

impl Host {
    /// A host that grants every request and has no settings, no secrets and no public address. Its
    /// clock stands at 2026-01-01T00:00:00Z.
    ///
    /// # Panics
    /// Where the thread has one already.
    #[expect(clippy::new_without_default, reason = "it takes over the thread: not a value")]
    pub fn new() -> Self {
        world::begin();
        Self { thread: PhantomData }
    }

    /// A setting of the operator's.
    pub fn setting(self, name: &str, value: &str) -> Self {
        world::with(|world| world.settings.insert(name.to_owned(), value.to_owned()));
        self
    }

    /// A secret; given again, another current value of it, as while rotating: the newest comes first.
    pub fn secret(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        let value = value.into();
        world::with(|world| world.vault.add(name, value));
        self
    }

    /// What the plugin declares: the exponents that [`Amount`](crate::Amount) converts by, and the
    /// requests that [`reading`](Self::reading) calls may make.
    pub fn described(self, description: &Description) -> Self {
        world::with(|world| {
            world.exponents = description.exponents.iter().cloned().collect();
            world.safe_requests = description.safe_requests.clone();
        });
        self
    }

    /// Where the provider can tell about the operation.
    pub fn webhook_url(self, url: &str) -> Self {
        world::with(|world| world.webhook_url = Some(url.to_owned()));
        self
    }

    /// Scripts the next answer of the provider.
    pub fn answer(&self, answer: Answer) {
        world::with(|world| world.script.push_back(answer.0));
    }

    /// Begins another call: a new operation, with its own reference and keys. What was stored, sent
    /// and learnt remains.
    pub fn next_operation(&self) {
        world::with(|world| {
            world.operation += 1;
            world.attempt = 1;
        });
        crate::http::progress::reset();
    }

    /// Begins another try of the same operation: the same reference, the same keys.
    pub fn next_attempt(&self) {
        world::with(|world| world.attempt += 1);
        crate::http::progress::reset();
    }

    /// Runs something that may only read (a status, a search, a webhook): as in the real host, any
    /// request but GET, HEAD and those that the description declares safe is denied.
    pub fn reading<T>(&self, call: impl FnOnce() -> T) -> T {
        world::with(|world| world.reading = true);
        let result = call();
        world::with(|world| world.reading = false);
        result
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        world::with(|world| world.advance(time));
    }

    /// What the clock says, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        world::with(|world| world.now_ms)
    }

    /// The host's own name for the present operation.
    pub fn reference(&self) -> String {
        world::with(|world| world.reference())
    }

    /// The idempotency key of the present operation.
    pub fn idempotency_key(&self) -> String {
        world::with(|world| world.idempotency_key(None))
    }

    /// Everything that left, in order.
    pub fn requests(&self) -> Vec<Sent> {
        world::with(|world| world.sent.clone())
    }

    /// The one request that left.
    ///
    /// # Panics
    /// Where none or several did.
    #[track_caller]
    pub fn only_request(&self) -> Sent {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "not one request: {requests:?}");
        requests.remove(0)
    }

    /// What the plugin said that the provider has named.
    pub fn learned(&self) -> Vec<Name> {
        world::with(|world| world.learned.clone())
    }

    /// What the plugin reported beside what it returned.
    pub fn emitted(&self) -> Vec<Event> {
        world::with(|world| world.emitted.clone())
    }

    /// What the plugin wrote to the log.
    pub fn logged(&self) -> Vec<Line> {
        world::with(|world| world.lines.clone())
    }

    /// What the plugin has stored under a key.
    pub fn stored(&self, key: &str) -> Option<Vec<u8>> {
        world::with(|world| world.stored(key))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let left = world::end().map_or(0, |world: World| world.script.len());
        assert!(left == 0 || std::thread::panicking(), "{left} scripted answers were not asked for");
    }
}
