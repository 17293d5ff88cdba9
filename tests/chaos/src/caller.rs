//! One request of a shop's: asked of whichever host lives, until it is answered.

use crate::book::Book;
use crate::chance::Chance;
use crate::doors::Doors;
use reqwest::{Client, Method};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a shop goes on asking: hosts come back within seconds.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(25);
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A host's answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether it was kept from an earlier time.
    pub(crate) replayed: bool,
    pub(crate) bytes: Vec<u8>,
    pub(crate) json: Value,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    pub(crate) key: Option<String>,
}

/// Who asks.
pub(crate) struct Caller {
    client: Client,
    doors: Arc<Doors>,
    pub(crate) book: Arc<Book>,
    chance: Chance,
}

impl Reply {
    pub(crate) fn text(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_default()
    }

    fn is_retryable(&self) -> bool {
        matches!(self.status, 409 | 502 | 503) && self.json["retryable"] == true
    }
}

impl Ask {
    pub(crate) fn post(path: &str, body: Value, key: Option<String>) -> Self {
        Self { method: Method::POST, path: format!("/v3/bank/{path}"), body: Some(body), key }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self { method: Method::GET, path: format!("/v3/bank/{path}"), body: None, key: None }
    }
}

impl Caller {
    pub(crate) fn new(doors: Arc<Doors>, book: Arc<Book>, chance: Chance) -> Self {
        let client = Client::builder().no_proxy().timeout(TIMEOUT).build().expect("a client can be made");
        Self { client, doors, book, chance }
    }

    /// Asks until there is an answer that more asking does not change. None, and a note of it, where there is none.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> Option<Reply> {
        let begun = Instant::now();
        let mut last = String::from("nobody was there");
        while begun.elapsed() < PATIENCE {
            if let Some(origin) = self.doors.any(&mut self.chance) {
                match self.send(&origin, ask).await {
                    Ok(reply) if !reply.is_retryable() => {
                        self.book.count();
                        return Some(reply);
                    }
                    Ok(reply) => last = format!("{} {}", reply.status, reply.json),
                    Err(error) => last = format!("{error:?}"),
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.book.open().wrongs.push(format!("no answer within {PATIENCE:?} to {ask:?}: {last}"));
        None
    }

    async fn send(&self, origin: &str, ask: &Ask) -> reqwest::Result<Reply> {
        let mut request = self.client.request(ask.method.clone(), format!("{origin}{}", ask.path));
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        if let Some(key) = &ask.key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let replayed = response.headers().contains_key("idempotent-replayed");
        let bytes = response.bytes().await?.to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Reply { status, replayed, bytes, json })
    }
}
