//! How much may be asked: so many requests a second, and so many at once. One number is kept, the moment at which
//! nothing would be owed (GCRA); what is refused adds nothing to it.

use crate::clock::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// So many requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run; at least 1.
    pub per_second: u32,
    /// At once, after a rest; at least 1.
    pub burst: u32,
}

/// What one caller has used of its rate, in nanoseconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Used(AtomicU64);

impl Used {
    /// Takes one request, or says how long to wait for the next.
    pub(super) fn take(&self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let now = now.0.saturating_mul(1_000_000);
        let mut taken = Ok(());
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
            let after;
            (after, taken) = one_more(free, now, rate);
            Some(after)
        });
        taken
    }
}

/// When nothing will be owed any more, where that was at `free` before, and whether one more request may be taken.
fn one_more(free: u64, now: u64, rate: Rate) -> (u64, Result<(), Duration>) {
    let each = 1_000_000_000 / u64::from(rate.per_second.max(1));
    let at_once = each * u64::from(rate.burst.max(1));
    // A clock that was set back shuts nobody out for longer than a burst does.
    let owed = free.saturating_sub(now).min(at_once);
    match (owed + each).checked_sub(at_once) {
        None | Some(0) => (now + owed + each, Ok(())),
        Some(wait) => (now + owed, Err(Duration::from_nanos(wait))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 10, burst: 3 };

    fn taken(used: &Used, times: usize, millis: u64) -> usize {
        (0..times).filter(|_| used.take(RATE, Timestamp(millis)).is_ok()).count()
    }

    #[test]
    fn a_burst_is_taken_at_once_and_then_so_many_a_second() {
        let used = Used::default();
        assert_eq!(taken(&used, 10, 1_000), 3);
        assert_eq!(used.take(RATE, Timestamp(1_000)), Err(Duration::from_millis(100)));
        assert_eq!(used.take(RATE, Timestamp(1_040)), Err(Duration::from_millis(60)));
        assert_eq!(taken(&used, 10, 1_100), 1);
        assert_eq!((1_101..=2_100).map(|millis| taken(&used, 5, millis)).sum::<usize>(), 10);
        assert_eq!(taken(&used, 10, 60_000), 3, "who rests saves no more than a burst");
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let used = Used::default();
        assert_eq!(taken(&used, 10, 3_600_000), 3);
        assert_eq!(used.take(RATE, Timestamp(1_000)), Err(Duration::from_millis(100)));
        assert_eq!(taken(&used, 10, 1_100), 1);
        assert_eq!(taken(&used, 10, 2_000), 3);
    }
}
