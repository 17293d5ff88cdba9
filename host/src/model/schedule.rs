//! When the provider is asked about what is open (rules 6 and 10). Schedules are data; when to ask next is a pure
//! function of them and of what was asked already.

use super::{ActionState, Payment, PaymentState, Reference, Subscription, SubscriptionState};
use crate::clock::Timestamp;
use std::time::Duration;

/// The longest that a provider can put a question off.
const LONGEST_WISH: Duration = Duration::from_secs(86_400);

/// Why a person must look at what was asked for in vain to the end of its schedule (rule 10).
pub const UNDECIDED: &str = "the provider was asked as often as it is to be asked, and this is not decided";

/// How something stands that the merchant waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The provider decides later.
    Pending,
    /// The payer must go somewhere first.
    ActionRequired,
    /// Nobody knows what became of it.
    Unknown,
}

/// The gaps between questions, and how long they go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The gap before each question, the first counted from when it came to stand so.
    pub gaps: Vec<Duration>,
    /// How long the last gap is repeated, from when it came to stand so; none: each gap comes once.
    pub lasts: Option<Duration>,
}

/// What was asked until now about something that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedSoFar {
    /// Questions since it came to stand so.
    pub asks: u32,
    /// When it came to stand so.
    pub since: Timestamp,
    /// How long the provider itself says that it waits.
    pub until: Option<Timestamp>,
    /// How long the provider wants to be left alone, by its last answer.
    pub wish: Option<Duration>,
}

/// What follows a question that decided nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextAsk {
    /// The next one, not before then.
    At(Timestamp),
    /// None: a person must look.
    GiveUp,
}

/// When the provider is to be asked first about what a change leaves open, by how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskAt {
    /// Where anything is unknown.
    pub unknown: Timestamp,
    /// Where it is only waited for.
    pub pending: Timestamp,
}

impl AskAt {
    /// At this moment, however it stands.
    pub fn once(moment: Timestamp) -> Self {
        Self { unknown: moment, pending: moment }
    }

    /// The moment for what stands so.
    pub fn of(self, standing: Standing) -> Timestamp {
        match standing {
            Standing::Unknown => self.unknown,
            Standing::Pending | Standing::ActionRequired => self.pending,
        }
    }
}

impl Schedule {
    /// When something that comes to stand so at `now` is asked for first. `jitter` is from 0 to 1, of up to a fifth of
    /// the gap.
    pub fn first_ask(&self, now: Timestamp, jitter: f64) -> Timestamp {
        now.plus(jittered(self.gaps.first().copied().unwrap_or_default(), jitter))
    }

    /// When it is asked for next, after a question at `now` that decided nothing. What lasts ends with a last look at
    /// its very end: later only where the provider itself says that it waits longer.
    pub fn next_ask(&self, asked: AskedSoFar, now: Timestamp, jitter: f64) -> NextAsk {
        let position = self.position(asked, now);
        let end = self.lasts.map(|lasts| asked.since.plus(lasts)).map(|end| asked.until.unwrap_or(end).max(end));
        let gap = match (self.gaps.get(position), self.gaps.last(), end) {
            // A clock that jumped must not end what was hardly asked about.
            (None, _, Some(end)) if end <= now => return NextAsk::GiveUp,
            (Some(gap), _, _) | (None, Some(gap), Some(_)) => *gap,
            (None, _, _) => return NextAsk::GiveUp,
        };
        let wish = asked.wish.unwrap_or_default().min(LONGEST_WISH);
        let at = now.plus(jittered(gap, jitter));
        let last_look = end.filter(|end| *end > now);
        NextAsk::At(last_look.map_or(at, |end| at.min(end)).max(now.plus(wish)))
    }

    /// How many gaps are over: no more than questions were asked, because the host may have been away; and no more than
    /// there was time for, because anybody can have it ask with a hint.
    fn position(&self, asked: AskedSoFar, now: Timestamp) -> usize {
        let asks = asked.asks as usize;
        if now < asked.since {
            // The clock was set back, and tells nothing about time.
            return asks;
        }
        let age = now.since(asked.since);
        let mut over = Duration::ZERO;
        let passed = self.gaps.iter().take_while(|gap| {
            over = over.saturating_add(**gap);
            over <= age
        });
        let passed = passed.count();
        if passed == self.gaps.len() { asks } else { asks.min(passed) }
    }

