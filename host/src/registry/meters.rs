//! The metrics of one plugin version that serves one external: found by their labels once, not at every call.

use crate::telemetry;
use metrics::{Counter, Histogram};

/// Where calls of a serving plugin are counted.
pub struct Meters {
    external: String,
    version: String,
    returned: Counter,
    /// How long a call took, in seconds.
    pub wall: Histogram,
    /// Its CPU time, in seconds.
    pub cpu: Histogram,
    /// How long its instance took to be ready, in seconds.
    pub instantiate: Histogram,
}

impl Meters {
    /// Those of this version for this external.
    pub(super) fn new(external: &str, version: &str) -> Self {
        let labels = [("external", external.to_owned()), ("version", version.to_owned())];
        Self {
            external: external.to_owned(),
            version: version.to_owned(),
            returned: calls(external, version, RETURNED),
            wall: metrics::histogram!(telemetry::PLUGIN_CALL_SECONDS, &labels),
            cpu: metrics::histogram!(telemetry::PLUGIN_CPU_SECONDS, &labels),
            instantiate: metrics::histogram!(telemetry::PLUGIN_INSTANTIATE_SECONDS, &labels),
        }
    }

    /// Counts a call that returned.
    pub fn returned(&self) {
        self.returned.increment(1);
    }

    /// Counts a call that did not, by the word for why.
    pub fn broke(&self, result: &'static str) {
        calls(&self.external, &self.version, result).increment(1);
    }
}

const RETURNED: &str = "returned";

fn calls(external: &str, version: &str, result: &'static str) -> Counter {
    let (external, version) = (external.to_owned(), version.to_owned());
    metrics::counter!(telemetry::PLUGIN_CALLS, "external" => external, "version" => version, "result" => result)
}
