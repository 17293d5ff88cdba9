//! The listener: accepts connections, bounds what a slow or idle one may hold, lets no request hide in another, and
//! leaves without cutting anybody off. HTTP/1.1 alone: HTTP/2 is for who stands in front.

mod arriving;
mod seats;
mod socket;

pub(super) use arriving::TooLate;
pub(super) use seats::Seats;

use crate::task;
use arriving::Arriving;
use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use socket::Socket;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tower::Service;

/// Bytes of a request's head, and how many headers: beyond, hyper answers a bare status and closes. Larger than what
/// [`head`](super::head) allows, so that ordinary excess gets a problem document.
const HEAD_LIMIT: usize = 64 << 10;
const HEADERS_LIMIT: usize = 256;
/// How many connections are accepted before those that are there have their turn: a flood of new ones holds up nobody.
const IN_A_ROW: usize = 16;
/// How long who connected at the last moment has to send a request, and to be told that no further one is taken.
const LAST_MOMENT: Duration = Duration::from_millis(100);
/// How long to wait where no connection can be accepted, as when file descriptors have run out.
const PAUSE: Duration = Duration::from_millis(500);

/// What connections of one listener may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many there may be; beyond, who keeps the host waiting makes room for who comes.
    connections: usize,
    /// How long a request's head may take.
    head: Duration,
    /// How long a request's body may take, and how long nothing of it may come.
    body: Duration,
    pause: Duration,
    /// How long nothing of an answer may be taken.
    stall: Duration,
    /// How long a connection may be idle. Longer than load balancers keep theirs, so that it is they who close them.
    idle: Duration,
}

impl Bounds {
    /// The usual ones, for so many connections.
    pub(super) const fn of(connections: usize) -> Self {
        let seconds = Duration::from_secs;
        let (head, body, pause) = (seconds(5), seconds(20), seconds(5));
        Self { connections, head, body, pause, stall: seconds(10), idle: seconds(75) }
    }
}

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
/// not. Every thread may serve a duplicate of one bound listener; they share its seats.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    router: Router,
    phase: watch::Receiver<Phase>,
    drain: Duration,
    seats: Arc<Seats>,
) -> io::Result<usize> {
    tokio::select! {
        served = serve_in_time(listener, router, phase, drain, &seats) => served,
        never = seats.keep_time() => match never {},
    }
}

async fn serve_in_time(
    listener: std::net::TcpListener,
    router: Router,
    mut phase: watch::Receiver<Phase>,
    drain: Duration,
    seats: &Arc<Seats>,
) -> io::Result<usize> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let connections = GracefulShutdown::new();
    // Times are kept by the seats: hyper's own would count an idle connection as a head that does not come.
    let mut http = http1::Builder::new();
    http.header_read_timeout(None).max_buf_size(HEAD_LIMIT).max_headers(HEADERS_LIMIT);
    let host = Host { http, router, phase: phase.clone() };
    let mut in_a_row = 0;
    loop {
        tokio::select! {
            () = stopped(&mut phase) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    host.converse(stream, seats, &connections);
                    in_a_row = (in_a_row + 1) % IN_A_ROW;
                    if in_a_row == 0 {
                        tokio::task::yield_now().await;
                    }
                }
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
        host.converse(stream, seats, &connections);
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

/// What serves every connection of a thread.
struct Host {
    http: http1::Builder,
    router: Router,
    phase: watch::Receiver<Phase>,
}

impl Host {
    /// One connection, in a task of its own. Without a seat for it, it is closed.
    fn converse(&self, stream: TcpStream, seats: &Arc<Seats>, connections: &GracefulShutdown) {
        let Some(occupied) = seats.take() else { return };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection cannot be set to send at once");
        }
        let (router, phase, bounds) = (self.router.clone(), self.phase.clone(), seats.bounds);
        let seat = occupied.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            seat.works();
            let framed = Framed::of(&request);
            let (router, phase, seat) = (router.clone(), phase.clone(), seat.clone());
            async move {
                let mut response = match framed {
                    Framed::Wrong => wrong(),
                    _ => answered(router, request.map(|body| Arriving::new(body, seat.clone(), bounds))).await?,
                };
                if framed != Framed::Plain || seat.is_last() || *phase.borrow() != Phase::Serving {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                seat.answers();
                Ok::<_, Infallible>(response)
            }
        });
        let socket = Socket { stream, seat: occupied.clone() };
        let connection = connections.watch(self.http.serve_connection(TokioIo::new(socket), service));
        task::spawn("connection", async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                },
                () = occupied.told_to_go() => tracing::debug!("a connection was late, or made room for another"),
            }
        });
    }
}

async fn answered(mut router: Router, request: Request<Arriving>) -> Result<Response<Body>, Infallible> {
    router.call(request).await
}

/// How a request's end is told, as far as somebody in front of us may see it otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framed {
    /// By its length, or it has no body.
    Plain,
    /// In chunks. hyper has dropped a length beside that, so we cannot know whether there was one: what follows on this
    /// connection may have been smuggled, and nothing that follows is read (RFC 9112, section 6.1).
    InChunks,
    /// It names no host, or several (RFC 9112, section 3.2): who chose this host for it may have gone by another.
    Wrong,
}

impl Framed {
    fn of<B>(request: &Request<B>) -> Self {
        let hosts = request.headers().get_all(header::HOST).iter().count();
        match request.headers().contains_key(header::TRANSFER_ENCODING) {
            _ if hosts > 1 || hosts == 0 && request.version() == Version::HTTP_11 => Self::Wrong,
            true => Self::InChunks,
            false => Self::Plain,
        }
    }
}

fn wrong() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

#[cfg(test)]
mod tests;
