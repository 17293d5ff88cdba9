//! Where the contract's functions lead: into the host from a component, into the fake host of
//! [`testing`](crate::testing) natively. Nothing else in this crate knows which it is.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::provost::provider::{callbacks, http, log, money, operation, secrets, settings, state};

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::fake::{callbacks, http, log, money, operation, secrets, settings, state};
