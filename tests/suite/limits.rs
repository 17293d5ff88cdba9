//! The limits of the interface itself: what is too large, too deep or odd gets a clear answer, never a broken one.

use crate::harness::{Host, Reply, Setup, payment, send};
use reqwest::Method;
use simulators::PATIENCE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn start() -> Host {
    Setup::new().sandbox().start().await
}

/// Posts these very bytes as JSON.
async fn post_text(host: &Host, path: &str, body: impl Into<Vec<u8>>) -> Reply {
    send(host.request(Method::POST, path).header("content-type", "application/json").body(body.into())).await
}

/// What comes back for these very bytes, up to the end of the connection.
async fn exchange(host: &Host, request: &[u8]) -> String {
    let address = host.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the host listens");
    let mut answer = Vec::new();
    let talk = async {
        // A host that has seen enough may answer and close before all is written.
        let _ = stream.write_all(request).await;
        let _ = stream.read_to_end(&mut answer).await;
    };
    tokio::time::timeout(PATIENCE, talk).await.expect("the host ends the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_path_and_query_may_have_8_kib() {
    let host = start().await;
    let path = |length: usize| {
        let path = "/v3/sandbox/status?paymentId=none&padding=";
        format!("{path}{}", "x".repeat(length - path.len()))
    };
    assert_eq!(host.get(&path(8192)).await.problem(), (404, "payment_not_found".into()));
    for path in [path(8193), path(60_000), format!("/{}", "x".repeat(8192))] {
        let reply = host.get(&path).await;
        assert_eq!(reply.problem(), (414, "uri_too_long".into()));
        assert_eq!(reply.json["requestId"], reply.header("x-request-id"));
        assert!(reply.bytes.len() < 1000, "nothing of it is told back: {reply:?}");
    }
    let beyond = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(100_000));
    assert!(exchange(&host, beyond.as_bytes()).await.starts_with("HTTP/1.1 4"), "a bare status, and no more");
    assert_eq!(host.get("/-/healthz").await.status, 200);
}

