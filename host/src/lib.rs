//! Provost, a host for payment-provider plugins. `ARCHITECTURE.md` is the map.

// Tests may start what they need; what the host itself may do, clippy.toml says.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod api;
pub mod app;
#[cfg(test)]
mod architecture;
pub mod capabilities;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crash;
pub mod egress;
pub mod model;
pub mod operations;
pub mod outbox;
pub mod registry;
pub mod runtime;
pub mod store;
pub mod task;
pub mod telemetry;
