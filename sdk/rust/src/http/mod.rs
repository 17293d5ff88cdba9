//! A small client for the provider's HTTP interface. It does what an integration repeats: bodies,
//! credentials by secret name, the idempotency key, status checks. It does nothing that the host
//! already does: no retries, no pools, no TLS, no redirects.

mod error;
pub(crate) mod progress;
mod request;
mod response;
mod url;

pub use crate::bindings::provost::provider::http::Error;
pub use request::{Request, delete, get, patch, post, put, request};
pub use response::Response;
pub(crate) use url::query_of;
pub use url::{append_query, url};