#[tokio::test]
async fn headers_may_be_100_and_have_32_kib() {
    let host = start().await;
    let with = |count: usize, length: usize| {
        let value = "v".repeat(length);
        let request = host.request(Method::GET, "/v3/sandbox");
        send((0..count).fold(request, |request, number| request.header(format!("x-{number:03}"), value.as_str())))
    };
    assert_eq!(with(90, 300).await.status, 200);
    for (count, length) in [(101, 1), (200, 1), (40, 1000), (1, 33_000)] {
        let reply = with(count, length).await;
        assert_eq!(reply.problem(), (431, "headers_too_large".into()), "{count} of {length}");
        assert_eq!(reply.json["instance"], "/v3/sandbox");
    }
    for (count, length) in [(300, 1), (1, 1_000_000)] {
        let headers: String = (0..count).map(|number| format!("x-{number}: {}\r\n", "v".repeat(length))).collect();
        let answer = exchange(&host, format!("GET / HTTP/1.1\r\nconnection: close\r\n{headers}\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "a bare status, and no more: {answer}");
    }
    assert_eq!(host.get("/-/healthz").await.status, 200);
}

#[tokio::test]
async fn a_caller_that_still_sends_hears_that_the_body_is_too_large() {
    let host = start().await;
    for path in ["/v3/sandbox/pay", "/v3/sandbox/refund", "/v3/sandbox/status", "/v3/sandbox/callback"] {
        let reply = post_text(&host, path, vec![b' '; 4 << 20]).await;
        assert_eq!(reply.problem(), (413, "body_too_large".into()), "{path}");
    }
}

#[tokio::test]
async fn json_may_be_64_levels_deep() {
    let host = start().await;
    // The body itself is the first level, and providerData the second.
    let body = |levels: usize| {
        let data = format!("{}{}", "[".repeat(levels - 2), "]".repeat(levels - 2));
        let padded = payment(&format!("deep-{levels}"), 500).to_string();
        padded.replacen('{', &format!(r#"{{"providerData": {{"deep": {data}}}, "#), 1)
    };
    assert_eq!(post_text(&host, "/v3/sandbox/pay", body(64)).await.result(), (200, "OK".into()));
    for levels in [65, 127, 128, 1000, 20_000] {
        let reply = post_text(&host, "/v3/sandbox/pay", body(levels)).await;
        assert_eq!(reply.problem(), (400, "not_json".into()), "{levels}");
        assert!(reply.pointers()[0].starts_with("/providerData/deep/0/0"), "{reply:?}");
        assert_eq!(reply.json["errors"][0]["reason"], "is nested deeper than 64 levels");
    }
    assert_eq!(host.rows("payments"), 1);
}

#[tokio::test]
async fn a_key_that_stands_twice_is_named_with_its_place() {
    let host = start().await;
    let long = "k".repeat(500);
    let cases = [
        (r#"{"amount": 1, "amount": 500}"#.to_owned(), "/amount"),
        (r#"{"providerData": {"cards": [{"token": 1, "tok\u0065n": 2}]}}"#.to_owned(), "/providerData/cards/0/token"),
        (format!(r#"{{"providerData": {{"{long}": 1, "{long}": 2}}}}"#), "/providerData"),
    ];
    for path in ["/v3/sandbox/pay", "/v3/sandbox/refund", "/v3/sandbox/status"] {
        for (body, pointer) in &cases {
            let reply = post_text(&host, path, body.as_str()).await;
            assert_eq!(reply.problem(), (400, "not_json".into()), "{path} {body}");
            assert_eq!(reply.pointers(), [*pointer], "{path} {body}");
        }
    }
}

#[tokio::test]
async fn a_compressed_body_is_415_with_the_reason() {
    let host = start().await;
    for (coding, status) in [("gzip", 415), ("br", 415), ("identity", 200)] {
        let request = host.request(Method::POST, "/v3/sandbox/pay").json(&payment("shop-1", 500));
        let reply = send(request.header("content-encoding", coding)).await;
        assert_eq!(reply.status, status, "{coding}");
        if status == 415 {
            assert_eq!(reply.problem().1, "content_encoded");
            assert!(reply.text("detail").contains("Content-Encoding"));
        }
    }
}

#[tokio::test]
async fn a_caller_may_wait_to_be_asked_for_the_body() {
    let host = start().await;
    let body = payment("shop-1", 500).to_string();
    let head = |path: &str| {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let mut stream = TcpStream::connect(host.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(head("/v3/sandbox/pay").as_bytes()).await.unwrap();
    let asked = "HTTP/1.1 100 Continue\r\n\r\n";
    let mut first = vec![0; asked.len()];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut first)).await.expect("the host asks for the body").unwrap();
    assert_eq!(String::from_utf8_lossy(&first), asked);
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""result":"OK""#), "{answer}");

    let refused = exchange(&host, head("/nowhere").as_bytes()).await;
    assert!(refused.starts_with("HTTP/1.1 404"), "nobody asks for a body that nobody wants: {refused}");
}

#[tokio::test]
async fn an_odd_path_is_a_clear_no_and_never_a_failure() {
    let host = start().await;
    let long = "x".repeat(2000);
    for place in [
        "%zz",
        "%",
        "%2",
        "%ff",
        "%00",
        "%2F",
        "%2e%2e",
        ".",
        "..",
        "a%20b",
        "%F0%9F%92%B8",
        "",
        &long,
        "{external}",
        "sandbox;v=1",
        "SANDBOX",
    ] {
        for (method, path) in [
            ("GET", format!("/v3/{place}")),
            ("GET", format!("/v3/{place}/status?paymentId=1")),
            ("POST", format!("/v3/{place}/pay")),
            ("POST", format!("/v3/sandbox/{place}/pay")),
            ("GET", format!("/v3/sandbox/{place}")),
            ("GET", format!("/{place}")),
            ("POST", format!("/v3/{place}/callback")),
            ("DELETE", format!("/v3/{place}/subscription/expire/{place}")),
            ("GET", format!("/documentation/{place}")),
        ] {
            // As it stands: a client would tidy it up.
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                 content-length: 2\r\n\r\n{{}}"
            );
            let answer = exchange(&host, request.as_bytes()).await;
            let status = answer.strip_prefix("HTTP/1.1 ").map_or("", |rest| &rest[..3]);
            let is_page = path == "/documentation/" && status == "308";
            assert!(status.starts_with('4') || is_page, "{method} {path}: {answer}");
            assert!(
                is_page || answer.contains("\r\ncontent-type: application/problem+json\r\n"),
                "{method} {path}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn a_parameter_that_nobody_knows_is_tolerated() {
    let host = start().await;
    let paid = host.post("/v3/sandbox/pay?utm=1&amount=2&%ff", &payment("shop-1", 500)).await;
    assert_eq!(paid.result(), (200, "OK".into()));
    let id = paid.text("paymentId");
    let status = host.get(&format!("/v3/sandbox/status?trace=%zz&paymentId={id}&&=&_=1")).await;
    assert_eq!(status.status, 200, "{status:?}");
    for path in ["/v3?x=1", "/v3/sandbox?x=1", "/-/healthz?x=1", "/documentation?x=1", "/documentation/page.js?x=1"] {
        assert_eq!(host.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn head_tells_what_get_would_and_sends_no_body() {
    let host = start().await;
    let id = host.post("/v3/sandbox/pay", &payment("shop-1", 500)).await.text("paymentId");
    for (path, status) in [
        ("/v3", 200),
        ("/v3/sandbox", 200),
        ("/v3/nobody", 404),
        (&format!("/v3/sandbox/status?paymentId={id}"), 200),
        ("/v3/sandbox/status", 400),
        ("/documentation", 200),
        ("/documentation/openapi.json", 200),
        ("/-/healthz", 200),
        ("/-/metrics", 200),
        ("/nowhere", 404),
        ("/v3/sandbox/pay", 405),
    ] {
        let request = format!("HEAD {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = exchange(&host, request.as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{path}: {answer}"));
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert_eq!(body, "", "{path}");
        assert!(head.contains("\r\nx-request-id: "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_method_that_nobody_takes_is_405_and_never_a_failure() {
    let host = start().await;
    for method in ["OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND", "BREW"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for path in ["/v3", "/v3/sandbox", "/v3/sandbox/pay", "/v3/sandbox/status", "/documentation", "/-/healthz"] {
            let reply = send(host.request(method.clone(), path)).await;
            assert_eq!(reply.problem(), (405, "method_not_allowed".into()), "{method} {path}");
            assert!(!reply.header("allow").is_empty(), "{method} {path}");
        }
        assert_eq!(send(host.request(method.clone(), "/nowhere")).await.status, 404, "{method}");
    }
    for line in ["OPTIONS *", "CONNECT pay.example.com:443", "GET http://pay.example.com/nowhere", "GET nowhere"] {
        let answer =
            exchange(&host, format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{line}: {answer}");
    }
}

#[tokio::test]
async fn what_is_not_http_gets_no_more_than_a_bad_request() {
    let host = start().await;
    for request in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v3/sandbox/pay HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"POST /v3/sandbox/pay HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let answer = exchange(&host, request).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{}: {answer}", request.escape_ascii());
    }
    let paid = host.post("/v3/sandbox/pay", &payment("shop-1", 500)).await;
    assert_eq!(paid.result(), (200, "OK".into()));
    assert_eq!(host.rows("payments"), 1);
}
