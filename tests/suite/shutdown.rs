//! How a host leaves (SIGTERM): not ready at once, no request lost that began on a connection which it had not told to
//! close, what is under way ended or on disk, and an exit code that says which.

use crate::harness::{Process, payment, try_send};
use reqwest::Method;
use serde_json::json;
use simulators::merchant::Reply;
use simulators::provider::{Misbehaviour, Rule};
use simulators::{Merchant, PATIENCE, Provider, Response};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Short enough for a test, and long enough to be seen.
const SOON: (&str, &str) = ("PROVOST_SHUTDOWN__KEEP_LISTENING", "300ms");

/// Waits until the provider has been asked to charge this often.
async fn asked(provider: &Provider, times: usize) {
    let mut glances = tokio::time::interval(Duration::from_millis(5));
    let asked = async {
        while provider.ledger().charges().len() < times {
            glances.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("the provider is asked");
}

#[tokio::test]
async fn a_host_that_is_told_to_leave_is_not_ready_at_once_and_still_answers() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["acme"]);
    host.start(&[("PROVOST_SHUTDOWN__KEEP_LISTENING", "2s")]).await;
    assert_eq!(host.get("/-/ready").await.header("connection"), "");
    host.terminate();
    let mut glances = tokio::time::interval(Duration::from_millis(5));
    let ready = loop {
        let ready = host.get("/-/ready").await;
        if ready.status != 200 {
            break ready;
        }
        glances.tick().await;
    };
    assert_eq!((ready.status, &ready.json["reason"]), (503, &json!("draining")), "{ready:?}");
    assert_eq!(ready.header("connection"), "close");
    let paid = host.post("/v3/acme/pay", &payment("order-1", 500)).await;
    assert_eq!(
        (paid.status, paid.header("connection"), &paid.json["result"]),
        (200, "close", &json!("OK")),
        "{paid:?}"
    );
    assert_eq!(host.ended().await, Some(0));
    let door = std::fs::read_to_string(host.file("provost.db.admin")).unwrap();
    assert!(!door.contains("address"), "nobody listens there any more: {door}");
}

#[tokio::test]
async fn what_runs_when_the_host_is_told_to_leave_ends_and_is_answered() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["acme"]);
    host.start(&[SOON]).await;
    provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
    let request = host.request(Method::POST, "/v3/acme/pay").json(&payment("order-1", 500));
    let paying = tokio::spawn(try_send(request));
    asked(&provider, 1).await;
    host.terminate();
    // It listens no more, and the call still runs.
    let mut glances = tokio::time::interval(Duration::from_millis(10));
    while TcpStream::connect(host.address()).await.is_ok() {
        glances.tick().await;
    }
    provider.release();
    let paid = paying.await.unwrap().expect("it is answered");
    assert_eq!(
        (paid.status, &paid.json["result"], paid.header("connection")),
        (200, &json!("OK"), "close"),
        "{paid:?}"
    );
    assert_eq!(host.ended().await, Some(0));
    assert_eq!(host.on_disk().standing("order-1"), [["accepted", "finished", "succeeded"]]);
}

/// By its exit code it says that something was left; by what is on disk the next one knows what.
#[tokio::test]
async fn a_second_sigterm_and_the_deadline_leave_the_rest_as_it_is_on_disk() {
    for deadline in [false, true] {
        let provider = Provider::start();
        let mut host = Process::prepare(&provider, None, &["acme"]);
        let drain = if deadline { "100ms" } else { "30s" };
        host.start(&[SOON, ("PROVOST_SHUTDOWN__DRAIN", drain)]).await;
        provider.fail(Rule::charge(Misbehaviour::StallBeforeHeaders.after()));
        let request = host.request(Method::POST, "/v3/acme/pay").json(&payment("order-1", 500));
        let paying = tokio::spawn(try_send(request));
        asked(&provider, 1).await;
        host.terminate();
        if !deadline {
            let mut glances = tokio::time::interval(Duration::from_millis(10));
            while host.get("/-/ready").await.status == 200 {
                glances.tick().await;
            }
            host.terminate();
        }
        assert_eq!(host.ended().await, Some(3));
        assert!(paying.await.unwrap().is_err(), "nobody was told what nobody knows");
        assert_eq!(host.on_disk().standing("order-1"), [["started", "sent", ""]]);
        host.start(&[]).await;
        let again = host.post("/v3/acme/pay", &payment("order-1", 500)).await;
        assert_eq!((again.status, &again.json["result"]), (200, &json!("PENDING")), "{again:?}");
        let status = host.get("/v3/acme/status?shopTransactionId=order-1").await;
        assert_eq!(status.json["status"], "ACCEPTED", "{status:?}");
        assert_eq!(provider.ledger().charges().len(), 1, "and nobody paid twice");
    }
}

