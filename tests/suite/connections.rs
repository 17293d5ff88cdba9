//! What callers who mean no good do to a listener, and what a good one notices of it: nothing.

use crate::harness::{Host, Process, Setup, payment};
use reqwest::Method;
use serde_json::json;
use simulators::{PATIENCE, Provider};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn connect(host: &Host) -> TcpStream {
    TcpStream::connect(host.url.trim_start_matches("http://")).await.expect("the host listens")
}

/// Sends these bytes, and hands over what comes back until the connection is closed.
async fn answered(host: &Host, raw: &[u8]) -> String {
    let mut stream = connect(host).await;
    let _ = stream.write_all(raw).await;
    let mut answer = Vec::new();
    let reading = async { while stream.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(PATIENCE, reading).await.expect("it is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_listener_that_slow_connections_fill_serves_a_good_caller_all_the_same() {
    let provider = Provider::start();
    let mut setup = Setup::new().acme(&provider);
    setup.connections = 20;
    let host = setup.start().await;
    let mut slow = Vec::new();
    for number in 0..100 {
        let mut stream = connect(&host).await;
        let part: &[u8] = match number % 3 {
            0 => b"",
            1 => b"POST /v3/acme/pay HTTP/1.1\r\nHost: x\r\nContent-Le",
            _ => b"POST /v3/acme/pay HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"amount\"",
        };
        // Some are sent away already.
        let _ = stream.write_all(part).await;
        slow.push(stream);
        if number % 10 == 0 {
            let paid = host.post("/v3/acme/pay", &payment(&format!("good-{number}"), 500)).await;
            assert_eq!(paid.result(), (200, "OK".into()));
        }
    }
    assert_eq!((host.rows("payments"), provider.ledger().charges().len()), (10, 10));
    // How many went for this and how many for their time is a matter of the machine's speed.
    assert!(host.counter("provost_connections_closed_total", &[("reason", "made_room")]).await > 0);
}

#[tokio::test]
async fn webhooks_with_a_listener_of_their_own_are_taken_there_and_nowhere_else() {
    let provider = Provider::start();
    let mut setup = Setup::new().acme(&provider);
    setup.callbacks_apart = true;
    let host = setup.start().await;
    let there = host.callbacks_url.clone().expect("they have one");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |method: Method, url: String| {
        let answer = client.request(method, url).json(&json!({ "forged": true })).send().await.unwrap();
        let status = answer.status().as_u16();
        let problem: serde_json::Value = answer.json().await.unwrap_or_default();
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ask(Method::POST, format!("{there}/v3/acme/callback")).await, (401, "webhook_forged".into()));
    for method in [Method::GET, Method::POST] {
        let url = format!("{}/v3/acme/callback?paymentId=1", host.url);
        assert_eq!(ask(method, url).await, (404, "no_such_route".into()));
    }
    for (method, path) in [
        (Method::POST, "/v3/acme/pay"),
        (Method::GET, "/v3/acme/status?paymentId=1"),
        (Method::GET, "/v3"),
        (Method::GET, "/v3/acme"),
        (Method::GET, "/documentation"),
        (Method::GET, "/-/metrics"),
        (Method::GET, "/-/ready"),
        (Method::GET, "/admin/v1/payments"),
    ] {
        assert_eq!(ask(method, format!("{there}{path}")).await, (404, "no_such_route".into()), "{path}");
    }
    assert_eq!(host.post("/v3/acme/pay", &payment("order-1", 500)).await.result(), (200, "OK".into()));
    let document = host.get("/documentation/openapi.json").await.json;
    assert!(document["paths"]["/v3/{external}/callback"].is_null(), "the document shows what is served there");
    let requests = format!("{:?}", provider.ledger().requests());
    assert!(!requests.contains(&there), "webhook URLs are built from public_url: {requests}");
}

#[tokio::test]
async fn a_huge_head_is_refused_by_what_is_too_large_in_it() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let get = |path: &str, lines: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n");
    let line = |size: usize| format!("X-Large: {}\r\n", "x".repeat(size));
    for (raw, status) in [
        (get(&format!("/v3?{}", "q".repeat(9 << 10)), ""), "414"),
        (get("/v3", &line(33 << 10)), "431"),
        (get("/v3", &"X: y\r\n".repeat(101)), "431"),
        (get("/v3", &"X: y\r\n".repeat(10_000)), "431"),
        (get("/v3", &line(1 << 20)), "431"),
        (get(&format!("/v3?{}", "q".repeat(1 << 20)), ""), "431"),
        (get("/v3", &"X-Small: y\r\n".repeat(50)), "200"),
    ] {
        let answer = answered(&host, raw.as_bytes()).await;
        // Far beyond its limit a connection may be cut off before the answer is heard.
        let cut_off = answer.is_empty() && raw.len() > 64 << 10;
        assert!(cut_off || answer.starts_with(&format!("HTTP/1.1 {status} ")), "{} bytes: {answer}", raw.len());
    }
    assert_eq!(host.post("/v3/acme/pay", &payment("order-1", 500)).await.result(), (200, "OK".into()));
}

#[tokio::test]
async fn a_host_with_a_listener_for_webhooks_leaves_as_any_other() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["acme"]);
    host.start(&[("PROVOST_API__CALLBACKS_LISTEN", "127.0.0.1:0"), ("PROVOST_SHUTDOWN__KEEP_LISTENING", "0s")]).await;
    let log = host.log();
    let line = log.lines().find(|line| line.contains("listening for webhooks")).expect("it says where");
    let line: serde_json::Value = serde_json::from_str(line).expect("its log is JSON");
    let address = line["address"].as_str().or(line["fields"]["address"].as_str()).expect("it says where").to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let forged = client.post(format!("http://{address}/v3/acme/callback")).body("forged").send().await.unwrap();
    assert_eq!(forged.status(), 401);
    assert_eq!(host.get("/v3/acme/callback?paymentId=1").await.status, 404);
    host.terminate();
    assert_eq!(host.ended().await, Some(0));
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens there any more");
}
