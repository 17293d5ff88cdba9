//! The whole host with real components over real HTTP. Each file is a promise's subject; `harness` is what they share.

#![allow(clippy::disallowed_methods, reason = "tests are the other side of the host's sockets")]

mod harness;

mod pay;
