//! No request hides in another: raw bytes, as somebody sends them who hopes that what stands in front of the host reads
//! them otherwise. A payment is hidden in each; none is ever made.

use crate::harness::{Host, Setup, payment};
use simulators::{PATIENCE, Provider};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is asked last on every connection that is still open by then.
const LAST: &str = "GET /-/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A payment, as a request of its own.
fn hidden() -> String {
    let body = payment("smuggled", 500).to_string();
    format!("POST /v3/acme/pay HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Sends these bytes, and hands over the statuses that come back until the host closes the connection.
async fn statuses(host: &Host, raw: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(host.url.trim_start_matches("http://")).await.expect("the host listens");
    // It may have had enough before all is sent.
    let _ = stream.write_all(raw).await;
    let mut answers = Vec::new();
    let reading = async { while stream.read_buf(&mut answers).await.is_ok_and(|read| read > 0) {} };
    let closed = tokio::time::timeout(PATIENCE, reading).await;
    closed.unwrap_or_else(|_| panic!("{} is left open after {}", raw.escape_ascii(), answers.escape_ascii()));
    let text = String::from_utf8_lossy(&answers).into_owned();
    let after = |part: &str| part.get(..3).and_then(|status| status.parse().ok());
    text.split("HTTP/1.1 ").skip(1).filter_map(after).collect()
}

/// A question with these lines in its head and what follows the head.
fn question(lines: &str, rest: &str) -> String {
    format!("POST /v3/acme/status HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n{rest}")
}

#[tokio::test]
async fn two_ways_of_saying_where_a_request_ends_hide_nothing_behind_it() {
    let hidden = hidden();
    let in_chunks = format!("0\r\n\r\n{hidden}{LAST}");
    let by_length = format!("{{}}{hidden}{LAST}");
    let long = format!("Content-Length: {}", hidden.len());
    all(&[
        // In chunks it is read to their end, and nothing after it: whoever goes by the length sends the payment along.
        ("length, then chunks", question("Content-Length: 2\r\nTransfer-Encoding: chunked", &in_chunks), &[400]),
        ("chunks, then length", question("Transfer-Encoding: chunked\r\nContent-Length: 2", &in_chunks), &[400]),
        ("chunks alone", question("Transfer-Encoding: chunked", &in_chunks), &[400]),
        ("two codings, chunks last", question("Transfer-Encoding: gzip, chunked", &in_chunks), &[400]),
        ("chunks twice", question("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", &in_chunks), &[400]),
        ("chunks not last", question("Transfer-Encoding: chunked, identity", &in_chunks), &[400]),
        ("another coding after", question("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", &in_chunks), &[400]),
        ("no known coding", question("Transfer-Encoding: xchunked", &in_chunks), &[400]),
        ("an odd coding", question("Transfer-Encoding: \x0bchunked", &in_chunks), &[400]),
        ("a quoted coding", question("Transfer-Encoding: \"chunked\"", &in_chunks), &[400]),
        ("an empty coding", question("Transfer-Encoding:", &in_chunks), &[400]),
        ("two lengths", question("Content-Length: 2\r\nContent-Length: 0", &by_length), &[400]),
        ("two lengths, other way round", question("Content-Length: 0\r\nContent-Length: 2", &by_length), &[400]),
        ("two lengths in one", question("Content-Length: 2, 0", &by_length), &[400]),
        ("the same length in one", question("Content-Length: 2, 2", &by_length), &[400]),
        ("a signed length", question("Content-Length: +2", &by_length), &[400]),
        ("a negative length", question("Content-Length: -2", &by_length), &[400]),
        ("a hexadecimal length", question("Content-Length: 0x2", &by_length), &[400]),
        ("a length with a blank", question("Content-Length: 0 2", &by_length), &[400]),
        ("a length with a fraction", question("Content-Length: 2.0", &by_length), &[400]),
        ("no length", question("Content-Length:", &by_length), &[400]),
        ("a length beyond 64 bits", question("Content-Length: 18446744073709551618", &by_length), &[400]),
        // The same length twice is one (RFC 9110, section 8.6), and so is the end of the body.
        ("the same length twice", question(&format!("{long}\r\n{long}"), &format!("{hidden}{LAST}")), &[400, 200]),
    ])
    .await;
}

#[tokio::test]
async fn lines_and_names_that_others_may_read_otherwise_are_refused() {
    let rest = format!("0\r\n\r\n{}{LAST}", hidden());
    let with = |line: &str| question(line, &rest);
    all(&[
        ("a blank before the colon", with("Transfer-Encoding : chunked"), &[400]),
        ("a tab before the colon", with("Transfer-Encoding\t: chunked"), &[400]),
        ("a folded line", with("Transfer-Encoding:\r\n chunked"), &[400]),
        ("a folded line of another header", with("X: a\r\n Transfer-Encoding: chunked"), &[400]),
        ("CR alone", with("X: a\rTransfer-Encoding: chunked"), &[400]),
        ("CR twice", with("X: a\r\r\nTransfer-Encoding: chunked"), &[400]),
        ("NUL", with("X: a\0b"), &[400]),
        ("no colon", with("Transfer-Encoding chunked"), &[400]),
        ("no name", with(": chunked"), &[400]),
        ("a name with a blank", with("Transfer Encoding: chunked"), &[400]),
        // Read as the end of a line, as is allowed (RFC 9112, section 2.2); and then as any request in chunks.
        ("LF alone", with("X: a\nTransfer-Encoding: chunked"), &[400]),
        ("a blank before the first line", format!(" GET /-/healthz HTTP/1.1\r\nHost: x\r\n\r\n{rest}"), &[400]),
        ("a blank before the first header", format!("GET /-/healthz HTTP/1.1\r\n Host: x\r\n\r\n{rest}"), &[400]),
        ("no version", format!("GET /-/healthz\r\nHost: x\r\n\r\n{rest}"), &[400]),
        ("another version", format!("GET /-/healthz HTTP/1.2\r\nHost: x\r\n\r\n{rest}"), &[400]),
        ("HTTP/2", format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{rest}"), &[]),
        (
            "chunks in HTTP/1.0",
            format!("POST /v3/acme/status HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{rest}"),
            &[400],
        ),
        ("no host", format!("GET /-/healthz HTTP/1.1\r\n\r\n{}{LAST}", hidden()), &[400]),
        ("two hosts", format!("GET /-/healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n{}{LAST}", hidden()), &[400]),
    ])
    .await;
}

#[tokio::test]
async fn a_body_that_nobody_reads_and_chunks_that_make_no_sense_hide_nothing() {
    let (hidden, chunked) = (hidden(), "Transfer-Encoding: chunked");
    let chunks = |chunks: &str| question(chunked, &format!("{chunks}{hidden}{LAST}"));
    let length = format!("Content-Length: {}", hidden.len());
    let get = |line: &str| format!("GET /-/healthz HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n{hidden}{LAST}");
    let large = "x".repeat(300 << 10);
    let larger = format!("Content-Length: {}", large.len() + hidden.len());
    all(&[
        ("a size that is none", chunks("x\r\n{}\r\n0\r\n\r\n"), &[400]),
        ("a signed size", chunks("+2\r\n{}\r\n0\r\n\r\n"), &[400]),
        ("a hexadecimal size", chunks("0x2\r\n{}\r\n0\r\n\r\n"), &[400]),
        ("a size beyond 64 bits", chunks("10000000000000002\r\n{}\r\n0\r\n\r\n"), &[400]),
        ("a size that LF ends", chunks("2\n{}\r\n0\r\n\r\n"), &[400]),
        ("an extension that LF ends", chunks("2;a\n{}\r\n0\r\n\r\n"), &[400]),
        ("data longer than its size", chunks("2\r\n{}xx\r\n0\r\n\r\n"), &[400]),
        ("no end of the data", chunks("2\r\n{}0\r\n\r\n"), &[400]),
        ("a trailer that is a length", chunks("2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n"), &[422]),
        ("a body of GET", get(&length), &[200, 200]),
        (
            "an upgrade",
            get(&format!(
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n{length}"
            )),
            &[200, 200],
        ),
        (
            "a body of a path that is none",
            format!("POST /none HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n{hidden}{LAST}"),
            &[404, 200],
        ),
        ("a large one", format!("POST /none HTTP/1.1\r\nHost: x\r\n{larger}\r\n\r\n{large}{hidden}{LAST}"), &[404]),
    ])
    .await;
}

/// Each is answered with these statuses, and then the connection is closed; no payment is made.
async fn all(cases: &[(&str, String, &[u16])]) {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let mut wrong = Vec::new();
    for (name, raw, expected) in cases {
        let statuses = statuses(&host, raw.as_bytes()).await;
        if statuses != *expected {
            wrong.push(format!("{name}: {statuses:?} and not {expected:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!((host.rows("operations"), host.rows("payments")), (0, 0));
    assert!(provider.ledger().requests().is_empty(), "{:#?}", provider.ledger().requests());
}
