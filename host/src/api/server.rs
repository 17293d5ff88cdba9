//! The listener: accepts connections, bounds what a slow or idle one may hold, and leaves without cutting anybody off.
//! `axum::serve` sets no timer, which turns hyper's header time-out off; hence a loop of our own.

use crate::task;
use axum::Router;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tower::Service;

/// How long a request's head may take, and how long a connection may be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a request's head, and how many headers: beyond, hyper answers a bare status and closes. Larger than what
/// [`head`](super::head) allows, so that ordinary excess gets a problem document.
const HEAD_LIMIT: usize = 64 << 10;
const HEADERS_LIMIT: usize = 256;
/// Connections of one listener; beyond, a new one is closed at once.
const CONNECTIONS: usize = 8192;
/// How long who connected at the last moment has to send a request, and to be told that no further one is taken.
const LAST_MOMENT: Duration = Duration::from_millis(100);
/// How long to wait where no connection can be accepted, as when file descriptors have run out.
const PAUSE: Duration = Duration::from_millis(500);

/// How the host leaves, step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It takes work.
    Serving,
    /// It still takes work, but is not ready, and closes each connection with its answer: load balancers go elsewhere.
    Leaving,
    /// It accepts no more connections, and finishes what runs.
    Stopped,
}

/// Serves until the phase is [`Phase::Stopped`], then gives what runs `drain` to finish. Says how many connections did
/// not. Every thread may serve a duplicate of one bound listener.
pub async fn serve(
    listener: std::net::TcpListener,
    router: Router,
    phase: watch::Receiver<Phase>,
    drain: Duration,
) -> io::Result<usize> {
    serve_with(listener, router, phase, drain, HEADER_TIMEOUT).await
}

async fn serve_with(
    listener: std::net::TcpListener,
    router: Router,
    mut phase: watch::Receiver<Phase>,
    drain: Duration,
    header_timeout: Duration,
) -> io::Result<usize> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let connections = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(HEADERS_LIMIT);
    let seen = phase.clone();
    loop {
        tokio::select! {
            () = stopped(&mut phase) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.count() < CONNECTIONS => {
                    converse(&http, stream, router.clone(), seen.clone(), &connections);
                }
                Ok(_) => tracing::warn!(limit = CONNECTIONS, "too many connections: one was closed"),
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    let began = Instant::now();
    // Who has connected already is not told by a reset that nobody listens any more.
    while let Ok(Ok((stream, _))) = tokio::time::timeout(Duration::ZERO, listener.accept()).await {
        converse(&http, stream, router.clone(), seen.clone(), &connections);
    }
    drop(listener);
    while connections.count() > 0 && began.elapsed() < LAST_MOMENT.min(drain) {
        tokio::time::sleep(LAST_MOMENT / 20).await;
    }
    let open = connections.count();
    let rest = drain.saturating_sub(began.elapsed());
    if tokio::time::timeout(rest, connections.shutdown()).await.is_ok() {
        return Ok(0);
    }
    tracing::warn!(open, drain_seconds = drain.as_secs(), "some connections did not finish in time");
    Ok(open)
}

/// Waits for the end; where the sender is gone, nobody is left to say when it comes, and this is it.
async fn stopped(phase: &mut watch::Receiver<Phase>) {
    let _ = phase.wait_for(|phase| *phase == Phase::Stopped).await;
}

/// One connection, in a task of its own.
fn converse(
    http: &http1::Builder,
    stream: TcpStream,
    router: Router,
    phase: watch::Receiver<Phase>,
    connections: &GracefulShutdown,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection cannot be set to send at once");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let (answer, phase) = (router.clone().call(request), phase.clone());
        async move { Ok::<_, Infallible>(close_if_leaving(answer.await?, *phase.borrow())) }
    });
    let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
    task::spawn("connection", async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

fn close_if_leaving<B>(mut response: Response<B>, phase: Phase) -> Response<B> {
    if phase != Phase::Serving {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests;
