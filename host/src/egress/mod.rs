//! Every byte that leaves for a provider or a merchant: the only HTTP client. Knows grants and placeholders, and
//! nothing of plugins, operations or the store.
//!
//! A provider's request goes through [`clear`], which checks it and puts secrets in, and then through
//! [`Egress::send`]. Between the two its caller writes down that it is about to leave.

mod clear;
mod client;
mod command;
mod error;
mod grant;
#[cfg(test)]
pub(crate) mod loopback;
mod placeholder;

pub use clear::{Cleared, Request, clear};
pub use client::{Answer, AnswerLimits, Egress};
pub use error::Error;
pub use grant::{Grant, Origin, OriginError};
pub use placeholder::{Bound, Placeholder};
