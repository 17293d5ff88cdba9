//! What the author of a payment-provider plugin uses.
//!
//! A plugin is a type that implements a trait for each thing its provider can do, and one line that
//! names them. The calls are plain functions that run from top to bottom: [`http`] sends, `?` turns
//! whatever goes wrong into what the host must know, and the host does the rest (retries,
//! idempotency, records, callbacks, secrets).
//!
//! ```
#![doc = include_str!("../examples/smallest.rs")]
//! # fn main() {}
//! ```
//!
//! `cargo build --target wasm32-wasip2 --release` makes the file that the host loads; `cargo test`
//! runs the plugin natively against [`testing::Host`]. A whole plugin with payments, status, search,
//! refunds and webhooks is in `tests/guests/acme`.
//!
//! # What money asks of an author
//!
//! - **Hand over the idempotency key** with every write ([`http::Request::idempotency_key`]), and
//!   [`operation::reference`] as the merchant's reference, so that what got lost can be found.
//! - **A decline is an outcome, not an error.** An error says that the call could not be done.
//! - **Say *unknown* where you do not know.** `?` on the client's and on JSON's errors does it right:
//!   what did not leave is *refused*, what may have arrived is *unknown*.
//! - **Say what you learn at once** ([`operation::learned_payment`]): it is kept whatever happens to
//!   the call.
//!
//! # A faster instance
//!
//! Every call has an instance of its own, so what an instance touches is what it costs. The SDK's
//! allocator keeps close together what an ordinary call needs; a small stack keeps that close to the
//! rest, which about halves the cost of a call, and takes two lines in `.cargo/config.toml`:
//!
//! ```toml
//! [target.wasm32-wasip2]
//! rustflags = ["-C", "link-arg=-zstack-size=65536", "-C", "link-arg=--initial-memory=1048576"]
//! ```
//!
//! And in `Cargo.toml`, for a file of some 200 kB:
//!
//! ```toml
//! [profile.release]
//! opt-level = "s"
//! lto = true
//! codegen-units = 1
//! panic = "abort"
//! strip = true
//! ```

mod adapter;
#[cfg(any(target_arch = "wasm32", test))]
mod allocator;
mod bindings;
pub mod callbacks;
pub mod clock;
mod host;
pub mod http;
mod interfaces;
pub mod log;
pub mod operation;
mod plugin;
pub mod secrets;
pub mod settings;
pub mod state;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod types;

pub use interfaces::*;
pub use serde_json::json;
pub use types::*;

/// Everything that a plugin usually names: `use provost_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::interfaces::*;
    pub use crate::types::*;
    pub use crate::{callbacks, clock, http, json, log, operation, secrets, settings, state};
}

/// What [`plugin!`] expands to.
#[doc(hidden)]
pub mod __private {
    pub use crate::adapter::Adapter;
    pub use crate::bindings::{
        captures, continuations, description, inquiry, links, manual_billing, payments, refunds, scheduled_billing,
        search, subscriptions, utilities, webhooks,
    };
}
