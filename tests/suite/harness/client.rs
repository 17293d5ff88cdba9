//! A caller: requests to a host, and what it answers.

use super::Host;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use simulators::PATIENCE;
use std::time::Duration;

const GLANCE: Duration = Duration::from_millis(10);

/// What a host answered.
pub struct Reply {
    /// 200, 404 …
    pub status: u16,
    /// Its headers.
    pub headers: reqwest::header::HeaderMap,
    /// The bytes of the body.
    pub bytes: Vec<u8>,
    /// The body as JSON; null where it is none.
    pub json: Value,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} {:?} {}", self.status, self.headers, String::from_utf8_lossy(&self.bytes))
    }
}

impl Reply {
    /// A header's text; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A member of the body that is a string; panics with the whole answer where it is none.
    pub fn text(&self, member: &str) -> String {
        let text = self.json[member].as_str();
        text.unwrap_or_else(|| panic!("{member} is no text in {self:?}")).to_owned()
    }
}

impl Reply {
    /// Status and code of a problem document; panics with the whole answer where it is none.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        (self.status, self.text("code"))
    }

    /// Status and `result` of an operation's answer.
    pub fn result(&self) -> (u16, String) {
        (self.status, self.text("result"))
    }

    /// The fields that a problem document names.
    pub fn pointers(&self) -> Vec<String> {
        let errors = self.json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().unwrap_or("no pointer").to_owned()).collect()
    }
}

impl Host {
    /// A request to a path of this host.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// Posts JSON under an idempotency key.
    pub async fn post_with_key(&self, path: &str, key: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    /// Gets a path until the answer is as wanted, for what nobody is told of.
    ///
    /// # Panics
    /// With the last answer, if that does not happen within [`PATIENCE`].
    pub async fn get_until(&self, path: &str, wanted: impl Fn(&Reply) -> bool) -> Reply {
        let mut glances = tokio::time::interval(GLANCE);
        let mut left = PATIENCE.as_millis() / GLANCE.as_millis();
        loop {
            glances.tick().await;
            let reply = self.get(path).await;
            if wanted(&reply) {
                return reply;
            }
            left -= 1;
            assert!(left > 0, "{path} stayed at {reply:?}");
        }
    }
}

/// Sends a request and reads the whole answer.
pub async fn send(request: RequestBuilder) -> Reply {
    try_send(request).await.expect("the host answers")
}

/// The same where the host may die before it has answered whole.
pub async fn try_send(request: RequestBuilder) -> reqwest::Result<Reply> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await?.to_vec();
    let json = serde_json::from_slice(&bytes).unwrap_or_default();
    Ok(Reply { status, headers, bytes, json })
}
