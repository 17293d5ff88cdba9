//! What the numbers are to reach.

use crate::case::{Case, Way, Work};
use crate::summary::{Line, Ratio};
use serde::Serialize;

/// One promise about speed, and what came of it.
#[derive(Serialize)]
pub(crate) struct Target {
    pub(crate) promise: &'static str,
    pub(crate) measured: f64,
    pub(crate) reached: bool,
}

/// Every promise, judged at sixteen connections.
pub(crate) fn reached(lines: &[Line]) -> Vec<Target> {
    let status = Case { work: Work::Status, outbound: false, way: Way::Plugin, connections: 16 };
    let with_provider = Case { outbound: true, ..status };
    let find = |case: Case| lines.iter().find(|line| line.case == case);
    let to_native = |case| find(case).map(|line| line.to_native);
    let to_forward = |case| find(case).map(|line| line.to_forward);
    let requests = |ratio: Ratio| ratio.requests;
    [
        at_least("status through a plugin: 0.6 of native requests", 0.6, to_native(status).map(requests)),
        at_most("status through a plugin: 1.8 times native CPU time", 1.8, to_native(status).map(|ratio| ratio.cpu)),
        at_least("status through a plugin: 1.1 times forwarding", 1.1, to_forward(status).map(requests)),
        at_least("with an outbound call: not behind forwarding", 1.0, to_forward(with_provider).map(requests)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn at_least(promise: &'static str, wanted: f64, measured: Option<f64>) -> Option<Target> {
    measured.map(|measured| Target { promise, measured, reached: measured >= wanted })
}

fn at_most(promise: &'static str, wanted: f64, measured: Option<f64>) -> Option<Target> {
    measured.map(|measured| Target { promise, measured, reached: measured <= wanted })
}
