//! The clients, one for each provider and one for merchants, and the one function that lets a request go.

use super::gate::{Gate, Pass};
use super::listeners::Listeners;
use super::names::{Checked, Door, System};
use super::{Cleared, Error, Settings, Tls};
use crate::telemetry;
use http::{HeaderMap, Method};
use reqwest::dns::Resolve;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Handle, Id};
use tokio::time::Instant;
use url::Url;

/// The longest that any request may take, whatever was asked for.
const LONGEST: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(3);
/// A connection that the other side has quietly closed turns a payment into an unknown one: do not keep it long.
const IDLE: Duration = Duration::from_secs(5);
/// The pool of merchants; no external has an empty name.
const MERCHANTS: &str = "";
/// What is read of a merchant's answer, so that its connection can be used again.
const MERCHANT_BODY: u64 = 64 << 10;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Every header, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// How large an answer may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// Of all headers, names and values.
    pub headers: u64,
    /// Of the body.
    pub body: u64,
}

/// Where a client's connections may lead, and how it speaks TLS.
#[derive(Debug, PartialEq, Eq)]
struct Way {
    door: Door,
    tls: Option<Arc<Tls>>,
}

/// The clients of one runtime, by whose they are.
type Pools = HashMap<String, Vec<(Way, Client)>>;

/// The way out. Each provider has its own connections; so has each runtime, because a connection belongs to the
/// runtime that opened it; and so has each way, because what one origin may reach another may not.
pub struct Egress {
    pools: Mutex<HashMap<Id, Pools>>,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
    names: Arc<dyn Resolve>,
    pub(super) listeners: Arc<Listeners>,
}

impl Default for Egress {
    fn default() -> Self {
        Self::new()
    }
}

impl Egress {
    /// Without connections; they are made when needed.
    pub fn new() -> Self {
        Self::asking(Arc::new(System))
    }

    /// The same, with names that somebody else knows.
    pub(super) fn asking(names: Arc<dyn Resolve>) -> Self {
        Self { pools: Mutex::default(), gates: Mutex::default(), names, listeners: Arc::default() }
    }

    /// This process listens there: no provider's or merchant's name may lead to it, whatever is granted.
    pub fn listens_at(&self, address: SocketAddr) {
        self.listeners.add(address);
    }

    /// Waits a moment at most, until a request of `external`'s plugin may leave: [`Error::Overloaded`] where it may not.
    pub async fn enter(
        &self,
        external: &str,
        settings: &Settings,
        write: bool,
        patience: Duration,
    ) -> Result<Pass, Error> {
        self.gate(external, settings).enter(write, patience).await
    }

    /// Sends a request of a plugin and waits at most `timeout` for the whole answer. Whether it may have left is what
    /// [`Error::may_have_left`] says; if the future is dropped, it may have.
    pub async fn send(
        &self,
        pass: Pass,
        request: Cleared,
        limits: AnswerLimits,
        timeout: Duration,
    ) -> Result<Answer, Error> {
        let started = Instant::now();
        let about = tracing::enabled!(tracing::Level::DEBUG)
            .then(|| (request.method.clone(), request.url().origin().ascii_serialization()));
        let external = pass.gate.external();
        let answer = self.exchange(&pass.gate, request, limits, timeout).await;
        pass.gate.note(&answer);
        let seconds = started.elapsed().as_secs_f64();
        let result = answer.as_ref().map_or_else(Error::name, |answer| class(answer.status));
        metrics::histogram!(telemetry::EGRESS_SECONDS, "external" => external.to_owned(), "result" => result)
            .record(seconds);
        if let Some((method, origin)) = about {
            let status = answer.as_ref().ok().map(|answer| answer.status);
            tracing::debug!(external, %method, origin, status, result, seconds, "a request to the provider");
        }
        answer
    }

