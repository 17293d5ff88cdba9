//! What the scripted provider answers.

use serde_json::Value;

use crate::bindings::provost::provider::http as wire;
use crate::http;

/// One answer of the scripted provider, or the reason why there is none.
#[derive(Clone, Debug)]
pub struct Answer(pub(super) Result<wire::Response, http::Error>);

impl Answer {
    /// A JSON document.
    pub fn json(status: u16, body: Value) -> Self {
        Self::bytes(status, body.to_string()).header("Content-Type", "application/json")
    }

    /// Any other body.
    pub fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self(Ok(wire::Response { status, headers: Vec::new(), body: body.into() }))
    }

    /// No answer: `Answer::fails(http::Error::Timeout)`.
    pub fn fails(error: http::Error) -> Self {
        Self(Err(error))
    }

    /// The same with a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok(response) = &mut self.0 {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}
