//! Being asked to stop.

use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C, for `kill`, or for the terminal to close. Who started processes stops waiting for
/// anything else then, drops them, and so ends them.
pub async fn asked_to_stop() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
