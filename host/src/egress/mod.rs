//! Every byte that leaves for a provider or a merchant: the only HTTP client. Knows grants and placeholders, and
//! nothing of plugins, operations or the store.
//!
//! A provider's request goes through [`Egress::clear`], which checks it and puts secrets in, and then through
//! [`Egress::send`]. Between the two its caller writes down that it is about to leave. The rules are in [`Rule`]; what
//! an address may be, in `special_purpose.csv`.

mod address;
mod breaker;
#[cfg(test)]
pub(crate) mod certificates;
mod clear;
mod client;
mod command;
#[cfg(test)]
mod corpus;
mod error;
mod gate;
mod grant;
mod headers;
mod listeners;
#[cfg(test)]
pub(crate) mod loopback;
mod names;
mod placeholder;
mod rule;
mod settings;
mod tls;

pub use clear::{Cleared, Request};
pub use client::{Answer, AnswerLimits, Egress};
pub use command::command;
pub use error::Error;
pub use gate::Pass;
pub use grant::{Grant, Origin, OriginError};
pub use placeholder::{Bound, Placeholder};
pub use rule::{Denial, Rule};
pub use settings::{BreakerSettings, Settings};
pub use tls::{Tls, TlsError};
