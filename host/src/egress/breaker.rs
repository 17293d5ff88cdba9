//! What spares a provider that is down the requests, and a payer the waiting: a write that is held back has not left.

use super::settings::BreakerSettings;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// The breaker of one provider.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// In a row.
    failures: u32,
    open: Option<Open>,
}

/// When the next of each kind is let through.
#[derive(Debug)]
struct Open {
    read: Instant,
    write: Instant,
}

/// That it opened or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Opened,
    Closed,
}

impl Breaker {
    /// Whether a request may leave now. While it is open one of each kind may in a while: it tells whether the trouble is
    /// over, and reads come often.
    pub(super) fn lets_through(&self, settings: &BreakerSettings, write: bool, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = &mut state.open else { return true };
        let (next, gap) = match write {
            true => (&mut open.write, settings.rest),
            false => (&mut open.read, settings.ask),
        };
        let due = now >= *next;
        if due {
            *next = now + gap;
        }
        due
    }

    /// Counts what became of a request.
    pub(super) fn note(&self, settings: &BreakerSettings, failed: bool, now: Instant) -> Option<Turn> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !failed {
            state.failures = 0;
            return state.open.take().map(|_| Turn::Closed);
        }
        state.failures = state.failures.saturating_add(1);
        if settings.failures == 0 || state.failures < settings.failures {
            return None;
        }
        let write = now + settings.rest;
        match &mut state.open {
            Some(open) => {
                open.write = write;
                None
            }
            None => {
                state.open = Some(Open { read: now, write });
                Some(Turn::Opened)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SETTINGS: BreakerSettings =
        BreakerSettings { failures: 3, rest: Duration::from_secs(10), ask: Duration::from_secs(1) };

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        let turns = [(); 4].map(|()| breaker.note(&SETTINGS, true, now));
        assert_eq!(turns, [None, None, Some(Turn::Opened), None], "it opens once");
        breaker
    }

    #[test]
    fn writes_are_held_back_and_reads_come_through_one_by_one() {
        let start = Instant::now();
        let breaker = opened(start);
        let at = |seconds, write| breaker.lets_through(&SETTINGS, write, start + Duration::from_secs(seconds));
        assert_eq!([at(0, false), at(0, false), at(0, true)], [true, false, false]);
        for second in 1..10 {
            assert_eq!([at(second, true), at(second, false), at(second, false)], [false, true, false], "{second}");
        }
        assert_eq!([at(10, true), at(10, true), at(19, true), at(20, true)], [true, false, false, true]);
    }

    #[test]
    fn one_answer_closes_it_and_a_failure_keeps_it_open() {
        let start = Instant::now();
        let breaker = opened(start);
        let later = start + Duration::from_secs(10);
        assert_eq!(breaker.note(&SETTINGS, true, later), None);
        assert!(!breaker.lets_through(&SETTINGS, true, later), "it rests again");
        assert_eq!(breaker.note(&SETTINGS, false, later), Some(Turn::Closed));
        assert!(breaker.lets_through(&SETTINGS, true, later));
        assert_eq!(breaker.note(&SETTINGS, false, later), None);
    }

    #[test]
    fn failures_count_only_in_a_row_and_not_at_all_where_it_is_off() {
        let (now, breaker) = (Instant::now(), Breaker::default());
        for failed in [true, true, false, true, true, false] {
            assert_eq!(breaker.note(&SETTINGS, failed, now), None);
        }
        let off = BreakerSettings { failures: 0, ..SETTINGS };
        assert!((0..1000).all(|_| breaker.note(&off, true, now).is_none()));
        assert!(breaker.lets_through(&off, true, now));
    }
}
