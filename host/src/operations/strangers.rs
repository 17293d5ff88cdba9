//! Hints about payments that nobody knows here. PGM's services tell of a charge by `callback?paymentId=` alone, and expect
//! to be asked about it: so the host asks, but only so often, because anybody can send hints (rule 24).

use crate::clock::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Questions that an external may have saved up.
const BURST: u32 = 20;
/// How long it takes to save one up.
const REFILL: Duration = Duration::from_millis(500);

/// What each external may still ask.
#[derive(Default)]
pub(super) struct Strangers(Mutex<HashMap<String, Allowance>>);

struct Allowance {
    left: u32,
    /// When `left` was last filled up.
    since: Timestamp,
}

impl Strangers {
    /// Whether the provider may be asked about one more payment that nobody knows.
    pub(super) fn may_ask(&self, external: &str, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let allowance = all.entry(external.to_owned()).or_insert(Allowance { left: BURST, since: now });
        let saved = u32::try_from(now.since(allowance.since).as_millis() / REFILL.as_millis()).unwrap_or(u32::MAX);
        if saved > 0 {
            allowance.left = allowance.left.saturating_add(saved).min(BURST);
            allowance.since = now;
        }
        let may = allowance.left > 0;
        allowance.left -= u32::from(may);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_hints_about_nothing_makes_the_host_ask_only_so_often() {
        let (strangers, start) = (Strangers::default(), Timestamp(1_000));
        let asked = |now: Timestamp| (0..100).filter(|_| strangers.may_ask("acme", now)).count();
        assert_eq!(asked(start), 20);
        assert_eq!(asked(start.plus(Duration::from_millis(499))), 0);
        assert_eq!(asked(start.plus(Duration::from_millis(1_500))), 3);
        assert_eq!(asked(start.plus(Duration::from_secs(3_600))), 20);
        assert!(strangers.may_ask("other", start), "each external has its own");
    }
}