    /// No question is ever planned further ahead: what is was planned by a clock that has been set back since.
    pub fn furthest(&self) -> Duration {
        let longest = self.gaps.iter().max().copied().unwrap_or_default();
        jittered(longest, 1.0).max(LONGEST_WISH)
    }
}

/// A number from 0 to 1, another each time.
pub fn jitter() -> f64 {
    let mut byte = [0];
    // Without randomness there is no jitter, and nothing else is lost.
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

fn jittered(gap: Duration, jitter: f64) -> Duration {
    gap.mul_f64(1.0 + jitter / 5.0)
}

impl Payment {
    /// What of it is open, by the host's names: questions begin anew when this changes.
    pub fn open(&self) -> Vec<(&Reference, Standing)> {
        let own = match self.state {
            PaymentState::Unknown => Some(Standing::Unknown),
            PaymentState::Pending => Some(Standing::Pending),
            PaymentState::ActionRequired => Some(Standing::ActionRequired),
            _ => None,
        };
        let refunds = self.refunds.iter().map(|refund| (&refund.reference, refund.state));
        let captures = self.captures.iter().map(|capture| (&capture.reference, capture.state));
        let actions = refunds.chain(captures).filter_map(|(name, state)| match state {
            ActionState::Unknown => Some((name, Standing::Unknown)),
            ActionState::Pending => Some((name, Standing::Pending)),
            _ => None,
        });
        own.map(|standing| (&self.reference, standing)).into_iter().chain(actions).collect()
    }

    /// How the most urgent of what is open stands; none where nothing is.
    pub fn standing(&self) -> Option<Standing> {
        self.open().into_iter().map(|(_, standing)| standing).max()
    }
}

impl Subscription {
    /// How it stands, where the merchant waits for something.
    pub fn standing(&self) -> Option<Standing> {
        match self.state {
            SubscriptionState::Unknown => Some(Standing::Unknown),
            SubscriptionState::Pending => Some(Standing::Pending),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const SINCE: Timestamp = Timestamp(1_000_000);

    fn schedule(gaps: &[u64], lasts: Option<u64>) -> Schedule {
        Schedule {
            gaps: gaps.iter().copied().map(Duration::from_secs).collect(),
            lasts: lasts.map(Duration::from_secs),
        }
    }

    fn unknown() -> Schedule {
        let first = [10, 50, 4 * MINUTE, 11 * MINUTE, 45 * MINUTE];
        schedule(&[&first[..], &[DAY; 6]].concat(), None)
    }

    fn pending() -> Schedule {
        schedule(&[MINUTE, 9 * MINUTE, 50 * MINUTE, 5 * HOUR, DAY], Some(30 * DAY))
    }

    fn asked(asks: u32) -> AskedSoFar {
        AskedSoFar { asks, since: SINCE, until: None, wish: None }
    }

    /// Every moment, in seconds, at which something that stays as it is is asked for.
    fn moments(schedule: &Schedule, until: Option<Timestamp>) -> Vec<u64> {
        let mut moments = Vec::new();
        let mut next = NextAsk::At(schedule.first_ask(SINCE, 0.0));
        while let NextAsk::At(at) = next {
            moments.push(at.since(SINCE).as_secs());
            let asks = u32::try_from(moments.len()).unwrap();
            next = schedule.next_ask(AskedSoFar { until, ..asked(asks) }, at, 0.0);
        }
        moments
    }

    /// Rule 6.
    #[test]
    fn the_unknown_is_asked_for_eleven_times_over_six_days_and_then_by_nobody() {
        let hour_and_a_minute = 10 + 50 + 240 + 660 + 2700;
        let first = [10, 60, 300, 960, hour_and_a_minute];
        let days = (1..=6).map(|day| hour_and_a_minute + day * DAY);
        assert_eq!(moments(&unknown(), None), first.into_iter().chain(days).collect::<Vec<_>>());
    }

    /// Rule 6.
    #[test]
    fn the_pending_is_asked_for_daily_for_thirty_days_with_a_last_look_at_their_end() {
        let moments = moments(&pending(), None);
        assert_eq!(moments[..5], [60, 600, HOUR, 6 * HOUR, 30 * HOUR]);
        assert_eq!(moments.len(), 4 + 29 + 1);
        assert_eq!(moments.last(), Some(&(30 * DAY)));
    }

    #[test]
    fn a_provider_that_waits_longer_is_asked_longer_and_one_that_waits_shorter_is_not_given_up_earlier() {
        let until = |days: u64| Some(SINCE.plus(Duration::from_secs(days * DAY)));
        assert_eq!(moments(&pending(), until(40)).last(), Some(&(40 * DAY)));
        assert_eq!(moments(&pending(), until(1)), moments(&pending(), None));
    }

    /// Asks so far, seconds since, jitter, wish: seconds until the next, or none.
    #[test]
    fn the_next_question_comes_after_its_gap_or_later_where_the_provider_wants_that() {
        let cases = [
            (unknown(), 0, 0, 0.0, None, Some(10)),
            // Hints had it ask.
            (unknown(), 30, 9, 0.0, None, Some(10)),
            (unknown(), 30, 60, 0.0, None, Some(4 * MINUTE)),
            (unknown(), 1, 10, 0.0, None, Some(50)),
            (unknown(), 1, 10, 1.0, None, Some(60)),
            (unknown(), 1, 10, 0.0, Some(20), Some(50)),
            (unknown(), 1, 10, 0.0, Some(120), Some(120)),
            (unknown(), 1, 10, 0.0, Some(u64::MAX), Some(DAY)),
            (unknown(), 10, 6 * DAY, 0.0, None, Some(DAY)),
            // The host was away.
            (unknown(), 2, 90 * DAY, 0.0, None, Some(4 * MINUTE)),
            (unknown(), 11, 6 * DAY + 2 * HOUR, 0.0, None, None),
            (unknown(), u32::MAX, 7 * DAY, 0.0, None, None),
            (unknown(), u32::MAX, 0, 0.0, None, Some(10)),
            (pending(), 4, 6 * HOUR, 0.0, None, Some(DAY)),
            (pending(), 400, 29 * DAY + HOUR, 0.0, None, Some(23 * HOUR)),
            (pending(), 400, 29 * DAY + HOUR, 0.0, Some(DAY), Some(DAY)),
            (pending(), 5, 30 * DAY, 0.0, None, None),
            (pending(), 4, 30 * DAY, 0.0, None, Some(DAY)),
            (pending(), 1, 300 * DAY, 0.0, None, Some(9 * MINUTE)),
            (schedule(&[], None), 0, 0, 0.0, None, None),
            (schedule(&[], Some(DAY)), 0, 0, 0.0, None, None),
        ];
        for (schedule, asks, age, jitter, wish, expected) in cases {
            let now = SINCE.plus(Duration::from_secs(age));
            let asked = AskedSoFar { wish: wish.map(Duration::from_secs), ..asked(asks) };
            let expected = expected.map_or(NextAsk::GiveUp, |gap| NextAsk::At(now.plus(Duration::from_secs(gap))));
            assert_eq!(schedule.next_ask(asked, now, jitter), expected, "{asks} {age} {jitter} {wish:?}");
        }
    }

    #[test]
    fn a_clock_that_jumps_changes_when_the_end_is_and_never_brings_two_questions_at_once() {
        let day = Duration::from_secs(DAY);
        for now in [SINCE.minus(day), SINCE.plus(day)] {
            for asks in 0..20 {
                let NextAsk::At(next) = pending().next_ask(asked(asks), now, 0.0) else { panic!("given up") };
                assert!(next >= now.plus(Duration::from_secs(MINUTE)), "{asks}");
                assert!(next <= now.plus(pending().furthest()), "{asks}");
            }
        }
    }
}
