//! The other end of the connection, on ports of the system's choice.
#![expect(clippy::disallowed_methods, reason = "the tests are callers: they connect, and run the server beside them")]

use super::*;
use axum::routing::get;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const LONG: Duration = Duration::from_secs(60);

/// A server on a port of its own.
struct Served {
    address: std::net::SocketAddr,
    phase: watch::Sender<Phase>,
    ends: JoinHandle<io::Result<usize>>,
}

fn served(router: Router, head: Duration, drain: Duration) -> Served {
    let listener = crate::api::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let phase = watch::Sender::new(Phase::Serving);
    let ends = tokio::spawn(serve_with(listener, router, phase.subscribe(), drain, head));
    Served { address, phase, ends }
}

fn router() -> Router {
    Router::new().route("/", get(|| async { "fine" }))
}

async fn connect(served: &Served) -> TcpStream {
    TcpStream::connect(served.address).await.unwrap()
}

async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"fine") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "closed after {}", answer.escape_ascii());
    }
    String::from_utf8(answer).unwrap()
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.is_ok() && rest.is_empty()
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let served = served(router(), LONG, LONG);
    let mut stream = connect(&served).await;
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_that_does_not_arrive_ends_its_connection() {
    let served = served(router(), Duration::from_millis(20), LONG);
    let mut stream = connect(&served).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_host_about_to_leave_answers_and_closes() {
    let served = served(router(), LONG, LONG);
    let mut stream = connect(&served).await;
    assert!(!ask(&mut stream).await.contains("connection: close"));
    served.phase.send_replace(Phase::Leaving);
    assert!(ask(&mut stream).await.contains("connection: close"));
    assert!(is_closed(&mut stream).await);
    assert!(ask(&mut connect(&served).await).await.contains("connection: close"));
}

#[tokio::test]
async fn what_runs_is_finished_before_the_host_stops() {
    let (begun, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, ends) = (begun.clone(), may_end.clone());
    let slow = get(|| async move {
        begins.notify_one();
        ends.notified().await;
        "fine"
    });
    let served = served(Router::new().route("/", slow), LONG, LONG);
    let (mut busy, mut idle) = (connect(&served).await, connect(&served).await);
    let answer = tokio::spawn(async move { ask(&mut busy).await });
    begun.notified().await;
    served.phase.send_replace(Phase::Stopped);
    assert!(is_closed(&mut idle).await, "an idle connection is closed at once");
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody new is let in");
    assert!(!served.ends.is_finished());
    may_end.notify_one();
    assert!(answer.await.unwrap().contains("connection: close"));
    served.ends.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_host_does_not_wait_for_ever_to_stop() {
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let stuck = get(|| async move {
        begins.notify_one();
        std::future::pending::<()>().await;
    });
    let served = served(Router::new().route("/", stuck), LONG, Duration::from_millis(10));
    let mut stream = connect(&served).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    begun.notified().await;
    served.phase.send_replace(Phase::Stopped);
    served.ends.await.unwrap().unwrap();
}
