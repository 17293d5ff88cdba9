//! What a provider would send.

use crate::Webhook;

/// A `POST` with a body, received at the time of the test's clock.
pub fn webhook(body: impl Into<Vec<u8>>) -> Webhook {
    Webhook {
        method: "POST".to_owned(),
        url: "https://pay.example.com/v3/acme/callback".to_owned(),
        headers: Vec::new(),
        body: body.into(),
        received_at_ms: super::fake::clock::now_ms(),
        host_reference: None,
    }
}

impl Webhook {
    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
