//! A request, from its method to the answer.

use std::time::Duration;

use serde::Serialize;

use super::{Error, Response, progress, url};
use crate::bindings::provost::provider::http as wire;
use crate::secrets::Piece;
use crate::{host, operation, secrets};

/// A request that is being put together. What goes wrong on the way, [`send`](Self::send) says.
#[derive(Debug)]
#[must_use = "nothing leaves before `send`"]
pub struct Request {
    wire: wire::Request,
    safe: bool,
    fault: Option<Error>,
}

/// Reads.
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// Creates, or does something.
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// Replaces.
pub fn put(url: impl Into<String>) -> Request {
    request("PUT", url)
}

/// Changes.
pub fn patch(url: impl Into<String>) -> Request {
    request("PATCH", url)
}

/// Removes.
pub fn delete(url: impl Into<String>) -> Request {
    request("DELETE", url)
}

/// Any other method.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Request {
    let method = method.into();
    Request {
        safe: matches!(method.as_str(), "GET" | "HEAD"),
        wire: wire::Request { method, url: url.into(), headers: Vec::new(), body: None, timeout_ms: None },
        fault: None,
    }
}

impl Request {
    /// A header; its value may hold placeholders of [`secrets`].
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.wire.headers.push((name.into(), value.into()));
        self
    }

    /// A query parameter, encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        url::append_query(&mut self.wire.url, name, value);
        self
    }

    /// `Authorization: Bearer`, with the secret of that name.
    pub fn bearer(self, secret: &str) -> Self {
        let token = secrets::placeholder(secret);
        self.with_secret("Authorization", "Bearer ", token)
    }

    /// `Authorization: Basic`, with a user name and the secret that is its password.
    pub fn basic(self, user: &str, password_secret: &str) -> Self {
        let credentials = secrets::basic(Piece::plain(user), Piece::secret(password_secret));
        self.with_secret("Authorization", "Basic ", credentials)
    }

    /// A header that is the secret of that name.
    pub fn secret_header(self, header: &str, secret: &str) -> Self {
        let value = secrets::placeholder(secret);
        self.with_secret(header, "", value)
    }

    fn with_secret(mut self, header: &str, prefix: &str, secret: Result<String, secrets::Error>) -> Self {
        match secret {
            Ok(secret) => self.header(header, format!("{prefix}{secret}")),
            Err(error) => {
                self.fault.get_or_insert(error.into());
                self
            }
        }
    }

    /// `Idempotency-Key`: the operation's.
    pub fn idempotency_key(self) -> Self {
        self.header("Idempotency-Key", operation::idempotency_key())
    }

    /// `Idempotency-Key`: that of one step, where the operation makes several writes.
    pub fn idempotency_key_for(self, step: &str) -> Self {
        self.header("Idempotency-Key", operation::idempotency_key_for(step))
    }

    /// A JSON body.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body("application/json", bytes),
            Err(error) => {
                self.fault.get_or_insert(Error::Invalid(error.to_string()));
                self
            }
        }
    }

    /// A form body: `application/x-www-form-urlencoded`.
    pub fn form<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let body = url::form(fields).into_bytes();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Any other body.
    pub fn body(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.wire.body = Some(bytes.into());
        self.header("Content-Type", content_type)
    }

    /// How long to wait for this answer, where that is less than what the call has left.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.wire.timeout_ms = Some(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// This request moves no money although it is no GET: the description names it in
    /// [`safe_request`](crate::Description::safe_request).
    pub fn safe(mut self) -> Self {
        self.safe = true;
        self
    }

    /// Sends it and waits for the whole answer. Every status is an answer: see
    /// [`Response::success`].
    pub fn send(self) -> Result<Response, Error> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let answer = host::http::send(&self.wire).map(Response::from);
        let refused = match &answer {
            Ok(answer) => (400..500).contains(&answer.status()),
            Err(error) => !error.may_have_left(),
        };
        if !self.safe && !refused {
            progress::mark_written();
        }
        answer
    }
}
