//! How long things are kept, and how long somebody waits.

use super::Recovery;
use std::collections::BTreeMap;
use std::time::Duration;

/// The `[operations]` table, and `[recovery]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long idempotency keys live (rule 20): at least 24 hours.
    pub keys_live: Duration,
    /// How long an equal request waits for one that still runs (rule 18).
    pub share_wait: Duration,
    /// How much longer than its call's deadline an operation's lease lives (rule 3).
    pub lease_margin: Duration,
    /// A refund or capture without a key is 409 within this time of an equal one (rule 16).
    pub refund_repeat_window: Duration,
    /// A hint makes the host ask at most this often about one payment or subscription (rules 24, 34).
    pub ask_gap: Duration,
    /// How long verified events are remembered, so that a repeat is dropped (rule 26).
    pub events_live: Duration,
    /// How long news of a payment that is not known waits for it (rule 27).
    pub parked: Duration,
    /// When providers are asked about what is open: `[recovery]`.
    pub recovery: Recovery,
    /// The same of the externals where it differs.
    pub recoveries: BTreeMap<String, Recovery>,
}

impl Settings {
    /// What holds for this external.
    pub(super) fn recovery_of(&self, external: &str) -> &Recovery {
        self.recoveries.get(external).unwrap_or(&self.recovery)
    }

    /// How far ahead a question is planned at most, whatever it is about.
    pub(super) fn furthest(&self) -> Duration {
        let all = self.recoveries.values().chain([&self.recovery]);
        all.map(Recovery::furthest).max().unwrap_or_default()
    }
}

impl Default for Settings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            keys_live: 7 * DAY,
            share_wait: Duration::from_secs(5),
            lease_margin: Duration::from_secs(10),
            refund_repeat_window: Duration::from_secs(600),
            ask_gap: Duration::from_secs(10),
            events_live: 35 * DAY,
            parked: DAY,
            recovery: Recovery::default(),
            recoveries: BTreeMap::new(),
        }
    }
}
