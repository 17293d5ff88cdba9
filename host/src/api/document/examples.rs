//! What requests and answers look like. Tests hold each against its schema, and each request against the code that
//! reads it.

mod host;
mod payments;
mod problems;
mod subscriptions;

pub(super) use host::{check_up, draining, external, externals, health, metrics, openapi};
pub(super) use payments::{
    capture, captured, link, lookup, paid, pay, refund, refunded, released, status, utility_answer, utility_request,
    void,
};
pub(super) use problems::problem;
pub(super) use subscriptions::{begun, changed, charge, charged, scheduled, standing, subscribe, update};

/// The external in all of them: the plugin that comes with the host, so that what is shown can be tried.
pub(super) const EXTERNAL: &str = "sandbox";

/// A payment method in a path.
pub(super) const PAYMENT_METHOD: &str = "card";

/// A utility that its plugin has for every method.
pub(super) const UTILITY: &str = "echo";

/// A subscription that the caller charges.
pub(super) const SUBSCRIPTION: &str = "sub_3c1d";
