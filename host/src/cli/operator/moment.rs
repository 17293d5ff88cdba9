//! Moments as people write them: `2026-01-31T12:00:00Z`, `2026-01-31`, or how long ago: `90m`, `24h`, `7d`.

use crate::clock::{Clock, Timestamp};
use std::time::Duration;

/// Reads one, seen from now.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    read(text, Clock::system().now())
}

fn read(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let moment = Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")));
    moment.or_else(|| Some(now.minus(ago(text)?))).ok_or_else(|| {
        "a moment such as 2026-01-31T12:00:00Z or 2026-01-31, or how long ago: 90m, 24h or 7d".to_owned()
    })
}

fn ago(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_a_time_or_how_long_ago() {
        let now = Timestamp(1_800_000_000_000);
        for (text, read_as) in [
            ("2027-01-15T08:00:00Z", Some(1_800_000_000_000)),
            ("2027-01-15T09:00:00+01:00", Some(1_800_000_000_000)),
            ("2027-01-15", Some(1_799_971_200_000)),
            ("90m", Some(1_800_000_000_000 - 5_400_000)),
            ("7d", Some(1_800_000_000_000 - 604_800_000)),
            ("yesterday", None),
            ("d", None),
            ("", None),
            ("1.5h", None),
            ("ü", None),
        ] {
            assert_eq!(read(text, now).ok(), read_as.map(Timestamp), "{text:?}");
        }
    }
}
