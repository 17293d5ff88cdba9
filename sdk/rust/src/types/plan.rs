//! When a subscription is billed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Interval, Plan};

impl Plan {
    /// Every so many intervals, until it is ended.
    pub fn every(interval_count: u32, interval: Interval) -> Self {
        Self { interval, interval_count, expires_after: None }
    }

    /// At most so many payments.
    #[must_use]
    pub fn expires_after(mut self, payments: u32) -> Self {
        self.expires_after = Some(payments);
        self
    }
}

/// How an interval is kept in `carry` or the store, and what callers call it: `"MONTH"`.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Interval", rename_all = "UPPERCASE")]
enum Kept {
    Day,
    Week,
    Month,
    Year,
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Kept::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Kept::deserialize(deserializer)
    }
}
