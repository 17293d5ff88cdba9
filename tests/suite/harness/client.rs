//! A caller: requests to a host, and what it answers.

use super::Host;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// What a host answered.
#[derive(Debug)]
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
}

/// Sends a request and reads the whole answer.
pub async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.expect("the host answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.expect("the host answers whole").to_vec();
    let json = serde_json::from_slice(&bytes).unwrap_or_default();
    Reply { status, headers, bytes, json }
}
