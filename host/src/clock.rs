//! The only reader of the time. Everything that depends on it is handed a [`Clock`], so that a test sets it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// A moment, in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment `duration` later.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_millis() as u64))
    }

    /// The moment `duration` earlier, not before 1970.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_millis() as u64))
    }

    /// How long after `earlier` this is; zero where it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// As RFC 3339 writes it, in UTC.
    pub fn rfc3339(self) -> String {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_string()
    }

    /// A moment as RFC 3339 writes it; one before 1970 is none.
    pub fn parse(text: &str) -> Option<Self> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(moment.as_millisecond()).ok().map(Self)
    }

    /// Whole seconds since 1970, as signatures carry them.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

/// A clock that goes apart from the machine's monotonic one by more than this between two looks has jumped.
const JUMP: Duration = Duration::from_secs(5);

/// Whether a clock keeps step with real time: by what was seen of it.
#[derive(Debug, Default)]
struct Steps {
    seen: Option<(Instant, Timestamp)>,
    jumped: Option<Instant>,
}

impl Steps {
    fn look(&mut self, at: Instant, shown: Timestamp) {
        if let Some((before, showed)) = self.seen.replace((at, shown)) {
            let passed = at.saturating_duration_since(before);
            let (fast, slow) = (shown.since(showed.plus(passed)), showed.plus(passed).since(shown));
            if fast.max(slow) > JUMP {
                self.jumped = Some(at);
            }
        }
    }

    fn jumped_within(&self, span: Duration, at: Instant) -> bool {
        self.jumped.is_some_and(|jumped| at.saturating_duration_since(jumped) < span)
    }
}

/// What leads the system's clock: another's time, if anybody said it.
#[derive(Debug)]
struct Steering {
    start: Instant,
    /// Milliseconds since 1970 at `start`; zero: the machine's own clock is asked.
    at_start: AtomicU64,
    steps: Mutex<Steps>,
}

/// Where the time comes from: the system, or a test's hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(Arc<Steering>),
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System(Arc::new(Steering {
            start: Instant::now(),
            at_start: AtomicU64::new(0),
            steps: Mutex::default(),
        })))
    }

    /// A clock that stands at `start` until [`Clock::advance`].
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// The present moment.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System(steering) => match steering.at_start.load(Ordering::Relaxed) {
                0 => {
                    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                    Timestamp(since.as_millis() as u64)
                }
                at_start => Timestamp(at_start).plus(steering.start.elapsed()),
            },
            Source::Manual(now) => *now.borrow(),
        }
    }

    /// Waits until the clock shows `moment`: real time for the system's, [`Clock::advance`] for a manual one. Who waits
    /// while the clock is set back waits no longer for that.
    pub async fn sleep_until(&self, moment: Timestamp) {
        match &self.0 {
            Source::System(_) => tokio::time::sleep(moment.since(self.now())).await,
            Source::Manual(now) => {
                // The sender lives as long as this clock, so waiting cannot fail.
                let (mut clock, begun) = (now.subscribe(), *now.borrow());
                let _ = clock.wait_for(|now| *now >= moment || *now < begun).await;
            }
        }
    }

    /// Whether the system's clock was seen to jump, within this span of real time. Looks each time: who calls it often
    /// misses none. A manual clock is moved on purpose.
    pub fn jumped_within(&self, span: Duration) -> bool {
        let Source::System(steering) = &self.0 else { return false };
        let mut steps = steering.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now();
        steps.look(at, self.now());
        steps.jumped_within(span, at)
    }

    /// Sets the system's clock by another, as hosts that share a database go by the database's. From then on it goes on
    /// by itself, whatever happens to the machine's. A manual clock does not obey.
    pub fn steer(&self, now: Timestamp) {
        if let Source::System(steering) = &self.0 {
            steering.at_start.store(now.minus(steering.start.elapsed()).0.max(1), Ordering::Relaxed);
        }
    }

    /// Moves a manual clock on; the system's clock does not obey.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.send_modify(|now| *now = now.plus(by));
        }
    }

    /// Sets a manual clock back; the system's clock does not obey.
    pub fn set_back(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.send_modify(|now| *now = now.minus(by));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_steered_shows_the_other_ones_time_and_goes_on() {
        let (clock, other) = (Clock::system(), Timestamp(5_000_000));
        clock.steer(other);
        let shown = clock.now();
        assert!(shown >= other && shown.since(other) < Duration::from_secs(60));
        let manual = Clock::manual(Timestamp(7));
        manual.steer(other);
        assert_eq!(manual.now(), Timestamp(7));
    }

    #[test]
    fn a_clock_that_jumps_either_way_is_found_out_for_a_while_and_one_that_drifts_is_not() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let shown = Timestamp(1_000_000_000);
        for (off, jumped) in [(0_i64, false), (4_000, false), (6_000, true), (-4_000, false), (-6_000, true)] {
            let mut steps = Steps::default();
            steps.look(start, shown);
            steps.look(start + 10 * second, Timestamp((shown.0 + 10_000).saturating_add_signed(off)));
            let within = |after: u32| steps.jumped_within(60 * second, start + after * second);
            assert_eq!([within(10), within(69), within(70)], [jumped, jumped, false], "{off}");
        }
        let mut steps = Steps::default();
        for look in 0..100_u32 {
            steps.look(start + look * second, Timestamp(shown.0 + u64::from(look) * 1_100));
        }
        assert!(!steps.jumped_within(60 * second, start + 100 * second));
        let system = Clock::system();
        assert!(!system.jumped_within(second) && !system.jumped_within(second));
        system.steer(shown);
        assert!(system.jumped_within(60 * second));
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_who_waits_when_it_is_moved() {
        let clock = Clock::manual(Timestamp(1_000));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(Timestamp(2_000)).await }
        });
        clock.advance(Duration::from_millis(999));
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_millis(1));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), Timestamp(2_000));
    }

    #[tokio::test]
    async fn a_manual_clock_that_is_set_back_keeps_nobody_waiting_for_that() {
        let clock = Clock::manual(Timestamp(10_000));
        let (sleeper, setter) = (clock.clone(), clock.clone());
        let sleep = async move { sleeper.sleep_until(Timestamp(11_000)).await };
        let set_back = async move { setter.set_back(Duration::from_secs(5)) };
        tokio::join!(biased; sleep, set_back);
        assert_eq!(clock.now(), Timestamp(5_000));
    }
}
