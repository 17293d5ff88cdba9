//! Provost, a host for payment-provider plugins. `ARCHITECTURE.md` is the map.

pub mod api;
pub mod app;
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
