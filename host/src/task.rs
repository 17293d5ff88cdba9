//! The only place that spawns. Every task keeps the span of who started it, and a panic in it is told.

use futures_util::FutureExt as _;
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::Notify;
use tracing::Instrument as _;

/// Runs `future` in a task of its own to its end, whoever goes away. A panic ends the task and is logged as an error.
#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
pub fn spawn(name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
    // Calls of plugins are kilobytes: moved here once, and not at each step into the runtime.
    let future = Box::pin(future);
    tokio::spawn(
        async move {
            if AssertUnwindSafe(future).catch_unwind().await.is_err() {
                tracing::error!(task = name, "a task panicked: this is a fault of the host");
            }
        }
        .in_current_span(),
    );
}

/// Runs `future` in a task of its own, and waits for what it returns: whoever waits may go away, the task does not.
/// None where it panicked.
pub fn to_its_end<T: Send + 'static>(
    name: &'static str,
    future: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Option<T>> + Send {
    // Before anything else, so that who waits for it does not become as large as the call itself, and is not moved
    // as such through every layer of a handler.
    let future = Box::pin(future);
    async move {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let here = Here::begin();
        spawn(name, async move {
            let _here = here;
            // Who no longer waits needs no answer.
            let _ = reply.send(future.await);
        });
        answer.await.ok()
    }
}

/// Waits, at most for so long, until the tasks that [`to_its_end`] began on this thread have ended, and says how many have
/// not. For threads with a single-threaded runtime of their own, which would take their tasks with them.
pub async fn all_ended_here(patience: Duration) -> usize {
    let ended = async {
        loop {
            let ended = ENDED.notified();
            if RUNNING_HERE.get() <= 0 {
                return;
            }
            ended.await;
        }
    };
    if tokio::time::timeout(patience, ended).await.is_ok() {
        return 0;
    }
    let running = RUNNING_HERE.get();
    tracing::warn!(running, "some calls did not end in time: what they sent is unknown");
    usize::try_from(running).unwrap_or_default()
}

static ENDED: Notify = Notify::const_new();

thread_local! {
    static RUNNING_HERE: Cell<i64> = const { Cell::new(0) };
}

/// A task that counts as running on this thread until it is dropped.
struct Here;

impl Here {
    fn begin() -> Self {
        RUNNING_HERE.set(RUNNING_HERE.get() + 1);
        Self
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        RUNNING_HERE.set(RUNNING_HERE.get() - 1);
        ENDED.notify_waiters();
    }
}
