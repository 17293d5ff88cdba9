//! What a request to a provider waits for before it may leave: its place, its turn, and a provider that is not down.

use super::breaker::{Breaker, Turn};
use super::{Answer, Error, Settings};
use crate::telemetry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The longest wait for a place and a turn: payers wait too.
const PATIENCE: Duration = Duration::from_secs(1);

/// The gate of one provider.
#[derive(Debug)]
pub(super) struct Gate {
    external: String,
    pub(super) settings: Settings,
    places: Arc<Semaphore>,
    /// When the last of those before has had its turn, at the steady rate.
    turn: Mutex<Instant>,
    breaker: Breaker,
}

/// A request's leave to go. Dropped, its place is free.
#[derive(Debug)]
pub struct Pass {
    pub(super) gate: Arc<Gate>,
    _place: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(external: &str, settings: &Settings) -> Self {
        Self {
            external: external.to_owned(),
            settings: settings.clone(),
            places: Arc::new(Semaphore::new(settings.concurrent_requests as usize)),
            turn: Mutex::new(Instant::now()),
            breaker: Breaker::default(),
        }
    }

    pub(super) fn external(&self) -> &str {
        &self.external
    }

    /// Waits a moment at most. Whoever is held back has not left.
    pub(super) async fn enter(self: Arc<Self>, write: bool, patience: Duration) -> Result<Pass, Error> {
        let patience = patience.min(PATIENCE);
        if !self.breaker.lets_through(&self.settings.breaker, write, Instant::now()) {
            return Err(self.held_back("breaker"));
        }
        let place = tokio::time::timeout(patience, self.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(self.held_back("places")) };
        match self.take_turn(Instant::now(), patience) {
            Some(wait) if wait.is_zero() => {}
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(self.held_back("rate")),
        }
        Ok(Pass { gate: self, _place: place })
    }

    /// How long to wait for a turn, which is taken with it; none where that is longer than there is patience for. A second's
    /// turns may be taken at once.
    fn take_turn(&self, now: Instant, patience: Duration) -> Option<Duration> {
        let rate = self.settings.requests_per_second;
        if rate == 0 {
            return Some(Duration::ZERO);
        }
        let gap = Duration::from_secs(1) / rate;
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*turn).max(now) + gap;
        let wait = next.saturating_duration_since(now + Duration::from_secs(1));
        if wait > patience {
            return None;
        }
        *turn = next;
        Some(wait)
    }

    fn held_back(&self, by: &'static str) -> Error {
        metrics::counter!(telemetry::EGRESS_HELD_BACK, "external" => self.external.clone(), "by" => by).increment(1);
        Error::Overloaded
    }

    /// Tells the breaker what became of a request that was let through.
    pub(super) fn note(&self, result: &Result<Answer, Error>) {
        let failed = match result {
            Ok(answer) => answer.status >= 500,
            Err(Error::Unreachable(_) | Error::Interrupted(_) | Error::Timeout) => true,
            // It answered.
            Err(Error::TooLarge(_)) => false,
            // Nothing was asked of it.
            Err(Error::Denied(_) | Error::Invalid(_) | Error::Overloaded) => return,
        };
        let Some(turn) = self.breaker.note(&self.settings.breaker, failed, Instant::now()) else { return };
        let external = &self.external;
        let (state, open) = match turn {
            Turn::Opened => ("open", 1.0),
            Turn::Closed => ("closed", 0.0),
        };
        metrics::counter!(telemetry::EGRESS_BREAKER_TURNS, "external" => external.clone(), "state" => state)
            .increment(1);
        metrics::gauge!(telemetry::EGRESS_BREAKER_OPEN, "external" => external.clone()).set(open);
        match turn {
            Turn::Opened => {
                let failures = self.settings.breaker.failures;
                tracing::warn!(external, failures, "requests to the provider fail: all but a few are held back");
            }
            Turn::Closed => tracing::info!(external, "the provider answers again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(concurrent_requests: u32, requests_per_second: u32) -> Arc<Gate> {
        Arc::new(Gate::new("acme", &Settings { concurrent_requests, requests_per_second, ..Settings::default() }))
    }

    #[test]
    fn a_second_s_turns_may_be_taken_at_once_and_the_rest_follow_at_the_rate() {
        let (gate, start, patience) = (gate(1, 10), Instant::now(), Duration::from_millis(250));
        let waits: Vec<_> = (0..14).map(|_| gate.take_turn(start, patience)).collect();
        let milliseconds = |wait: u64| Some(Duration::from_millis(wait));
        // The gate is a little older than the first of them.
        let waited = waits[..10].iter().all(|wait| *wait == milliseconds(0));
        assert!(waited, "{waits:?}");
        assert_eq!(waits[10..], [milliseconds(100), milliseconds(200), None, None]);
        assert_eq!(gate.take_turn(start + Duration::from_secs(5), patience), milliseconds(0));
        assert!((0..10_000).all(|_| self::gate(1, 0).take_turn(start, patience) == milliseconds(0)));
    }

    #[tokio::test]
    async fn one_beyond_its_places_waits_for_a_place_and_not_for_ever() {
        let gate = gate(1, 0);
        let first = gate.clone().enter(true, PATIENCE).await.unwrap();
        assert_eq!(gate.clone().enter(true, Duration::ZERO).await.unwrap_err(), Error::Overloaded);
        let (waiting, ()) = tokio::join!(gate.clone().enter(true, PATIENCE), async { drop(first) });
        assert!(waiting.is_ok());
    }
}
