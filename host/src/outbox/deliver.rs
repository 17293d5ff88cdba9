//! The loop that leases what is due, and one delivery. Each merchant's endpoint is a lane of its own, so that one
//! that is slow or down takes no place from another (rule 32).

use super::schedule::{Answered, Next, asked_wait, furthest, next, reason};
use super::sign::signature;
use super::{Settings, Target};
use crate::clock::{Clock, Timestamp};
use crate::crash_point;
use crate::egress::Egress;
use crate::store::{Attempt, CallbackKey, Delivery, DueBy, Settlement, Store, StoreError};
use crate::{task, telemetry};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

/// Deliveries to one merchant at the same time.
const LANE: usize = 16;

/// How much longer than its attempt a lease lives.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// How long the loop rests at most: wake-ups may get lost with a host that dies, or on the way from another.
const LONGEST_REST: Duration = Duration::from_secs(5);

/// How long it rests when the store is away.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Bytes of an error that are kept with its attempt.
const ERROR_TEXT: usize = 300;

/// How often what waits is counted.
const COUNT_EVERY: Duration = Duration::from_secs(15);

/// The way to the merchants.
pub struct Outbox {
    store: Store,
    egress: Arc<Egress>,
    clock: Clock,
    settings: Settings,
    wake: Notify,
    round: AtomicUsize,
    /// What is being delivered, by whose fence.
    leased: Mutex<HashMap<CallbackKey, u64>>,
    one_less: Notify,
    given_up: watch::Sender<bool>,
}

