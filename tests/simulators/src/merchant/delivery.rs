//! One delivery of a callback, as it arrived.

use crate::server::Request;
use crate::signature::{Secret, Unverified};
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// One delivery of a callback; the same callback may arrive several times.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Path, headers and body.
    pub request: Request,
    /// When it had been read.
    pub received_at: SystemTime,
}

impl Delivery {
    /// The callback's id, the same for all its deliveries; empty where the header is missing.
    pub fn id(&self) -> &str {
        self.request.header("webhook-id").unwrap_or_default()
    }

    /// The body as JSON; null where it is none.
    pub fn event(&self) -> Value {
        self.request.json().unwrap_or_default()
    }

    /// Checks the signature as of the time of arrival.
    pub fn verify(&self, secret: &Secret) -> Result<(), Unverified> {
        let since = self.received_at.duration_since(UNIX_EPOCH);
        let seconds = since.unwrap_or_default().as_secs().cast_signed();
        secret.verify(&self.request.headers, &self.request.body, seconds)
    }
}
