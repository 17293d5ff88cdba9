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

/// By so much clocks are corrected, and differ between hosts, without one having run ahead.
const SLACK: Duration = Duration::from_secs(3_600);

/// How far ahead an attempt is planned at most.
pub(super) fn furthest(settings: &Settings) -> Duration {
    let longest = settings.schedule.iter().max().copied().unwrap_or_default();
    longest.mul_f64(1.2).max(LONGEST_RETRY_AFTER) + SLACK
}

/// How long `Retry-After` asks to wait: a number of seconds, or a date as HTTP writes it. One that is past asks for nothing.
pub(super) fn asked_wait(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    // More digits than fit ask for longer than anybody is let.
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    let date = Timestamp(u64::try_from(date.as_millisecond()).ok()?);
    Some(date.since(now))
}

/// What the host makes of an answer that is none of those that merchants are to give; for the record of the attempt.
pub(super) fn reason(answered: Answered) -> Option<&'static str> {
    match answered.status? {
        200..=299 => None,
        300..=399 => Some("redirects are not followed"),
        410 => Some("the merchant wants it no more"),
        _ => Some("not a 2xx"),
    }
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

    #[test]
    fn nothing_is_planned_further_ahead_than_the_furthest() {
        let settings = Settings::default();
        let furthest = NOW.plus(furthest(&settings));
        for attempt in 1..=9 {
            let answered = Answered { status: Some(503), retry_after: Some(Duration::MAX) };
            let Next::RetryAt(at) = next(&settings, attempt, answered, NOW, 1.0) else { panic!("{attempt}") };
            assert!(at < furthest, "{attempt}");
        }
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date() {
        // 1994-11-06 08:49:37 UTC
        let now = Timestamp(784_111_777_000);
        for (value, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:51:37 GMT", Some(120)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(0)),
            ("Thu, 01 Jan 1960 00:00:00 GMT", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(asked_wait(value, now), seconds.map(Duration::from_secs), "{value:?}");
        }
    }

    #[test]
    fn an_attempt_says_what_was_wrong_with_its_answer() {
        let reason_of = |status| reason(Answered { status, retry_after: None });
        assert_eq!((reason_of(Some(204)), reason_of(None)), (None, None));
        for (status, word) in [(302, "redirects"), (410, "no more"), (500, "2xx"), (429, "2xx")] {
            assert!(reason_of(Some(status)).is_some_and(|reason| reason.contains(word)), "{status}");
        }
    }
}
