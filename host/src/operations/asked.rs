//! When each was last asked about, so that hints cannot make the host ask without end (rule 24).

use crate::clock::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Payments whose last asking is remembered, before the old ones are forgotten for the first time.
const REMEMBERED: usize = 10_000;

/// When each was last asked about.
pub(super) struct Asked<K>(Mutex<LastAsked<K>>);

struct LastAsked<K> {
    at: HashMap<K, Last>,
    /// How many there may be before the old ones are forgotten.
    room: usize,
}

#[derive(Clone, Copy)]
struct Last {
    at: Timestamp,
    /// Until when a question of the schedule makes way for it.
    put_off: Option<Timestamp>,
}

impl<K> Default for Asked<K> {
    fn default() -> Self {
        Self(Mutex::new(LastAsked { at: HashMap::new(), room: 0 }))
    }
}

impl<K: Eq + Hash> Asked<K> {
    /// Notes an asking. The old ones are forgotten when their number has doubled, so that a note costs the same however
    /// many there are.
    pub(super) fn note(&self, asked_about: K, now: Timestamp, gap: Duration) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.at.len() >= asked.room {
            asked.at.retain(|_, last| last.at.plus(gap) > now);
            asked.room = REMEMBERED.max(asked.at.len() * 2);
        }
        asked.at.entry(asked_about).or_insert(Last { at: now, put_off: None }).at = now;
    }

    /// When it may be asked again; none: now. A question makes way until a moment that is fixed when it does so first, and
    /// not for ever to somebody who asks all the time: the schedule does more than ask.
    pub(super) fn not_before(&self, asked_about: K, now: Timestamp, gap: Duration) -> Option<Timestamp> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = asked.at.get_mut(&asked_about)?;
        // What was noted before the clock was set back is no reason to wait.
        let is_ahead = |again: &Timestamp| *again > now && *again <= now.plus(gap);
        last.put_off = match last.put_off {
            Some(fixed) => Some(fixed).filter(is_ahead),
            None => Some(last.at.plus(gap)).filter(is_ahead),
        };
        last.put_off
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PaymentKey;

    const GAP: Duration = Duration::from_secs(10);

    #[test]
    fn a_payment_is_asked_about_once_in_a_while_however_many_others_there_are() {
        let asked = Asked::default();
        for key in 0..3 * REMEMBERED as i64 {
            asked.note(PaymentKey(key), Timestamp(1_000), GAP);
        }
        assert_eq!(asked.not_before(PaymentKey(0), Timestamp(10_999), GAP), Some(Timestamp(11_000)));
        assert_eq!(asked.not_before(PaymentKey(3), Timestamp(10_998), GAP), Some(Timestamp(11_000)));
        asked.note(PaymentKey(3), Timestamp(10_999), GAP);
        assert_eq!(asked.not_before(PaymentKey(3), Timestamp(10_999), GAP), Some(Timestamp(11_000)), "as was said");
        assert_eq!(asked.not_before(PaymentKey(3), Timestamp(11_000), GAP), None, "it has made way once");
        assert_eq!(asked.not_before(PaymentKey(1), Timestamp(10_999), GAP), Some(Timestamp(11_000)));
        assert_eq!(asked.not_before(PaymentKey(2), Timestamp(11_000), GAP), None);
        assert_eq!(asked.not_before(PaymentKey(2), Timestamp(999), GAP), None, "the clock was set back");
        for key in 0..6 * REMEMBERED as i64 {
            asked.note(PaymentKey(-1 - key), Timestamp(20_000), GAP);
        }
        assert!(!asked.0.lock().unwrap().at.contains_key(&PaymentKey(0)), "what is over is forgotten");
    }
}
