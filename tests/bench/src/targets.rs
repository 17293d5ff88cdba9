//! What the numbers are to reach.

use crate::case::{Case, Way, Work};
use crate::inprocess::{CALL, Part, STORE};
use crate::summary::{Line, Ratio};
use serde::Serialize;
use std::fmt;

/// One promise about speed, and what came of it.
#[derive(Serialize)]
pub(crate) struct Target {
    pub(crate) promise: &'static str,
    pub(crate) measured: f64,
    pub(crate) reached: bool,
}

impl fmt::Display for Target {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.reached { "reached" } else { "MISSED" };
        write!(to, "{verdict:<8} {:<76} {:.2}", self.promise, self.measured)
    }
}

/// Whatever else the process does may fault now and then.
const ALMOST_NONE: f64 = 0.05;

/// Every promise; where it matters, judged at sixteen connections.
pub(crate) fn reached(lines: &[Line], parts: &[Part]) -> Vec<Target> {
    let status = Case { work: Work::Status, outbound: false, way: Way::Plugin, connections: 16 };
    let with_provider = Case { outbound: true, ..status };
    let find = |case: Case| lines.iter().find(|line| line.case == case);
    let to_native = |case| find(case).map(|line| line.to_native);
    let to_forward = |case| find(case).map(|line| line.to_forward);
    let requests = |ratio: Ratio| ratio.requests;
    let microservice = Case { way: Way::Microservice, ..status };
    let call = parts.iter().find(|part| part.name == CALL);
    let store = parts.iter().find(|part| part.name == STORE && part.callers == 16);
    let pay = find(Case { work: Work::Pay, ..status }).map(|line| line.median.requests_per_second);
    let pay_to_store = pay.zip(store).map(|(pay, store)| pay / store.per_second);
    [
        at_least("status through a plugin: 0.6 of native requests", 0.6, to_native(status).map(requests)),
        at_most("status through a plugin: 1.8 times native CPU time", 1.8, to_native(status).map(|ratio| ratio.cpu)),
        at_least("status through a plugin: 1.1 times forwarding", 1.1, to_forward(status).map(requests)),
        at_least("with an outbound call: not behind forwarding", 1.0, to_forward(with_provider).map(requests)),
        at_most(
            "status through the microservice plugin: 1.5 times the CPU time of forwarding",
            1.5,
            to_forward(microservice).map(|ratio| ratio.cpu),
        ),
        at_least("pay through a plugin: 0.5 of the store's commands alone", 0.5, pay_to_store),
        at_most("fresh instance, call, drop: 25 µs of CPU time", 25.0, call.map(|part| part.cpu_us)),
        at_most("fresh instance, call, drop: no page fault", ALMOST_NONE, call.map(|part| part.page_faults)),
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
