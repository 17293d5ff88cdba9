//! The metrics of requests, found by their labels once and not at every request: looking one up costs as much as
//! reading a payment. Which labels there may be, who calls this has seen to.

use crate::telemetry;
use metrics::{Counter, Histogram};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// Where requests are counted, by external.
#[derive(Default)]
pub(in crate::api) struct Meters(RwLock<HashMap<String, OfExternal>>);

/// Few of each, so that looking through them is quick.
#[derive(Default)]
struct OfExternal {
    seconds: Vec<(Answered, Histogram)>,
    results: Vec<(Counted, Counter)>,
}

/// By what the time of requests is told apart, within an external.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) method: &'static str,
    pub(super) route: &'static str,
}

/// By what requests are counted, within an external.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) counter: &'static str,
    pub(super) result: Cow<'static, str>,
}

impl Meters {
    /// Notes how long a request took.
    pub(super) fn took(&self, external: &str, answered: Answered, latency: Duration) {
        let known = self.known(external, |of| found(&of.seconds, &answered));
        let histogram = known.unwrap_or_else(|| {
            let Answered { status, method, route } = answered;
            let histogram = metrics::histogram!(telemetry::HTTP_REQUEST_SECONDS, "external" => external.to_owned(),
                "method" => method, "route" => route, "status" => status.to_string());
            self.keep(external, |of| of.seconds.push((answered, histogram.clone())));
            histogram
        });
        histogram.record(latency);
    }

    /// Counts a request.
    pub(super) fn count(&self, external: &str, counted: Counted) {
        let known = self.known(external, |of| found(&of.results, &counted));
        let counter = known.unwrap_or_else(|| {
            let result = counted.result.clone();
            let counter = metrics::counter!(counted.counter, "external" => external.to_owned(), "result" => result);
            self.keep(external, |of| of.results.push((counted, counter.clone())));
            counter
        });
        counter.increment(1);
    }

    fn known<T>(&self, external: &str, find: impl FnOnce(&OfExternal) -> Option<T>) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(external).and_then(find)
    }

    /// Two at once may keep the same twice, which harms nobody: both count into one.
    fn keep(&self, external: &str, keep: impl FnOnce(&mut OfExternal)) {
        keep(self.0.write().unwrap_or_else(PoisonError::into_inner).entry(external.to_owned()).or_default());
    }
}

fn found<K: PartialEq, V: Clone>(among: &[(K, V)], wanted: &K) -> Option<V> {
    among.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone())
}
