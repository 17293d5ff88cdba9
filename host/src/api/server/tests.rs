//! The other end of the connection, on ports of the system's choice.
#![expect(clippy::disallowed_methods, reason = "the tests are callers: they connect, and run the server beside them")]

use super::*;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const LONG: Duration = Duration::from_secs(60);

/// A server on a port of its own.
struct Served {
    address: std::net::SocketAddr,
    phase: watch::Sender<Phase>,
    seats: Arc<Seats>,
    ends: JoinHandle<io::Result<usize>>,
}

/// The usual bounds, with this one of time for a head.
fn served(router: Router, head: Duration, drain: Duration) -> Served {
    served_within(router, Bounds { head, ..Bounds::of(100) }, drain)
}

fn served_within(router: Router, bounds: Bounds, drain: Duration) -> Served {
    let listener = crate::api::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let phase = watch::Sender::new(Phase::Serving);
    let seats = Seats::new(bounds);
    let ends = tokio::spawn(serve(listener, router, phase.subscribe(), drain, seats.clone()));
    Served { address, phase, seats, ends }
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

/// Whether a body arrives whole, as the interface reads it.
fn reads_bodies() -> Router {
    Router::new().route(
        "/",
        post(async |request: Request<Body>| match crate::api::v3::body::read(request.into_body(), 1 << 20).await {
            Ok(body) => (StatusCode::OK, body.len().to_string()),
            Err(problem) => (StatusCode::from_u16(problem.status).unwrap(), problem.code.to_string()),
        }),
    )
}

async fn begin_body(stream: &mut TcpStream, bytes: &str) {
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{bytes}");
    stream.write_all(head.as_bytes()).await.unwrap();
}

/// Sends a byte now and then, until the other side has had enough; hands over what that has said.
async fn drip(stream: TcpStream) -> String {
    let (mut from, mut to) = stream.into_split();
    let dripping = async {
        let mut drops = tokio::time::interval(Duration::from_millis(5));
        while to.write_all(b"x").await.is_ok() {
            drops.tick().await;
        }
        std::future::pending::<()>().await;
    };
    let mut said = Vec::new();
    let hearing = async { while from.read_buf(&mut said).await.is_ok_and(|read| read > 0) {} };
    tokio::select! {
        () = dripping => {}
        () = hearing => {}
    }
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn a_head_that_drips_has_no_more_time_than_one_that_stops() {
    let served = served(router(), Duration::from_millis(50), LONG);
    let mut stream = connect(&served).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    assert_eq!(drip(stream).await, "", "nobody is answered who has asked nothing");
}

#[tokio::test]
async fn a_second_head_on_a_connection_has_its_time_too() {
    // Long enough for the first one, however busy the machine is.
    let served = served(router(), Duration::from_secs(1), LONG);
    let mut stream = connect(&served).await;
    ask(&mut stream).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn a_body_that_stops_is_408() {
    let bounds = Bounds { pause: Duration::from_millis(20), ..Bounds::of(10) };
    let served = served_within(reads_bodies(), bounds, LONG);
    let mut stream = connect(&served).await;
    begin_body(&mut stream, "some").await;
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 408") && said.ends_with("too_slow"), "{said}");
}

#[tokio::test]
async fn a_body_that_drips_is_408_when_its_whole_time_is_over() {
    let bounds = Bounds { body: Duration::from_millis(60), ..Bounds::of(10) };
    let served = served_within(reads_bodies(), bounds, LONG);
    let mut stream = connect(&served).await;
    begin_body(&mut stream, "").await;
    let said = drip(stream).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_not_kept_for_ever() {
    let router = Router::new().route("/", get(|| async { vec![b'x'; 64 << 20] }));
    let bounds = Bounds { stall: Duration::from_millis(20), head: Duration::from_millis(40), ..Bounds::of(10) };
    let served = served_within(router, bounds, LONG);
    let mut stream = connect(&served).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut glances = tokio::time::interval(Duration::from_millis(2));
    while served.seats.taken() != 1 {
        glances.tick().await;
    }
    while served.seats.taken() > 0 {
        glances.tick().await;
    }
    let mut taken = Vec::new();
    let _ = stream.read_to_end(&mut taken).await;
    assert!(taken.len() < 64 << 20, "{}", taken.len());
}

#[tokio::test]
async fn who_comes_to_a_full_listener_is_served_and_who_keeps_it_waiting_goes() {
    let served = served_within(router(), Bounds::of(2), LONG);
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(&served).await;
        stream.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        slow.push(stream);
    }
    let mut good = connect(&served).await;
    assert!(ask(&mut good).await.starts_with("HTTP/1.1 200"));
    assert!(is_closed(&mut slow[0]).await, "the one that has waited for longest");
    assert!(ask(&mut good).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn nobody_is_sent_away_while_a_request_is_worked_on() {
    let (begun, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, ends) = (begun.clone(), may_end.clone());
    let slow = get(|| async move {
        begins.notify_one();
        ends.notified().await;
        "fine"
    });
    let served = served_within(Router::new().route("/", slow), Bounds::of(1), LONG);
    let mut busy = connect(&served).await;
    let answer = tokio::spawn(async move { ask(&mut busy).await });
    begun.notified().await;
    assert!(is_closed(&mut connect(&served).await).await, "there is no room");
    may_end.notify_one();
    assert!(answer.await.unwrap().starts_with("HTTP/1.1 200"));
}
