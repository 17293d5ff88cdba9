//! Load: connections that are kept alive, each asking again as soon as it has its answer.

use crate::case::Endpoint;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What came of it.
pub(crate) struct Answered {
    /// How long each request took, unsorted.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) elapsed: Duration,
}

/// Loads an endpoint over so many connections for so long. An answer that is not as expected is the
/// end: numbers about failures are worth nothing.
pub(crate) async fn run(endpoint: &Arc<Endpoint>, connections: usize, duration: Duration) -> Result<Answered> {
    let mut callers = JoinSet::new();
    let mut senders = Vec::new();
    for _ in 0..connections {
        senders.push(connect(endpoint.address).await?);
    }
    let start = Instant::now();
    for sender in senders {
        callers.spawn(call(sender, endpoint.clone(), start + duration));
    }
    let mut latencies = Vec::new();
    while let Some(caller) = callers.join_next().await {
        latencies.append(&mut caller??);
    }
    Ok(Answered { latencies, elapsed: start.elapsed() })
}

/// Asks an endpoint once, over a connection of its own.
pub(crate) async fn once(endpoint: &Endpoint) -> Result<()> {
    ask(&mut connect(endpoint.address).await?, endpoint).await
}

type Sender = SendRequest<Full<Bytes>>;

async fn connect(address: SocketAddr) -> Result<Sender> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("nobody listens at {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // Its sender is told of an error too.
        let _ = connection.await;
    });
    Ok(sender)
}

async fn call(mut sender: Sender, endpoint: Arc<Endpoint>, until: Instant) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let start = Instant::now();
        if start >= until {
            return Ok(latencies);
        }
        ask(&mut sender, &endpoint).await?;
        latencies.push(start.elapsed());
    }
}

async fn ask(sender: &mut Sender, endpoint: &Endpoint) -> Result<()> {
    sender.ready().await?;
    let response = sender.send_request(endpoint.request()).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body);
    if status != 200 || !text.contains(endpoint.expected) {
        bail!("{} answered {status}: {text}", endpoint.address);
    }
    Ok(())
}