    /// Posts a callback to a merchant; a status is all that counts of its answer, and what `Retry-After` says.
    ///
    /// `url` is the operator's own: neither a plugin nor a caller names it. So its address may be a private one.
    pub async fn deliver(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Answer, Error> {
        let fill = |request: RequestBuilder| request.headers(headers).body(body).timeout(timeout.min(LONGEST));
        let way = Way { door: Door::to(url, true), tls: None };
        let mut response = self.execute(MERCHANTS, way, Method::POST, url.clone(), fill).await?;
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len() as u64;
            if read > MERCHANT_BODY {
                break;
            }
        }
        let headers = response.headers().iter().map(shown).collect();
        Ok(Answer { status: response.status().as_u16(), headers, body: Vec::new() })
    }

    async fn exchange(
        &self,
        gate: &Gate,
        cleared: Cleared,
        limits: AnswerLimits,
        timeout: Duration,
    ) -> Result<Answer, Error> {
        let Cleared { method, expanded, headers, body, door, .. } = cleared;
        let fill = |request: RequestBuilder| {
            let request = request.headers(headers).timeout(timeout.min(LONGEST));
            match body {
                Some(body) => request.body(bytes::Bytes::from_owner(body)),
                None => request,
            }
        };
        let way = Way { door, tls: gate.settings.tls.clone() };
        let response = self.execute(gate.external(), way, method, expanded, fill).await?;
        let size: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if size as u64 > limits.headers {
            return Err(Error::TooLarge(limits.headers));
        }
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(shown).collect();
        Ok(Answer { status, headers, body: whole_body(response, limits.body).await? })
    }

    /// What every request to a provider or merchant passes. An address in the URL is checked here, because the client asks
    /// nobody about it; a name's addresses are, by [`Checked`], of which the client connects to what it was given.
    async fn execute(
        &self,
        pool: &str,
        way: Way,
        method: Method,
        url: Url,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Error> {
        way.door.check(&url, &self.listeners).map_err(Error::Denied)?;
        let client = self.client(pool, way)?;
        let request = fill(client.request(method, url)).build();
        let request = request.map_err(|error| Error::Invalid(error.without_url().to_string()))?;
        Ok(client.execute(request).await?)
    }

    /// The gate of a provider; another one where its settings have changed.
    fn gate(&self, external: &str, settings: &Settings) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(external).filter(|gate| gate.settings == *settings) {
            return gate.clone();
        }
        let gate = Arc::new(Gate::new(external, settings));
        gates.insert(external.to_owned(), gate.clone());
        gate
    }

    fn client(&self, pool: &str, way: Way) -> Result<Client, Error> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let of_runtime = pools.entry(Handle::current().id()).or_default();
        if let Some((_, client)) = of_runtime.get(pool).into_iter().flatten().find(|(of, _)| *of == way) {
            return Ok(client.clone());
        }
        let names = Checked { names: self.names.clone(), door: way.door, listeners: self.listeners.clone() };
        let client = new_client().dns_resolver(names);
        let client = way.tls.iter().try_fold(client, |client, tls| tls.of(client)).and_then(ClientBuilder::build);
        let client = client.map_err(|error| Error::Unreachable(error.to_string()))?;
        of_runtime.entry(pool.to_owned()).or_default().push((way, client.clone()));
        Ok(client)
    }
}

/// Everything that a client could do by itself is off: what was sent, where to and how often is for us to know.
#[expect(clippy::disallowed_methods, reason = "the one place that makes an HTTP client")]
pub(super) fn new_client() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("provost/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(LONGEST)
        .pool_idle_timeout(IDLE)
        .tcp_nodelay(true)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
}

