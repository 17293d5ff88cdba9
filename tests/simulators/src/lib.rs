//! The world around a host under test, native and on loopback: a [`Provider`], a [`Bank`] and a [`Service`]
//! that can fail at every point and keep a ledger of what they have done, and a [`Merchant`] that keeps every
//! callback it gets.
//!
//! Each runs on a thread of its own, so that it outlives the runtime of the test that made it, and
//! listens on a port that the system chose. Nothing here waits by the clock: a test waits for events,
//! and what stalls is released by the test or given up by the other side.
//!
//! [`host`] starts the program under test. Of it, these simulators know the wire formats and how it is
//! started, nothing more. They are made for tests and demonstrations, where a failure to start or to
//! send is the end: such failures panic and say why.

pub mod backend;
pub mod bank;
pub mod host;
pub mod merchant;
pub mod provider;
mod server;
pub mod service;
mod signature;
mod stop;

pub use bank::Bank;
pub use merchant::Merchant;
pub use provider::Provider;
pub use server::{Request, Response};
pub use service::Service;
pub use signature::{Secret, Unverified};
pub use stop::asked_to_stop;

/// How long a test waits for an event before it is called missing: generous, because machines are
/// slow and a test that waits this long has failed anyway.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
