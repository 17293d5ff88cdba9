//! When providers are asked about what is open: the `[recovery]` table, and the same of one provider.

use crate::model::{Schedule, Standing};
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The `[recovery]` table (rules 6 and 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The gaps between questions about what is unknown; after the last a person must look.
    pub unknown: Vec<Duration>,
    /// The gaps between questions about what is pending; the last one is repeated.
    pub pending: Vec<Duration>,
    /// How long what is pending is asked for before a person must look.
    pub pending_for: Duration,
    /// How long a payer has to follow a redirect, where the provider does not say.
    pub redirect_for: Duration,
    /// Questions to one provider at the same time: of payments, and as many of subscriptions.
    pub concurrent_questions: u32,
}

impl Default for Recovery {
    fn default() -> Self {
        let gaps = |gaps: &[u64]| gaps.iter().copied().map(Duration::from_secs).collect();
        Self {
            unknown: gaps(&[10, 50, 4 * MINUTE, 11 * MINUTE, 45 * MINUTE, DAY, DAY, DAY, DAY, DAY, DAY]),
            pending: gaps(&[MINUTE, 9 * MINUTE, 50 * MINUTE, 5 * HOUR, DAY]),
            pending_for: Duration::from_secs(30 * DAY),
            redirect_for: Duration::from_secs(DAY),
            concurrent_questions: 8,
        }
    }
}

impl Recovery {
    /// When what stands so is asked for.
    pub(crate) fn schedule(&self, standing: Standing) -> Schedule {
        match standing {
            Standing::Unknown => Schedule { gaps: self.unknown.clone(), lasts: None },
            Standing::Pending | Standing::ActionRequired => {
                Schedule { gaps: self.pending.clone(), lasts: Some(self.pending_for) }
            }
        }
    }

    /// How far ahead a question is planned at most.
    pub(in crate::operations) fn furthest(&self) -> Duration {
        self.schedule(Standing::Unknown).furthest().max(self.schedule(Standing::Pending).furthest())
    }
}
