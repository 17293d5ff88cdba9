//! What is compared: work, done in one way, asked for over some connections.

use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::Full;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a caller wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Work {
    /// How a pending payment stands.
    Status,
    /// A payment that succeeds, durably.
    Pay,
}

/// How it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    /// A handler in the same process.
    Native,
    /// A plugin in a host.
    Plugin,
    /// A server that forwards to the native one.
    Forward,
    /// The microservice plugin in a host, which forwards to the native one.
    Microservice,
}

/// One line of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Case {
    pub(crate) work: Work,
    /// Whether the provider is asked over HTTP on the way.
    pub(crate) outbound: bool,
    pub(crate) way: Way,
    pub(crate) connections: usize,
}

impl Case {
    /// Every case.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for connections in [16, 1] {
            for work in [Work::Status, Work::Pay] {
                for outbound in [false, true] {
                    for way in [Way::Native, Way::Plugin, Way::Forward, Way::Microservice] {
                        all.push(Self { work, outbound, way, connections });
                    }
                }
            }
        }
        all
    }

    /// The same work done another way.
    pub(crate) fn but(self, way: Way) -> Self {
        Self { way, ..self }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let work = match self.work {
            Work::Status => "status",
            Work::Pay => "pay",
        };
        let way = match self.way {
            Way::Native => "native",
            Way::Plugin => "plugin",
            Way::Forward => "forward",
            Way::Microservice => "microservice",
        };
        let outbound = if self.outbound { " + provider" } else { "" };
        let name = format!("{work}{outbound}, {way}");
        to.pad(&name)
    }
}

/// Where to ask for something, and what to ask.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    path: String,
    ask: Ask,
    /// Part of every good answer.
    pub(crate) expected: &'static str,
    /// No payment is asked for twice.
    next: AtomicU64,
}

#[derive(Debug)]
enum Ask {
    Get,
    Pay,
}

impl Endpoint {
    /// `GET /v3/{external}/status?paymentId=…`
    pub(crate) fn status(address: SocketAddr, external: &str, payment: &str) -> Self {
        let path = format!("/v3/{external}/status?paymentId={payment}");
        Self { address, path, ask: Ask::Get, expected: r#""PENDING""#, next: AtomicU64::new(0) }
    }

    /// `POST /v3/{external}/pay`
    pub(crate) fn pay(address: SocketAddr, external: &str) -> Self {
        let path = format!("/v3/{external}/pay");
        Self { address, path, ask: Ask::Pay, expected: r#""OK""#, next: AtomicU64::new(0) }
    }

    /// The next request.
    pub(crate) fn request(&self) -> Request<Full<Bytes>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (method, body) = match self.ask {
            Ask::Get => (Method::GET, Bytes::new()),
            Ask::Pay => (Method::POST, payment(&format!("order-{number}"), 1200, &json!({}))),
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.path.parse::<Uri>().expect("paths here are made of letters and ids");
        let headers = request.headers_mut();
        headers.insert("host", "localhost".parse().expect("a host name is a header value"));
        headers.insert("content-type", "application/json".parse().expect("a media type is a header value"));
        request
    }
}

/// What the payment that is asked about was made with: the sandbox leaves it to the payer, and the
/// provider, told to, leaves it pending.
pub(crate) const PENDING_AMOUNT: u64 = 1202;

/// The request for that payment.
pub(crate) fn pending_payment() -> Bytes {
    payment("pending-order", PENDING_AMOUNT, &json!({ "outcome": "pending" }))
}

fn payment(order: &str, amount: u64, provider_data: &Value) -> Bytes {
    let body = json!({
        "amount": amount,
        "currency": "EUR",
        "shopTransactionId": order,
        "providerData": provider_data,
    });
    Bytes::from(body.to_string())
}
