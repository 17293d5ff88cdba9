//! The provider's answer.

use serde::de::DeserializeOwned;

use crate::Error;
use crate::bindings::provost::provider::http as wire;

/// A whole answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Response(wire::Response);

impl From<wire::Response> for Response {
    fn from(response: wire::Response) -> Self {
        Self(response)
    }
}

impl Response {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.0.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// The body's bytes.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The body as a type of the plugin's own. With `?`, one that does not fit is *unknown*.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(self.body())
    }

    /// The answer if it is a 2xx; else what its status usually means:
    ///
    /// | status | |
    /// |---|---|
    /// | 400, 422 | *invalid* |
    /// | 404 | *not found* |
    /// | 409 | *conflict* |
    /// | 429 | *refused*, with its `Retry-After` |
    /// | other 4xx | *refused* |
    /// | all else | *unknown* |
    ///
    /// Answers that mean a decline (402 at many providers) are looked at before. Once a write of
    /// this call was accepted, everything is *unknown*.
    pub fn success(self) -> Result<Self, Error> {
        let reason = format!("the provider answered {}", self.status());
        let error = match self.status() {
            200..=299 => return Ok(self),
            400 | 422 => Error::invalid("", reason.clone()),
            404 => Error::not_found(reason.clone()),
            409 => Error::conflict(reason.clone()),
            429 => self.refused_for_a_while(&reason),
            400..=499 => Error::refused(reason.clone()),
            _ => Error::unknown(reason.clone()),
        };
        Err(error.unless_written(reason))
    }

    fn refused_for_a_while(&self, reason: &str) -> Error {
        Error::Refused(crate::Refusal { reason: reason.to_owned(), retry_after_ms: self.retry_after_ms() })
    }

    /// `Retry-After` in seconds, as RFC 9110 (10.2.3) has it; its other form, a date, is not read.
    fn retry_after_ms(&self) -> Option<u64> {
        let seconds: u64 = self.header("Retry-After")?.trim().parse().ok()?;
        Some(seconds.saturating_mul(1000))
    }
}
