//! What reached the scripted provider.

use serde_json::Value;

/// A request as the provider saw it: with the secrets in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The headers, in the order in which they were set.
    pub headers: Vec<(String, String)>,
    /// The body; empty where there was none.
    pub body: Vec<u8>,
}

impl Sent {
    /// Method and URL, as in `POST https://api.example.com/charges`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none: the test has found something.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is not JSON ({error}): {}", self.text()),
        }
    }
}
