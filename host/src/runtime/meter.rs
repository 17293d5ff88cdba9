//! How much CPU a call has used. Time in which it waits is never on the meter, because a future that waits is not
//! polled.

use rustix::time::{ClockId, clock_gettime};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

/// One call's meter, read by the guest's interrupt while the call's future is being polled, on the same thread.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Nanoseconds used in the polls that are over.
    spent: AtomicU64,
    /// What the thread's clock showed when the present poll began.
    began: AtomicU64,
}

impl Meter {
    /// Used so far; to be asked from inside a poll.
    pub(super) fn now(&self) -> Duration {
        let present = thread_time().saturating_sub(self.began.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent.load(Ordering::Relaxed) + present)
    }

    /// Used in the polls that are over.
    pub(super) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed))
    }

    /// Runs a future with this meter on.
    pub(super) async fn measure<F: Future>(&self, mut future: Pin<&mut F>) -> F::Output {
        std::future::poll_fn(|context| {
            self.began.store(thread_time(), Ordering::Relaxed);
            let polled: Poll<F::Output> = future.as_mut().poll(context);
            let used = thread_time().saturating_sub(self.began.load(Ordering::Relaxed));
            self.spent.fetch_add(used, Ordering::Relaxed);
            polled
        })
        .await
    }
}

/// CPU time of this thread in nanoseconds.
fn thread_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let nanoseconds = time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec);
    u64::try_from(nanoseconds).unwrap_or(0)
}
