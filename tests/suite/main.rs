//! The whole host with real components over real HTTP. Each file is a promise's subject; `harness` is what they share.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests are the other side of the host's sockets"
)]
#![allow(unreachable_pub, reason = "in a test program, pub says what the harness offers to the tests")]

mod harness;

mod api_keys;
mod bad_input;
mod bombs;
mod callbacks;
mod captures;
mod cli;
mod compiling;
mod connections;
mod crash;
mod crash_points;
mod document;
mod documentation;
mod faults;
mod faults_disk;
mod faults_guests;
mod faults_operations;
mod faults_refund;
mod faults_store;
mod folder;
mod idempotency;
mod idempotency_keys;
mod interface;
mod limits;
mod microservice;
mod microservice_faults;
mod microservice_op;
mod microservice_operations;
mod microservice_operations_faults;
mod microservice_subscriptions;
mod money;
mod money_callbacks;
mod operators;
mod pay;
mod pgm;
mod recovery;
mod recovery_repeat;
mod refunds;
mod rest;
mod sandbox;
mod shared;
mod shutdown;
mod smuggling;
mod states;
mod states_elsewhere;
mod subscriptions;
mod utilities;
mod webhooks;
