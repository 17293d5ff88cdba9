//! What one call of a plugin may do, in the domain's words: its clock, its requests, its secrets, its state, its log.
//! Knows no wasmtime, no WIT and no SQL.
//!
//! Start at [`Call`]: the other files add methods to it, one file for each interface of the contract.

mod call;
mod callbacks;
mod covers;
mod http;
mod limits;
mod log;
mod mac;
mod money;
mod operation;
mod provider;
mod records;
mod redact;
mod secret;
mod secrets;
mod state;
#[cfg(test)]
pub(crate) mod testing;
mod transcript;

pub use call::{Call, Mode, Report, Scope};
pub use http::HttpRequest;
pub use limits::Limits;
pub use log::{Level, Stream};
pub use mac::Hash;
pub use operation::{LONGEST_NAME, Name};
pub use provider::Provider;
pub use records::{Pending, Records, Unrecorded};
pub use secret::Secret;
pub use secrets::{Encoding, Piece, SecretError};
pub use state::StateError;
pub use transcript::{Answered, Ended, Exchange, Scene, Transcript};