/// The body, counted while it comes: what it claims to be long is not believed.
async fn whole_body(mut response: reqwest::Response, limit: u64) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(Error::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn shown((name, value): (&http::HeaderName, &http::HeaderValue)) -> (String, String) {
    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn class(status: u16) -> &'static str {
    match status {
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500..600 => "5xx",
        _ => "1xx",
    }
}

#[cfg(test)]
mod tests {
    use super::super::loopback::{Loopback, Manner};
    use super::super::{Grant, Origin, Request};
    use super::*;

    const LIMITS: AnswerLimits = AnswerLimits { headers: 1 << 10, body: 64 };

    async fn post(origin: &str, timeout: Duration) -> Result<Answer, Error> {
        let request = Request {
            method: "POST".into(),
            url: format!("{origin}/pay"),
            headers: vec![("x-a".into(), "b".into())],
            body: Some(b"{}".to_vec()),
        };
        let grants = [Grant { private: true, ..Grant::to(Origin::parse(origin).unwrap()) }];
        let egress = Egress::new();
        let cleared = egress.clear(request, &grants, &[], 1 << 10).unwrap();
        let pass = egress.enter("acme", &Settings::default(), true, timeout).await?;
        egress.send(pass, cleared, LIMITS, timeout).await
    }

    #[tokio::test]
    async fn an_answer_comes_back_whole() {
        let provider = Loopback::start(Manner::status(201, "made")).await;
        let answer = post(&provider.origin, LONGEST).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (201, b"made".as_slice()));
        assert!(answer.headers.contains(&("x-kind".into(), "test".into())));
        let seen = provider.seen();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].starts_with("POST /pay HTTP/1.1\r\n"), "{}", seen[0]);
        assert!(seen[0].ends_with("\r\n\r\n{}"), "{}", seen[0]);
    }

    #[tokio::test]
    async fn a_refused_connection_has_not_left() {
        let error = post(&Loopback::nobody().await, LONGEST).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
        assert!(!error.may_have_left());
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_has_not_left() {
        let error = post("http://nobody.invalid", LONGEST).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    }

    #[tokio::test]
    async fn a_failed_tls_handshake_has_not_left() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("https://{}", listener.local_addr().unwrap());
        let hang_up = async { drop(listener.accept().await.unwrap()) };
        let (error, ()) = tokio::join!(post(&origin, LONGEST), hang_up);
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    }

    #[tokio::test]
    async fn a_stalled_or_broken_answer_has_left() {
        let provider = Loopback::start(Manner::Stall).await;
        let error = post(&provider.origin, Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(error, Error::Timeout);
        for manner in [
            Manner::Close,
            Manner::Answer("garbage\r\n\r\n".into()),
            Manner::Answer("HTTP/1.1 200 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".into()),
        ] {
            let provider = Loopback::start(manner).await;
            let error = post(&provider.origin, LONGEST).await.unwrap_err();
            assert!(matches!(error, Error::Interrupted(_)), "{error:?}");
            assert!(error.may_have_left());
            assert_eq!(provider.seen().len(), 1, "sent once");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let other = Loopback::start(Manner::status(200, "")).await;
        let answer = format!("HTTP/1.1 302 X\r\nLocation: {}/\r\nContent-Length: 0\r\n\r\n", other.origin);
        let provider = Loopback::start(Manner::Answer(answer)).await;
        assert_eq!(post(&provider.origin, LONGEST).await.unwrap().status, 302);
        assert!(other.seen().is_empty());
    }

    #[tokio::test]
    async fn an_answer_beyond_the_limits_is_too_large() {
        let provider = Loopback::start(Manner::status(200, &"x".repeat(65))).await;
        assert_eq!(post(&provider.origin, LONGEST).await, Err(Error::TooLarge(64)));
        let lie = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n".to_owned() + &"x".repeat(65);
        let provider = Loopback::start(Manner::Answer(lie)).await;
        assert_eq!(post(&provider.origin, LONGEST).await, Err(Error::TooLarge(64)));
        let headers = format!("HTTP/1.1 200 X\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(1 << 10));
        let provider = Loopback::start(Manner::Answer(headers)).await;
        assert_eq!(post(&provider.origin, LONGEST).await, Err(Error::TooLarge(1 << 10)));
    }

    #[tokio::test]
    async fn a_callback_is_delivered_as_it_is() {
        let merchant = Loopback::start(Manner::status(204, "")).await;
        let headers = HeaderMap::from_iter([("webhook-id".parse().unwrap(), "1".parse().unwrap())]);
        let url = Url::parse(&merchant.origin).unwrap();
        let answer = Egress::new().deliver(&url, headers, b"{}".to_vec(), LONGEST).await.unwrap();
        assert_eq!(answer.status, 204);
        assert!(merchant.seen()[0].contains("webhook-id: 1\r\n"));
    }
}