impl Outbox {
    /// An outbox; nothing is delivered before [`Outbox::run`].
    pub fn new(store: Store, egress: Arc<Egress>, clock: Clock, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            store,
            egress,
            clock,
            settings,
            wake: Notify::new(),
            round: AtomicUsize::new(0),
            leased: Mutex::default(),
            one_less: Notify::new(),
            given_up: watch::Sender::new(false),
        })
    }

    /// Something may have become due.
    pub fn wake(&self) {
        self.wake.notify_one();
        self.store.announce();
    }

    /// Delivers until `stop` says true. What is under way then is for [`Outbox::leave`].
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        tokio::join!(self.deliver_due(stop.clone()), self.count(stop));
    }

    /// Waits at most for so long until what is under way has ended. What has not is given back, so that another host has it
    /// at once. Says how much that was.
    pub async fn leave(&self, patience: Duration) -> usize {
        let ended = async {
            loop {
                let one_less = self.one_less.notified();
                if self.leased().is_empty() {
                    return;
                }
                one_less.await;
            }
        };
        let _ = tokio::time::timeout(patience, ended).await;
        self.given_up.send_replace(true);
        let left: Vec<_> = self.leased().drain().collect();
        let count = left.len();
        if count > 0
            && let Err(error) = self.store.release_callbacks(left, self.clock.now()).await
        {
            tracing::warn!(%error, "callbacks could not be given back: they are due when their leases lapse");
        }
        count
    }

    async fn deliver_due(self: &Arc<Self>, mut stop: watch::Receiver<bool>) {
        let (mut lanes, mut others) = (HashMap::new(), self.store.others());
        loop {
            let now = self.clock.now();
            let next = match self.lease_due(&mut lanes, now).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "callbacks wait: the store is not available");
                    now.plus(AFTER_TROUBLE)
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = others.wrote() => {}
                () = self.clock.sleep_until(next) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Keeps the gauges, until `stop` says true.
    async fn count(&self, mut stop: watch::Receiver<bool>) {
        loop {
            // Where the store is away, what was counted last still says more than nothing.
            if let Ok(counts) = self.store.callback_counts().await {
                for (state, count) in [("waiting", counts.waiting), ("dead", counts.dead)] {
                    metrics::gauge!(telemetry::CALLBACKS, "state" => state).set(count as f64);
                }
            }
            tokio::select! {
                () = self.clock.sleep_until(self.clock.now().plus(COUNT_EVERY)) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Starts what is due by `now` and has room in its lane. Returns the moment when something else may be due.
    async fn lease_due(
        self: &Arc<Self>,
        lanes: &mut HashMap<String, Arc<Semaphore>>,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let among = self.settings.externals_with_target();
        let due = self.store.due_externals(self.due_by(), among.as_deref()).await?;
        // Those of one merchant share its lane, and each begins once: one external's backlog does not hold up another's.
        let mut sharing: HashMap<&str, usize> = HashMap::new();
        for target in due.iter().filter_map(|external| self.settings.target_of(external)) {
            *sharing.entry(target.url.as_str()).or_default() += 1;
        }
        let first = self.round.fetch_add(1, Ordering::Relaxed) % due.len().max(1);
        for external in due[first..].iter().chain(&due[..first]) {
            let Some(target) = self.settings.target_of(external) else { continue };
            let lane = lanes.entry(target.url.to_string()).or_insert_with(|| Arc::new(Semaphore::new(LANE)));
            let free = std::iter::from_fn(|| lane.clone().try_acquire_owned().ok());
            let share = LANE.div_ceil(sharing.get(target.url.as_str()).copied().unwrap_or(1));
            let permits: Vec<_> = free.take(share).collect();
            if permits.is_empty() {
                continue;
            }
            // Those before may have taken long: a lease begins when it is asked for.
            let by = self.due_by();
            let until = by.now.plus(self.settings.timeout).plus(LEASE_MARGIN);
            let leased = self.store.lease_callbacks(external, by, until, permits.len()).await?;
            self.leased().extend(leased.iter().map(|delivery| (delivery.key, delivery.fence)));
            for (delivery, permit) in leased.into_iter().zip(permits) {
                task::spawn("callback", self.clone().deliver(delivery, until, target.clone(), permit));
            }
        }
        let latest = now.plus(LONGEST_REST);
        let next = self.store.next_callback_due(now, among.as_deref()).await?;
        Ok(next.map_or(latest, |due| due.min(latest)))
    }

    pub(super) fn due_by(&self) -> DueBy {
        let now = self.clock.now();
        DueBy { now, furthest: now.plus(furthest(&self.settings)) }
    }

    /// One delivery, while its lease lives. Its place is free afterwards.
    pub(super) async fn deliver(
        self: Arc<Self>,
        delivery: Delivery,
        until: Timestamp,
        target: Target,
        permit: OwnedSemaphorePermit,
    ) {
        crash_point!("callback_leased");
        if self.clock.now().plus(self.settings.timeout) > until {
            self.give_back(&delivery).await;
        } else if !self.attempt(&delivery, &target).await {
            return;
        }
        self.leased().remove(&delivery.key);
        self.one_less.notify_waiters();
        drop(permit);
        self.wake.notify_one();
    }

    /// The lease would not outlast the attempt, because the host or its store was held up: another host could send the
    /// same beside this one (rule 32).
    async fn give_back(&self, delivery: &Delivery) {
        let leased = vec![(delivery.key, delivery.fence)];
        if let Err(error) = self.store.release_callbacks(leased, self.clock.now()).await {
            tracing::warn!(callback = delivery.id, %error, "a callback could not be given back: it is due when its lease lapses");
        }
    }

    /// One attempt, and what became of it. No where the host leaves before: it is not this one's any more to settle.
    async fn attempt(&self, delivery: &Delivery, target: &Target) -> bool {
        let mut given_up = self.given_up.subscribe();
        let started = self.clock.now();
        let sent = tokio::select! {
            sent = self.send(delivery, target) => sent,
            _ = given_up.wait_for(|given_up| *given_up) => return false,
        };
        crash_point!("callback_sent");
        let (answered, error) = match sent {
            Ok(answered) => (answered, None),
            Err(error) => (Answered { status: None, retry_after: None }, Some(error)),
        };
        let now = self.clock.now();
        let next = next(&self.settings, delivery.attempt, answered, now, jitter());
        let error = error.or_else(|| reason(answered).map(str::to_owned));
        let settlement = match next {
            Next::Delivered => Settlement::Delivered,
            Next::RetryAt(at) => Settlement::RetryAt(at),
            Next::Dead => Settlement::Dead,
        };
        report(delivery, answered, error.as_deref(), settlement);
        let attempt = Attempt { status: answered.status, error: error.map(bounded), duration: now.since(started) };
        if let Err(error) = self.store.settle_callback(delivery.key, delivery.fence, now, settlement, attempt).await {
            tracing::warn!(callback = delivery.id, %error, "a delivery could not be settled: it is made again");
        }
        true
    }

    async fn send(&self, delivery: &Delivery, target: &Target) -> Result<Answered, String> {
        let headers = self.headers(delivery, target);
        let sent = self.egress.deliver(&target.url, headers, delivery.body.clone(), self.settings.timeout).await;
        let answer = sent.map_err(|error| error.to_string())?;
        let named = |name: &str| answer.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        let retry_after = named("retry-after").and_then(|(_, value)| asked_wait(value, self.clock.now()));
        Ok(Answered { status: Some(answer.status), retry_after })
    }

    fn leased(&self) -> MutexGuard<'_, HashMap<CallbackKey, u64>> {
        self.leased.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn headers(&self, delivery: &Delivery, target: &Target) -> HeaderMap {
        let at = self.clock.now();
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).expect("ids, numbers and base64 are plain ASCII");
            headers.insert(HeaderName::from_static(name), value);
        };
        set("content-type", "application/json");
        set("webhook-id", &delivery.id);
        set("webhook-timestamp", &at.seconds().to_string());
        if !target.secrets.is_empty() {
            set("webhook-signature", &signature(&target.secrets, &delivery.id, at, &delivery.body));
        }
        headers
    }
}

/// What is kept of an error's text.
fn bounded(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(ERROR_TEXT));
    text
}

fn report(delivery: &Delivery, answered: Answered, error: Option<&str>, settlement: Settlement) {
    let result = match settlement {
        Settlement::Delivered => "delivered",
        Settlement::RetryAt(_) => "again",
        Settlement::Dead => "dead",
    };
    let labels = [("external", delivery.external.clone()), ("result", result.to_owned())];
    metrics::counter!(telemetry::CALLBACK_ATTEMPTS, &labels).increment(1);
    let (id, attempt, status) = (&delivery.id, delivery.attempt, answered.status);
    match settlement {
        Settlement::Delivered => tracing::info!(callback = id, attempt, status, "callback delivered"),
        Settlement::RetryAt(at) => tracing::info!(callback = id, attempt, status, error, at = at.0, "callback put off"),
        Settlement::Dead => tracing::error!(callback = id, attempt, status, error, "callback is a dead letter"),
    }
}

/// From 0 to 1, so that callbacks that failed together do not come back together.
fn jitter() -> f64 {
    let mut byte = [0];
    // Without randomness there is no jitter, and nothing else is lost.
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}
