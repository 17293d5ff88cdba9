//! When a callback is tried again, by what its last attempt brought. Pure.

use super::Settings;
use crate::clock::Timestamp;
use std::time::Duration;

/// What a merchant's endpoint answered, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    /// HTTP status; none where no answer came.
    pub(super) status: Option<u16>,
    /// What `Retry-After` asked for.
    pub(super) retry_after: Option<Duration>,
}

/// What becomes of a callback after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Done.
    Delivered,
    /// Again, not before then.
    RetryAt(Timestamp),
    /// Never again by itself: a dead letter.
    Dead,
}

/// The longest that a merchant can put a callback off.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// Rule 31: 2xx is delivered; 410 stops; 429 and 503 may say when; the rest is tried again on schedule.
/// `attempt` counts from 1; `jitter` is from 0 to 1, of up to a fifth of the gap.
pub(super) fn next(settings: &Settings, attempt: u32, answered: Answered, now: Timestamp, jitter: f64) -> Next {
    match answered.status {
        Some(200..=299) => return Next::Delivered,
        Some(410) => return Next::Dead,
        _ => {}
    }
    let Some(gap) = settings.schedule.get(attempt as usize) else { return Next::Dead };
    let gap = gap.mul_f64(1.0 + jitter / 5.0);
    let asked = match answered.status {
        Some(429 | 503) => answered.retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER),
        _ => Duration::ZERO,
    };
    Next::RetryAt(now.plus(gap.max(asked)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn after(attempt: u32, status: Option<u16>, retry_after: Option<u64>) -> Next {
        let answered = Answered { status, retry_after: retry_after.map(Duration::from_secs) };
        next(&Settings::default(), attempt, answered, NOW, 0.0)
    }

    fn seconds(seconds: u64) -> Next {
        Next::RetryAt(Timestamp(1_000 + seconds * 1_000))
    }

    #[test]
    fn attempts_follow_the_schedule_and_then_the_callback_is_a_dead_letter() {
        let gaps = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        for (attempt, gap) in (1..).zip(gaps) {
            assert_eq!(after(attempt, Some(500), None), seconds(gap));
            assert_eq!(after(attempt, None, None), seconds(gap));
        }
        assert_eq!(after(10, Some(500), None), Next::Dead);
    }

    #[test]
    fn a_2xx_is_delivered_a_410_stops_and_only_429_and_503_may_ask_for_time() {
        for status in [200, 202, 204] {
            assert_eq!(after(1, Some(status), None), Next::Delivered);
        }
        assert_eq!(after(1, Some(410), None), Next::Dead);
        assert_eq!(after(1, Some(302), None), seconds(5));
        assert_eq!(after(1, Some(429), Some(60)), seconds(60));
        assert_eq!(after(1, Some(503), Some(1)), seconds(5));
        assert_eq!(after(1, Some(500), Some(60)), seconds(5));
        assert_eq!(after(1, Some(503), Some(u64::MAX)), seconds(86_400));
    }

    #[test]
    fn jitter_adds_at_most_a_fifth() {
        let answered = Answered { status: None, retry_after: None };
        assert_eq!(next(&Settings::default(), 1, answered, NOW, 1.0), seconds(6));
    }
}
