//! The connections of one listener: how many there may be, what each waits for, and which has to go. Nobody is sent away
//! whose request is being worked on; who keeps the host waiting goes first.

use super::Bounds;
use crate::telemetry;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long nobody counts as one who keeps the host waiting, or as idle: a client on a good line has sent its request by
/// then, and a busy one its next.
const PEACE: Duration = Duration::from_secs(1);
/// At most one in so many makes room at once.
const AT_ONCE: usize = 64;
/// How often it is said that a listener is full.
const SAID_EVERY: Duration = Duration::from_secs(10);
/// How often it is looked who is late, at most.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What a connection waits for, in the lowest bits of its state; the milliseconds since when are above them.
const WORK: u64 = 0;
const HEAD: u64 = 1;
const BODY: u64 = 2;
const ANSWER: u64 = 3;
const NEXT: u64 = 4;
const BITS: u32 = 3;

/// All of a listener, whatever thread serves them.
pub(in crate::api) struct Seats {
    pub(super) bounds: Bounds,
    began: Instant,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    seats: HashMap<u64, Arc<Seat>>,
    said: Option<Instant>,
}

/// One connection, as long as it is held.
pub(super) struct Occupied {
    seats: Arc<Seats>,
    number: u64,
    seat: Arc<Seat>,
}

/// What a connection waits for, and whether it is to go.
pub(super) struct Seat {
    began: Instant,
    state: AtomicU64,
    /// Since when the client takes nothing of its answer; zero: it does.
    stalled: AtomicU64,
    leave: Notify,
    last: AtomicBool,
}

impl Seats {
    pub(in crate::api) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, began: Instant::now(), taken: Mutex::default() })
    }

    /// A seat for a new connection, another one's if need be; none where everybody is being worked for.
    pub(super) fn take(self: &Arc<Self>) -> Option<Occupied> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.seats.len() >= self.bounds.connections {
            let go = self.who_goes(&taken.seats);
            say_that_it_is_full(&mut taken.said, self.bounds.connections, go.len());
            for number in &go {
                taken.seats.remove(number)?.leave.notify_one();
            }
            go.first()?;
        }
        let number = taken.next;
        taken.next += 1;
        let seat = Arc::new(Seat {
            began: self.began,
            state: AtomicU64::new(state(HEAD, millis(self.began))),
            stalled: AtomicU64::new(0),
            leave: Notify::new(),
            last: AtomicBool::new(false),
        });
        taken.seats.insert(number, seat.clone());
        Some(Occupied { seats: self.clone(), number, seat })
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).seats.len()
    }

    /// Who makes room: one, and of those who keep the host waiting some more, so that it need not be looked again at once.
    fn who_goes(&self, seats: &HashMap<u64, Arc<Seat>>) -> Vec<u64> {
        let now = millis(self.began);
        let mut may_go: Vec<_> = seats.iter().filter_map(|(number, seat)| Some((seat.may_go(now)?, *number))).collect();
        may_go.sort_unstable();
        let waiting = may_go.iter().take_while(|((class, _), _)| *class == 0).count();
        may_go.truncate(waiting.min(seats.len() / AT_ONCE).max(1));
        may_go.into_iter().map(|(_, number)| number).collect()
    }

    /// Sends away who is late, for as long as this is polled.
    pub(super) async fn keep_time(&self) -> Infallible {
        let mut looks = tokio::time::interval((self.bounds.head / 4).min(LOOK_EVERY));
        loop {
            looks.tick().await;
            let now = millis(self.began);
            let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken
                .seats
                .values()
                .filter(|seat| seat.is_late(now, &self.bounds))
                .for_each(|seat| seat.leave.notify_one());
        }
    }
}

fn say_that_it_is_full(said: &mut Option<Instant>, connections: usize, made_room: usize) {
    let (reason, closed) = if made_room > 0 { ("made_room", made_room) } else { ("full", 1) };
    metrics::counter!(telemetry::CONNECTIONS_CLOSED, "reason" => reason).increment(closed as u64);
    if said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
        *said = Some(Instant::now());
        tracing::warn!(connections, made_room, "a listener is full: for each new connection one is closed");
    }
}

