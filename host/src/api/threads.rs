//! Threads that serve, each with a single-threaded runtime of its own: a connection, its requests and what they send
//! to a provider stay on one core, and nothing migrates. One bound listener is duplicated into each, so that a second
//! host started by mistake fails to bind.

use super::Phase;
use super::server::{Bounds, Seats, serve};
use crate::task;
use axum::Router;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::Instant;

/// Connections that may wait to be accepted, as far as the system allows. Beyond, one is heard of a second later.
const WAITING: i32 = 4096;

/// Takes the address, before anything else is started.
#[expect(clippy::disallowed_methods, reason = "the one place that listens")]
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // It listens already, with fewer: the standard library asks nobody how many.
    rustix::net::listen(&listener, WAITING)?;
    Ok(listener)
}

/// Serves up to `connections` at a time on `threads` threads, 0 for one per core, until the phase is [`Phase::Stopped`] and what ran has ended, or
/// `drain` is over. The threads are to be joined; each says how much had not ended by then.
#[expect(clippy::disallowed_methods, reason = "the threads that serve")]
pub fn serve_on_threads(
    listener: &TcpListener,
    router: &Router,
    phase: &watch::Receiver<Phase>,
    threads: usize,
    connections: usize,
    drain: Duration,
) -> io::Result<Vec<JoinHandle<io::Result<usize>>>> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if threads == 0 { cores } else { threads };
    let seats = Seats::new(Bounds::of(connections));
    (0..threads)
        .map(|number| {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (listener, router, phase) = (listener.try_clone()?, router.clone(), phase.clone());
            let seats = seats.clone();
            let serve = move || {
                runtime.block_on(async {
                    let mut stopped = phase.clone();
                    let stopped = async {
                        let _ = stopped.wait_for(|phase| *phase == Phase::Stopped).await;
                        Instant::now()
                    };
                    let (open, began) = tokio::join!(serve(listener, router, phase, drain, seats), stopped);
                    // Calls whose callers have hung up hold no connection, and go on to their end.
                    let running = task::all_ended_here(drain.saturating_sub(began.elapsed())).await;
                    Ok(open? + running)
                })
            };
            thread::Builder::new().name(format!("serve-{number}")).spawn(serve)
        })
        .collect()
}
