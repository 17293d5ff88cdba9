//! The only place that spawns. Every task keeps the span of who started it, and a panic in it is told.

use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use tracing::Instrument as _;

/// Runs `future` in a task of its own to its end, whoever goes away. A panic ends the task and is logged as an error.
#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
pub fn spawn(name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
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
pub async fn to_its_end<T: Send + 'static>(
    name: &'static str,
    future: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let (reply, answer) = tokio::sync::oneshot::channel();
    spawn(name, async move {
        // Who no longer waits needs no answer.
        let _ = reply.send(future.await);
    });
    answer.await.ok()
}
