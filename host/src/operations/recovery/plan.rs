//! What follows from a round of questions that did not decide everything. Pure.

use super::Recovery;
use crate::clock::Timestamp;
use crate::model::{AskedSoFar, NextAsk, Standing, UNDECIDED};
use crate::store::AskSettled;
use std::time::Duration;

/// When a question is tried again that the host itself could not ask.
const NOT_NOW: Duration = Duration::from_secs(60);

/// What a round of questions brought, beside news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Round {
    /// One of them could not be asked now, by a fault of the host's: the round does not count.
    pub(super) not_now: bool,
    /// The provider could not say something.
    pub(super) failed: bool,
    /// The provider said how the payment or subscription itself stands.
    pub(super) looked: bool,
    /// How long the provider wants to be left alone.
    pub(super) wish: Option<Duration>,
}

/// What was asked about, as it is after the round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// How the most urgent of it stands; none where nothing is open, and only a contradiction was asked about.
    pub(super) standing: Option<Standing>,
    /// Rounds before this one.
    pub(super) asks: u32,
    /// Since when it stands so.
    pub(super) since: Timestamp,
    /// How long the provider says that it waits.
    pub(super) until: Option<Timestamp>,
    /// When the payer's time is over.
    pub(super) expires_at: Option<Timestamp>,
}

/// When it is asked for next, or that a person must look.
pub(super) fn plan(recovery: &Recovery, asked: Asked, round: Round, now: Timestamp, jitter: f64) -> AskSettled {
    let Asked { standing, asks, since, until, expires_at } = asked;
    if round.not_now {
        return AskSettled { asks, next: Some(now.plus(NOT_NOW)), review: None };
    }
    if standing.is_none() && !round.failed {
        return AskSettled { asks: 0, next: None, review: None };
    }
    let asks = asks.saturating_add(1);
    let schedule = recovery.schedule(standing.unwrap_or(Standing::Unknown));
    match schedule.next_ask(AskedSoFar { asks, since, until, wish: round.wish }, now, jitter) {
        NextAsk::At(next) => {
            // A last look when the payer's time is over.
            let last_look = expires_at.filter(|end| *end > now);
            AskSettled { asks, next: Some(last_look.map_or(next, |end| next.min(end))), review: None }
        }
        NextAsk::GiveUp => AskSettled { asks, next: None, review: Some(UNDECIDED) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn after(seconds: u64) -> Option<Timestamp> {
        Some(NOW.plus(Duration::from_secs(seconds)))
    }

    fn settled(asks: u32, next: Option<Timestamp>) -> AskSettled {
        AskSettled { asks, next, review: None }
    }

    #[test]
    fn what_follows_from_a_round_of_questions() {
        let since = NOW.minus(Duration::from_secs(7 * 86_400));
        let open = |standing, asks| Asked { standing, asks, since, until: None, expires_at: None };
        let (unknown, pending) = (Some(Standing::Unknown), Some(Standing::Pending));
        let (told, failed) = (Round::default(), Round { failed: true, ..Round::default() });
        let not_now = Round { not_now: true, ..failed };
        let busy = Round { wish: Some(Duration::from_secs(3600)), ..failed };
        let redirected = |end| Asked { expires_at: end, ..open(Some(Standing::ActionRequired), 0) };
        let given_up = AskSettled { asks: 11, next: None, review: Some(UNDECIDED) };
        let cases = [
            (open(unknown, 0), told, settled(1, after(50))),
            (open(unknown, 0), failed, settled(1, after(50))),
            (open(unknown, 0), busy, settled(1, after(3600))),
            (open(unknown, 3), not_now, settled(3, after(60))),
            (open(unknown, 10), failed, given_up.clone()),
            (open(pending, 0), told, settled(1, after(540))),
            (open(None, 0), told, settled(0, None)),
            (open(None, 0), failed, settled(1, after(50))),
            (open(None, 10), failed, given_up),
            (redirected(after(300)), told, settled(1, after(300))),
            (redirected(after(3600)), told, settled(1, after(540))),
            (redirected(Some(NOW)), failed, settled(1, after(540))),
        ];
        for (asked, round, expected) in cases {
            assert_eq!(plan(&Recovery::default(), asked, round, NOW, 0.0), expected, "{asked:?} {round:?}");
        }
    }
}