/// Rule 29: what waits goes out while the host still listens, however long that is.
#[tokio::test]
async fn callbacks_go_out_while_a_host_that_leaves_still_listens() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let mut host = Process::prepare(&provider, Some(&merchant), &["acme"]);
    host.start(&[("PROVOST_SHUTDOWN__KEEP_LISTENING", "60s")]).await;
    host.terminate();
    let mut glances = tokio::time::interval(Duration::from_millis(5));
    while host.get("/-/ready").await.status == 200 {
        glances.tick().await;
    }
    host.post("/v3/acme/pay", &payment("order-1", 500)).await;
    merchant.wait_for(1).await;
    host.terminate();
    assert_eq!(host.ended().await, Some(3));
}

/// Rule 29: at least once, and not a minute late because somebody else had it.
#[tokio::test]
async fn a_callback_that_is_under_way_is_given_back() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let mut host = Process::prepare(&provider, Some(&merchant), &["acme"]);
    host.start(&[SOON, ("PROVOST_SHUTDOWN__DRAIN", "100ms")]).await;
    merchant.reply_next([Reply::WhenReleased(Response::status(200))]);
    host.post("/v3/acme/pay", &payment("order-1", 500)).await;
    let first = merchant.wait_for(1).await.remove(0);
    host.terminate();
    assert_eq!(host.ended().await, Some(3));
    let left =
        host.on_disk().rows("SELECT state, fence, attempts FROM callbacks WHERE due_at <= created_at + 20000", []);
    assert_eq!(left, [["waiting", "", "0"]], "due now, and nobody's");
    host.start(&[]).await;
    let again = merchant.wait_for(2).await.remove(1);
    assert_eq!((again.id(), &again.request.body), (first.id(), &first.request.body));
}

#[tokio::test]
async fn a_callback_that_ends_in_time_is_settled_and_the_host_has_left_nothing() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let mut host = Process::prepare(&provider, Some(&merchant), &["acme"]);
    host.start(&[SOON]).await;
    merchant.reply_next([Reply::WhenReleased(Response::status(200))]);
    host.post("/v3/acme/pay", &payment("order-1", 500)).await;
    merchant.wait_for(1).await;
    host.terminate();
    let mut glances = tokio::time::interval(Duration::from_millis(10));
    while TcpStream::connect(host.address()).await.is_ok() {
        glances.tick().await;
    }
    merchant.release();
    assert_eq!(host.ended().await, Some(0));
    assert_eq!(host.on_disk().callbacks_about("state", "order-1"), ["delivered"]);
}

/// A careful client: uses its connection until it is told to close, and then calls another host. It makes no new one to a
/// host that leaves: in the instant in which a listener is closed, the system resets what nobody has accepted yet.
async fn kept_busy(mut stream: TcpStream) -> Result<usize, String> {
    let mut answered = 0;
    loop {
        let request = b"GET /-/healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        let whole = match stream.write_all(request).await {
            Ok(()) => read_answer(&mut stream).await,
            Err(error) => Err(error.to_string()),
        };
        let head = whole.map_err(|error| format!("after {answered} answers: {error}"))?;
        answered += 1;
        if head.to_ascii_lowercase().contains("connection: close") {
            return Ok(answered);
        }
    }
}

async fn read_answer(stream: &mut TcpStream) -> Result<String, String> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head.to_ascii_lowercase();
            let length =
                length.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
            if read.len() >= end + 4 + length.unwrap_or(0usize) {
                return Ok(head);
            }
        }
        match stream.read_buf(&mut read).await {
            Ok(0) => return Err("closed within an answer, or without one".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

#[tokio::test]
async fn no_request_fails_that_began_on_a_connection_not_told_to_close() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["acme"]);
    for round in 0..5 {
        host.start(&[SOON]).await;
        let mut clients = JoinSet::new();
        for _ in 0..8 {
            let stream = TcpStream::connect(host.address()).await.expect("it listens");
            clients.spawn(kept_busy(stream));
        }
        host.get("/-/healthz").await;
        host.terminate();
        assert_eq!(host.ended().await, Some(0), "round {round}");
        while let Some(answered) = clients.join_next().await {
            let answered = answered.unwrap().unwrap_or_else(|trouble| panic!("round {round}: {trouble}"));
            assert!(answered > 0, "round {round}");
        }
    }
}