impl std::ops::Deref for Occupied {
    type Target = Arc<Seat>;

    fn deref(&self) -> &Arc<Seat> {
        &self.seat
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner).seats.remove(&self.number);
    }
}

impl Seat {
    /// Its request is whole as far as it goes, and is worked on.
    pub(super) fn works(&self) {
        self.state.store(WORK, Ordering::Relaxed);
    }

    /// It waits for more of the body.
    pub(super) fn waits_for_body(&self) {
        if kind(self.state.load(Ordering::Relaxed)) != BODY {
            self.set(BODY);
        }
    }

    /// Its answer is ready to be sent.
    pub(super) fn answers(&self) {
        self.set(ANSWER);
    }

    /// Bytes came. Between requests they are the beginning of one.
    pub(super) fn hears(&self) {
        if kind(self.state.load(Ordering::Relaxed)) == NEXT {
            self.set(HEAD);
        }
    }

    /// All that was to be sent is sent. After an answer it waits for the next request, unless that was the last.
    pub(super) fn has_sent(&self) {
        if kind(self.state.load(Ordering::Relaxed)) == ANSWER {
            self.set(NEXT);
            if self.last.load(Ordering::Relaxed) {
                self.leave.notify_one();
            }
        }
    }

    /// Whether the client takes what is sent to it.
    pub(super) fn sends(&self, takes: bool) {
        let since = self.stalled.load(Ordering::Relaxed);
        match takes {
            true if since > 0 => self.stalled.store(0, Ordering::Relaxed),
            false if since == 0 => self.stalled.store(millis(self.began).max(1), Ordering::Relaxed),
            _ => {}
        }
    }

    /// Waits until the connection is to be cut off. Where a request has come meanwhile, its answer is the last instead.
    pub(super) async fn told_to_go(&self) {
        loop {
            self.leave.notified().await;
            self.last.store(true, Ordering::Relaxed);
            let stalled = self.stalled.load(Ordering::Relaxed) > 0;
            if stalled || matches!(kind(self.state.load(Ordering::Relaxed)), HEAD | BODY | NEXT) {
                return;
            }
        }
    }

    /// Whether no further request is taken.
    pub(super) fn is_last(&self) -> bool {
        self.last.load(Ordering::Relaxed)
    }

    fn set(&self, kind: u64) {
        self.state.store(state(kind, millis(self.began)), Ordering::Relaxed);
    }

    /// Who goes before whom: first who has kept the host waiting for a request or for its own answer, then who is idle,
    /// then who has only just come, then who was only just answered; the longest first. None for who must not.
    fn may_go(&self, now: u64) -> Option<(u8, u64)> {
        let now_state = self.state.load(Ordering::Relaxed);
        let since = now_state >> BITS;
        let past = |patience: Duration| now.saturating_sub(since) > patience.as_millis() as u64;
        let stalled = self.stalled.load(Ordering::Relaxed);
        match kind(now_state) {
            HEAD | BODY => Some((if past(PEACE) { 0 } else { 2 }, since)),
            NEXT => Some((if past(PEACE) { 1 } else { 3 }, since)),
            _ if stalled > 0 && now.saturating_sub(stalled) > PEACE.as_millis() as u64 => Some((0, stalled)),
            _ => None,
        }
    }

    fn is_late(&self, now: u64, bounds: &Bounds) -> bool {
        let now_state = self.state.load(Ordering::Relaxed);
        let past = |since: u64, patience: Duration| now.saturating_sub(since) > patience.as_millis() as u64;
        let stalled = self.stalled.load(Ordering::Relaxed);
        match kind(now_state) {
            HEAD => past(now_state >> BITS, bounds.head),
            NEXT => past(now_state >> BITS, bounds.idle),
            ANSWER => stalled > 0 && past(stalled, bounds.stall) || past(now_state >> BITS, bounds.idle),
            _ => false,
        }
    }
}

fn kind(state: u64) -> u64 {
    state & ((1 << BITS) - 1)
}

fn state(kind: u64, since: u64) -> u64 {
    since << BITS | kind
}

fn millis(began: Instant) -> u64 {
    began.elapsed().as_millis() as u64
}

#[cfg(test)]
mod tests;
