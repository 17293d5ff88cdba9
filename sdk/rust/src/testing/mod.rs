//! A fake host: a plugin's unit tests run natively under `cargo test`, with a provider that answers
//! as scripted, and with settings, secrets, a store and a clock of the test's own.
//!
//! ```
//! use provost_sdk::prelude::*;
//! use provost_sdk::testing::{Answer, Host};
//!
//! fn charge() -> Result<String> {
//!     let answer = http::post("https://api.acme.test/charges")
//!         .bearer("api_key")
//!         .idempotency_key()
//!         .json(&json!({ "reference": operation::reference() }))
//!         .send()?
//!         .success()?;
//!     Ok(answer.json::<Value>()?["id"].to_string())
//! }
//!
//! let host = Host::new().secret("api_key", "sk_test");
//! host.answer(Answer::json(200, json!({ "id": 7 })));
//! assert_eq!(charge(), Ok("7".to_owned()));
//!
//! let sent = host.only_request();
//! assert_eq!(sent.header("Authorization"), Some("Bearer sk_test"));
//! assert_eq!(sent.json(), json!({ "reference": host.reference() }));
//! ```

mod answer;
pub(crate) mod fake;
mod host;
mod sent;
mod vault;
mod webhook;

pub use answer::Answer;
pub use host::Host;
pub use sent::Sent;
pub use vault::hmac_hex;
pub use webhook::webhook;

/// A line that the plugin wrote to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: crate::log::Level,
    /// The text.
    pub message: String,
    /// What it can be searched by.
    pub fields: Vec<(String, String)>,
}
